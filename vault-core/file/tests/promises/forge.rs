//! A second writer, from `FORMAT.md` alone: whoever has the raw key of a file can change any part of it so that
//! checksums, MAC and seals are right again. What a reader makes of that is looked at with it.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

const BLOCK: usize = 4096;
const HEADER_COPIES: [usize; 2] = [0, 20480];
const SLOTS: usize = 4096;
const JOURNAL: usize = 24_576;
const EXTENTS: usize = 286_720;
const EXTENT_BLOCKS: usize = 418;
const GROUP_PAGES: usize = 408;
const DIRECTORY_GROUPS: usize = 337;
const HEAD: usize = 40;
/// Where a slot names the directories.
pub(crate) const ROOTS: usize = 368;
const GROUP_SEALS: usize = 24;
const DIRECTORY_ENTRIES: usize = 12;

type Key = [u8; 32];

/// Every key of a file.
#[derive(Clone)]
pub(crate) struct Keys {
    pub(crate) slot_wrapping: Key,
    pub(crate) vault: Key,
    pub(crate) header_mac: Key,
    pub(crate) file_wrapping: Key,
    pub(crate) root_wrapping: Key,
    pub(crate) file: Key,
    pub(crate) root: Key,
    pub(crate) slots: Key,
    pub(crate) pages: Key,
    pub(crate) table: Key,
    pub(crate) journal: Key,
}

/// A file and its keys.
#[derive(Clone)]
pub(crate) struct Forge {
    pub(crate) image: Vec<u8>,
    pub(crate) keys: Keys,
    nonces: u64,
}

/// Where a page lies in the page table, with the nodes above it.
struct Path {
    /// The plaintext of both nodes.
    directory: Vec<u8>,
    group: Vec<u8>,
    directory_number: usize,
    extent: usize,
    entry: usize,
    index: usize,
}

impl Forge {
    /// The first key slot of the file is of the raw key.
    pub(crate) fn of(image: Vec<u8>, raw_key: &Key) -> Self {
        let keys = Keys::of(&image[..BLOCK], raw_key);
        Self {
            image,
            keys,
            nonces: 0,
        }
    }

    /// Changes both copies of the header, and makes the checksum right, as anybody can.
    pub(crate) fn sum_header(&mut self, change: impl FnOnce(&mut [u8])) {
        let mut header = self.image[..BLOCK].to_vec();
        change(&mut header);
        let checksum = Sha256::digest(&header[..4064]);
        header[4064..].copy_from_slice(&checksum);
        for copy in HEADER_COPIES {
            self.image[copy..copy + BLOCK].copy_from_slice(&header);
        }
    }

