//! What a transaction did, as bytes.
//!
//! ```text
//! 1 | name bytes u8 | name                                        a table: created if there is none. It gets the next
//!                                                                 number of this transaction, from 0
//! 2 | table u16 | key bytes u16 | value bytes u32 | key | value   a row is set
//! 3 | table u16 | key bytes u16 | key                             a row is removed
//! 4 | name bytes u8 | name                                        a table is removed
//! ```
//!
//! Every operation says what is afterwards, not what changes, so doing it twice does no harm.

use super::fields::Fields;

/// The most bytes of operations of a transaction that is journaled: a hundred entries that a server stores. A
/// larger one is folded, which writes its content once instead of twice.
pub(crate) const OPS_BYTES_MAX: usize = 64 * 1024;

const TABLE: u8 = 1;
const INSERT: u8 = 2;
const REMOVE: u8 = 3;
const REMOVE_TABLE: u8 = 4;

/// One operation.
#[derive(Clone, Copy)]
pub(crate) enum Op<'a> {
    /// A table is there, and has the next number.
    Table(&'a str),
    /// A row is set.
    Insert {
        /// The number of its table.
        table: usize,
        key: &'a [u8],
        value: &'a [u8],
    },
    /// A row is removed.
    Remove {
        /// The number of its table.
        table: usize,
        key: &'a [u8],
    },
    /// A table is removed.
    RemoveTable(&'a str),
}

/// What a transaction has done so far.
pub(crate) struct Recorder {
    /// `None`: more, or other, than a journal takes.
    ops: Option<Vec<u8>>,
    /// The tables by number; `None` for one that was removed.
    tables: Vec<Option<String>>,
}

/// The number of a table in a transaction.
#[derive(Clone, Copy)]
pub(crate) struct TableNumber(u16);

impl Recorder {
    pub(crate) fn new() -> Self {
        Self {
            ops: Some(Vec::new()),
            tables: Vec::new(),
        }
    }

    /// A table was opened, and created if there was none.
    pub(crate) fn table(&mut self, name: &str) -> TableNumber {
        let known = self
            .tables
            .iter()
            .position(|table| table.as_deref() == Some(name));
        let number = known.unwrap_or(self.tables.len());
        let Ok(number) = u16::try_from(number) else {
            self.give_up();
            return TableNumber(u16::MAX);
        };
        if known.is_none() && self.push(TABLE, &[&name_bytes(name), name.as_bytes()]) {
            self.tables.push(Some(name.to_owned()));
        }
        TableNumber(number)
    }

    pub(crate) fn insert(&mut self, table: TableNumber, key: &[u8], value: &[u8]) {
        let (Ok(key_bytes), Ok(value_bytes)) = (u16::try_from(key.len()), u32::try_from(value.len())) else {
            return self.give_up();
        };
        let lens = (key_bytes.to_le_bytes(), value_bytes.to_le_bytes());
        self.push(INSERT, &[&table.0.to_le_bytes(), &lens.0, &lens.1, key, value]);
    }

    pub(crate) fn remove(&mut self, table: TableNumber, key: &[u8]) {
        let Ok(key_bytes) = u16::try_from(key.len()) else {
            return self.give_up();
        };
        self.push(REMOVE, &[&table.0.to_le_bytes(), &key_bytes.to_le_bytes(), key]);
    }

    pub(crate) fn remove_table(&mut self, name: &str) {
        for table in &mut self.tables {
            table.take_if(|table| table == name);
        }
        self.push(REMOVE_TABLE, &[&name_bytes(name), name.as_bytes()]);
    }

    /// From now on the transaction is too large for the journal, or does what the journal has no words for.
    pub(crate) fn give_up(&mut self) {
        (self.ops, self.tables) = (None, Vec::new());
    }

    /// The operations; `None` if the journal does not take them.
    pub(crate) fn into_ops(self) -> Option<Vec<u8>> {
        self.ops
    }

    fn push(&mut self, kind: u8, fields: &[&[u8]]) -> bool {
        let Some(ops) = &mut self.ops else { return false };
        let bytes = 1 + fields.iter().map(|field| field.len()).sum::<usize>();
        if ops.len() + bytes > OPS_BYTES_MAX {
            self.give_up();
            return false;
        }
        ops.push(kind);
        for field in fields {
            ops.extend_from_slice(field);
        }
        true
    }
}

/// The length of a table's name, which was checked to fit.
fn name_bytes(name: &str) -> [u8; 1] {
    [u8::try_from(name.len()).unwrap_or(u8::MAX)]
}

/// The bytes are no operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Reads operations one by one. After [`Malformed`] it is over.
pub(crate) struct Ops<'a> {
    fields: Fields<'a>,
    /// How many tables have a number so far.
    tables: usize,
}

impl<'a> Ops<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self {
            fields: Fields(bytes),
            tables: 0,
        }
    }

    fn read(&mut self) -> Option<Op<'a>> {
        Some(match self.fields.array()? {
            [TABLE] => {
                self.tables += 1;
                Op::Table(self.read_name()?)
            }
            [INSERT] => {
                let table = self.read_table()?;
                let (key_bytes, value_bytes) = (self.fields.u16()?, self.fields.u32()?);
                Op::Insert {
                    table,
                    key: self.fields.bytes(key_bytes)?,
                    value: self.fields.bytes(value_bytes)?,
                }
            }
            [REMOVE] => {
                let (table, key_bytes) = (self.read_table()?, self.fields.u16()?);
                Op::Remove {
                    table,
                    key: self.fields.bytes(key_bytes)?,
                }
            }
            [REMOVE_TABLE] => Op::RemoveTable(self.read_name()?),
            _ => return None,
        })
    }

    fn read_table(&mut self) -> Option<usize> {
        self.fields.u16().filter(|table| *table < self.tables)
    }

    fn read_name(&mut self) -> Option<&'a str> {
        let bytes = self.fields.u8()?;
        let name = std::str::from_utf8(self.fields.bytes(bytes)?).ok()?;
        (!name.is_empty()).then_some(name)
    }
}

