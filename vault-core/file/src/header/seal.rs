//! Making a header, and unlocking one.

use super::{FileId, Header, HeaderBytes, KeySlot, Lineage, Origin, SealedKey, SlotId, SlotKind, check_new};
use crate::entropy::Entropy;
use crate::error::{Error, Part};
use crate::keys::cipher::Unauthentic;
use crate::keys::{
    FileIdentity, Key, NewSlot, Secret, derive, file_key_wrapping, header_mac_key, mac, root_key_wrapping,
};
use crate::options::Options;

/// What a secret gives access to.
pub(crate) struct Unlocked {
    pub(crate) file: FileIdentity,
    pub(crate) header_seq: u64,
    pub(crate) vault_key: Key,
    pub(crate) file_key: Key,
    pub(crate) root_key: Key,
}

/// A header that was just made, with its keys.
pub(crate) struct Sealed {
    pub(crate) header: Header,
    pub(crate) unlocked: Unlocked,
}

impl Sealed {
    /// The same, to open again what is being filled.
    pub(crate) fn duplicate(&self) -> Self {
        let again = |key: &Key| Key::new(key.as_bytes());
        let Unlocked {
            file,
            header_seq,
            vault_key,
            file_key,
            root_key,
        } = &self.unlocked;
        Self {
            header: self.header.clone(),
            unlocked: Unlocked {
                file: *file,
                header_seq: *header_seq,
                vault_key: again(vault_key),
                file_key: again(file_key),
                root_key: again(root_key),
            },
        }
    }
}

/// What a copy of a file has of its own.
pub(crate) struct Refill {
    pub(crate) file: FileIdentity,
    pub(crate) header_seq: u64,
    pub(crate) origin: Option<Origin>,
    pub(crate) slots: Vec<KeySlot>,
    /// The key that is sealed in those slots.
    pub(crate) vault_key: Key,
}

impl Header {
    /// The header as bytes, authenticated.
    pub(crate) fn authenticated(&self, vault_key: &Key) -> HeaderBytes {
        let mac_key = header_mac_key(vault_key, self.file);
        HeaderBytes::write(self, |message| mac::authenticate(&mac_key, message))
    }
}

/// Draws the keys of a new file and seals them into its first header.
pub(crate) fn seal_new(
    new_slots: &[NewSlot<'_>],
    entropy: &Entropy,
    options: &Options,
) -> Result<Sealed, Error> {
    let kinds: Vec<_> = new_slots.iter().map(|slot| SlotKind::of_new(*slot)).collect();
    check_new(&kinds)?;
    if kinds.contains(&SlotKind::Passphrase) {
        options.kdf.check(options.kdf_ceiling)?;
    }
    let file = FileIdentity {
        id: FileId(entropy.array()?),
        epoch: 1,
    };
    let lineage = Lineage(entropy.array()?);
    let (vault_key, root_key) = (Key::random(entropy)?, Key::random(entropy)?);
    let slots = new_slots
        .iter()
        .map(|slot| KeySlot::seal(*slot, &vault_key, lineage, options.kdf, entropy))
        .collect::<Result<_, _>>()?;
    let own = Refill {
        file,
        header_seq: 1,
        origin: None,
        slots,
        vault_key,
    };
    seal(own, lineage, root_key, options.kdf_ceiling, entropy)
}

/// Draws the file key of a copy and seals it, with what all copies of a vault share, into its header.
pub(crate) fn refill(old: &Header, root_key: &Key, own: Refill, entropy: &Entropy) -> Result<Sealed, Error> {
    let root_key = Key::new(root_key.as_bytes());
    seal(own, old.lineage, root_key, old.kdf_ceiling, entropy)
}

fn seal(
    own: Refill,
    lineage: Lineage,
    root_key: Key,
    kdf_ceiling: crate::KdfParams,
    entropy: &Entropy,
) -> Result<Sealed, Error> {
    let Refill {
        file,
        header_seq,
        origin,
        slots,
        vault_key,
    } = own;
    let file_key = Key::random(entropy)?;
    let header = Header {
        seq: header_seq,
        file,
        lineage,
        origin,
        kdf_ceiling,
        slots,
        sealed_file_key: SealedKey::seal(
            &file_key,
            file_key_wrapping(&vault_key, file),
            &bound_to(derive::SEALED_FILE_KEY, file),
            entropy,
        )?,
        sealed_root_key: SealedKey::seal(
            &root_key,
            root_key_wrapping(&vault_key, file),
            &bound_to(derive::SEALED_ROOT_KEY, file),
            entropy,
        )?,
    };
    let unlocked = Unlocked {
        file,
        header_seq,
        vault_key,
        file_key,
        root_key,
    };
    Ok(Sealed { header, unlocked })
}

/// Opens the header with a secret, and says which slot it opened. Success means that the vault wrote every
/// byte of it.
pub(crate) fn unlock(
    bytes: &HeaderBytes,
    secret: Secret<'_>,
    options: &Options,
) -> Result<(Sealed, SlotId), Error> {
    let tampered = || Error::Tampered { what: Part::Header };
    let header = bytes.parse()?;
    let (vault_key, slot) = open_a_slot(&header, secret, options)?;
    let file = header.file;
    let mac = mac::authenticate(&header_mac_key(&vault_key, file), bytes.authenticated());
    if !mac::equal(&mac, &bytes.mac()) {
        return Err(tampered());
    }
    let file_key = header
        .sealed_file_key
        .open(
            file_key_wrapping(&vault_key, file),
            &bound_to(derive::SEALED_FILE_KEY, file),
        )
        .map_err(|Unauthentic| tampered())?;
    let root_key = header
        .sealed_root_key
        .open(
            root_key_wrapping(&vault_key, file),
            &bound_to(derive::SEALED_ROOT_KEY, file),
        )
        .map_err(|Unauthentic| tampered())?;
    let unlocked = Unlocked {
        file,
        header_seq: header.seq,
        vault_key,
        file_key,
        root_key,
    };
    Ok((Sealed { header, unlocked }, slot))
}

/// A key store that fails, or has lost its key for one slot, does not keep the other slots from being tried.
fn open_a_slot(header: &Header, secret: Secret<'_>, options: &Options) -> Result<(Key, SlotId), Error> {
    let wanted = SlotKind::of_secret(secret);
    let candidates: Vec<_> = header.slots.iter().filter(|slot| slot.kind() == wanted).collect();
    if candidates.is_empty() {
        return Err(Error::SlotUnavailable { wanted });
    }
    let ceilings = [header.kdf_ceiling, options.kdf_ceiling];
    candidates.iter().try_for_each(|slot| slot.check_work(ceilings))?;
    let mut refusal = Error::WrongSecret;
    for slot in candidates {
        match slot.open(secret, header.lineage) {
            Ok(Some(vault_key)) => return Ok((vault_key, slot.id())),
            Ok(None) => {}
            Err(failed @ Error::KeyStore(_)) => refusal = failed,
            Err(error) => return Err(error),
        }
    }
    Err(refusal)
}

fn bound_to(label: &[u8], file: FileIdentity) -> Vec<u8> {
    [label, &file.id.0, &file.epoch.to_le_bytes()].concat()
}
