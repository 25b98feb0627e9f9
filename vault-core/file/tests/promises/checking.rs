//! Checking finds what is wrong and nothing else; salvage saves what is left and names what is not.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use vault_file::{
    Error, NewSlot, Origin, Part, Problem, Progress, Salvaged, SealedFile, Secret, Table, Verified,
};

use crate::history::{Content, History, content, create, entropy, key, open, small_cache, unwatched};
use crate::places::{Use, blocks, pages};
use crate::simulated_disk::SimulatedDisk;

const SEED: u64 = 41;

/// A closed file with a table of several levels beside the usual ones.
fn sample() -> (Vec<u8>, Content) {
    let disk = SimulatedDisk::default();
    let mut history = History::new(SEED);
    let file = create(disk.handle(), SEED).unwrap();
    (0..3).for_each(|_| history.commit_one(&file).unwrap());
    let transaction = file.write().unwrap();
    let mut rows = transaction.table(&Table::new("many")).unwrap();
    for number in 0..2_000u32 {
        let key = number.wrapping_mul(2_654_435_761).to_be_bytes();
        rows.insert(&key, &number.to_le_bytes().repeat(20)).unwrap();
    }
    drop(rows);
    transaction.commit().unwrap();
    let content = content(&file).unwrap();
    drop(file);
    (disk.seen(), content)
}

fn verify(image: &[u8]) -> Result<Verified, Error> {
    let disk = SimulatedDisk::holding(image.to_vec());
    let verified = SealedFile::verify_on(
        disk.handle(),
        &Secret::RawKey(&key()),
        &small_cache(),
        &mut unwatched,
    );
    assert_eq!(disk.operations(), 0, "a check writes nothing");
    verified
}

/// What was saved, and the report.
fn salvage(image: &[u8]) -> Result<(Content, Salvaged), Error> {
    let (damaged, new) = (SimulatedDisk::holding(image.to_vec()), SimulatedDisk::default());
    let salvaged = SealedFile::salvage_on(
        damaged.handle(),
        new.handle(),
        &Secret::RawKey(&key()),
        entropy(SEED),
        &small_cache(),
        &mut unwatched,
    )?;
    assert_eq!(damaged.operations(), 0, "the damaged file stays as it is");
    let file = open(new.handle(), 1)?;
    assert_eq!(file.unclaimed(), Some(Origin::Salvaged));
    Ok((content(&file)?, salvaged))
}

/// Every row is saved as it was, or was named as lost.
fn assert_complete(saved: &Content, salvaged: &Salvaged, expected: &Content, what: &str) {
    let named = |table: &str, key: &[u8]| {
        salvaged.losses.iter().any(|loss| {
            let lost = &loss.keys;
            let subject = if lost.table.is_some() {
                key
            } else {
                table.as_bytes()
            };
            lost.table.as_deref().is_none_or(|of| of == table)
                && lost.after.as_deref().is_none_or(|after| after < subject)
                && lost.through.as_deref().is_none_or(|through| subject <= through)
        })
    };
    for (table, rows) in expected {
        for (key, value) in rows {
            match saved.get(table).and_then(|saved| saved.get(key)) {
                Some(found) => assert!(found == value, "{what}: other content"),
                None => assert!(named(table, key), "{what}: a row of {table} is silently missing"),
            }
        }
    }
    let rows = |content: &Content| content.values().map(|rows| rows.len() as u64).sum::<u64>();
    assert_eq!(rows(saved), salvaged.copied.rows, "{what}");
    assert!(rows(saved) <= rows(expected), "{what}: rows out of nowhere");
}

#[test]
#[should_panic(expected = "silently missing")]
fn the_comparison_notices_a_row_that_nobody_names() {
    let (image, content) = sample();
    let (mut saved, salvaged) = salvage(&image).unwrap();
    saved.get_mut("many").unwrap().pop_first();
    assert_complete(&saved, &salvaged, &content, "planted");
}

#[test]
fn a_sound_file_is_found_sound_and_salvage_saves_all_of_it() {
    let (image, content) = sample();
    let verified = verify(&image).unwrap();
    assert!(verified.is_sound(), "{:?}", verified.findings);
    let rows: usize = content.values().map(|rows| rows.len()).sum();
    assert_eq!(verified.rows, rows as u64);
    assert_eq!(verified.tables, 5);
    assert!(verified.pages > 50);
    let (saved, salvaged) = salvage(&image).unwrap();
    assert!(saved == content);
    assert_eq!(salvaged.losses, []);
}

