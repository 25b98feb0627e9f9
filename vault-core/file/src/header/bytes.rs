//! The 4096 bytes of a header.
//!
//! ```text
//!    0  magic 8 | format u32 | min_reader u32 | header_seq u64          frozen for every format
//!   24  file id 16 | file epoch u64 | suite u16 | slot entries u16
//!   52  KDF ceiling: memory KiB u32 | passes u32 | lanes u32
//!   64  lineage 16 | origin u8 | zero 15
//!   96  sealed file key: nonce 24 | ciphertext 32 | tag 16
//!  168  sealed root key: nonce 24 | ciphertext 32 | tag 16
//!  240  zero 16
//!  256  key slots: 8 × 448
//! 3840  zero 192
//! 4032  MAC 32       HMAC-SHA-256 over 0..4032, keyed from the vault key
//! 4064  checksum 32  SHA-256 over 0..4064                               frozen for every format
//! ```

use super::SLOTS_MAX;
use super::slot::SLOT_BYTES;
use super::{FileId, Header, KeySlot, Lineage, Origin, SealedKey};
use crate::error::{Error, Part};
use crate::kdf::KdfParams;
use crate::keys::{FileIdentity, mac};

/// Bytes in a header.
pub(crate) const HEADER_BYTES: usize = 4096;

/// The format that this version writes, and the newest that it reads.
const FORMAT: u32 = 1;
/// XChaCha20-Poly1305, HKDF-SHA-256, HMAC-SHA-256, Argon2id.
const SUITE: u16 = 1;
/// How many key slots the header has room for.
const SLOT_ENTRIES: u16 = 8;
const _: () = assert!(SLOT_ENTRIES as usize == SLOTS_MAX);
/// Like PNG's: a byte that is not ASCII, a name, and line ends that a text transfer would mangle.
const MAGIC: [u8; 8] = *b"\x89VAULT\r\n";

const FORMAT_AT: usize = 8;
const MIN_READER_AT: usize = 12;
const SEQ_AT: usize = 16;
const FILE_ID_AT: usize = 24;
const EPOCH_AT: usize = 40;
const SUITE_AT: usize = 48;
const SLOT_ENTRIES_AT: usize = 50;
const KDF_CEILING_AT: usize = 52;
const LINEAGE_AT: usize = 64;
const ORIGIN_AT: usize = 80;
const FILE_KEY_AT: usize = 96;
const ROOT_KEY_AT: usize = 168;
const SLOTS_AT: usize = 256;
const _: () = assert!(SLOTS_AT + SLOTS_MAX * SLOT_BYTES <= MAC_AT);
const MAC_AT: usize = 4032;
const CHECKSUM_AT: usize = 4064;

/// One copy of a header, as bytes whose checksum is right.
#[derive(Clone)]
pub(crate) struct HeaderBytes(Box<[u8; HEADER_BYTES]>);

/// Why bytes are not a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotAHeader {
    Foreign,
    Damaged,
}

impl HeaderBytes {
    /// Accepts bytes that carry the magic and the right checksum.
    pub(crate) fn check(bytes: Box<[u8; HEADER_BYTES]>) -> Result<Self, NotAHeader> {
        if bytes[..MAGIC.len()] != MAGIC {
            return Err(NotAHeader::Foreign);
        }
        let header = Self(bytes);
        if header.array(CHECKSUM_AT) != mac::checksum(&header.0[..CHECKSUM_AT]) {
            return Err(NotAHeader::Damaged);
        }
        Ok(header)
    }

