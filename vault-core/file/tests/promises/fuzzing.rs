//! What the fuzz targets do with their bytes. The same functions replay the corpus in ordinary tests.
//!
//! The bytes say what is changed in a small file, and what of it is sealed again with the right keys: so a target gets
//! past checksum, MAC and AEAD to the code behind them. Whatever it is, the caller gets a typed error, or a file that
//! can be used.

use std::sync::LazyLock;

use vault_file::{Error, Options, SealedFile, Secret, Table};

use super::forge::Forge;
use super::history::{Content, content, create, entropy, key, open_with, small_cache, unwatched};
use super::image::Image;
use super::redb_checksums::Checksums;
use super::simulated_disk::SimulatedDisk;

const RAW_KEY: [u8; 32] = [7; 32];
const SEED: u64 = 81;
const BLOCK: usize = 4096;

/// A small file with a few tables, one of them of several pages.
struct Sample {
    forge: Forge,
    content: Content,
    /// Without the last transaction.
    before: Content,
}

static CLOSED: LazyLock<Sample> = LazyLock::new(|| Sample::new(true));
static KILLED: LazyLock<Sample> = LazyLock::new(|| Sample::new(false));
static CHECKSUMS: LazyLock<Checksums> = LazyLock::new(|| Checksums::of(&CLOSED.forge));

impl Sample {
    fn new(is_closed: bool) -> Self {
        let disk = SimulatedDisk::default();
        let file = create(disk.handle(), SEED).unwrap();
        let mut before = Content::new();
        for (name, rows) in [("records", 40u8), ("changes", 3), ("records", 5)] {
            before = content(&file).unwrap();
            let transaction = file.write().unwrap();
            let mut table = transaction.table(&Table::new(name)).unwrap();
            for row in 0..rows {
                let value = vec![row; 40 * usize::from(rows)];
                table.insert(&[b'k', row, rows], &value).unwrap();
            }
            drop(table);
            transaction.commit().unwrap();
        }
        let newest = content(&file).unwrap();
        if !is_closed {
            disk.kill();
        }
        drop(file);
        Self {
            forge: Forge::of(disk.seen(), &RAW_KEY),
            content: newest,
            before,
        }
    }
}

/// The vault header: changed as it is, in one place or in both, with the checksum made right, or with the MAC made
/// right.
pub(crate) fn header(data: &[u8]) {
    let Some((mode, edits)) = data.split_first() else {
        return;
    };
    let mut forge = CLOSED.forge.clone();
    if mode % 4 == 3 {
        forge.authenticate_header(|header| edit(header, edits));
    } else if mode % 4 == 2 {
        forge.sum_header(|header| edit(header, edits));
    }
    let mut image = forge.sealed();
    if mode % 4 < 2 {
        let mut header = vec![0; BLOCK];
        image.read(0, &mut header);
        edit(&mut header, edits);
        image.write(0, &header);
        if mode % 4 == 1 {
            image.write(20480, &header);
        }
    }
    check(&image);
    if let Ok(found) = read(&image) {
        assert!(found == CLOSED.content, "other content");
    }
}

/// A commit slot, sealed. Whoever can seal one can name any state, so what is found may be anything.
pub(crate) fn slot(data: &[u8]) {
    let mut forge = CLOSED.forge.clone();
    forge.change_slot(|slot| edit(slot, data));
    let image = forge.sealed();
    check(&image);
    salvage(&image);
    let _ = read(&image);
}

/// Nodes of the page table, sealed.
pub(crate) fn node(data: &[u8]) {
    let mut forge = CLOSED.forge.clone();
    for (which, edits) in parts(data) {
        if which % 2 == 0 {
            forge.change_group(1, |node| edit(node, edits));
        } else {
            forge.change_directory(1, |node| edit(node, edits));
        }
    }
    let image = forge.sealed();
    check(&image);
    salvage(&image);
    if let Ok(found) = read(&image) {
        assert!(found == CLOSED.content, "other content");
    }
}

