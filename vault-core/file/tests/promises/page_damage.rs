//! Damaged, cut, swapped and foreign pages, and nodes of the page table: mended, or a typed error, or nothing.

use vault_file::{Error, Part};

use crate::damage::{SEED, Sample};
use crate::history::{History, content, create, open};
use crate::places::{EXTENTS, Use, blocks, pages};
use crate::simulated_disk::SimulatedDisk;

#[test]
fn every_page_damaged_zeroed_or_swapped_is_a_typed_error_or_changes_nothing() {
    let sample = Sample::new();
    let pages = pages(&sample.image);
    let mut refused = 0;
    for (index, page) in pages.iter().enumerate() {
        let (range, next) = (page.range(), pages[(index + 1) % pages.len()].range());
        let alterations: [Vec<u8>; 6] = [
            sample.altered(|image| image[range.start] ^= 1),
            sample.altered(|image| image[range.start + (index * 37) % 4096] ^= 0x10),
            sample.altered(|image| image[range.end - 1] ^= 0x80),
            sample.altered(|image| image[range.clone()].fill(0)),
            sample.altered(|image| image.copy_within(next.clone(), range.start)),
            sample.altered(|image| {
                let here = image[range.clone()].to_vec();
                image.copy_within(next.clone(), range.start);
                image[next.clone()].copy_from_slice(&here);
            }),
        ];
        for image in alterations {
            match sample.outcome_of(image) {
                Ok(mended) => assert_eq!(mended, []),
                Err(Error::Damaged { what: Part::Page(_) }) => refused += 1,
                Err(other) => panic!("{page:?}: {other:?}"),
            }
        }
    }
    assert!(refused > 60, "only {refused} alterations met a page in use");
}

#[test]
fn any_damaged_block_of_the_page_table_of_a_closed_file_is_mended_from_its_twin() {
    let sample = Sample::new();
    let (mut mended, mut blocks_met) = (0, 0);
    for block in blocks(&sample.image).into_iter().filter(|block| !block.is_page()) {
        let alterations: [Vec<u8>; 3] = [
            sample.altered(|image| image[block.at + block.at / 4096 % 4096] ^= 4),
            sample.altered(|image| image[block.range()].fill(0)),
            sample.altered(|image| image[block.at + 4095] ^= 0x80),
        ];
        blocks_met += 1;
        for image in alterations {
            match sample.outcome_of(image).unwrap().as_slice() {
                [] => {}
                [Part::Group(_)] if matches!(block.is, Use::Group { .. }) => mended += 1,
                [Part::Directory(0)] if matches!(block.is, Use::Directory { .. }) => mended += 1,
                other => panic!("{block:?}: {other:?}"),
            }
        }
    }
    assert!(
        mended >= 12,
        "{mended} of {blocks_met} blocks were the ones in use"
    );
}

#[test]
fn a_node_of_the_page_table_that_was_mended_is_whole_again() {
    let sample = Sample::new();
    for block in blocks(&sample.image).into_iter().filter(|block| !block.is_page()) {
        let disk = SimulatedDisk::holding(sample.altered(|image| image[block.range()].fill(0xA5)));
        let read = || {
            let file = open(disk.handle(), SEED).unwrap();
            content(&file).unwrap();
            file.mended()
        };
        let first = read();
        assert!(first.len() <= 1, "{block:?}");
        assert_eq!(read(), [], "{block:?}");
    }
}

