//! A damaged or forged header or commit slot is mended, or a typed error: never a panic, never other content.
//! What lies behind them is looked at in `page_damage`.

use sha2::{Digest, Sha256};
use vault_file::{Error, KdfParams, NewSlot, Options, Part, Passphrase, SealedFile, Secret};

use crate::history::{Content, History, content, create, entropy, open};
use crate::places::{COMMIT_SLOTS, HEADER_BYTES, HEADER_COPIES, SLOT_BYTES};
use crate::simulated_disk::SimulatedDisk;

pub(crate) const SEED: u64 = 5;

/// A closed file.
pub(crate) struct Sample {
    pub(crate) image: Vec<u8>,
    content: Content,
}

impl Sample {
    pub(crate) fn new() -> Self {
        let disk = SimulatedDisk::default();
        let mut history = History::new(SEED);
        let file = create(disk.handle(), SEED).unwrap();
        (0..4).for_each(|_| history.commit_one(&file).unwrap());
        drop(file);
        Self {
            image: disk.seen(),
            content: history.versions.pop().unwrap(),
        }
    }

    pub(crate) fn altered(&self, alter: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut image = self.image.clone();
        alter(&mut image);
        image
    }

    /// Opens and reads everything. Content that opens must be the content that was written.
    pub(crate) fn outcome_of(&self, image: Vec<u8>) -> Result<Vec<Part>, Error> {
        let disk = SimulatedDisk::holding(image);
        let file = open(disk.handle(), SEED)?;
        assert!(
            content(&file)? == self.content,
            "a changed file opened with other content"
        );
        Ok(file.mended())
    }
}

/// One byte of a header copy, one of either twin on side A and one on side B at once, until every byte had
/// its turn.
#[test]
fn any_damaged_byte_of_a_header_or_a_commit_slot_is_mended_from_its_twin() {
    let sample = Sample::new();
    for index in 0..2 * SLOT_BYTES {
        let header = HEADER_COPIES[index / HEADER_BYTES] + index % HEADER_BYTES;
        let (a, b) = (
            COMMIT_SLOTS.start + index,
            COMMIT_SLOTS.start + 2 * SLOT_BYTES + index,
        );
        let outcome = sample.outcome_of(sample.altered(|image| {
            [header, a, b]
                .into_iter()
                .for_each(|at| image[at] ^= 1 << (index % 8));
        }));
        assert_eq!(
            outcome.unwrap(),
            [Part::Header, Part::CommitSlots],
            "byte {index}"
        );
    }
}

#[test]
fn what_was_mended_is_whole_again() {
    let sample = Sample::new();
    let disk = SimulatedDisk::holding(sample.altered(|image| {
        image[HEADER_COPIES[0] + 100] ^= 1;
        image[COMMIT_SLOTS.start + 50] ^= 1;
        image[COMMIT_SLOTS.start + 2 * SLOT_BYTES + 50] ^= 1;
    }));
    let file = open(disk.handle(), SEED).unwrap();
    assert_eq!(file.mended(), [Part::Header, Part::CommitSlots]);
    drop(file);
    assert_eq!(open(disk.handle(), SEED).unwrap().mended(), []);
}

#[test]
fn the_same_byte_damaged_in_both_header_copies_is_a_typed_error() {
    let sample = Sample::new();
    for at in 0..HEADER_BYTES {
        let outcome = sample.outcome_of(sample.altered(|image| {
            HEADER_COPIES
                .into_iter()
                .for_each(|copy| image[copy + at] ^= 0x40);
        }));
        let refused = outcome.unwrap_err();
        assert!(
            matches!(refused, Error::NotAVault | Error::Damaged { what: Part::Header }),
            "byte {at}: {refused:?}"
        );
    }
}

