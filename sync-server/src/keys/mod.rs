//! The server's keys: made at the first start in the configuration folder, apart from the data.

mod certificate;
mod error;
mod files;
mod labels;

use std::{fmt, path::Path};

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use vault_wire::{
    frame::ServerKeys,
    grant_key::SealingSecretKey,
    id::{AppId, SubjectId, VaultId},
    signature::SecretKey,
    time::Timestamp,
};
use zeroize::Zeroizing;

use crate::entropy::Entropy;

pub use certificate::TlsIdentity;
pub(crate) use certificate::provider;
pub use error::KeysError;
pub(crate) use files::create_private_folder;

/// 32 secret bytes; wiped when dropped.
type Seed = Zeroizing<[u8; 32]>;

/// Everything secret that the server has besides data.
pub(crate) struct Keys {
    /// For TLS: the certificate and its key.
    pub(crate) tls: TlsIdentity,
    /// Signs erasure receipts.
    pub(crate) receipts: SecretKey,
    /// Opens grant keys in delivery `server`.
    pub(crate) sealing: SealingSecretKey,
    /// Opens the data store.
    pub(crate) store: Seed,
    pairwise: Seed,
}

impl Keys {
    /// Reads the keys in `folder`, or makes them if none is there yet. The second value says whether
    /// they were made.
    pub(crate) fn open(
        folder: &Path,
        names: &[String],
        now: Timestamp,
        entropy: &mut Entropy,
    ) -> Result<(Self, bool), KeysError> {
        let (files, fresh) = files::KeyFiles::open(folder, now, entropy)?;
        let keys = Self {
            tls: TlsIdentity::issue(&files, names, now)?,
            receipts: SecretKey::from_seed(&files.receipts),
            sealing: SealingSecretKey::from_seed(&files.sealing),
            store: files.store,
            pairwise: files.subjects,
        };
        Ok((keys, fresh))
    }

    /// Whether a folder holds any key.
    pub(crate) fn any_in(folder: &Path) -> bool {
        files::KeyFiles::any_in(folder)
    }

    /// What vaults are told of the keys.
    pub(crate) fn public(&self) -> ServerKeys {
        ServerKeys {
            receipts: self.receipts.public(),
            sealing: self.sealing.public(),
        }
    }

    /// The subject behind a vault as one application sees it: unlinkable across applications
    /// (pairwise, OpenID Connect Core section 8).
    pub(crate) fn subject(&self, app: AppId, vault: VaultId) -> SubjectId {
        let hash = keyed_hash(
            &self.pairwise,
            &[
                labels::SUBJECT.as_bytes(),
                &[0],
                app.as_bytes(),
                &[0],
                vault.as_bytes(),
            ],
        );
        let mut id = [0; 16];
        id.copy_from_slice(&hash[..16]);
        SubjectId(id)
    }

    /// Wraps grant keys.
    pub(crate) fn grant_keys(&self) -> Seed {
        self.derive(labels::GRANT_KEYS)
    }

    /// Seals the erasure ledger.
    pub(crate) fn ledger(&self) -> Seed {
        self.derive(labels::LEDGER)
    }

    /// Makes the tokens of QUIC stateless resets (RFC 9000, section 10.3), the same in every run.
    pub(crate) fn stateless_reset(&self) -> Seed {
        self.derive(labels::STATELESS_RESET)
    }

    /// Marks QUIC connection ids as this server's, the same in every run.
    pub(crate) fn connection_ids(&self) -> u64 {
        let seed = self.derive(labels::CONNECTION_IDS);
        seed.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    /// A tag that only this server can put under a cursor.
    pub(crate) fn cursor_tag(&self, bytes: &[u8]) -> [u8; 16] {
        let hash = keyed_hash(&self.derive(labels::CURSOR), &[bytes]);
        let mut tag = [0; 16];
        tag.copy_from_slice(&hash[..16]);
        tag
    }

    /// How a link code is kept: 40 random bits are too few for a hash without a key.
    pub(crate) fn link_code_hash(&self, code: &str) -> [u8; 32] {
        keyed_hash(&self.derive(labels::LINK_CODE), &[code.as_bytes()])
    }

    fn derive(&self, label: &str) -> Seed {
        let mut derived = Zeroizing::new([0; 32]);
        // 32 bytes are within what HKDF-SHA256 can give (8 160), so this cannot fail.
        let _ = Hkdf::<Sha256>::new(None, &*self.store).expand(label.as_bytes(), &mut *derived);
        derived
    }
}

fn keyed_hash(key: &Seed, parts: &[&[u8]]) -> [u8; 32] {
    // HMAC pads a key with zeros to its block; done here, there is no length to get wrong.
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(&**key);
    let mut mac = Hmac::<Sha256>::new(&(*block).into());
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(..)")
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    use super::*;

    fn open(folder: &Path, seed: u8) -> Result<(Keys, bool), KeysError> {
        let mut entropy = Entropy::new(ChaCha20Rng::from_seed([seed; 32]));
        Keys::open(
            folder,
            &[],
            Timestamp::from_unix_ms(1_700_000_000_000),
            &mut entropy,
        )
    }

    #[test]
    fn the_first_start_makes_keys_and_the_next_finds_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let (first, made) = open(folder.path(), 1).unwrap();
        let (second, made_again) = open(folder.path(), 2).unwrap();
        assert!(made && !made_again);
        assert_eq!(first.public(), second.public());
        assert_eq!(first.tls.fingerprint(), second.tls.fingerprint());
        assert_eq!(first.tls.ca_pem(), second.tls.ca_pem());
    }

    #[test]
    fn a_missing_key_beside_others_is_named_and_nothing_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path(), 1).unwrap();
        std::fs::remove_file(folder.path().join("store.key")).unwrap();
        let error = open(folder.path(), 2).unwrap_err();
        assert!(
            matches!(&error, KeysError::Missing { path } if path.ends_with("store.key")),
            "{error}"
        );
        assert!(!folder.path().join("store.key").exists());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_the_keys() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("config");
        open(&keys, 1).unwrap();
        for file in std::fs::read_dir(&keys).unwrap() {
            let mode = file.unwrap().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(
            std::fs::metadata(&keys).unwrap().permissions().mode() & 0o777,
            0o700
        );
    }

    #[test]
    fn two_applications_never_see_one_vault_under_one_id() {
        let folder = tempfile::tempdir().unwrap();
        let (keys, _) = open(folder.path(), 1).unwrap();
        let vault = VaultId([5; 16]);
        assert_ne!(
            keys.subject(AppId([1; 16]), vault),
            keys.subject(AppId([2; 16]), vault)
        );
        assert_eq!(
            keys.subject(AppId([1; 16]), vault),
            keys.subject(AppId([1; 16]), vault)
        );
    }
}
