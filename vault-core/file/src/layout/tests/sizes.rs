//! How large a file is, how much of its page table is in memory, and who reads it meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use redb::StorageBackend;

use super::memory::Memory;
use super::simulated_disk::SimulatedDisk;
use super::small_vault::{History, content, create, open};
use super::{key_material, seeded};
use crate::disk::Disk;
use crate::engine::Health;
use crate::error::Part;
use crate::layout::{EXTENTS_AT, Geometry, PAGE_BYTES, PageSource, SealedBackend, Sizes};

const LARGE: Sizes = Sizes {
    geometry: Geometry::STANDARD,
    max_file_bytes: 1 << 40,
    cache_bytes: 1024 * 1024,
    table_bytes: 4 * 1024 * 1024,
    pending_bytes: 256 * 1024,
};
const PAGE: u64 = PAGE_BYTES as u64;

fn header(switch: u8) -> [u8; 320] {
    let mut header = [0; 320];
    header[..9].copy_from_slice(b"redb\x1A\x0A\xA9\x0D\x0A");
    header[9] = switch;
    header
}

fn page_of(number: u64) -> Vec<u8> {
    number.to_le_bytes().repeat(PAGE_BYTES / 8)
}

#[test]
fn a_file_of_many_gigabytes_has_several_directories_and_takes_only_the_space_of_its_pages() {
    let disk = Arc::new(Memory::default());
    let health = Arc::new(Health::default());
    let keys = key_material(1);
    let backend = SealedBackend::create(Arc::clone(&disk), &keys, seeded(1), &LARGE, health).unwrap();
    let in_a_directory = 337 * 408;
    let pages = [
        1,
        408,
        409,
        in_a_directory,
        in_a_directory + 1,
        5 * in_a_directory + 77,
    ];
    backend.set_len((6 * in_a_directory + 1) * PAGE).unwrap();
    for page in pages {
        backend.write(page * PAGE, &page_of(page)).unwrap();
    }
    backend.write(0, &header(0)).unwrap();
    backend.sync_data().unwrap();
    drop(backend);
    let extents = 6;
    assert!(disk.len().unwrap() <= EXTENTS_AT + extents * 418 * PAGE);

    let health = Arc::new(Health::default());
    let opened = SealedBackend::open(Arc::clone(&disk), &keys, seeded(2), &LARGE, health);
    let (backend, _) = opened.unwrap();
    let mut read = vec![0; PAGE_BYTES];
    for page in pages {
        backend.read(page * PAGE, &mut read).unwrap();
        assert!(read == page_of(page), "page {page}");
    }
    let mut wrong = Vec::new();
    backend
        .check_nodes(&mut |found| {
            wrong.extend(found);
            Ok(())
        })
        .unwrap();
    assert_eq!(wrong, []);

    // Cut down to two directories, what is left is still read.
    backend.set_len((2 * in_a_directory) * PAGE).unwrap();
    backend.write(0, &header(4)).unwrap();
    backend.sync_data().unwrap();
    assert!(disk.len().unwrap() < EXTENTS_AT + extents * 418 * PAGE);
    for page in &pages[..5] {
        backend.read(page * PAGE, &mut read).unwrap();
    }
}

#[test]
fn a_length_that_the_format_cannot_hold_is_refused() {
    let disk = Arc::new(Memory::default());
    let health = Arc::new(Health::default());
    let backend = SealedBackend::create(disk, &key_material(1), seeded(1), &LARGE, health).unwrap();
    let most = 1 + 461 * 337 * 408;
    backend.set_len(most * PAGE).unwrap();
    assert!(backend.set_len((most + 1) * PAGE).is_err());
}

