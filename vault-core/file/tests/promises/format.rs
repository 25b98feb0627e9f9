//! A second reader, written from `FORMAT.md` alone with nothing of the crate: what the document says is
//! what the file holds.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use vault_file::{NewSlot, RawKey, SealedFile};

use crate::history::{entropy, small_cache};
use crate::key_store::MemoryKeyStore;
use crate::simulated_disk::SimulatedDisk;

const RAW_KEY: [u8; 32] = [0x33; 32];

/// A file, and the key that it gives the layer above under `records`.
fn file() -> (Vec<u8>, [u8; 32]) {
    let disk = SimulatedDisk::default();
    let slots = [NewSlot::RawKey(&RawKey::new(&RAW_KEY))];
    let file = SealedFile::create_on(disk.handle(), &slots, entropy(4), &small_cache()).unwrap();
    let transaction = file.write().unwrap();
    transaction
        .table(&vault_file::Table::new("t"))
        .unwrap()
        .insert(b"k", b"needle in the page")
        .unwrap();
    transaction
        .table(&vault_file::Table::new("t"))
        .unwrap()
        .insert(b"large", &[0x77; 3_000_000])
        .unwrap();
    transaction.commit().unwrap();
    let records_key = *file.derive_key("records").as_bytes();
    drop(file);
    (disk.seen(), records_key)
}

pub(crate) fn hkdf<const N: usize>(salt: &[u8], ikm: &[u8], info: &[&[u8]]) -> [u8; N] {
    let mut okm = [0; N];
    Hkdf::<Sha256>::new(Some(salt), ikm)
        .expand(&info.concat(), &mut okm)
        .unwrap();
    okm
}

pub(crate) fn unseal(key: &[u8], nonce: &[u8], aad: &[&[u8]], ciphertext_and_tag: &[u8]) -> Option<Vec<u8>> {
    let payload = Payload {
        msg: ciphertext_and_tag,
        aad: &aad.concat(),
    };
    let nonce: [u8; 24] = nonce.try_into().unwrap();
    XChaCha20Poly1305::new_from_slice(key)
        .unwrap()
        .decrypt(&XNonce::from(nonce), payload)
        .ok()
}

#[test]
fn a_reader_written_from_the_document_reads_the_file() {
    let (file, records_key) = file();
    let header = &file[..4096];
    assert_eq!(header, &file[20480..24576], "both copies");
    assert_eq!(&header[..8], b"\x89VAULT\r\n");
    assert_eq!(
        header[8..24],
        [1u32.to_le_bytes(), 1u32.to_le_bytes(), 1u32.to_le_bytes(), [0; 4]].concat()
    );
    let id = &header[24..40];
    let epoch = &1u64.to_le_bytes()[..];
    assert_eq!(&header[40..48], epoch);
    assert_eq!(header[48..52], [1, 0, 8, 0], "suite 1, 8 slot entries");
    assert_eq!(header[4064..], Sha256::digest(&header[..4064])[..], "checksum");

    let lineage = &header[64..80];
    assert!(header[80..96].iter().all(|byte| *byte == 0), "no copy");
    assert!(header[240..256].iter().all(|byte| *byte == 0), "zero");

    let slot = &header[256..704];
    assert_eq!(slot[..2], [2, 0], "a raw-key slot");
    assert!(
        header[704..4032].iter().all(|byte| *byte == 0),
        "the other entries are empty"
    );
    let okm: [u8; 64] = hkdf(&slot[32..64], &RAW_KEY, &[b"vault-file/1 slot raw key", lineage]);
    assert_eq!(okm[32..], slot[64..96], "key commitment");
    let aad: [&[u8]; 4] = [
        b"vault-file/1 sealed vault key",
        lineage,
        &slot[..64],
        &slot[168..],
    ];
    let vault_key = unseal(&okm[..32], &slot[96..120], &aad, &slot[120..168]).unwrap();

    let mac_key: [u8; 32] = hkdf(id, &vault_key, &[b"vault-file/1 header mac", epoch]);
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&mac_key).unwrap();
    mac.update(&header[..4032]);
    assert_eq!(mac.finalize().into_bytes()[..], header[4032..4064], "header MAC");

    let wrapping: [u8; 32] = hkdf(id, &vault_key, &[b"vault-file/1 file key wrap", epoch]);
    let aad: [&[u8]; 3] = [b"vault-file/1 sealed file key", id, epoch];
    let file_key = unseal(&wrapping, &header[96..120], &aad, &header[120..168]).unwrap();

    let wrapping: [u8; 32] = hkdf(id, &vault_key, &[b"vault-file/1 root key wrap", epoch]);
    let aad: [&[u8]; 3] = [b"vault-file/1 sealed root key", id, epoch];
    let root_key = unseal(&wrapping, &header[168..192], &aad, &header[192..240]).unwrap();
    let subkey: [u8; 32] = hkdf(lineage, &root_key, &[b"vault-file/1 subkey/", b"records"]);
    assert_eq!(subkey, records_key, "a key for the layers above");

    let slot_key: [u8; 32] = hkdf(id, &file_key, &[b"vault-file/1 commit slots", epoch]);
    let newest = (0..4usize)
        .map(|index| {
            let block = &file[4096 * (1 + index)..][..4096];
            let side = u8::try_from(index / 2).unwrap();
            let aad: [&[u8]; 4] = [b"vault-file/1 commit slot", id, epoch, &[side]];
            unseal(
                &slot_key,
                &block[..24],
                &aad,
                &[&block[40..], &block[24..40]].concat(),
            )
            .unwrap()
        })
        .max_by_key(|slot| u64::from_le_bytes(slot[..8].try_into().unwrap()))
        .unwrap();
    assert_eq!(newest[8..16], 1u64.to_le_bytes(), "least header_seq");
    assert_eq!(
        file.len() as u64,
        4096 * u64::from(u32_at(&newest, 24)),
        "a closed file ends where its slot says"
    );
    assert_eq!(
        newest[30], 3,
        "nothing in the journal, and both copies of nodes are equal"
    );
    assert_eq!(&newest[48..57], b"redb\x1A\x0A\xA9\x0D\x0A");

    let pages = Pages {
        file: &file,
        id,
        epoch,
        table_key: hkdf(id, &file_key, &[b"vault-file/1 page table", epoch]),
        page_key: hkdf(id, &file_key, &[b"vault-file/1 pages", epoch]),
    };
    let directories = usize::from(u16::from_le_bytes([newest[28], newest[29]]));
    let names = newest[368..].as_chunks::<8>().0;
    assert!(newest[368 + 8 * directories..].iter().all(|byte| *byte == 0));
    let pages: Vec<Vec<u8>> = (0..)
        .zip(&names[..directories])
        .filter(|(_, name)| **name != [0; 8])
        .flat_map(|(directory, name)| pages.of_directory(directory, *name))
        .collect();
    let large = pages
        .iter()
        .filter(|page| page[2000..2100] == [0x77; 100])
        .count();
    assert!(
        large > 700,
        "{large} pages of the large value, in more than one group"
    );
    let needle = b"needle in the page";
    assert!(
        pages
            .iter()
            .any(|page| page.windows(needle.len()).any(|window| window == needle))
    );
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(*bytes[at..].first_chunk().unwrap())
}

