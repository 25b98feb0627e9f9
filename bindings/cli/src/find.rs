//! Finding things by part of their id.
//!
//! Ids made in one moment begin alike, because they sort by time, so tables print how an id ends. An
//! owner may type the whole id, its beginning or its end.

use std::{fmt::Display, str::FromStr};

use vault_core::{Category, Query, Record, RecordId, Vault};

use crate::failure::Failure;

/// How many characters of an id tables print.
const SHORT_CHARS: usize = 8;
/// Records that are looked at in one step when one is looked for by part of its id.
const RECORDS_PER_STEP: usize = 10_000;

/// An id as tables print it: how it ends.
pub(crate) fn short(id: &impl Display) -> String {
    let full = id.to_string();
    let at = full.len().saturating_sub(SHORT_CHARS);
    full[at..].to_owned()
}

/// The one id of `ids` that is, begins or ends as typed. `list` is the command that prints them.
pub(crate) fn pick<T>(
    typed: &str,
    what: &'static str,
    list: &'static str,
    ids: impl IntoIterator<Item = T>,
) -> Result<T, Failure>
where
    T: Copy + Display,
{
    let part = Part::of(typed)?;
    let mut found = ids.into_iter().filter(|id| part.is_of(id));
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id),
        (Some(id), Some(_)) => Err(Failure::AmbiguousId {
            what,
            id: typed.to_owned(),
            count: 2 + found.count(),
            example: id.to_string(),
        }),
        (None, _) => Err(Failure::NoSuchId {
            what,
            id: typed.to_owned(),
            list,
        }),
    }
}

/// The record that is meant.
pub(crate) fn record(vault: &Vault, typed: &str) -> Result<Record, Failure> {
    let id = match RecordId::from_str(typed) {
        Ok(id) => id,
        Err(_) => pick(typed, "record", "list CATEGORY", ids_like(vault, typed)?)?,
    };
    Ok(vault.get(id)?)
}

/// Every record whose id begins or ends as typed. It looks at all of them: only people type parts.
fn ids_like(vault: &Vault, typed: &str) -> Result<Vec<RecordId>, Failure> {
    let part = Part::of(typed)?;
    let mut found = Vec::new();
    for category in Category::ALL {
        let mut skip = 0;
        loop {
            let records = vault.query(&Query {
                skip,
                limit: RECORDS_PER_STEP,
                ..Query::of(category)
            })?;
            found.extend(records.iter().map(|record| record.id).filter(|id| part.is_of(id)));
            if records.len() < RECORDS_PER_STEP {
                break;
            }
            skip += RECORDS_PER_STEP;
        }
    }
    Ok(found)
}

/// Part of an id, without the prefix that says of what kind it is.
struct Part {
    prefix: Option<String>,
    body: String,
}

impl Part {
    fn of(typed: &str) -> Result<Self, Failure> {
        let (prefix, body) = match typed.rsplit_once('_') {
            Some((prefix, body)) => (Some(prefix.to_owned()), body),
            None => (None, typed),
        };
        if body.is_empty() || !body.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Failure::Usage(format!(
                "{typed:?} is not part of an id: type how the id begins or ends, for example the 8 characters \
                 that a table prints"
            )));
        }
        let body = body.bytes().map(as_crockford).collect();
        Ok(Self { prefix, body })
    }

    fn is_of(&self, id: &impl Display) -> bool {
        let full = id.to_string();
        let Some((kind, body)) = full.split_once('_') else {
            return false;
        };
        match &self.prefix {
            Some(prefix) => prefix == kind && body.starts_with(&self.body),
            None => body.starts_with(&self.body) || body.ends_with(&self.body),
        }
    }
}

/// Lower case and look-alikes as Crockford base32 reads them.
fn as_crockford(byte: u8) -> char {
    match byte.to_ascii_uppercase() {
        b'I' | b'L' => '1',
        b'O' => '0',
        other => char::from(other),
    }
}

#[cfg(test)]
mod tests {
    use vault_core::GrantId;

    use super::*;

    const IDS: [GrantId; 3] = [GrantId([1; 16]), GrantId([2; 16]), GrantId([0xff; 16])];

    fn picked(typed: &str) -> Result<GrantId, Failure> {
        pick(typed, "grant", "grants", IDS)
    }

    #[test]
    fn a_whole_id_its_beginning_and_its_end_are_enough() {
        for id in IDS {
            let full = id.to_string();
            let end = short(&id);
            assert_eq!(end.len(), 8);
            for typed in [
                full.as_str(),
                &full[..10],
                &full[5..12],
                &end,
                &end.to_lowercase(),
            ] {
                assert_eq!(picked(typed).unwrap(), id, "{typed}");
            }
        }
    }

    #[test]
    fn look_alike_letters_are_read_as_digits() {
        let id = GrantId([0; 16]);
        assert_eq!(pick("oOoO", "grant", "grants", [id]).unwrap(), id);
    }

    #[test]
    fn part_of_several_ids_is_refused_with_their_number() {
        let failure = picked("0").unwrap_err();
        assert_eq!(failure.code(), "ambiguous_id");
        assert!(failure.to_string().contains("2 grants"), "{failure}");
    }

    #[test]
    fn part_of_no_id_is_not_found() {
        assert_eq!(picked("XXXX").unwrap_err().code(), "not_found");
        assert_eq!(picked("creq_04").unwrap_err().code(), "not_found");
    }

    #[test]
    fn what_cannot_be_part_of_an_id_is_refused() {
        for typed in ["", "grnt_", "…7KQ8", "a b"] {
            assert_eq!(picked(typed).unwrap_err().code(), "usage", "{typed}");
        }
    }
}
