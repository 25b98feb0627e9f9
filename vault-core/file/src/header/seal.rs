//! Making a header, and unlocking one.

use super::slot::{SealedKey, secret_kind};
use super::{FileId, Header, HeaderBytes, KeySlot, SLOTS_MAX};
use crate::entropy::Entropy;
use crate::error::{Error, Part};
use crate::keys::cipher::Unauthentic;
use crate::keys::{FileIdentity, Key, NewSlot, Secret, derive, file_key_wrapping, header_mac_key, mac};
use crate::options::Options;

/// What a secret gives access to.
pub(crate) struct Unlocked {
    pub(crate) file: FileIdentity,
    pub(crate) header_seq: u64,
    pub(crate) vault_key: Key,
    pub(crate) file_key: Key,
}

/// Draws the keys of a new file and seals them into its first header.
pub(crate) fn seal_new(
    new_slots: &[NewSlot<'_>],
    entropy: &Entropy,
    options: &Options,
) -> Result<(HeaderBytes, Unlocked), Error> {
    if new_slots.is_empty() {
        return Err(Error::InvalidInput {
            what: "a vault without a key slot could never be opened",
        });
    }
    if new_slots.len() > SLOTS_MAX {
        return Err(Error::InvalidInput {
            what: "more than 8 key slots",
        });
    }
    if new_slots
        .iter()
        .any(|slot| matches!(slot, NewSlot::Passphrase(_)))
    {
        options.kdf.check(options.kdf_ceiling)?;
    }
    let file = FileIdentity {
        id: FileId(entropy.array()?),
        epoch: 1,
    };
    let unlocked = Unlocked {
        file,
        header_seq: 1,
        vault_key: Key::random(entropy)?,
        file_key: Key::random(entropy)?,
    };
    let slots = new_slots
        .iter()
        .map(|slot| KeySlot::seal(*slot, &unlocked.vault_key, file.id, options.kdf, entropy))
        .collect::<Result<_, _>>()?;
    let wrapping = file_key_wrapping(&unlocked.vault_key, file);
    let header = Header {
        seq: unlocked.header_seq,
        file,
        kdf_ceiling: options.kdf_ceiling,
        slots,
        sealed_file_key: SealedKey::seal(&unlocked.file_key, wrapping, &file_key_aad(file), entropy)?,
    };
    let mac_key = header_mac_key(&unlocked.vault_key, file);
    Ok((
        HeaderBytes::write(&header, |message| mac::authenticate(&mac_key, message)),
        unlocked,
    ))
}

/// Opens the header with a secret. Success means that the vault wrote every byte of it.
pub(crate) fn unlock(bytes: &HeaderBytes, secret: Secret<'_>, options: &Options) -> Result<Unlocked, Error> {
    let header = bytes.parse()?;
    let vault_key = open_a_slot(&header, secret, options)?;
    let mac = mac::authenticate(&header_mac_key(&vault_key, header.file), bytes.authenticated());
    if !mac::equal(&mac, &bytes.mac()) {
        return Err(Error::Tampered { what: Part::Header });
    }
    let file_key = header
        .sealed_file_key
        .open(
            file_key_wrapping(&vault_key, header.file),
            &file_key_aad(header.file),
        )
        .map_err(|Unauthentic| Error::Tampered { what: Part::Header })?;
    Ok(Unlocked {
        file: header.file,
        header_seq: header.seq,
        vault_key,
        file_key,
    })
}

fn open_a_slot(header: &Header, secret: Secret<'_>, options: &Options) -> Result<Key, Error> {
    let candidates: Vec<_> = header.slots.iter().filter(|slot| slot.takes(secret)).collect();
    if candidates.is_empty() {
        return Err(Error::SlotUnavailable {
            wanted: secret_kind(secret),
        });
    }
    let ceilings = [header.kdf_ceiling, options.kdf_ceiling];
    candidates.iter().try_for_each(|slot| slot.check_work(ceilings))?;
    for slot in candidates {
        if let Some(vault_key) = slot.open(secret, header.file.id)? {
            return Ok(vault_key);
        }
    }
    Err(Error::WrongSecret)
}

fn file_key_aad(file: FileIdentity) -> Vec<u8> {
    [derive::SEALED_FILE_KEY, &file.id.0, &file.epoch.to_le_bytes()].concat()
}
