//! Every derivation and every label of format 0, on one page.
//!
//! All keys come from HKDF-SHA-256 (RFC 5869) with the file id as salt, so that equal secrets in two files
//! share no key. Labels differ in their fixed prefix, so no two purposes can meet, whatever a caller of
//! [`subkey`] chooses.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{KEY_BYTES, Key};
use crate::header::{FileId, SlotKind};

const PASSPHRASE_SLOT: &[u8] = b"vault-file/0 slot passphrase";
const RAW_KEY_SLOT: &[u8] = b"vault-file/0 slot raw key";
const FILE_KEY_WRAP: &[u8] = b"vault-file/0 file key wrap";
const HEADER_MAC: &[u8] = b"vault-file/0 header mac";
const COMMIT_SLOTS: &[u8] = b"vault-file/0 commit slots";
const PAGES: &[u8] = b"vault-file/0 pages";
const SUBKEY: &[u8] = b"vault-file/0 subkey/";

/// Associated data of a sealed vault key (in a key slot).
pub(crate) const SEALED_VAULT_KEY: &[u8] = b"vault-file/0 sealed vault key";
/// Associated data of the sealed file key.
pub(crate) const SEALED_FILE_KEY: &[u8] = b"vault-file/0 sealed file key";
/// Associated data of a sealed commit slot.
pub(crate) const SEALED_COMMIT_SLOT: &[u8; 24] = b"vault-file/0 commit slot";
/// Associated data of a sealed page.
pub(crate) const SEALED_PAGE: &[u8; 17] = b"vault-file/0 page";

/// Which file, and which filling of it: every key below the file key, and every sealed block, is bound to
/// both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileIdentity {
    pub(crate) id: FileId,
    pub(crate) epoch: u64,
}

/// What a slot's secret yields: the key that seals the vault key, and the value that proves which secret it
/// was. The AEAD alone would accept one ciphertext under several keys.
pub(crate) struct SlotKeys {
    pub(crate) wrapping: Key,
    pub(crate) commitment: [u8; KEY_BYTES],
}

/// Seals pages.
pub(crate) struct PageKey(pub(crate) Key);

/// Seals commit slots.
pub(crate) struct CommitSlotKey(pub(crate) Key);

/// The keys of one slot, from its raw or stretched secret and its own salt.
pub(crate) fn slot_keys(kind: SlotKind, secret: &Key, salt: &[u8; 32], file: FileId) -> SlotKeys {
    let label = match kind {
        SlotKind::Passphrase => PASSPHRASE_SLOT,
        _ => RAW_KEY_SLOT,
    };
    let mut okm = Zeroizing::new([0; 2 * KEY_BYTES]);
    expand(salt, secret, &[label, &file.0], okm.as_mut());
    let mut keys = SlotKeys {
        wrapping: Key::zeroed(),
        commitment: [0; KEY_BYTES],
    };
    let (wrapping, commitment) = okm.split_at(KEY_BYTES);
    keys.wrapping.as_mut_bytes().copy_from_slice(wrapping);
    keys.commitment.copy_from_slice(commitment);
    keys
}

/// The key that seals the file key, from the vault key.
pub(crate) fn file_key_wrapping(vault_key: &Key, file: FileIdentity) -> Key {
    derive(vault_key, file, FILE_KEY_WRAP)
}

/// The key of the header MAC, from the vault key.
pub(crate) fn header_mac_key(vault_key: &Key, file: FileIdentity) -> Key {
    derive(vault_key, file, HEADER_MAC)
}

impl PageKey {
    /// From the file key.
    pub(crate) fn derive(file_key: &Key, file: FileIdentity) -> Self {
        Self(derive(file_key, file, PAGES))
    }
}

impl CommitSlotKey {
    /// From the file key.
    pub(crate) fn derive(file_key: &Key, file: FileIdentity) -> Self {
        Self(derive(file_key, file, COMMIT_SLOTS))
    }
}

/// A key for the layers above, from the vault key: it survives a new filling of the file, so the epoch is
/// not part of it.
pub(crate) fn subkey(vault_key: &Key, file: FileId, label: &str) -> Key {
    let mut key = Key::zeroed();
    expand(
        &file.0,
        vault_key,
        &[SUBKEY, label.as_bytes()],
        key.as_mut_bytes(),
    );
    key
}

fn derive(ikm: &Key, file: FileIdentity, label: &[u8]) -> Key {
    let mut key = Key::zeroed();
    expand(
        &file.id.0,
        ikm,
        &[label, &file.epoch.to_le_bytes()],
        key.as_mut_bytes(),
    );
    key
}

fn expand(salt: &[u8], ikm: &Key, info: &[&[u8]], okm: &mut [u8]) {
    let refused = Hkdf::<Sha256>::new(Some(salt), ikm.as_bytes())
        .expand_multi_info(info, okm)
        .is_err();
    debug_assert!(
        !refused,
        "HKDF-SHA-256 yields up to 8160 bytes; all keys here are at most 64"
    );
}
