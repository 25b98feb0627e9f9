//! A second writer, from `FORMAT.md` alone: whoever has the raw key of a file can change any part of it so that
//! checksums, MAC and seals are right again. What a reader makes of that is looked at with it.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use super::image::Image;

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
    /// File id and epoch.
    identity: Vec<u8>,
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

/// A file that lies open: what is changed is sealed again, from the pages up to the commit slot, when it is taken.
#[derive(Clone)]
pub(crate) struct Forge {
    image: Image,
    pub(crate) keys: Keys,
    /// The plaintext of the newest commit slot.
    pub(crate) slot: Vec<u8>,
    directories: Vec<Node>,
    groups: Vec<Node>,
    is_changed: bool,
    nonces: u64,
}

/// A node of the page table.
#[derive(Clone)]
struct Node {
    /// Its own number.
    number: usize,
    /// The extent in which it lies.
    extent: usize,
    plain: Vec<u8>,
    is_changed: bool,
}

impl Forge {
    /// The first key slot of the file is of the raw key.
    pub(crate) fn of(image: Vec<u8>, raw_key: &Key) -> Self {
        let keys = Keys::of(&image[..BLOCK], raw_key);
        let mut forge = Self {
            image: image.into(),
            keys,
            slot: Vec::new(),
            directories: Vec::new(),
            groups: Vec::new(),
            is_changed: false,
            nonces: 0,
        };
        forge.slot = forge.newest_slot();
        for number in 0..usize::from(u16::from_le_bytes([forge.slot[28], forge.slot[29]])) {
            forge.open_directory(number);
        }
        forge
    }

    fn newest_slot(&self) -> Vec<u8> {
        let opened = (0..4).filter_map(|index| {
            let block = self.read(SLOTS + BLOCK * index, BLOCK);
            let aad = self.aad(b"vault-file/1 commit slot", &[u8::try_from(index / 2).unwrap()]);
            open(&self.keys.slots, &block, &aad)
        });
        opened.max_by_key(|slot| u64_at(slot, 0)).unwrap()
    }

    fn open_directory(&mut self, number: usize) {
        let name = u64_at(&self.slot, ROOTS + 8 * number);
        if name == 0 {
            return;
        }
        let places = EXTENTS + BLOCK * (EXTENT_BLOCKS * number + 8);
        let sealed = self.read(places + BLOCK * copy_of(name), BLOCK);
        let directory = open(&self.keys.table, &sealed, &self.node_aad(1, number)).unwrap();
        for entry in 0..DIRECTORY_GROUPS {
            let at = DIRECTORY_ENTRIES + 12 * entry;
            let name = u64_at(&directory, at);
            if name == 0 {
                continue;
            }
            let extent = u32::from_le_bytes(directory[at + 8..at + 12].try_into().unwrap());
            let extent = usize::try_from(extent).unwrap();
            let places = EXTENTS + EXTENT_BLOCKS * BLOCK * extent;
            let sealed = self.read(places + 4 * BLOCK * copy_of(name), 4 * BLOCK);
            let plain = open(&self.keys.table, &sealed, &self.node_aad(0, extent)).unwrap();
            self.groups
                .push(Node::opened(number * DIRECTORY_GROUPS + entry, extent, plain));
        }
        self.directories.push(Node::opened(number, number, directory));
    }

