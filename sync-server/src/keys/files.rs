//! The key files: all of them are made together, once, and never overwritten.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use rcgen::KeyPair;
use vault_wire::time::Timestamp;
use zeroize::Zeroizing;

use super::{KeysError, Seed, certificate};
use crate::entropy::Entropy;

const CA_CERTIFICATE: &str = "ca.pem";
const CA_KEY: &str = "ca.key";
const TLS_KEY: &str = "server.key";
const RECEIPTS: &str = "receipts.key";
const SEALING: &str = "sealing.key";
const STORE: &str = "store.key";
const SUBJECTS: &str = "subjects.key";
const ALL: [&str; 7] = [
    CA_CERTIFICATE,
    CA_KEY,
    TLS_KEY,
    RECEIPTS,
    SEALING,
    STORE,
    SUBJECTS,
];

/// What the files hold.
pub(super) struct KeyFiles {
    pub(super) ca_pem: String,
    pub(super) ca_key: KeyPair,
    pub(super) tls_key: KeyPair,
    pub(super) receipts: Seed,
    pub(super) sealing: Seed,
    pub(super) store: Seed,
    pub(super) subjects: Seed,
}

impl KeyFiles {
    /// Reads the files, or makes them if there is none. The second value says whether they were made.
    pub(super) fn open(
        folder: &Path,
        now: Timestamp,
        entropy: &mut Entropy,
    ) -> Result<(Self, bool), KeysError> {
        let fresh = !Self::any_in(folder);
        if fresh {
            make(folder, now, entropy)?;
        }
        Ok((read(folder)?, fresh))
    }

    /// Reads the files.
    pub(super) fn read(folder: &Path) -> Result<Self, KeysError> {
        if Self::any_in(folder) {
            read(folder)
        } else {
            Err(KeysError::NoneYet {
                folder: folder.to_owned(),
            })
        }
    }

    /// Whether a folder holds any of the files.
    pub(super) fn any_in(folder: &Path) -> bool {
        ALL.iter().any(|name| folder.join(name).exists())
    }
}

fn read(folder: &Path) -> Result<KeyFiles, KeysError> {
    let text = |name: &str| read_text(&folder.join(name));
    let seed = |name: &str| {
        let path = folder.join(name);
        from_hex(&read_text(&path)?).ok_or(KeysError::Malformed { path })
    };
    let key_pair = |name: &str| {
        let path = folder.join(name);
        KeyPair::from_pem(&read_text(&path)?).map_err(|_| KeysError::Malformed { path })
    };
    Ok(KeyFiles {
        ca_pem: text(CA_CERTIFICATE)?.to_string(),
        ca_key: key_pair(CA_KEY)?,
        tls_key: key_pair(TLS_KEY)?,
        receipts: seed(RECEIPTS)?,
        sealing: seed(SEALING)?,
        store: seed(STORE)?,
        subjects: seed(SUBJECTS)?,
    })
}

/// Every file is written aside and durable before the first gets its name.
fn make(folder: &Path, now: Timestamp, entropy: &mut Entropy) -> Result<(), KeysError> {
    let at = |path: PathBuf| move |source| KeysError::Io { path, source };
    create_private_folder(folder).map_err(at(folder.to_owned()))?;
    let ca_key = KeyPair::generate()?;
    let tls_key = KeyPair::generate()?;
    let ca_pem = certificate::authority(&ca_key, now)?;
    let mut seed = || Zeroizing::new(hex(&Zeroizing::new(entropy.bytes())));
    let contents: [(&str, Zeroizing<String>); 7] = [
        (CA_CERTIFICATE, Zeroizing::new(ca_pem)),
        (CA_KEY, Zeroizing::new(ca_key.serialize_pem())),
        (TLS_KEY, Zeroizing::new(tls_key.serialize_pem())),
        (RECEIPTS, seed()),
        (SEALING, seed()),
        (STORE, seed()),
        (SUBJECTS, seed()),
    ];
    let aside = |name: &str| folder.join(format!("{name}.new"));
    for (name, text) in &contents {
        write_private(&aside(name), text).map_err(at(aside(name)))?;
    }
    for (name, _) in &contents {
        fs::rename(aside(name), folder.join(name)).map_err(at(folder.join(name)))?;
    }
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(at(folder.to_owned()))
}

fn read_text(path: &Path) -> Result<Zeroizing<String>, KeysError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(KeysError::Missing {
            path: path.to_owned(),
        }),
        Err(source) => Err(KeysError::Io {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Creates a folder that only its owner can enter; one that exists stays as it is.
pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn hex(bytes: &[u8; 32]) -> String {
    let mut text = vault_wire::json::hex(bytes);
    text.push('\n');
    text
}

fn from_hex(text: &str) -> Option<Seed> {
    let digits = text.trim().as_bytes();
    let mut seed = Zeroizing::new([0; 32]);
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in seed.iter_mut().zip(digits.chunks(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(seed)
}