/// Pages of redb's trees, sealed, with every checksum on the way to the root made right: what checks and rescue,
/// which read them without redb, make of it.
pub(crate) fn page(data: &[u8]) {
    let (mut forge, mut checksums) = (CLOSED.forge.clone(), CHECKSUMS.clone());
    let pages = checksums.pages();
    for (page, edits) in parts(data) {
        let page = pages[usize::from(page) % pages.len()];
        forge.change_slot(|slot| checksums.change(slot, page, &mut |plain| edit(plain, edits)));
    }
    checksums.write(&mut forge);
    let image = forge.sealed();
    check(&image);
    salvage(&image);
}

/// Records of the journal, sealed: their plaintexts as they come, or transactions of operations as they come.
pub(crate) fn journal(data: &[u8]) {
    let Some((mode, data)) = data.split_first() else {
        return;
    };
    let mut forge = CLOSED.forge.clone();
    let applied = u64::from_le_bytes(forge.slot[40..48].try_into().unwrap());
    let records: Vec<Vec<u8>> = parts(data)
        .zip(applied + 1..)
        .map(|((_, ops), first)| match mode % 2 {
            0 => ops.to_vec(),
            _ => {
                let len = u32::try_from(ops.len()).unwrap().to_le_bytes();
                [&first.to_le_bytes()[..], &1u32.to_le_bytes(), &len, ops].concat()
            }
        })
        .collect();
    forge.write_journal(&records);
    let image = forge.sealed();
    check(&image);
    salvage(&image);
    let disk = SimulatedDisk::holding(image);
    let Ok(file) = open_with(disk.handle(), SEED, &limited()) else {
        return;
    };
    // What was replayed can be read, and goes on.
    let before = content(&file).unwrap();
    let transaction = file.write().unwrap();
    let mut table = transaction.table(&Table::new("one more")).unwrap();
    table.insert(b"one more", b"row").unwrap();
    drop(table);
    transaction.commit().unwrap();
    drop(file);
    let mut expected = before;
    let rows = expected.entry("one more".to_owned()).or_default();
    rows.insert(b"one more".to_vec(), b"row".to_vec());
    let found = content(&open_with(disk.handle(), SEED, &limited()).unwrap()).unwrap();
    assert!(found == expected, "other content");
}

/// The whole file, as somebody without any key can change it: bytes, blocks, length.
pub(crate) fn open(data: &[u8]) {
    let Some((which, data)) = data.split_first() else {
        return;
    };
    let sample = if which % 2 == 0 { &CLOSED } else { &KILLED };
    let mut image = sample.forge.clone().sealed();
    let mut block = vec![0; BLOCK];
    for (what, part) in parts(data) {
        let Some((places, edits)) = part.split_first_chunk::<4>() else {
            continue;
        };
        let count = image.len() / BLOCK;
        if count == 0 {
            break;
        }
        let place = |half: [u8; 2]| usize::from(u16::from_le_bytes(half)) % count * BLOCK;
        let (one, other) = (place([places[0], places[1]]), place([places[2], places[3]]));
        image.read(one, &mut block);
        match what % 6 {
            0 | 1 => {
                edit(&mut block, edits);
                image.write(one, &block);
            }
            2 => image.write(other, &block),
            3 => image.write(one, &[edits.first().copied().unwrap_or(0); BLOCK]),
            4 => image.resize(one + usize::from(places[2])),
            _ => image.write(image.len(), &vec![places[3]; 100 * usize::from(places[2])]),
        }
    }
    check(&image);
    salvage(&image);
    if let Ok(found) = read(&image) {
        let taken_back = which % 2 == 1 && found == sample.before;
        assert!(found == sample.content || taken_back, "other content");
    }
}

/// Cuts data into parts: one byte that says what, two for the length, and so many bytes.
fn parts(mut data: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (head, rest) = data.split_first_chunk::<3>()?;
        let len = usize::from(u16::from_le_bytes([head[1], head[2]])).min(rest.len());
        let (part, rest) = rest.split_at(len);
        data = rest;
        Some((head[0], part))
    })
}

/// Two bytes say where, one how many, then the bytes: until there are no more.
fn edit(bytes: &mut [u8], mut edits: &[u8]) {
    while let Some((head, rest)) = edits.split_first_chunk::<3>() {
        let at = usize::from(u16::from_le_bytes([head[0], head[1]])) % bytes.len();
        let len = usize::from(head[2]).min(rest.len()).min(bytes.len() - at);
        bytes[at..at + len].copy_from_slice(&rest[..len]);
        edits = &rest[len..];
    }
}