    /// Changes both copies of the header, and makes the checksum right, as anybody can.
    pub(crate) fn sum_header(&mut self, change: impl FnOnce(&mut [u8])) {
        let mut header = self.read(0, BLOCK);
        change(&mut header);
        let checksum = Sha256::digest(&header[..4064]);
        header[4064..].copy_from_slice(&checksum);
        for copy in HEADER_COPIES {
            self.image.write(copy, &header);
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

    /// Changes the newest commit slot.
    pub(crate) fn change_slot(&mut self, change: impl FnOnce(&mut [u8])) {
        change(&mut self.slot);
        self.is_changed = true;
    }

    /// Changes the node of the group that a page belongs to.
    pub(crate) fn change_group(&mut self, page: usize, change: impl FnOnce(&mut [u8])) {
        self.group_mut(page).change(change);
    }

    /// Changes the node of the directory that a page belongs to.
    pub(crate) fn change_directory(&mut self, page: usize, change: impl FnOnce(&mut [u8])) {
        let number = (page - 1) / GROUP_PAGES / DIRECTORY_GROUPS;
        let node = self.directories.iter_mut().find(|node| node.number == number);
        node.unwrap().change(change);
    }

    /// The plaintext of a page, if it was written.
    pub(crate) fn page(&self, page: usize) -> Option<Vec<u8>> {
        let (number, index) = ((page - 1) / GROUP_PAGES, (page - 1) % GROUP_PAGES);
        let group = self.groups.iter().find(|node| node.number == number)?;
        let at = Self::page_at(group.extent, index);
        let mut sealed = vec![0; HEAD + BLOCK];
        sealed[..HEAD].copy_from_slice(&group.plain[GROUP_SEALS + HEAD * index..][..HEAD]);
        let is_there = self.image.read(at, &mut sealed[HEAD..]);
        is_there
            .then(|| open(&self.keys.pages, &sealed, &self.page_aad(page)))
            .flatten()
    }

    /// Writes a page.
    pub(crate) fn write_page(&mut self, page: usize, plain: &[u8]) {
        let sealed = self.seal(self.keys.pages, plain, b"", &self.page_aad(page));
        let index = (page - 1) % GROUP_PAGES;
        let at = Self::page_at(self.group_mut(page).extent, index);
        self.image.write(at, &sealed[HEAD..]);
        self.change_group(page, |group| {
            group[GROUP_SEALS + HEAD * index..][..HEAD].copy_from_slice(&sealed[..HEAD]);
        });
    }

    fn group_mut(&mut self, page: usize) -> &mut Node {
        let number = (page - 1) / GROUP_PAGES;
        let node = self.groups.iter_mut().find(|node| node.number == number);
        node.unwrap()
    }

    /// Puts records with these plaintexts, padded to whole blocks, into the journal, in an epoch of its own that
    /// follows the newest state.
    pub(crate) fn write_journal(&mut self, records: &[Vec<u8>]) {
        let epoch = u64_at(&self.slot, 32) + 1;
        self.change_slot(|slot| {
            slot[32..40].copy_from_slice(&epoch.to_le_bytes());
            slot[30] &= !1;
        });
        let (mut at, mut previous) = (0, vec![0; 16]);
        for record in records {
            let blocks = (HEAD + 4 + 16 + record.len()).div_ceil(BLOCK);
            let mut plain = [&previous[..], record].concat();
            plain.resize(blocks * BLOCK - HEAD - 4, 0);
            let count = u32::try_from(blocks).unwrap().to_le_bytes();
            let place = [epoch.to_le_bytes(), (at as u64).to_le_bytes()].concat();
            let aad = self.aad(b"vault-file/1 journal record", &[&place[..], &count].concat());
            let sealed = self.seal(self.keys.journal, &plain, &count, &aad);
            if JOURNAL + at + sealed.len() > EXTENTS {
                return;
            }
            self.image.write(JOURNAL + at, &sealed);
            previous = sealed[24..40].to_vec();
            at += sealed.len();
        }
    }

    /// The file, with everything sealed that was changed, both copies of it.
    pub(crate) fn sealed(mut self) -> Image {
        for node in std::mem::take(&mut self.groups) {
            if node.is_changed {
                let aad = self.node_aad(0, node.extent);
                let sealed = self.seal(self.keys.table, &node.plain, b"", &aad);
                let at = EXTENTS + EXTENT_BLOCKS * BLOCK * node.extent;
                self.image.write(at, &sealed.repeat(2));
                let entry = DIRECTORY_ENTRIES + 12 * (node.number % DIRECTORY_GROUPS);
                self.change_directory(1 + GROUP_PAGES * node.number, |directory| {
                    directory[entry..entry + 8].copy_from_slice(&name_of(&sealed));
                });
            }
        }
        for node in std::mem::take(&mut self.directories) {
            if node.is_changed {
                let aad = self.node_aad(1, node.number);
                let sealed = self.seal(self.keys.table, &node.plain, b"", &aad);
                let at = EXTENTS + BLOCK * (EXTENT_BLOCKS * node.extent + 8);
                self.image.write(at, &sealed.repeat(2));
                self.change_slot(|slot| {
                    slot[ROOTS + 8 * node.number..][..8].copy_from_slice(&name_of(&sealed));
                });
            }
        }
        if self.is_changed {
            let slot = std::mem::take(&mut self.slot);
            for side in 0..2u8 {
                let aad = self.aad(b"vault-file/1 commit slot", &[side]);
                let sealed = self.seal(self.keys.slots, &slot, b"", &aad);
                let at = SLOTS + 2 * BLOCK * usize::from(side);
                self.image.write(at, &sealed.repeat(2));
            }
        }
        self.image
    }

    fn page_at(extent: usize, index: usize) -> usize {
        EXTENTS + BLOCK * (EXTENT_BLOCKS * extent + 10 + index)
    }

    fn read(&self, at: usize, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        assert!(self.image.read(at, &mut bytes), "the file ends before {at}");
        bytes
    }

    fn page_aad(&self, page: usize) -> Vec<u8> {
        self.aad(b"vault-file/1 page", &(page as u64).to_le_bytes())
    }

    fn node_aad(&self, kind: u8, place: usize) -> Vec<u8> {
        let place = u32::try_from(place).unwrap().to_le_bytes();
        self.aad(b"vault-file/1 table node", &[&[kind], &place[..]].concat())
    }

    fn aad(&self, label: &[u8], rest: &[u8]) -> Vec<u8> {
        [label, &self.keys.identity, rest].concat()
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

impl Node {
    fn opened(number: usize, extent: usize, plain: Vec<u8>) -> Self {
        Self {
            number,
            extent,
            plain,
            is_changed: false,
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut [u8])) {
        change(&mut self.plain);
        self.is_changed = true;
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
            identity: header[24..48].to_vec(),
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
    open(wrapping, sealed, aad).unwrap().try_into().unwrap()
}

/// Opens nonce, tag and ciphertext.
fn open(key: &Key, sealed: &[u8], aad: &[u8]) -> Option<Vec<u8>> {
    let msg = &[&sealed[HEAD..], &sealed[24..HEAD]].concat();
    let nonce: [u8; 24] = sealed[..24].try_into().unwrap();
    let cipher = XChaCha20Poly1305::new_from_slice(key).unwrap();
    cipher.decrypt(&XNonce::from(nonce), Payload { msg, aad }).ok()
}

/// The place that a name says.
fn copy_of(name: u64) -> usize {
    usize::from(name & 1 == 1)
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
