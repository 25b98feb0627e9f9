//! The fuzz targets, with the simulated disk and the second writer of the tests.
#![expect(dead_code, reason = "the tests use the rest")]

#[path = "../../tests/promises/dice.rs"]
mod dice;
#[path = "../../tests/promises/forge.rs"]
mod forge;
#[path = "../../tests/promises/fuzzing.rs"]
mod fuzzing;
#[path = "../../tests/promises/history.rs"]
mod history;
#[path = "../../tests/promises/image.rs"]
mod image;
#[path = "../../tests/promises/redb_checksums.rs"]
mod redb_checksums;
#[path = "../../tests/promises/remains.rs"]
mod remains;
#[path = "../../tests/promises/simulated_disk/mod.rs"]
mod simulated_disk;

/// The vault header.
pub fn header(data: &[u8]) {
    fuzzing::header(data);
}

/// A commit slot.
pub fn slot(data: &[u8]) {
    fuzzing::slot(data);
}

/// Nodes of the page table.
pub fn node(data: &[u8]) {
    fuzzing::node(data);
}

/// Pages of redb's trees.
pub fn page(data: &[u8]) {
    fuzzing::page(data);
}

/// Records of the journal.
pub fn journal(data: &[u8]) {
    fuzzing::journal(data);
}

/// The whole file.
pub fn open(data: &[u8]) {
    fuzzing::open(data);
}
