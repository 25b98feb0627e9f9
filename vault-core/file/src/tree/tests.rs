//! What is read here is what redb reads, and what is lost takes only its own keys with it.

use std::collections::BTreeMap;
use std::sync::Mutex;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use redb::{ReadableDatabase, StorageBackend, TableDefinition as RedbTable};

use super::node::Node;
use super::*;
use crate::error::{Error, Fault, Part};
use crate::layout::{Durable, PAGE_BYTES, PageSource};
use crate::operations::Problem;

/// Plain bytes as redb's storage, and as pages for the walk.
#[derive(Clone, Debug, Default)]
struct Plain(std::sync::Arc<Mutex<Vec<u8>>>);

impl StorageBackend for Plain {
    fn len(&self) -> std::io::Result<u64> {
        Ok(self.0.lock().unwrap().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        let offset = usize::try_from(offset).unwrap();
        out.copy_from_slice(&self.0.lock().unwrap()[offset..offset + out.len()]);
        Ok(())
    }

    fn set_len(&self, len: u64) -> std::io::Result<()> {
        self.0.lock().unwrap().resize(usize::try_from(len).unwrap(), 0);
        Ok(())
    }

    fn sync_data(&self) -> std::io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        let offset = usize::try_from(offset).unwrap();
        self.0.lock().unwrap()[offset..offset + data.len()].copy_from_slice(data);
        Ok(())
    }
}

type Tables = BTreeMap<String, BTreeMap<Vec<u8>, Vec<u8>>>;

/// A database of a few tables, one of which spans several levels and holds values of many pages.
struct Sample {
    image: Vec<u8>,
    tables: Tables,
}

impl Sample {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let plain = Plain::default();
        let redb = redb::Builder::new().create_with_backend(plain.clone()).unwrap();
        let mut tables = Tables::new();
        for (name, rows) in [("empty", 0u32), ("one", 1), ("many", 6_000)] {
            let mut expected = BTreeMap::new();
            // Several transactions leave freed and stale pages behind.
            for part in 0..3 {
                let mut writing = redb.begin_write().unwrap();
                writing.set_two_phase_commit(true);
                let mut table = writing.open_table(RedbTable::<&[u8], &[u8]>::new(name)).unwrap();
                for _ in (rows * part / 3)..(rows * (part + 1) / 3) {
                    let mut key = vec![0; 1 + rng.next_u32() as usize % 40];
                    rng.fill_bytes(&mut key);
                    let len = if rng.next_u32().is_multiple_of(500) {
                        60_000
                    } else {
                        100
                    };
                    let mut value = vec![0; rng.next_u32() as usize % len];
                    rng.fill_bytes(&mut value);
                    table.insert(&key[..], &value[..]).unwrap();
                    expected.insert(key, value);
                }
                drop(table);
                writing.commit().unwrap();
            }
            tables.insert(name.to_owned(), expected);
        }
        assert_eq!(redb.begin_read().unwrap().list_tables().unwrap().count(), 3);
        drop(redb);
        let image = plain.0.lock().unwrap().clone();
        Self { image, tables }
    }

    fn durable(&self) -> Durable {
        Durable {
            redb_header: self.image[..320].try_into().unwrap(),
            pages: (self.image.len() / PAGE_BYTES) as u64,
        }
    }
}

/// The pages of an image, one of which does not open.
struct Pages<'a> {
    image: &'a [u8],
    bad: Option<u64>,
}

impl PageSource for Pages<'_> {
    fn read_pages(&self, first: u64, plain: &mut [u8]) -> Result<(), Fault> {
        let end = first + (plain.len() / PAGE_BYTES) as u64;
        if let Some(bad) = self.bad.filter(|bad| (first..end).contains(bad)) {
            return Err(Fault::Damaged(Part::Page(bad)));
        }
        let at = usize::try_from(first).unwrap() * PAGE_BYTES;
        plain.copy_from_slice(&self.image[at..at + plain.len()]);
        Ok(())
    }
}

/// Which table, after which key, through which key.
type Gap = (Option<String>, Option<Vec<u8>>, Option<Vec<u8>>);

#[derive(Default)]
struct Found {
    tables: Tables,
    table: Option<String>,
    gaps: Vec<Gap>,
    problems: Vec<(Part, Problem)>,
    pages: u64,
}

impl Visitor for Found {
    fn row(&mut self, key: &[u8], value: &[u8]) -> Result<(), Error> {
        let table = self.table.clone().unwrap();
        let rows = self.tables.entry(table).or_default();
        rows.insert(key.to_vec(), value.to_vec());
        Ok(())
    }

    fn lost(&mut self, lost: &Lost<'_>) -> Result<(), Error> {
        self.gaps.push((
            self.table.clone(),
            lost.after.map(<[u8]>::to_vec),
            lost.through.map(<[u8]>::to_vec),
        ));
        self.problems.push((lost.part, lost.problem));
        Ok(())
    }

    fn pages(&mut self, count: u64) -> Result<(), Error> {
        self.pages += count;
        Ok(())
    }
}

impl Found {
    /// Walks the tables of an image.
    fn through(durable: &Durable, source: &Pages<'_>) -> Self {
        let trees = Trees::of(durable).unwrap();
        let mut walk = Walk::through(source, &trees);
        let mut found = Self::default();
        for table in walk.tables(&trees.data.unwrap(), &mut found).unwrap() {
            found.tables.entry(table.name.clone()).or_default();
            found.table = Some(table.name.clone());
            if let Some(root) = table.root {
                walk.tree(&root, table.widths, true, &mut found).unwrap();
            }
            found.table = None;
        }
        found
    }