    /// Lays out a header; `authenticate` computes the MAC over what it is given.
    pub(crate) fn write(header: &Header, authenticate: impl FnOnce(&[u8]) -> [u8; 32]) -> Self {
        let mut bytes = Self(Box::new([0; HEADER_BYTES]));
        bytes.put(0, &MAGIC);
        bytes.put(FORMAT_AT, &FORMAT.to_le_bytes());
        bytes.put(MIN_READER_AT, &FORMAT.to_le_bytes());
        bytes.put(SEQ_AT, &header.seq.to_le_bytes());
        bytes.put(FILE_ID_AT, &header.file.id.0);
        bytes.put(EPOCH_AT, &header.file.epoch.to_le_bytes());
        bytes.put(SUITE_AT, &SUITE.to_le_bytes());
        bytes.put(SLOT_ENTRIES_AT, &SLOT_ENTRIES.to_le_bytes());
        let KdfParams {
            memory_kib,
            passes,
            lanes,
        } = header.kdf_ceiling;
        for (index, value) in [memory_kib, passes, lanes].into_iter().enumerate() {
            bytes.put(KDF_CEILING_AT + 4 * index, &value.to_le_bytes());
        }
        for (index, slot) in header.slots.iter().take(SLOTS_MAX).enumerate() {
            bytes.put(SLOTS_AT + SLOT_BYTES * index, slot.as_bytes());
        }
        bytes.put(LINEAGE_AT, &header.lineage.0);
        bytes.put(ORIGIN_AT, &[Origin::number(header.origin)]);
        bytes.put(FILE_KEY_AT, &header.sealed_file_key.to_bytes());
        bytes.put(ROOT_KEY_AT, &header.sealed_root_key.to_bytes());
        let mac = authenticate(bytes.authenticated());
        bytes.put(MAC_AT, &mac);
        let checksum = mac::checksum(&bytes.0[..CHECKSUM_AT]);
        bytes.put(CHECKSUM_AT, &checksum);
        bytes
    }

    /// Reads the fields, if this version may.
    pub(crate) fn parse(&self) -> Result<Header, Error> {
        let (format, min_reader) = (self.format(), self.min_reader());
        if min_reader > FORMAT {
            return Err(Error::NewerFormat { min_reader });
        }
        if format < FORMAT {
            return Err(Error::BeforeFirstRelease { format });
        }
        if self.u16(SUITE_AT) != SUITE || self.u16(SLOT_ENTRIES_AT) != SLOT_ENTRIES {
            return Err(Error::Damaged { what: Part::Header });
        }
        let slots = (0..SLOTS_MAX)
            .filter_map(|index| KeySlot::from_bytes(&self.array(SLOTS_AT + SLOT_BYTES * index)))
            .collect();
        Ok(Header {
            seq: self.seq(),
            file: FileIdentity {
                id: FileId(self.array(FILE_ID_AT)),
                epoch: self.u64(EPOCH_AT),
            },
            lineage: Lineage(self.array(LINEAGE_AT)),
            origin: Origin::from_number(self.0[ORIGIN_AT])?,
            kdf_ceiling: KdfParams {
                memory_kib: self.u32(KDF_CEILING_AT),
                passes: self.u32(KDF_CEILING_AT + 4),
                lanes: self.u32(KDF_CEILING_AT + 8),
            },
            slots,
            sealed_file_key: SealedKey::from_bytes(&self.array(FILE_KEY_AT)),
            sealed_root_key: SealedKey::from_bytes(&self.array(ROOT_KEY_AT)),
        })
    }

    pub(crate) fn format(&self) -> u32 {
        self.u32(FORMAT_AT)
    }

    pub(crate) fn min_reader(&self) -> u32 {
        self.u32(MIN_READER_AT)
    }

    pub(crate) fn seq(&self) -> u64 {
        self.u64(SEQ_AT)
    }

    /// What the MAC covers.
    pub(crate) fn authenticated(&self) -> &[u8] {
        &self.0[..MAC_AT]
    }

    pub(crate) fn mac(&self) -> [u8; 32] {
        self.array(MAC_AT)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; HEADER_BYTES] {
        &self.0
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut array = [0; N];
        array.copy_from_slice(&self.0[at..at + N]);
        array
    }

    fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.array(at))
    }

    fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.array(at))
    }

    fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.array(at))
    }
}
