//! Every derivation and every label of format 0, on one page.
//!
//! All keys come from HKDF-SHA-256 (RFC 5869), bound to the file they seal, or, where they must stay the same
//! in every copy of a vault, to its lineage. Labels differ in their fixed prefix, so no two purposes can meet, whatever a caller of
//! [`subkey`] chooses.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{KEY_BYTES, Key, RecoveryCode};
use crate::header::{FileId, Lineage, SlotKind};

const PASSPHRASE_SLOT: &[u8] = b"vault-file/0 slot passphrase";
const RAW_KEY_SLOT: &[u8] = b"vault-file/0 slot raw key";
const PLATFORM_SLOT: &[u8] = b"vault-file/0 slot platform";
const RECOVERY_SEED: &[u8] = b"vault-file/0 recovery seed";
const RECOVERY_MAC: &[u8] = b"vault-file/0 recovery mac";
const RECOVERY_SLOT: &[u8] = b"vault-file/0 slot recovery";
const ROOT_KEY_WRAP: &[u8] = b"vault-file/0 root key wrap";
const FILE_KEY_WRAP: &[u8] = b"vault-file/0 file key wrap";
const HEADER_MAC: &[u8] = b"vault-file/0 header mac";
const COMMIT_SLOTS: &[u8] = b"vault-file/0 commit slots";
const PAGES: &[u8] = b"vault-file/0 pages";
const JOURNAL: &[u8] = b"vault-file/1 journal";
const SUBKEY: &[u8] = b"vault-file/0 subkey/";

/// Associated data of a sealed vault key (in a key slot).
pub(crate) const SEALED_VAULT_KEY: &[u8] = b"vault-file/0 sealed vault key";
/// Associated data of the sealed root key.
pub(crate) const SEALED_ROOT_KEY: &[u8] = b"vault-file/0 sealed root key";
/// Associated data of the sealed file key.
pub(crate) const SEALED_FILE_KEY: &[u8] = b"vault-file/0 sealed file key";
/// Associated data of a sealed commit slot.
pub(crate) const SEALED_COMMIT_SLOT: &[u8; 24] = b"vault-file/0 commit slot";
/// Associated data of a sealed page.
pub(crate) const SEALED_PAGE: &[u8; 17] = b"vault-file/0 page";
/// Associated data of a sealed record of the journal.
pub(crate) const SEALED_JOURNAL_RECORD: &[u8; 27] = b"vault-file/1 journal record";

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

/// Seals records of the journal.
pub(crate) struct JournalKey(pub(crate) Key);

/// The keys of one slot, from its raw, stretched or unwrapped secret and its own salt.
pub(crate) fn slot_keys(kind: SlotKind, secret: &Key, salt: &[u8; 32], lineage: Lineage) -> SlotKeys {
    let label = match kind {
        SlotKind::Passphrase => PASSPHRASE_SLOT,
        SlotKind::Platform => PLATFORM_SLOT,
        _ => RAW_KEY_SLOT,
    };
    let mut okm = Zeroizing::new([0; 2 * KEY_BYTES]);
    expand(salt, secret.as_bytes(), &[label, &lineage.0], okm.as_mut());
    let mut keys = SlotKeys {
        wrapping: Key::zeroed(),
        commitment: [0; KEY_BYTES],
    };
    let (wrapping, commitment) = okm.split_at(KEY_BYTES);
    keys.wrapping.as_mut_bytes().copy_from_slice(wrapping);
    keys.commitment.copy_from_slice(commitment);
    keys
}

/// The seed of a recovery code's key pair.
pub(crate) fn recovery_seed(code: &RecoveryCode) -> Key {
    from_code(code, RECOVERY_SEED)
}

/// The key of the MAC that binds a recovery slot to its code.
pub(crate) fn recovery_mac_key(code: &RecoveryCode) -> Key {
    from_code(code, RECOVERY_MAC)
}

/// What the MAC of a recovery slot covers: the public half, what the code vouches for, and where.
pub(crate) fn recovery_mac_message(lineage: Lineage, public: &[u8; 32], identity: &[u8; 32]) -> Vec<u8> {
    [RECOVERY_SLOT, &lineage.0, public, identity].concat()
}

/// HPKE's `info` for a recovery slot.
pub(crate) fn recovery_info(lineage: Lineage) -> Vec<u8> {
    [RECOVERY_SLOT, &lineage.0].concat()
}

fn from_code(code: &RecoveryCode, label: &[u8]) -> Key {
    let mut key = Key::zeroed();
    expand(&[], code.as_bytes(), &[label], key.as_mut_bytes());
    key
}