    /// Whether a row was told to be lost.
    fn tells_of(&self, table: &str, key: &[u8]) -> bool {
        let within = |key: &[u8], after: &Option<Vec<u8>>, through: &Option<Vec<u8>>| {
            after.as_deref().is_none_or(|after| after < key)
                && through.as_deref().is_none_or(|through| key <= through)
        };
        self.gaps.iter().any(|(of, after, through)| match of {
            None => within(table.as_bytes(), after, through),
            Some(of) => of == table && within(key, after, through),
        })
    }
}

#[test]
fn every_row_that_redb_reads_is_read_here() {
    let sample = Sample::new(1);
    let pages = Pages {
        image: &sample.image,
        bad: None,
    };
    let found = Found::through(&sample.durable(), &pages);
    assert!(found.tables == sample.tables);
    assert!(found.gaps.is_empty());
    assert!(found.pages > 200, "{} pages", found.pages);
    let trees = Trees::of(&sample.durable()).unwrap();
    let mut system = Found::default();
    let mut walk = Walk::through(&pages, &trees);
    for table in walk.tables(&trees.system.unwrap(), &mut system).unwrap() {
        system.table = Some(table.name.clone());
        if let Some(root) = table.root {
            walk.tree(&root, table.widths, false, &mut system).unwrap();
        }
    }
    assert!(system.gaps.is_empty(), "redb's own tables: {:?}", system.problems);
}

#[test]
fn a_page_that_is_lost_takes_only_its_own_keys_and_they_are_told() {
    let sample = Sample::new(2);
    let mut lost_something = 0;
    for bad in 1..sample.durable().pages {
        let pages = Pages {
            image: &sample.image,
            bad: Some(bad),
        };
        let found = Found::through(&sample.durable(), &pages);
        for (table, rows) in &sample.tables {
            let none = BTreeMap::new();
            let found_rows = found.tables.get(table).unwrap_or(&none);
            for (key, value) in rows {
                match found_rows.get(key) {
                    Some(found) => assert!(found == value),
                    None => assert!(found.tells_of(table, key), "page {bad}: silently missing"),
                }
            }
            assert!(found_rows.keys().all(|key| rows.contains_key(key)));
        }
        let missing = sample.tables["many"].len() - found.tables.get("many").map_or(0, BTreeMap::len);
        lost_something += u32::from(missing > 0);
        assert_eq!(missing > 0 || !found.gaps.is_empty(), !found.problems.is_empty());
    }
    assert!(lost_something > 100, "only {lost_something} pages held rows");
}

#[test]
fn a_page_of_another_time_is_noticed() {
    let sample = Sample::new(3);
    let mut image = sample.image.clone();
    let mut noticed = 0;
    for page in 1..sample.image.len() / PAGE_BYTES {
        let at = page * PAGE_BYTES;
        // A value changes inside the page, as in an older version of it.
        image[at + 3000] ^= 1;
        let found = Found::through(
            &sample.durable(),
            &Pages {
                image: &image,
                bad: None,
            },
        );
        noticed += u32::from(!found.problems.is_empty());
        let changed = sample.tables["many"]
            .iter()
            .any(|(key, value)| found.tables["many"].get(key).is_some_and(|found| found != value));
        assert!(!changed, "page {page}: other content was taken for good");
        image[at + 3000] ^= 1;
    }
    assert!(noticed > 100, "only {noticed} pages mattered");
}

/// Bytes that fit no tree, under a checksum that is right, are refused or read within their page.
#[test]
fn senseless_pages_are_refused_or_read_within_their_bounds() {
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let (mut refused, mut read) = (0, 0);
    for _ in 0..20_000 {
        let mut page = vec![0; 64 + rng.next_u32() as usize % 64];
        rng.fill_bytes(&mut page);
        // Small numbers, so that some of them are possible.
        page[2..].iter_mut().for_each(|byte| *byte %= 3);
        page[0] = 1 + (rng.next_u32() % 2) as u8;
        let widths = Widths {
            key: rng.next_u32().is_multiple_of(2).then_some(2),
            value: rng.next_u32().is_multiple_of(2).then_some(3),
        };
        // What the page's own fields say is its end is not known here, so each end is tried.
        let node = (0..=page.len()).find_map(|end| Node::read(&page, checksum(&page[..end]), widths));
        match node {
            None => refused += 1,
            Some(Node::Leaf(leaf)) => {
                read += 1;
                let bytes: usize = leaf.rows().map(|(key, value)| key.len() + value.len()).sum();
                assert!(bytes <= page.len());
            }
            Some(Node::Branch(branch)) => {
                read += 1;
                assert!(branch.greatest(branch.children.len() - 1).is_none());
                assert!(branch.greatest(0).is_some());
            }
        }
    }
    assert!(refused > 100 && read > 100, "{refused} refused, {read} read");
}

/// Every byte of the header that names the trees, changed: another tree, a loss or nothing, never a panic.
#[test]
fn a_changed_header_never_takes_the_walk_out_of_the_file() {
    let sample = Sample::new(4);
    let pages = Pages {
        image: &sample.image,
        bad: None,
    };
    let mut refused = 0;
    for at in 0..320 {
        let mut durable = sample.durable();
        durable.redb_header[at] ^= 0xff;
        let Some(trees) = Trees::of(&durable) else {
            refused += 1;
            continue;
        };
        let mut found = Found::default();
        let mut walk = Walk::through(&pages, &trees);
        let tables = trees
            .data
            .map_or(Vec::new(), |root| walk.tables(&root, &mut found).unwrap());
        assert!(
            tables.len() == 3 || trees.data.is_none() || !found.gaps.is_empty(),
            "byte {at}"
        );
    }
    assert!(refused > 100, "only {refused} were refused");
}
