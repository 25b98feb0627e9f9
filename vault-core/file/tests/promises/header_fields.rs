//! Every field of the parts that say how to read a file, at its extremes and with its seal made right again: the
//! file opens with the content that was written, or the caller gets a typed error, at once and without asking for
//! memory that no file needs.

use crate::forge::{Forge, ROOTS};
use crate::history::{Content, content, create, key, open, unwatched};
use crate::image::Image;
use crate::simulated_disk::SimulatedDisk;
use vault_file::{Error, SealedFile, Secret, Table};

const RAW_KEY: [u8; 32] = [7; 32];
const SEED: u64 = 71;

/// Offset and length.
const HEADER: [(usize, usize); 19] = [
    (8, 4),
    (12, 4),
    (16, 8),
    (24, 16),
    (40, 8),
    (48, 2),
    (50, 2),
    (52, 4),
    (56, 4),
    (60, 4),
    (64, 16),
    (80, 1),
    (81, 15),
    (96, 24),
    (120, 32),
    (168, 72),
    (240, 16),
    (3840, 192),
    (704, 448),
];
const KEY_SLOT: [(usize, usize); 12] = [
    (0, 2),
    (2, 2),
    (4, 4),
    (8, 4),
    (12, 4),
    (16, 8),
    (24, 8),
    (32, 32),
    (64, 32),
    (96, 72),
    (168, 2),
    (170, 278),
];
const COMMIT_SLOT: [(usize, usize); 9] = [
    (0, 8),
    (8, 8),
    (16, 8),
    (24, 4),
    (28, 2),
    (30, 2),
    (32, 8),
    (40, 8),
    (ROOTS, 8),
];

fn sample() -> (Forge, Content) {
    let disk = SimulatedDisk::default();
    let file = create(disk.handle(), SEED).unwrap();
    let transaction = file.write().unwrap();
    let mut table = transaction.table(&Table::new("records")).unwrap();
    table.insert(b"key", b"value").unwrap();
    drop(table);
    transaction.commit().unwrap();
    let content = content(&file).unwrap();
    drop(file);
    (Forge::of(disk.seen(), &RAW_KEY), content)
}

/// Little-endian values at both ends of what a field can hold, and around its middle.
fn extremes(field: &[u8]) -> Vec<Vec<u8>> {
    let len = field.len();
    let mut one = vec![0; len];
    one[0] = 1;
    let mut top = vec![0; len];
    top[len - 1] = 0x80;
    let mut below = vec![0xFF; len];
    below[0] = 0xFE;
    let (mut more, mut less) = (field.to_vec(), field.to_vec());
    (more[0], less[0]) = (field[0].wrapping_add(1), field[0].wrapping_sub(1));
    vec![vec![0; len], vec![0xFF; len], one, top, below, more, less]
}

/// Opens, reads, checks. Content that opens is the content that was written.
fn assert_harmless_or_refused(image: Image, content: &Content, what: &str) {
    let disk = SimulatedDisk::holding(image.clone());
    let opened = open(disk.handle(), SEED).and_then(|file| self::content(&file));
    match opened {
        Ok(found) => assert!(found == *content, "{what}: other content"),
        Err(
            Error::NotAVault
            | Error::Damaged { .. }
            | Error::Tampered { .. }
            | Error::NewerFormat { .. }
            | Error::BeforeFirstRelease { .. }
            | Error::WrongSecret
            | Error::SlotUnavailable { .. }
            | Error::KdfOutOfRange { .. }
            | Error::TooLarge { .. },
        ) => {}
        Err(other) => panic!("{what}: {other:?}"),
    }
    let secret = Secret::RawKey(&key());
    let disk = SimulatedDisk::holding(image);
    let _ = SealedFile::verify_on(
        disk.handle(),
        &secret,
        &crate::history::small_cache(),
        &mut unwatched,
    );
    assert_eq!(disk.operations(), 0, "{what}: a check writes nothing");
}

#[test]
fn the_second_writer_changes_nothing_when_it_seals_everything_again() {
    let (mut forge, content) = sample();
    forge.authenticate_header(|_| {});
    let page = (1..300).find(|page| forge.page(*page).is_some()).unwrap();
    let plain = forge.page(page).unwrap();
    forge.write_page(page, &plain);
    forge.change_group(page, |_| {});
    forge.change_directory(page, |_| {});
    forge.write_journal(&[]);
    let disk = SimulatedDisk::holding(forge.sealed());
    let file = open(disk.handle(), SEED).unwrap();
    assert_eq!(file.mended(), []);
    assert!(self::content(&file).unwrap() == content);
}

#[test]
fn every_header_field_at_its_extremes_is_refused_or_changes_nothing() {
    let (forge, content) = sample();
    let image = forge.clone().sealed();
    let slot = KEY_SLOT.map(|(at, len)| (256 + at, len));
    for (at, len) in HEADER.into_iter().chain(slot) {
        let mut field = vec![0; len];
        image.read(at, &mut field);
        for value in extremes(&field) {
            let set = |header: &mut [u8]| header[at..at + len].copy_from_slice(&value);
            let (mut summed, mut authentic) = (forge.clone(), forge.clone());
            summed.sum_header(set);
            authentic.authenticate_header(set);
            let what = format!("{len} bytes at {at} set to {value:?}");
            assert_harmless_or_refused(summed.sealed(), &content, &what);
            assert_harmless_or_refused(authentic.sealed(), &content, &what);
        }
    }
}

#[test]
fn every_field_of_a_commit_slot_at_its_extremes_is_refused_or_changes_nothing() {
    let (forge, content) = sample();
    for (at, len) in COMMIT_SLOT {
        for value in extremes(&forge.slot[at..at + len]) {
            let mut forged = forge.clone();
            forged.change_slot(|slot| slot[at..at + len].copy_from_slice(&value));
            let what = format!("{len} bytes at {at} of the slot set to {value:?}");
            assert_harmless_or_refused(forged.sealed(), &content, &what);
        }
    }
}

#[test]
fn every_field_of_a_node_at_its_extremes_is_refused_or_changes_nothing() {
    let (forge, content) = sample();
    let page = (1..300).find(|page| forge.page(*page).is_some()).unwrap();
    for (at, len) in [(0, 8), (8, 4), (12, 8), (20, 4), (24, 24), (48, 16)] {
        for value in extremes(&vec![1; len]) {
            let set = |node: &mut [u8]| node[at..at + len].copy_from_slice(&value);
            let (mut group, mut directory) = (forge.clone(), forge.clone());
            group.change_group(page, set);
            directory.change_directory(page, set);
            let what = format!("{len} bytes at {at} of a node set to {value:?}");
            assert_harmless_or_refused(group.sealed(), &content, &what);
            assert_harmless_or_refused(directory.sealed(), &content, &what);
        }
    }
}