/// What the page table leads to.
struct Pages<'f> {
    file: &'f [u8],
    id: &'f [u8],
    epoch: &'f [u8],
    table_key: [u8; 32],
    page_key: [u8; 32],
}

impl Pages<'_> {
    fn of_directory(&self, directory: u32, name: [u8; 8]) -> Vec<Vec<u8>> {
        let at = extent_at(directory) + 8 * 4096;
        let node = self.node(1, directory, name, [at, at + 4096], 4096);
        assert_eq!(u32_at(&node, 8), directory);
        let entries = node[12..].as_chunks::<12>().0;
        assert_eq!(entries.len(), 337);
        (0..)
            .zip(entries)
            .filter(|(_, entry)| entry[..8] != [0; 8])
            .flat_map(|(index, entry)| {
                let name = *entry.first_chunk().unwrap();
                self.of_group(337 * directory + index, u32_at(entry, 8), name)
            })
            .collect()
    }

    fn of_group(&self, group: u32, extent: u32, name: [u8; 8]) -> Vec<Vec<u8>> {
        let at = extent_at(extent);
        let node = self.node(0, extent, name, [at, at + 4 * 4096], 4 * 4096);
        assert_eq!(u32_at(&node, 8), group);
        let seals = node[24..].as_chunks::<40>().0;
        assert_eq!(seals.len(), 408);
        let written = (0..).zip(seals).filter(|(_, seal)| **seal != [0; 40]);
        let open = |(index, seal): (usize, &[u8; 40])| {
            let page = 1 + 408 * u64::from(group) + index as u64;
            let aad: [&[u8]; 4] = [b"vault-file/1 page", self.id, self.epoch, &page.to_le_bytes()];
            let sealed = &self.file[at + (10 + index) * 4096..][..4096];
            unseal(&self.page_key, &seal[..24], &aad, &[sealed, &seal[24..]].concat())
        };
        written.map(|written| open(written).unwrap()).collect()
    }

    /// A node of which both copies are equal, as in every closed file.
    fn node(&self, kind: u8, place: u32, name: [u8; 8], copies: [usize; 2], len: usize) -> Vec<u8> {
        let [first, second] = copies.map(|at| &self.file[at..at + len]);
        assert_eq!(first, second);
        assert_eq!(name[0] & 0xFE, first[24] & 0xFE, "the lowest bit chooses a copy");
        assert_eq!(name[1..], first[25..32]);
        let aad: [&[u8]; 5] = [
            b"vault-file/1 table node",
            self.id,
            self.epoch,
            &[kind],
            &place.to_le_bytes(),
        ];
        let sealed = [&first[40..], &first[24..40]].concat();
        unseal(&self.table_key, &first[..24], &aad, &sealed).unwrap()
    }
}

