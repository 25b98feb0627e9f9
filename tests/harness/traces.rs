//! Looking for readable traces where there must be none.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use vault_core::{Record, Value, wire::json::hex};

/// Shorter than this, something turns up in random bytes by accident.
const LENGTH_MIN: usize = 7;

/// Texts and secrets to be searched for, all at once.
#[derive(Debug, Default)]
pub struct Traces {
    by_beginning: BTreeMap<[u8; LENGTH_MIN], BTreeSet<Vec<u8>>>,
}

impl Traces {
    /// Every text, number and coordinate of records that is long enough to be told from chance.
    #[must_use]
    pub fn and_records(mut self, records: &[Record]) -> Self {
        for value in records.iter().flat_map(|record| record.fields.values()) {
            self.add_value(value);
        }
        self
    }

    /// A text, for example a passphrase.
    #[must_use]
    pub fn and_text(mut self, text: &str) -> Self {
        assert!(text.len() >= LENGTH_MIN, "too short to be told from chance");
        self.add(text.as_bytes());
        self
    }

    /// A key: its bytes, and its bytes in hexadecimal.
    #[must_use]
    pub fn and_key(mut self, key: &[u8]) -> Self {
        assert!(key.len() >= LENGTH_MIN, "too short to be told from chance");
        self.add(key);
        self.add(hex(key).as_bytes());
        self
    }

    fn add_value(&mut self, value: &Value) {
        match value {
            Value::Text(text) => self.add(text.as_bytes()),
            Value::Decimal(number) => self.add(number.to_string().as_bytes()),
            Value::Float(number) => {
                self.add(&number.to_le_bytes());
                self.add(number.to_string().as_bytes());
            }
            Value::List(values) => values.iter().for_each(|value| self.add_value(value)),
            _ => {}
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        if let Some(beginning) = bytes.first_chunk() {
            self.by_beginning
                .entry(*beginning)
                .or_default()
                .insert(bytes.to_vec());
        }
    }

    /// How many different things are searched for.
    pub fn count(&self) -> usize {
        self.by_beginning.values().map(BTreeSet::len).sum()
    }

    /// The first of them that stands in the bytes.
    pub fn found_in(&self, bytes: &[u8]) -> Option<String> {
        (0..bytes.len()).find_map(|at| {
            let beginning: &[u8; LENGTH_MIN] = bytes[at..].first_chunk()?;
            let found = self
                .by_beginning
                .get(beginning)?
                .iter()
                .find(|wanted| bytes[at..].starts_with(wanted))?;
            Some(String::from_utf8_lossy(found).into_owned())
        })
    }

    /// The first of them that stands in a file of a folder or below, and the file. Also how many bytes
    /// were searched, so that a test can tell a clean folder from an empty one.
    pub fn found_below(&self, folder: &Path) -> (Option<String>, u64) {
        let mut searched = 0;
        for file in files_below(folder) {
            let bytes = std::fs::read(&file).unwrap();
            searched += bytes.len() as u64;
            if let Some(found) = self.found_in(&bytes) {
                return (Some(format!("{found} in {}", file.display())), searched);
            }
        }
        (None, searched)
    }
}

fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}