#[test]
fn a_node_that_is_damaged_in_both_places_is_a_typed_error() {
    let sample = Sample::new();
    let places = blocks(&sample.image);
    for extent in 0..=places[places.len() - 1].extent {
        let nodes = places.iter().filter(|block| block.extent == extent);
        let groups = nodes
            .clone()
            .filter(|block| matches!(block.is, Use::Group { .. }));
        let image = sample.altered(|image| groups.for_each(|block| image[block.at + 7] ^= 1));
        let refused = sample.outcome_of(image).unwrap_err();
        assert!(
            matches!(refused, Error::Damaged { what: Part::Group(_) }),
            "{refused:?}"
        );
    }
    let directories = places
        .iter()
        .filter(|block| matches!(block.is, Use::Directory { .. }));
    let image = sample.altered(|image| directories.for_each(|block| image[block.at + 7] ^= 1));
    let refused = sample.outcome_of(image).unwrap_err();
    assert!(
        matches!(
            refused,
            Error::Damaged {
                what: Part::Directory(0)
            }
        ),
        "{refused:?}"
    );
}

#[test]
fn a_cut_file_is_a_typed_error() {
    let sample = Sample::new();
    let ends = (0..sample.image.len()).step_by(4096);
    let within = (0..sample.image.len() - 1).step_by(4096).map(|at| at + 2000);
    for end in ends.chain(within) {
        let outcome = sample.outcome_of(sample.image[..end].to_vec());
        let refused = outcome.unwrap_err();
        assert!(
            matches!(refused, Error::NotAVault | Error::Damaged { .. }),
            "cut at {end}: {refused:?}"
        );
    }
}

#[test]
fn bytes_after_the_end_change_nothing() {
    let sample = Sample::new();
    let longer = sample.altered(|image| image.extend_from_slice(&[0xAA; 50_000]));
    assert_eq!(sample.outcome_of(longer).unwrap(), []);
}

#[test]
fn pages_of_another_file_under_the_same_key_do_not_open() {
    let sample = Sample::new();
    let disk = SimulatedDisk::default();
    let file = create(disk.handle(), SEED + 1).unwrap();
    (0..4).for_each(|_| History::new(SEED).commit_one(&file).unwrap());
    drop(file);
    let foreign = disk.seen();
    let common = foreign.len().min(sample.image.len());
    let outcome = sample.outcome_of(sample.altered(|image| {
        image[EXTENTS..common].copy_from_slice(&foreign[EXTENTS..common]);
    }));
    assert!(
        matches!(
            outcome,
            Err(Error::Damaged {
                what: Part::Directory(0)
            })
        ),
        "{outcome:?}"
    );
    let pages_alone = sample.altered(|image| {
        for page in pages(&foreign[..common]) {
            image[page.range()].copy_from_slice(&foreign[page.range()]);
        }
    });
    let outcome = sample.outcome_of(pages_alone);
    assert!(
        matches!(outcome, Err(Error::Damaged { what: Part::Page(_) })),
        "{outcome:?}"
    );
}

/// The same with nodes of many groups, with slots and with any choice of blocks: the unit tests of the layout.
#[test]
fn an_old_page_put_back_is_an_error_when_it_is_read_and_never_shows_old_content() {
    let disk = SimulatedDisk::default();
    let mut history = History::new(SEED);
    let file = create(disk.handle(), SEED).unwrap();
    (0..4).for_each(|_| history.commit_one(&file).unwrap());
    drop(file);
    let old = disk.seen();
    let file = open(disk.handle(), SEED + 1).unwrap();
    (0..16).for_each(|_| history.commit_one(&file).unwrap());
    drop(file);
    let new = disk.seen();
    let (mut replayed, mut refused) = (0, 0);
    for block in blocks(&new[..old.len().min(new.len())]) {
        if old[block.range()] == new[block.range()] {
            continue;
        }
        replayed += 1;
        let mut image = new.clone();
        image[block.range()].copy_from_slice(&old[block.range()]);
        let disk = SimulatedDisk::holding(image);
        match open(disk.handle(), SEED).and_then(|file| content(&file)) {
            Ok(found) => assert!(Some(&found) == history.versions.last(), "{block:?}"),
            Err(Error::Damaged { what: Part::Page(_) }) => refused += 1,
            Err(other) => panic!("{block:?}: {other:?}"),
        }
    }
    assert!(
        replayed > 40 && refused > 10,
        "{refused} of {replayed} were refused"
    );
}