#[test]
fn a_header_that_somebody_changed_and_summed_again_is_refused() {
    let sample = Sample::new();
    for at in 8..4064 {
        let outcome =
            sample.outcome_of(sample.altered(|image| forge_header(image, |header| header[at] ^= 0x01)));
        let refused = outcome.expect_err("a forged header was accepted");
        assert!(
            matches!(
                refused,
                Error::Tampered { what: Part::Header }
                    | Error::Damaged { what: Part::Header }
                    | Error::WrongSecret
                    | Error::SlotUnavailable { .. }
                    | Error::NewerFormat { .. }
                    | Error::BeforeFirstRelease { format: 0 }
            ),
            "byte {at}: {refused:?}"
        );
    }
}

/// Changes both copies of the header and repairs the plain checksum, as anybody can.
fn forge_header(image: &mut [u8], change: impl FnOnce(&mut [u8])) {
    let mut header = image[..HEADER_BYTES].to_vec();
    change(&mut header);
    let checksum = Sha256::digest(&header[..4064]);
    header[4064..].copy_from_slice(&checksum);
    for copy in HEADER_COPIES {
        image[copy..copy + HEADER_BYTES].copy_from_slice(&header);
    }
}

#[test]
fn a_file_of_a_newer_format_says_which_reader_it_needs() {
    let sample = Sample::new();
    let image = sample.altered(|image| forge_header(image, |header| header[12] = 3));
    assert!(matches!(
        sample.outcome_of(image),
        Err(Error::NewerFormat { min_reader: 3 })
    ));
}

#[test]
fn a_file_from_before_the_first_release_is_told_as_such() {
    let sample = Sample::new();
    let image = sample.altered(|image| forge_header(image, |header| header[8..16].fill(0)));
    assert!(matches!(
        sample.outcome_of(image),
        Err(Error::BeforeFirstRelease { format: 0 })
    ));
}

#[test]
fn a_passphrase_slot_that_somebody_weakened_or_made_absurd_is_refused_before_any_work() {
    let disk = SimulatedDisk::default();
    let secret = Passphrase::new("correct horse").unwrap();
    let options = Options {
        kdf: KdfParams::FLOOR,
        ..Options::default()
    };
    let slots = [NewSlot::Passphrase(&secret)];
    drop(SealedFile::create_on(disk.handle(), &slots, entropy(1), &options).unwrap());
    for (memory_kib, passes) in [(8u32, 1u32), (u32::MAX, 1), (19 * 1024, u32::MAX), (0, 0)] {
        let mut image = disk.seen();
        forge_header(&mut image, |header| {
            header[256 + 4..256 + 8].copy_from_slice(&memory_kib.to_le_bytes());
            header[256 + 8..256 + 12].copy_from_slice(&passes.to_le_bytes());
            header[52..64].copy_from_slice(&[0xff; 12]);
        });
        let disk = SimulatedDisk::holding(image);
        let opened = SealedFile::open_on(disk.handle(), &Secret::Passphrase(&secret), entropy(2), &options);
        assert!(
            matches!(opened, Err(Error::KdfOutOfRange { .. })),
            "{memory_kib} KiB, {passes} passes"
        );
    }
}

#[test]
fn without_any_commit_slot_the_file_is_damaged_and_never_new() {
    let sample = Sample::new();
    let outcome = sample.outcome_of(sample.altered(|image| image[COMMIT_SLOTS].fill(0)));
    assert!(matches!(
        outcome,
        Err(Error::Damaged {
            what: Part::CommitSlots
        })
    ));
}

#[test]
fn a_closed_file_survives_the_loss_of_either_pair_of_commit_slots() {
    let sample = Sample::new();
    for pair in [0, 2] {
        let start = COMMIT_SLOTS.start + pair * SLOT_BYTES;
        let outcome = sample.outcome_of(sample.altered(|image| image[start..start + 2 * SLOT_BYTES].fill(0)));
        assert!(outcome.is_ok(), "{outcome:?}");
    }
}

#[test]
fn commit_slots_do_not_open_in_each_others_place() {
    let sample = Sample::new();
    let outcome = sample.outcome_of(sample.altered(|image| {
        let (a, b) = image[COMMIT_SLOTS].split_at_mut(2 * SLOT_BYTES);
        a.swap_with_slice(b);
    }));
    assert!(matches!(
        outcome,
        Err(Error::Damaged {
            what: Part::CommitSlots
        })
    ));
}