    /// The same with the right MAC, as somebody with the vault key can.
    pub(crate) fn authenticate_header(&mut self, change: impl FnOnce(&mut [u8])) {
        let key = self.keys.header_mac;
        self.sum_header(|header| {
            change(header);
            let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).unwrap();
            mac.update(&header[..4032]);
            header[4032..4064].copy_from_slice(&mac.finalize().into_bytes());
        });
    }

    /// The plaintext of the newest commit slot.
    pub(crate) fn slot(&self) -> Vec<u8> {
        let opened = (0..4).filter_map(|index| {
            let block = &self.image[SLOTS + BLOCK * index..][..BLOCK];
            let aad = self.aad(b"vault-file/1 commit slot", &[u8::try_from(index / 2).unwrap()]);
            open(&self.keys.slots, block, HEAD, &aad)
        });
        opened
            .max_by_key(|slot| u64::from_le_bytes(slot[..8].try_into().unwrap()))
            .unwrap()
    }

    /// Writes a commit slot everywhere.
    pub(crate) fn write_slot(&mut self, plain: &[u8]) {
        for side in 0..2u8 {
            let aad = self.aad(b"vault-file/1 commit slot", &[side]);
            let block = self.seal(self.keys.slots, plain, b"", &aad);
            let at = SLOTS + 2 * BLOCK * usize::from(side);
            self.image[at..at + 2 * BLOCK].copy_from_slice(&block.repeat(2));
        }
    }

    /// The plaintext of a page, if it was written.
    pub(crate) fn page(&self, page: usize) -> Option<Vec<u8>> {
        let path = self.path(page)?;
        let seal = &path.group[GROUP_SEALS + HEAD * path.index..][..HEAD];
        let at = Self::page_at(path.extent, path.index);
        let sealed = [seal, self.image.get(at..at + BLOCK)?].concat();
        open(&self.keys.pages, &sealed, HEAD, &self.page_aad(page))
    }

    /// Writes a page, and everything above it that vouches for it.
    pub(crate) fn write_page(&mut self, page: usize, plain: &[u8]) {
        let mut path = self.path(page).unwrap();
        let sealed = self.seal(self.keys.pages, plain, b"", &self.page_aad(page));
        let at = Self::page_at(path.extent, path.index);
        self.image[at..at + BLOCK].copy_from_slice(&sealed[HEAD..]);
        path.group[GROUP_SEALS + HEAD * path.index..][..HEAD].copy_from_slice(&sealed[..HEAD]);
        self.write_group(path);
    }

    /// Changes the node of the group that a page belongs to, and everything above it.
    pub(crate) fn change_group(&mut self, page: usize, change: impl FnOnce(&mut [u8])) {
        let mut path = self.path(page).unwrap();
        change(&mut path.group);
        self.write_group(path);
    }

    /// Changes the node of the directory that a page belongs to, and everything above it.
    pub(crate) fn change_directory(&mut self, page: usize, change: impl FnOnce(&mut [u8])) {
        let mut path = self.path(page).unwrap();
        change(&mut path.directory);
        self.write_directory(&path);
    }

    fn write_group(&mut self, mut path: Path) {
        let aad = self.node_aad(0, path.extent);
        let node = self.seal(self.keys.table, &path.group, b"", &aad);
        let at = EXTENTS + EXTENT_BLOCKS * BLOCK * path.extent;
        self.image[at..at + 4 * BLOCK].copy_from_slice(&node);
        self.image[at + 4 * BLOCK..at + 8 * BLOCK].copy_from_slice(&node);
        let entry = DIRECTORY_ENTRIES + 12 * path.entry;
        path.directory[entry..entry + 8].copy_from_slice(&name_of(&node));
        self.write_directory(&path);
    }

    fn write_directory(&mut self, path: &Path) {
        let aad = self.node_aad(1, path.directory_number);
        let node = self.seal(self.keys.table, &path.directory, b"", &aad);
        let at = EXTENTS + BLOCK * (EXTENT_BLOCKS * path.directory_number + 8);
        self.image[at..at + BLOCK].copy_from_slice(&node);
        self.image[at + BLOCK..at + 2 * BLOCK].copy_from_slice(&node);
        let mut slot = self.slot();
        slot[ROOTS + 8 * path.directory_number..][..8].copy_from_slice(&name_of(&node));
        self.write_slot(&slot);
    }

    fn path(&self, page: usize) -> Option<Path> {
        let (group, index) = ((page - 1) / GROUP_PAGES, (page - 1) % GROUP_PAGES);
        let (directory_number, entry) = (group / DIRECTORY_GROUPS, group % DIRECTORY_GROUPS);
        let root = u64_at(&self.slot(), ROOTS + 8 * directory_number);
        let places = EXTENTS + BLOCK * (EXTENT_BLOCKS * directory_number + 8);
        let directory = self.node(root, places, BLOCK, &self.node_aad(1, directory_number))?;
        let entry_at = DIRECTORY_ENTRIES + 12 * entry;
        let extent = u32::from_le_bytes(directory[entry_at + 8..entry_at + 12].try_into().unwrap());
        let (name, extent) = (u64_at(&directory, entry_at), usize::try_from(extent).unwrap());
        let places = EXTENTS + EXTENT_BLOCKS * BLOCK * extent;
        let group = self.node(name, places, 4 * BLOCK, &self.node_aad(0, extent))?;
        Some(Path {
            directory,
            group,
            directory_number,
            extent,
            entry,
            index,
        })
    }

    /// The plaintext of the node that a name stands for.
    fn node(&self, name: u64, places: usize, bytes: usize, aad: &[u8]) -> Option<Vec<u8>> {
        let copy = usize::from(name & 1 == 1);
        let sealed = self.image.get(places + copy * bytes..)?.get(..bytes)?;
        open(&self.keys.table, sealed, HEAD, aad)
    }

    /// Puts records with these plaintexts, padded to whole blocks, into the journal, in an epoch of its own that
    /// follows the newest state.
    pub(crate) fn write_journal(&mut self, records: &[Vec<u8>]) {
        let mut slot = self.slot();
        let epoch = u64_at(&slot, 32) + 1;
        slot[32..40].copy_from_slice(&epoch.to_le_bytes());
        slot[30] &= !1;
        self.write_slot(&slot);
        let (mut at, mut previous) = (0, vec![0; 16]);
        for record in records {
            let blocks = (HEAD + 4 + 16 + record.len()).div_ceil(BLOCK);
            let mut plain = [&previous[..], record].concat();
            plain.resize(blocks * BLOCK - HEAD - 4, 0);
            let count = u32::try_from(blocks).unwrap().to_le_bytes();
            let place = [epoch.to_le_bytes(), (at as u64).to_le_bytes()].concat();
            let aad = self.aad(b"vault-file/1 journal record", &[&place[..], &count].concat());
            let sealed = self.seal(self.keys.journal, &plain, &count, &aad);
            self.image[JOURNAL + at..][..sealed.len()].copy_from_slice(&sealed);
            previous = sealed[24..40].to_vec();
            at += sealed.len();
        }
    }

    fn page_at(extent: usize, index: usize) -> usize {
        EXTENTS + BLOCK * (EXTENT_BLOCKS * extent + 10 + index)
    }

    fn page_aad(&self, page: usize) -> Vec<u8> {
        self.aad(b"vault-file/1 page", &(page as u64).to_le_bytes())
    }

    fn node_aad(&self, kind: u8, place: usize) -> Vec<u8> {
        let place = u32::try_from(place).unwrap().to_le_bytes();
        self.aad(b"vault-file/1 table node", &[&[kind], &place[..]].concat())
    }

    fn aad(&self, label: &[u8], rest: &[u8]) -> Vec<u8> {
        [label, &self.image[24..48], rest].concat()
    }

    /// Nonce, tag, what stands between them and the ciphertext, ciphertext.
    fn seal(&mut self, key: Key, plain: &[u8], between: &[u8], aad: &[u8]) -> Vec<u8> {
        self.nonces += 1;
        let mut nonce = [0xF0; 24];
        nonce[..8].copy_from_slice(&self.nonces.to_le_bytes());
        let payload = Payload { msg: plain, aad };
        let cipher = XChaCha20Poly1305::new_from_slice(&key).unwrap();
        let sealed = cipher.encrypt(&XNonce::from(nonce), payload).unwrap();
        let (ciphertext, tag) = sealed.split_at(plain.len());
        [&nonce, tag, between, ciphertext].concat()
    }
}