impl<'a> Iterator for Ops<'a> {
    type Item = Result<Op<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.fields.0.is_empty() {
            return None;
        }
        let op = self.read();
        if op.is_none() {
            self.fields = Fields(&[]);
        }
        Some(op.ok_or(Malformed))
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    use super::*;

    /// An operation that owns its bytes.
    #[derive(Clone, Debug, PartialEq)]
    enum Done {
        Table(String),
        Insert(usize, Vec<u8>, Vec<u8>),
        Remove(usize, Vec<u8>),
        RemoveTable(String),
    }

    fn owned(op: Op<'_>) -> Done {
        match op {
            Op::Table(name) => Done::Table(name.to_owned()),
            Op::Insert { table, key, value } => Done::Insert(table, key.to_vec(), value.to_vec()),
            Op::Remove { table, key } => Done::Remove(table, key.to_vec()),
            Op::RemoveTable(name) => Done::RemoveTable(name.to_owned()),
        }
    }

    fn bytes(rng: &mut ChaCha20Rng, below: u32) -> Vec<u8> {
        let mut bytes = vec![0; (rng.next_u32() % below) as usize];
        rng.fill_bytes(&mut bytes);
        bytes
    }

    /// Does random things to three tables. Returns what was recorded, and what was done.
    fn transaction(seed: u64) -> (Vec<u8>, Vec<Done>) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let (mut recorder, mut done) = (Recorder::new(), Vec::new());
        let names = ["records", "time/receipts", "changes"];
        let mut numbers: [Option<TableNumber>; 3] = [None; 3];
        for _ in 0..rng.next_u32() % 40 {
            let which = rng.next_u32() as usize % 3;
            if rng.next_u32().is_multiple_of(12) {
                recorder.remove_table(names[which]);
                numbers[which] = None;
                done.push(Done::RemoveTable(names[which].to_owned()));
                continue;
            }
            if numbers[which].is_none() {
                done.push(Done::Table(names[which].to_owned()));
            }
            let table = recorder.table(names[which]);
            numbers[which] = Some(table);
            let key = bytes(&mut rng, 30);
            if rng.next_u32().is_multiple_of(3) {
                recorder.remove(table, &key);
                done.push(Done::Remove(table.0.into(), key));
            } else {
                let value = bytes(&mut rng, 300);
                recorder.insert(table, &key, &value);
                done.push(Done::Insert(table.0.into(), key, value));
            }
        }
        (recorder.into_ops().unwrap(), done)
    }

    #[test]
    fn what_was_done_is_read_back() {
        for seed in 0..300 {
            let (ops, done) = transaction(seed);
            let read: Vec<_> = Ops::of(&ops).map(|op| owned(op.unwrap())).collect();
            assert_eq!(read, done, "seed {seed}");
        }
    }

    #[test]
    fn changed_and_cut_bytes_end_the_reading_calmly() {
        let mut malformed = 0;
        for seed in 0..300 {
            let mut rng = ChaCha20Rng::seed_from_u64(seed);
            let (mut ops, _) = transaction(seed);
            for _ in 0..rng.next_u32() % 4 {
                let at = rng.next_u32() as usize % ops.len().max(1);
                if let Some(byte) = ops.get_mut(at) {
                    *byte = [0, 1, 2, 3, 4, 0x7F, 0xFF][rng.next_u32() as usize % 7];
                }
            }
            ops.truncate(ops.len() - rng.next_u32() as usize % (ops.len() / 4 + 1));
            let read: Vec<_> = Ops::of(&ops).collect();
            let end = read.iter().position(Result::is_err);
            assert!(
                end.is_none_or(|end| end + 1 == read.len()),
                "seed {seed}: it went on"
            );
            malformed += usize::from(end.is_some());
        }
        assert!(malformed > 100, "only {malformed} were malformed");
    }

    #[test]
    fn a_row_of_a_table_that_was_not_named_is_malformed() {
        let remove = [REMOVE, 0, 0, 1, 0, b'k'];
        assert_eq!(Ops::of(&remove).collect::<Vec<_>>().len(), 1);
        assert!(Ops::of(&remove).all(|op| op.is_err()));
    }

    #[test]
    fn more_than_the_journal_takes_is_given_up_and_forgotten() {
        let mut recorder = Recorder::new();
        let table = recorder.table("notes");
        let mut rows = 0;
        while recorder.ops.is_some() {
            recorder.insert(table, b"key", &[7; 1000]);
            rows += 1;
        }
        let fit = (OPS_BYTES_MAX - (2 + "notes".len())) / (9 + "key".len() + 1000);
        assert_eq!(rows, fit + 1, "the last one was too many");
        recorder.insert(table, b"key", b"small");
        recorder.remove_table("notes");
        assert!(recorder.into_ops().is_none());
    }
}