#[test]
fn every_damaged_page_is_found_and_everything_else_is_saved() {
    let (image, content) = sample();
    let (mut found, mut partial) = (0, 0);
    for (index, page) in pages(&image).into_iter().enumerate() {
        let mut damaged = image.clone();
        damaged[page.at + 100 + index % 3000] ^= 4;
        let verified = verify(&damaged).unwrap();
        let what = format!("{page:?}");
        if !verified.is_sound() {
            found += 1;
            let first = &verified.findings[0];
            assert!(matches!(first.part, Part::Page(_)), "{first:?}");
            assert_eq!(first.problem, Problem::Damaged);
        }
        let (saved, salvaged) = salvage(&damaged).unwrap();
        assert_complete(&saved, &salvaged, &content, &what);
        if !salvaged.losses.is_empty() {
            assert!(!verified.is_sound(), "{what}");
            partial += u32::from(salvaged.copied.rows > 0);
        } else {
            assert!(saved == content, "{what}");
        }
    }
    assert!(
        found > 40 && partial > 30,
        "{found} found, {partial} saved in part"
    );
}

#[test]
fn a_file_that_was_cut_is_saved_as_far_as_it_goes() {
    let (image, content) = sample();
    for block in blocks(&image).into_iter().step_by(7) {
        let cut = &image[..block.at + 50];
        assert!(open(SimulatedDisk::holding(cut.to_vec()).handle(), 1).is_err());
        let (saved, salvaged) = salvage(cut).unwrap();
        assert_complete(&saved, &salvaged, &content, &format!("cut at {block:?}"));
    }
}

#[test]
fn every_damaged_node_of_the_page_table_is_found_and_costs_nothing() {
    let (image, content) = sample();
    for block in blocks(&image).into_iter().filter(|block| !block.is_page()) {
        if block.extent > 0 && matches!(block.is, Use::Directory { .. }) {
            continue;
        }
        let mut damaged = image.clone();
        damaged[block.at + block.at / 4096] ^= 4;
        let verified = verify(&damaged).unwrap();
        let [finding] = verified.findings.as_slice() else {
            panic!("{block:?}: {:?}", verified.findings);
        };
        match block.is {
            Use::Group { .. } => assert!(matches!(finding.part, Part::Group(_)), "{finding:?}"),
            _ => assert_eq!(finding.part, Part::Directory(0)),
        }
        assert_eq!(finding.problem, Problem::Damaged);
        let (saved, salvaged) = salvage(&damaged).unwrap();
        assert!(saved == content, "{block:?}");
        assert_eq!(salvaged.losses, []);
    }
}

/// The file before and after a few commits, closed each time.
fn two_ages() -> ([Vec<u8>; 2], Content) {
    let disk = SimulatedDisk::default();
    let mut history = History::new(SEED);
    let file = create(disk.handle(), SEED).unwrap();
    (0..4).for_each(|_| history.commit_one(&file).unwrap());
    drop(file);
    let old = disk.seen();
    let file = open(disk.handle(), SEED + 1).unwrap();
    (0..4).for_each(|_| history.commit_one(&file).unwrap());
    let expected = content(&file).unwrap();
    drop(file);
    ([old, disk.seen()], expected)
}

#[test]
fn an_old_page_put_back_is_found_and_never_saved() {
    let ([old, new], expected) = two_ages();
    let (mut replayed, mut noticed) = (0, 0);
    let common = old.len().min(new.len());
    for page in pages(&new[..common]) {
        if old[page.range()] == new[page.range()] {
            continue;
        }
        replayed += 1;
        let mut image = new.clone();
        image[page.range()].copy_from_slice(&old[page.range()]);
        let verified = verify(&image).unwrap();
        if !verified.is_sound() {
            noticed += 1;
            let problems = verified.findings.iter().map(|finding| finding.problem);
            assert!(problems.into_iter().all(|problem| problem == Problem::Damaged));
        }
        let (saved, salvaged) = salvage(&image).unwrap();
        assert_complete(&saved, &salvaged, &expected, "an old page");
        assert!(verified.is_sound() <= (saved == expected));
    }
    assert!(
        replayed > 10 && noticed > 5,
        "{noticed} of {replayed} were noticed"
    );
}

/// Both places of one node or of all of them hold what they held some commits ago.
#[test]
fn salvage_makes_do_with_an_older_node_and_saves_what_did_not_change_since() {
    let ([old, new], expected) = two_ages();
    let common = old.len().min(new.len());
    let nodes = || {
        blocks(&new[..common])
            .into_iter()
            .filter(|block| !block.is_page())
    };
    let groups = || nodes().filter(|block| matches!(block.is, Use::Group { .. }));
    let mut image = new.clone();
    for block in groups() {
        image[block.range()].copy_from_slice(&old[block.range()]);
    }
    assert!(open(SimulatedDisk::holding(image.clone()).handle(), 1).is_err());
    let verified = verify(&image).unwrap();
    assert!(verified.findings.iter().any(|finding| matches!(
        (finding.part, finding.problem),
        (Part::Group(_), Problem::OutOfPlace)
    )));
    let (saved, salvaged) = salvage(&image).unwrap();
    assert_complete(&saved, &salvaged, &expected, "old groups");

    // Without any directory, the groups are found where they lie, and nothing is lost.
    let mut image = new.clone();
    for block in nodes().filter(|block| matches!(block.is, Use::Directory { .. })) {
        image[block.range()].fill(0);
    }
    assert!(open(SimulatedDisk::holding(image.clone()).handle(), 1).is_err());
    let (saved, salvaged) = salvage(&image).unwrap();
    assert!(saved == expected);
    assert_eq!(salvaged.losses, []);
}