#[test]
fn a_transaction_of_more_groups_than_fit_in_memory_is_written_and_read() {
    let disk = Arc::new(Memory::default());
    let keys = key_material(1);
    let sizes = super::small_vault::SMALL;
    let health = Arc::new(Health::default());
    let backend = SealedBackend::create(Arc::clone(&disk), &keys, seeded(1), &sizes, health).unwrap();
    backend.set_len(2_000 * PAGE).unwrap();
    let write_all = |offset: u64| {
        for page in (1..2_000).rev() {
            backend.write(page * PAGE, &page_of(page + offset)).unwrap();
        }
    };
    write_all(0);
    backend.write(0, &header(0)).unwrap();
    backend.sync_data().unwrap();
    write_all(1);
    // Evicted groups of the next state lie beside those of the durable one.
    let health = Arc::new(Health::default());
    let durable = SealedBackend::open(Arc::clone(&disk), &keys, seeded(2), &sizes, health);
    let mut wrong = Vec::new();
    let checked = durable.unwrap().0.check_nodes(&mut |found| {
        wrong.extend(found);
        Ok(())
    });
    assert!(checked.is_ok() && wrong.is_empty(), "{wrong:?}");
    let mut read = vec![0; PAGE_BYTES];
    for page in 1..2_000 {
        backend.read(page * PAGE, &mut read).unwrap();
        assert!(read == page_of(page + 1), "page {page}");
    }
}

#[test]
fn a_node_is_mended_on_the_first_read_and_told() {
    let disk = SimulatedDisk::default();
    let mut history = History::new(3);
    let mut database = create(&disk, 3).unwrap();
    (0..6).for_each(|_| history.commit_one(&mut database).unwrap());
    drop(database);
    let mut image = disk.seen();
    let begin = usize::try_from(EXTENTS_AT).unwrap();
    for copy in (begin..image.len()).step_by(20 * PAGE_BYTES) {
        image[copy + 99] ^= 1;
    }
    let disk = SimulatedDisk::holding(image);
    let backend = super::small_vault::backend(disk.handle(), 4).unwrap();
    let pages = backend.len().unwrap() / PAGE;
    let mut read = vec![0; PAGE_BYTES];
    let readable = (1..pages)
        .filter(|page| backend.read_pages(*page, &mut read).is_ok())
        .count();
    assert!(readable > 100, "{readable} of {pages}");
    let mended = backend.mended_nodes();
    assert!(
        mended.len() > 3 && mended.iter().all(|part| matches!(part, Part::Group(_))),
        "{mended:?}"
    );
    drop(backend);
    let backend = super::small_vault::backend(disk.handle(), 5).unwrap();
    for page in 1..pages {
        let _ = backend.read_pages(page, &mut read);
    }
    assert_eq!(backend.mended_nodes(), []);
}

#[test]
fn readers_of_many_threads_see_whole_states_beside_a_writer() {
    let disk = SimulatedDisk::default();
    let mut history = History::new(8);
    let database = create(&disk, 8).unwrap();
    let states = Mutex::new(vec![content(&database).unwrap()]);
    let over = AtomicBool::new(false);
    let database = std::sync::RwLock::new(database);
    let read = std::thread::scope(|scope| {
        let reader = || {
            let mut read = 0;
            while !over.load(Ordering::SeqCst) {
                let found = content(&database.read().unwrap()).unwrap();
                let states = states.lock().unwrap();
                let version = usize::try_from(found.version).unwrap();
                assert!(states.get(version).is_none_or(|state| *state == found));
                read += 1;
            }
            read
        };
        let readers = [(); 4].map(|()| scope.spawn(reader));
        for _ in 0..40 {
            history.commit_beside_readers(&database.read().unwrap()).unwrap();
            *states.lock().unwrap() = history.versions.clone();
        }
        over.store(true, Ordering::SeqCst);
        readers.map(|reader| reader.join().unwrap()).iter().sum::<u32>()
    });
    assert!(read > 40, "only {read} reads");
    drop(database);
    let found = content(&open(disk.handle(), 9).unwrap()).unwrap();
    assert_eq!(history.objection(&found), None);
}