/// The key that seals the root key, from the vault key.
pub(crate) fn root_key_wrapping(vault_key: &Key, file: FileIdentity) -> Key {
    derive(vault_key, file, ROOT_KEY_WRAP)
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

impl JournalKey {
    /// From the file key.
    pub(crate) fn derive(file_key: &Key, file: FileIdentity) -> Self {
        Self(derive(file_key, file, JOURNAL))
    }
}

/// A key for the layers above, from the root key: the same in every copy of a vault, also after the vault
/// key was replaced.
pub(crate) fn subkey(root_key: &Key, lineage: Lineage, label: &str) -> Key {
    let mut key = Key::zeroed();
    expand(
        &lineage.0,
        root_key.as_bytes(),
        &[SUBKEY, label.as_bytes()],
        key.as_mut_bytes(),
    );
    key
}

fn derive(ikm: &Key, file: FileIdentity, label: &[u8]) -> Key {
    let mut key = Key::zeroed();
    expand(
        &file.id.0,
        ikm.as_bytes(),
        &[label, &file.epoch.to_le_bytes()],
        key.as_mut_bytes(),
    );
    key
}

fn expand(salt: &[u8], ikm: &[u8], info: &[&[u8]], okm: &mut [u8]) {
    let refused = Hkdf::<Sha256>::new(Some(salt), ikm)
        .expand_multi_info(info, okm)
        .is_err();
    debug_assert!(
        !refused,
        "HKDF-SHA-256 yields up to 8160 bytes; all keys here are at most 64"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Expected values were computed with another implementation of HKDF, from the labels in `FORMAT.md`.
    #[test]
    fn every_derivation_gives_the_bytes_of_format_0() {
        let mut ikm = Key::zeroed();
        (0..32)
            .zip(ikm.as_mut_bytes())
            .for_each(|(value, byte)| *byte = value);
        let file = FileIdentity {
            id: FileId(*b"\xA0\xA1\xA2\xA3\xA4\xA5\xA6\xA7\xA8\xA9\xAA\xAB\xAC\xAD\xAE\xAF"),
            epoch: 1,
        };
        let code = RecoveryCode::parse("000G-40R4-0M30-E209-185G-R38E-1W81-24GK-R").unwrap();

        let slot = |kind| {
            let keys = slot_keys(kind, &ikm, &[0x55; 32], Lineage(file.id.0));
            hex(keys.wrapping.as_bytes()) + &hex(&keys.commitment)
        };
        let derived = [
            slot(SlotKind::Passphrase),
            slot(SlotKind::RawKey),
            slot(SlotKind::Platform),
            hex(recovery_seed(&code).as_bytes()),
            hex(recovery_mac_key(&code).as_bytes()),
            hex(root_key_wrapping(&ikm, file).as_bytes()),
            hex(file_key_wrapping(&ikm, file).as_bytes()),
            hex(header_mac_key(&ikm, file).as_bytes()),
            hex(PageKey::derive(&ikm, file).0.as_bytes()),
            hex(CommitSlotKey::derive(&ikm, file).0.as_bytes()),
            hex(subkey(&ikm, Lineage(file.id.0), "records").as_bytes()),
        ];
        let expected = [
            "007d0995281d260e0181a9eac7175887572977a5261483dbed9fbd51c525dcd2\
             f7dc05abe9116165c817448d15ad2a1867a4f184cd171bb5863cfe62860aa300",
            "c3da35a6b5c5fe6c58a35dc297b30ec063aa872515ba480645a94a80047c9bfb\
             346eafd38ed25bc8945ff2780c4026fd2c21d6894328cc9e5706c47094864eee",
            "2e46ac69b104085f25953e64c942eebc5da05e2728a8ae7f9126b7769c876ae9\
             4d3b0f1cd6d4032d7161bf180b43e45858d780e5a6a8c177ec94a0e17dc33776",
            "44b583a98f93fb23f0a234cbe0e024252495aef9e324b36266198ee77047b638",
            "b16c78b99504d4adbcc8aa93819520e54fee5487b4482b232f4f9948266f6f64",
            "0a0c2555c3af1a340bb65f3af06ebbfb0da0e03495687232ebeb79af227de8fd",
            "a0ccdc35f4936d5867c2d509173e19419e9f8bf8866b342c432ddc768b12623a",
            "7a572c5d06d5e0283d9957a655d0d5797903e6bee3f88a05bb638c6ad02485c1",
            "020e640398119112dd3d48d80ba716483182be77e8538150e0efc0365beed06a",
            "96c48a1f89fbd0be43ddd988b70d2eaa08494915d40699e520d60b6bd2d443f4",
            "276cceb076abbe877dd084b2ddda048652663b0fe48a2c82f236c08094a124bd",
        ];
        assert_eq!(derived, expected);
    }
}