#[test]
fn damaged_copies_of_the_header_and_commit_slots_are_found() {
    let (image, content) = sample();
    for (at, part) in [(100, Part::Header), (20480 + 300, Part::Header)] {
        let mut damaged = image.clone();
        damaged[at] ^= 1;
        let verified = verify(&damaged).unwrap();
        assert_eq!(verified.findings.len(), 1);
        assert_eq!(verified.findings[0].part, part);
    }
    let mut damaged = image.clone();
    (4096..20480)
        .step_by(8192)
        .for_each(|slot| damaged[slot + 50] ^= 1);
    let verified = verify(&damaged).unwrap();
    assert_eq!(verified.findings[0].part, Part::CommitSlots);
    assert!(salvage(&damaged).unwrap().0 == content);

    let mut damaged = image.clone();
    damaged[4096..20480].fill(0);
    assert!(matches!(
        salvage(&damaged),
        Err(Error::Damaged {
            what: Part::CommitSlots
        })
    ));
    let wrong = vault_file::RawKey::new(&[1; 32]);
    let refused = SealedFile::verify_on(
        SimulatedDisk::holding(image).handle(),
        &Secret::RawKey(&wrong),
        &small_cache(),
        &mut unwatched,
    );
    assert!(matches!(refused, Err(Error::WrongSecret)));
}

#[test]
fn an_open_file_is_checked_while_it_is_written_to() {
    let (image, _) = sample();
    let disk = SimulatedDisk::holding(image);
    let file = open(disk.handle(), 1).unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0u64.. {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                let transaction = file.write().unwrap();
                let mut rows = transaction.table(&Table::new("many")).unwrap();
                for step in 0..40u64 {
                    let key = (number * 977 + step).wrapping_mul(2_654_435_761).to_be_bytes();
                    rows.insert(&key[4..], &number.to_le_bytes().repeat(40)).unwrap();
                }
                drop(rows);
                transaction.commit().unwrap();
            }
        });
        for round in 0..30 {
            if round % 10 == 0 {
                scope.spawn(|| file.create_recovery([0; 32]).unwrap());
            }
            let verified = file.verify(&mut unwatched).unwrap();
            assert!(verified.is_sound(), "{:?}", verified.findings);
            assert!(verified.rows > 2_000);
        }
        over.store(true, Ordering::SeqCst);
    });
}

#[test]
fn damage_under_an_open_file_is_found_and_does_not_end_the_handle() {
    let (image, expected) = sample();
    let disk = SimulatedDisk::holding(image);
    let file = open(disk.handle(), 1).unwrap();
    assert!(content(&file).unwrap() == expected, "everything is in the cache");
    let handle = disk.handle();
    for page in pages(&disk.seen()).into_iter().take(60) {
        vault_file::Disk::write_at(&handle, page.at as u64 + 30, &[0xEE; 8]).unwrap();
    }
    vault_file::Disk::write_at(&handle, 90, &[0xEE; 8]).unwrap();
    let verified = file.verify(&mut unwatched).unwrap();
    assert_eq!(verified.findings[0].part, Part::Header);
    assert!(verified.findings.len() > 1, "{:?}", verified.findings);
    assert!(file.read().is_ok());
}

#[test]
fn a_check_and_a_salvage_stop_on_request_and_leave_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.vault");
    drop(SealedFile::create(&path, &[NewSlot::RawKey(&key())], entropy(1), &small_cache()).unwrap());
    let raw = key();
    let secret = Secret::RawKey(&raw);
    let mut stop = |_: Progress| ControlFlow::Break(());
    let stopped = SealedFile::verify_at(&path, &secret, &small_cache(), &mut stop);
    assert!(matches!(stopped, Err(Error::Cancelled)));
    let to = folder.path().join("saved");
    let stopped = SealedFile::salvage(&path, &to, &secret, entropy(2), &small_cache(), &mut stop);
    assert!(matches!(stopped, Err(Error::Cancelled)));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let saved = SealedFile::salvage(&path, &to, &secret, entropy(2), &small_cache(), &mut unwatched).unwrap();
    assert_eq!((saved.copied.rows, saved.losses.len()), (0, 0));
    assert_eq!(SealedFile::inspect(&to).unwrap().origin, Some(Origin::Salvaged));
}