impl Keys {
    fn of(header: &[u8], raw_key: &Key) -> Self {
        let (id, epoch, lineage) = (&header[24..40], &header[40..48], &header[64..80]);
        let slot = &header[256..704];
        let info: [&[u8]; 2] = [b"vault-file/1 slot raw key", lineage];
        let okm: [u8; 64] = hkdf(&slot[32..64], raw_key, &info);
        let slot_wrapping: Key = okm[..32].try_into().unwrap();
        let label = &b"vault-file/1 sealed vault key"[..];
        let aad = [label, lineage, &slot[..64], &slot[168..]].concat();
        let sealed = [&slot[96..120], &slot[152..168], &slot[120..152]].concat();
        let vault = key_in(&slot_wrapping, &sealed, &aad);
        let of_vault = |label: &[u8]| -> Key { hkdf(id, &vault, &[label, epoch]) };
        let wrapped = |wrapping: &Key, at: usize, label: &[u8]| {
            let sealed = &header[at..at + 72];
            let sealed = [&sealed[..24], &sealed[56..], &sealed[24..56]].concat();
            key_in(wrapping, &sealed, &[label, id, epoch].concat())
        };
        let file_wrapping = of_vault(b"vault-file/1 file key wrap");
        let root_wrapping = of_vault(b"vault-file/1 root key wrap");
        let file = wrapped(&file_wrapping, 96, b"vault-file/1 sealed file key");
        let of_file = |label: &[u8]| -> Key { hkdf(id, &file, &[label, epoch]) };
        Self {
            slot_wrapping,
            header_mac: of_vault(b"vault-file/1 header mac"),
            root: wrapped(&root_wrapping, 168, b"vault-file/1 sealed root key"),
            slots: of_file(b"vault-file/1 commit slots"),
            pages: of_file(b"vault-file/1 pages"),
            table: of_file(b"vault-file/1 page table"),
            journal: of_file(b"vault-file/1 journal"),
            vault,
            file_wrapping,
            root_wrapping,
            file,
        }
    }
}

fn key_in(wrapping: &Key, sealed: &[u8], aad: &[u8]) -> Key {
    open(wrapping, sealed, HEAD, aad).unwrap().try_into().unwrap()
}

/// Opens nonce, tag and the ciphertext that begins at `from`.
fn open(key: &Key, sealed: &[u8], from: usize, aad: &[u8]) -> Option<Vec<u8>> {
    let msg = &[&sealed[from..], &sealed[24..40]].concat();
    let nonce: [u8; 24] = sealed[..24].try_into().unwrap();
    let cipher = XChaCha20Poly1305::new_from_slice(key).unwrap();
    cipher.decrypt(&XNonce::from(nonce), Payload { msg, aad }).ok()
}

/// How a parent names a sealed node in its first place.
fn name_of(node: &[u8]) -> [u8; 8] {
    let mut name: [u8; 8] = node[24..32].try_into().unwrap();
    name[0] &= !1;
    name
}

fn hkdf<const N: usize>(salt: &[u8], ikm: &[u8], info: &[&[u8]]) -> [u8; N] {
    let mut okm = [0; N];
    Hkdf::<Sha256>::new(Some(salt), ikm)
        .expand(&info.concat(), &mut okm)
        .unwrap();
    okm
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}
