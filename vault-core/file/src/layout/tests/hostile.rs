//! Slots and nodes that authenticate and say absurd things, as only somebody with the key could write them:
//! typed errors, no panic, and no memory beyond what the file's length allows.

use std::sync::Arc;

use super::simulated_disk::{Handle, SimulatedDisk};
use super::small_vault::{History, SMALL, backend, content, create, open};
use super::{key_material, seeded};
use crate::error::{Error, Part};
use crate::keys::{CommitSlotKey, PageTableKey};
use crate::layout::commit_slot::{CommitSlot, CommitSlots, ROOTS_MAX, Side};
use crate::layout::table::forge::{Nodes, directory, group};
use crate::layout::table::{Name, node::Node};
use crate::layout::{PageSource, Reader};

type Change = fn(&mut CommitSlot);

fn sample() -> Vec<u8> {
    let disk = SimulatedDisk::default();
    let mut history = History::new(11);
    let mut database = create(&disk, 11).unwrap();
    (0..6).for_each(|_| history.commit_one(&mut database).unwrap());
    drop(database);
    disk.seen()
}

fn slots(disk: &SimulatedDisk) -> CommitSlots<Handle> {
    let keys = key_material(1);
    let key = CommitSlotKey::derive(&keys.file_key, keys.file);
    CommitSlots::new(Arc::new(disk.handle()), key, keys.file, seeded(3))
}

/// The file with a changed slot on both sides.
fn with_slot(image: &[u8], change: impl FnOnce(&mut CommitSlot)) -> SimulatedDisk {
    let disk = SimulatedDisk::holding(image.to_vec());
    let slots = slots(&disk);
    let mut slot = slots.read_newest().unwrap().slot;
    change(&mut slot);
    slot.seq += 1;
    for side in [Side::A, Side::B] {
        slots.write(side, &slot).unwrap();
    }
    disk
}

/// Opens, reads every page, counts, begins again: whatever happens, it happens as an error.
fn try_everything(disk: &SimulatedDisk) -> Option<Error> {
    if let Ok(reader) = Reader::open(Arc::new(disk.handle()), &key_material(1), &SMALL) {
        let mut page = vec![0; 4096];
        for number in [0, 1, 2, 17, 81, u64::from(u32::MAX), u64::MAX] {
            let _ = reader.read_pages(number, &mut page);
        }
        reader.check_nodes(&mut |_| Ok(())).unwrap();
    }
    let refused = backend(disk.handle(), 4).err();
    let outcome = open(disk.handle(), 4).and_then(|database| content(&database));
    assert_ne!(outcome.as_ref().err().map(String::as_str), Some("panicked"));
    refused
}

#[test]
fn absurd_slots_are_refused_when_the_file_is_opened() {
    let image = sample();
    let name = Name::from_number(0xABCD_EF00);
    let cases: [(&str, Change); 7] = [
        ("no pages", |slot| slot.pages = 0),
        ("endless pages", |slot| slot.pages = u64::MAX),
        ("more pages than allowed", |slot| {
            slot.pages = (1 << 30) / 4096 + 1;
        }),
        ("one block more than there is", |slot| slot.blocks += 1),
        ("endless blocks", |slot| slot.blocks = u32::MAX),
        ("no header of redb", |slot| slot.redb_header = [0; 320]),
        ("more directories than pages", |slot| {
            slot.roots.resize(ROOTS_MAX, Name::from_number(0xABCD_EF00));
        }),
    ];
    for (what, change) in cases {
        let disk = with_slot(&image, change);
        let refused = try_everything(&disk);
        let at_rest = Reader::open(Arc::new(disk.handle()), &key_material(1), &SMALL);
        assert_eq!(at_rest.is_err(), !what.contains("block"), "{what}");
        assert!(
            matches!(
                refused,
                Some(
                    Error::Damaged {
                        what: Part::CommitSlots | Part::End
                    } | Error::TooLarge { .. }
                )
            ),
            "{what}: {refused:?}"
        );
    }
    let lost_root = with_slot(&image, |slot| slot.roots[0] = name);
    assert!(
        try_everything(&lost_root).is_none(),
        "it is noticed when it is read"
    );
    let error = open(lost_root.handle(), 5).and_then(|database| content(&database));
    assert!(error.unwrap_err().contains("page directory 0 is damaged"));
    for roots in [Vec::new(), vec![None]] {
        let without = with_slot(&image, |slot| slot.roots = roots);
        assert!(try_everything(&without).is_none());
        assert!(
            open(without.handle(), 5)
                .and_then(|database| content(&database))
                .is_err()
        );
    }
}

#[test]
fn absurd_nodes_are_refused_when_they_are_read() {
    let image = sample();
    let keys = key_material(1);
    let forge = |node: Node, bytes| {
        let disk = SimulatedDisk::holding(image.clone());
        let key = PageTableKey::derive(&keys.file_key, keys.file);
        let nodes = Nodes::new(Arc::new(disk.handle()), key, keys.file, seeded(6), SMALL.geometry);
        let name = nodes.write(node, 0, &bytes, 1).unwrap();
        (disk.seen(), name)
    };
    let node = Node::Directory { number: 0 };
    let name = Name::from_number(0x1234_5678_0000).unwrap();
    let absurd = [
        directory(1, &[], SMALL.geometry),
        directory(0, &[(0, name, u32::MAX)], SMALL.geometry),
        directory(0, &[(0, name, 1 << 20), (1, name, 0)], SMALL.geometry),
    ];
    for bytes in absurd {
        let (forged, root) = forge(node, bytes);
        let disk = with_slot(&forged, |slot| slot.roots[0] = Some(root));
        try_everything(&disk);
        let error = open(disk.handle(), 5)
            .and_then(|database| content(&database))
            .unwrap_err();
        assert!(error.contains("page directory 0 was changed"), "{error}");
    }
    // Two groups in one extent: each is read as what it is, but nothing is written to such a file.
    let of_another = Node::Group { number: 0, extent: 0 };
    let (forged, name) = forge(of_another, group(3, SMALL.geometry));
    let disk = SimulatedDisk::holding(forged);
    let key = PageTableKey::derive(&keys.file_key, keys.file);
    let nodes = Nodes::new(Arc::new(disk.handle()), key, keys.file, seeded(6), SMALL.geometry);
    let claims = directory(0, &[(0, name, 0), (3, name, 0)], SMALL.geometry);
    let root = nodes.write(node, 1, &claims, 1).unwrap();
    let disk = with_slot(&disk.seen(), |slot| slot.roots = vec![Some(root)]);
    try_everything(&disk);
    let backend = backend(disk.handle(), 5).unwrap();
    let mut page = vec![0; 4096];
    let refused = backend.read_pages(1, &mut page).map_err(Error::from);
    assert!(
        matches!(refused, Err(Error::Tampered { what: Part::Group(0) })),
        "{refused:?}"
    );
    redb::StorageBackend::write(&backend, 17 * 4096, &page).unwrap();
    let written = backend.pages().flush().map_err(Error::from);
    assert!(
        matches!(
            written,
            Err(Error::Tampered {
                what: Part::Directory(0)
            })
        ),
        "{written:?}"
    );
}