fn extent_at(extent: u32) -> usize {
    286_720 + 1_712_128 * extent as usize
}

/// The 20 bytes of a recovery code, from its text.
fn code_bytes(text: &str) -> [u8; 20] {
    let alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U";
    let values: Vec<usize> = text
        .chars()
        .filter(|symbol| *symbol != '-')
        .map(|symbol| alphabet.find(symbol).unwrap())
        .collect();
    let (symbols, check) = values.split_at(32);
    assert_eq!(
        symbols.iter().fold(0, |rest, symbol| (rest * 32 + symbol) % 37),
        check[0]
    );
    let bit = |index: usize| symbols[index / 5] >> (4 - index % 5) & 1;
    std::array::from_fn(|byte| {
        let bits = (0..8).fold(0, |bits, index| bits << 1 | bit(8 * byte + index));
        u8::try_from(bits).unwrap()
    })
}

#[test]
fn the_vault_key_comes_out_of_a_recovery_and_a_platform_slot_as_the_document_says() {
    use hpke::{Deserializable, Kem, Serializable, aead, kdf, kem};
    type X25519 = kem::X25519HkdfSha256;

    let disk = SimulatedDisk::default();
    let store = MemoryKeyStore::new(0x5A);
    let slots = [NewSlot::RawKey(&RawKey::new(&RAW_KEY)), NewSlot::Platform(&store)];
    let file = SealedFile::create_on(disk.handle(), &slots, entropy(4), &small_cache()).unwrap();
    let code = file.create_recovery([0xD1; 32]).unwrap();
    drop(file);
    let file = disk.seen();
    let lineage = &file[64..80];
    let slot = |index: usize| &file[256 + 448 * index..256 + 448 * (index + 1)];
    let symmetric = |slot: &[u8], secret: &[u8], label: &[u8]| {
        let okm: [u8; 64] = hkdf(&slot[32..64], secret, &[label, lineage]);
        assert_eq!(okm[32..], slot[64..96], "key commitment");
        let aad: [&[u8]; 4] = [
            b"vault-file/1 sealed vault key",
            lineage,
            &slot[..64],
            &slot[168..],
        ];
        unseal(&okm[..32], &slot[96..120], &aad, &slot[120..168]).unwrap()
    };
    let vault_key = symmetric(slot(0), &RAW_KEY, b"vault-file/1 slot raw key");

    let platform = slot(1);
    assert_eq!(platform[..2], [3, 0]);
    assert_eq!(platform[168..170], [60, 0], "what the key store returned");
    let secret: Vec<u8> = platform[170..202].iter().map(|byte| byte ^ 0x5A).collect();
    assert_eq!(
        symmetric(platform, &secret, b"vault-file/1 slot platform"),
        vault_key
    );

    let recovery = slot(2);
    assert_eq!(recovery[..2], [4, 0]);
    assert_eq!(recovery[200..232], [0xD1; 32], "identity");
    assert!(recovery[232..].iter().all(|byte| *byte == 0));
    let code = code_bytes(code.reveal().as_str());
    let seed: [u8; 32] = hkdf(&[], &code, &[b"vault-file/1 recovery seed"]);
    let (private, public) = X25519::derive_keypair(&seed);
    assert_eq!(public.to_bytes()[..], recovery[32..64], "public half");
    let mac_key: [u8; 32] = hkdf(&[], &code, &[b"vault-file/1 recovery mac"]);
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&mac_key).unwrap();
    for part in [
        &b"vault-file/1 slot recovery"[..],
        lineage,
        &recovery[32..64],
        &recovery[200..232],
    ] {
        mac.update(part);
    }
    assert_eq!(
        mac.finalize().into_bytes()[..],
        recovery[64..96],
        "MAC of the code"
    );
    let opened = hpke::single_shot_open::<aead::ChaCha20Poly1305, kdf::HkdfSha256, X25519>(
        &hpke::OpModeR::Base,
        &private,
        &<X25519 as Kem>::EncappedKey::from_bytes(&recovery[168..200]).unwrap(),
        &[&b"vault-file/1 slot recovery"[..], lineage].concat(),
        &recovery[96..144],
        &[
            &b"vault-file/1 sealed vault key"[..],
            lineage,
            &recovery[..96],
            &recovery[200..232],
        ]
        .concat(),
    );
    assert_eq!(opened.unwrap(), vault_key);
}
