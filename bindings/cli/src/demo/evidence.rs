//! Looking for readable traces where there must be none.

use std::{collections::BTreeSet, path::Path};

use vault_core::{Record, Value};

/// Texts shorter than this turn up in random bytes by accident.
const LENGTH_MIN: usize = 6;

/// Texts of records, to be searched for.
#[derive(Default)]
pub(super) struct Traces {
    texts: BTreeSet<Vec<u8>>,
    beginnings: BTreeSet<[u8; LENGTH_MIN]>,
}

impl Traces {
    /// Every text and every exact number of records that is long enough to be told from chance.
    pub(super) fn of(records: &[Record]) -> Self {
        let mut traces = Self::default();
        records
            .iter()
            .flat_map(|record| record.fields.values())
            .for_each(|value| traces.add(value));
        traces
    }

    fn add(&mut self, value: &Value) {
        let text = match value {
            Value::Text(text) => text.clone(),
            Value::Decimal(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            _ => return,
        };
        if let Some(beginning) = text.as_bytes().first_chunk() {
            self.beginnings.insert(*beginning);
            self.texts.insert(text.into_bytes());
        }
    }

    /// How many texts are searched for.
    pub(super) fn count(&self) -> usize {
        self.texts.len()
    }

    /// Whether any of the texts stands in the bytes.
    pub(super) fn found_in(&self, bytes: &[u8]) -> bool {
        bytes.windows(LENGTH_MIN).enumerate().any(|(at, window)| {
            let begins =
                <&[u8; LENGTH_MIN]>::try_from(window).is_ok_and(|window| self.beginnings.contains(window));
            begins && self.texts.iter().any(|text| bytes[at..].starts_with(text))
        })
    }

    /// Whether any of the texts stands in any file below a folder, and how many bytes were searched.
    pub(super) fn found_below(&self, folder: &Path) -> std::io::Result<(bool, u64)> {
        let (mut found, mut searched) = (false, 0);
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                let (below, bytes) = self.found_below(&path)?;
                found |= below;
                searched += bytes;
            } else {
                let bytes = std::fs::read(&path)?;
                found |= self.found_in(&bytes);
                searched += bytes.len() as u64;
            }
        }
        Ok((found, searched))
    }
}
