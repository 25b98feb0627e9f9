//! A content that follows from the number of transactions alone, so that any thread can write the next one and
//! anybody can tell which state a file holds.

use std::sync::atomic::{AtomicU64, Ordering};

use vault_file::{Error, SealedFile, Snapshot, Table, Transaction};

use crate::history::{Content, content_of};

const ENTRIES: Table = Table::new("entries");
const LAST: Table = Table::new("last");
/// Each entry is removed again after so many others.
const KEPT: u64 = 40;

/// What threads have tried, had acknowledged and seen.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    attempted: AtomicU64,
    acknowledged: AtomicU64,
    seen: AtomicU64,
}

impl Ledger {
    /// Commits the next transaction. Mostly small; each 61st is too large for a journal.
    pub(crate) fn write(&self, file: &SealedFile) -> Result<u64, Error> {
        let transaction = file.write()?;
        let number = last(&transaction)? + 1;
        let mut entries = transaction.table(&ENTRIES)?;
        entries.insert(&number.to_be_bytes(), &entry(number))?;
        if let Some(old) = number.checked_sub(KEPT) {
            entries.remove(&old.to_be_bytes())?;
        }
        drop(entries);
        transaction.table(&LAST)?.insert(b"", &number.to_be_bytes())?;
        self.attempted.fetch_max(number, Ordering::SeqCst);
        transaction.commit()?;
        self.acknowledged.fetch_max(number, Ordering::SeqCst);
        Ok(number)
    }

    /// Commits the next transactions.
    pub(crate) fn write_times(&self, file: &SealedFile, times: usize) {
        for _ in 0..times {
            self.write(file).unwrap();
        }
    }

    /// Reads the newest state, which must be whole.
    pub(crate) fn look(&self, file: &SealedFile) -> Result<u64, Error> {
        self.look_at(&file.read()?)
    }

    /// Reads a snapshot, which must be whole.
    pub(crate) fn look_at(&self, snapshot: &Snapshot) -> Result<u64, Error> {
        let found = content_of(snapshot)?;
        let number = number_of(&found);
        assert_eq!(
            found,
            content_after(number),
            "a snapshot of transaction {number} is mixed"
        );
        self.seen.fetch_max(number, Ordering::SeqCst);
        Ok(number)
    }

    /// What is wrong with a content that is found after trouble.
    pub(crate) fn objection(&self, found: &Content) -> Option<String> {
        let number = number_of(found);
        let [attempted, acknowledged, seen] =
            [&self.attempted, &self.acknowledged, &self.seen].map(|number| number.load(Ordering::SeqCst));
        if *found != content_after(number) {
            return Some(format!("the content is not that of transaction {number}"));
        }
        let expected = acknowledged.max(seen)..=attempted;
        (!expected.contains(&number)).then(|| {
            format!("transaction {number}; tried {attempted}, acknowledged {acknowledged}, seen {seen}")
        })
    }

    /// Goes on from what a file was found to hold.
    pub(crate) fn continue_from(&self, found: &Content) {
        for number in [&self.attempted, &self.acknowledged, &self.seen] {
            number.store(number_of(found), Ordering::SeqCst);
        }
    }
}

/// What a file holds after so many transactions.
pub(crate) fn content_after(number: u64) -> Content {
    let kept = number.saturating_sub(KEPT) + 1..=number;
    let entries = kept.map(|number| (number.to_be_bytes().to_vec(), entry(number)));
    let mut content = Content::new();
    if number > 0 {
        content.insert(ENTRIES.name().to_owned(), entries.collect());
        let last = (Vec::new(), number.to_be_bytes().to_vec());
        content.insert(LAST.name().to_owned(), [last].into());
    }
    content
}

pub(crate) fn number_of(content: &Content) -> u64 {
    let row = content.get(LAST.name()).and_then(|rows| rows.get(&b""[..]));
    row.map_or(0, |bytes| {
        u64::from_be_bytes(bytes.as_slice().try_into().unwrap())
    })
}

fn last(transaction: &Transaction) -> Result<u64, Error> {
    let bytes = transaction.table(&LAST)?.get(b"")?;
    Ok(bytes.map_or(0, |bytes| u64::from_be_bytes(bytes.try_into().unwrap())))
}

fn entry(number: u64) -> Vec<u8> {
    let words = match number % 61 {
        60 => 6_000,
        rest => rest * rest % 97,
    };
    (0..words)
        .flat_map(|word| (number ^ word).to_le_bytes())
        .collect()
}