/// No file here needs more.
fn limited() -> Options {
    Options {
        max_file_bytes: 64 << 20,
        ..small_cache()
    }
}

fn read(image: &Image) -> Result<Content, Error> {
    let disk = SimulatedDisk::holding(image.clone());
    let read = open_with(disk.handle(), SEED, &limited()).and_then(|file| content(&file));
    if let Err(error) = &read {
        assert_is_about_the_file(error);
    }
    read
}

fn check(image: &Image) {
    let disk = SimulatedDisk::holding(image.clone());
    let checked = SealedFile::verify_on(disk.handle(), &Secret::RawKey(&key()), &limited(), &mut unwatched);
    if let Err(error) = checked {
        assert_is_about_the_file(&error);
    }
    assert_eq!(disk.operations(), 0, "a check writes nothing");
}

fn salvage(image: &Image) {
    let (damaged, new) = (SimulatedDisk::holding(image.clone()), SimulatedDisk::default());
    let saved = SealedFile::salvage_on(
        damaged.handle(),
        new.handle(),
        &Secret::RawKey(&key()),
        entropy(SEED),
        &limited(),
        &mut unwatched,
    );
    match saved {
        Ok(_) => drop(content(&open_with(new.handle(), 1, &limited()).unwrap()).unwrap()),
        Err(error) => assert_is_about_the_file(&error),
    }
}

fn assert_is_about_the_file(error: &Error) {
    assert!(
        matches!(
            error,
            Error::NotAVault
                | Error::Damaged { .. }
                | Error::Tampered { .. }
                | Error::NewerFormat { .. }
                | Error::BeforeFirstRelease { .. }
                | Error::WrongSecret
                | Error::SlotUnavailable { .. }
                | Error::KdfOutOfRange { .. }
                | Error::TooLarge { .. }
        ),
        "an error that says nothing of the file: {error:?}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replay(target: &str, run: fn(&[u8])) {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fuzz/corpus")
            .join(target);
        let mut inputs = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            run(&std::fs::read(entry.unwrap().path()).unwrap());
            inputs += 1;
        }
        assert!(inputs > 0, "no corpus for {target}");
    }

    #[test]
    fn the_corpus_of_headers_is_harmless() {
        replay("header", header);
    }

    #[test]
    fn the_corpus_of_commit_slots_is_harmless() {
        replay("slot", slot);
    }

    #[test]
    fn the_corpus_of_pages_is_harmless() {
        replay("page", page);
    }

    #[test]
    fn the_corpus_of_nodes_is_harmless() {
        replay("node", node);
    }

    #[test]
    fn the_corpus_of_journals_is_harmless() {
        replay("journal", journal);
    }

    #[test]
    fn the_corpus_of_files_is_harmless() {
        replay("open", open);
    }

    /// The checksums are those of redb, and made right on the way to the root: a row that was changed is found as if
    /// it had been written.
    #[test]
    fn a_page_with_its_checksums_made_right_is_taken_for_a_page_of_the_tree() {
        let mut forge = CLOSED.forge.clone();
        let mut checksums = CHECKSUMS.clone();
        let needle = [2u8; 120];
        // Of the same table there are older pages, which are vouched for by older pages.
        for page in checksums.pages() {
            forge.change_slot(|slot| {
                checksums.change(slot, page, &mut |plain| {
                    let mut windows = plain.windows(needle.len());
                    if let Some(at) = windows.position(|window| window == needle) {
                        plain[at] = 0xEE;
                    }
                });
            });
        }
        checksums.write(&mut forge);
        let image = forge.sealed();
        let (secret, disk) = (Secret::RawKey(&key()), SimulatedDisk::holding(image.clone()));
        let verified = SealedFile::verify_on(disk.handle(), &secret, &limited(), &mut unwatched).unwrap();
        assert!(verified.is_sound(), "{:?}", verified.findings);
        assert!(read(&image).unwrap() != CLOSED.content);
    }
}
