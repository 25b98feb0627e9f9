//! Every derivation and every label of format 1, on one page.
//!
//! All keys come from HKDF-SHA-256 (RFC 5869), bound to the file they seal, or, where they must stay the same
//! in every copy of a vault, to its lineage. Labels differ in their fixed prefix, so no two purposes can meet, whatever a caller of
//! [`subkey`] chooses.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{KEY_BYTES, Key, RecoveryCode};
use crate::header::{FileId, Lineage, SlotKind};

const PASSPHRASE_SLOT: &[u8] = b"vault-file/1 slot passphrase";
const RAW_KEY_SLOT: &[u8] = b"vault-file/1 slot raw key";
const PLATFORM_SLOT: &[u8] = b"vault-file/1 slot platform";
const RECOVERY_SEED: &[u8] = b"vault-file/1 recovery seed";
const RECOVERY_MAC: &[u8] = b"vault-file/1 recovery mac";
const RECOVERY_SUBKEY: &[u8] = b"vault-file/1 recovery subkey/";
const RECOVERY_SLOT: &[u8] = b"vault-file/1 slot recovery";
const ROOT_KEY_WRAP: &[u8] = b"vault-file/1 root key wrap";
const FILE_KEY_WRAP: &[u8] = b"vault-file/1 file key wrap";
const HEADER_MAC: &[u8] = b"vault-file/1 header mac";
const COMMIT_SLOTS: &[u8] = b"vault-file/1 commit slots";
const PAGES: &[u8] = b"vault-file/1 pages";
const PAGE_TABLE: &[u8] = b"vault-file/1 page table";
const JOURNAL: &[u8] = b"vault-file/1 journal";
const SUBKEY: &[u8] = b"vault-file/1 subkey/";

/// Associated data of a sealed vault key (in a key slot).
pub(crate) const SEALED_VAULT_KEY: &[u8] = b"vault-file/1 sealed vault key";
/// Associated data of the sealed root key.
pub(crate) const SEALED_ROOT_KEY: &[u8] = b"vault-file/1 sealed root key";
/// Associated data of the sealed file key.
pub(crate) const SEALED_FILE_KEY: &[u8] = b"vault-file/1 sealed file key";
/// Associated data of a sealed commit slot.
pub(crate) const SEALED_COMMIT_SLOT: &[u8; 24] = b"vault-file/1 commit slot";
/// Associated data of a sealed page.
pub(crate) const SEALED_PAGE: &[u8; 17] = b"vault-file/1 page";
/// Associated data of a sealed node of the page table.
pub(crate) const SEALED_NODE: &[u8; 23] = b"vault-file/1 table node";
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

/// Seals nodes of the page table.
pub(crate) struct PageTableKey(pub(crate) Key);

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

/// A key for the layers above, from a recovery code.
pub(crate) fn recovery_subkey(code: &RecoveryCode, label: &str) -> Key {
    let mut key = Key::zeroed();
    let info = [RECOVERY_SUBKEY, label.as_bytes()];
    expand(&[], code.as_bytes(), &info, key.as_mut_bytes());
    key
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

impl PageTableKey {
    /// From the file key.
    pub(crate) fn derive(file_key: &Key, file: FileIdentity) -> Self {
        Self(derive(file_key, file, PAGE_TABLE))
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
    fn every_derivation_gives_the_bytes_of_format_1() {
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
            hex(PageTableKey::derive(&ikm, file).0.as_bytes()),
            hex(CommitSlotKey::derive(&ikm, file).0.as_bytes()),
            hex(JournalKey::derive(&ikm, file).0.as_bytes()),
            hex(subkey(&ikm, Lineage(file.id.0), "records").as_bytes()),
            hex(recovery_subkey(&code, "signing").as_bytes()),
        ];
        let expected = [
            "f42fa64d8a0e53bb4e208e1db9bc92d94b1664b456d508b783cf0abc760710c8\
             f9431525a92f581e417c1884a88c06151dc071d534ecaadec8d0011d0973b0ae",
            "3ab3f8ac2235ebff4fa599ae3fa975e79b0a674cee4574e21759db6f9e4dce85\
             0836545056f647e8f9be5c4027f7910fe57247eb74918ad7c2050be3e72ae2a2",
            "b84b9fd97ff27701c4104d6cbe97fd41b0650ddc7e3e1e3731db0a8964cca720\
             3b3c80847348f576a6fe15ef5a56c5868b950688d81db1076d07a734c852f4aa",
            "853f5d8b628151aba73a263e568982b9f57b58cb6432bbda1e76203e53df45b2",
            "d6a519e3ecaf5f92b3161107c1fa23706068a45a59dc0ba6844c5094454732ca",
            "da073dbc54a76b524ea57ff080086e59d3ab896193e17e5dc96e3f2e0315eaad",
            "176edaee46ac40785a8a4cf56b656c0f7e81d821b18ff4e39daca34cb5f9164a",
            "09b699fa0454bc31345cee9c40e63f2995040827aa9855ae21fd92f8fe0d0884",
            "03d4cc001fbaaf8b1b4c93e3fbf7d32bf114cb15c33fbd3acefdb8341dcee339",
            "71039edeea1f52bb45aa8c749951d2ad4655f4a66054fac8ec67403c767d3e26",
            "29fc2947b9d6678122ceb1a1d93b350d9e44ac8c13fa85a3628370ed595833e4",
            "079287aee959d2a904ed6444d5107ba95e1350c429b10374007380b8656ad940",
            "7943191b42015fcf8745698c9c89a7ba63eceff09716cb249f6a6f70616962f3",
            "14e3ff0ca4529a37d8517ae716e00e1e22ed348fa12f2079d912d9a6cdf8cf60",
        ];
        assert_eq!(derived, expected);
    }
}
