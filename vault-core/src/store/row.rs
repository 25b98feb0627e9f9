//! Keys and values of rows.

use serde::{Serialize, de::DeserializeOwned};
use vault_file::{Table, Transaction};
use vault_wire::{id::GrantId, time::Timestamp};

use crate::error::Error;

/// A value as it is stored. Our rows hold no type that postcard refuses, and an empty row is
/// refused when it is read.
pub(crate) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_stdvec(value).unwrap_or_default()
}

/// Reads a stored value; `what` names it for the owner.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8], what: &'static str) -> Result<T, Error> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        _ => Err(Error::unreadable(what)),
    }
}

/// Eight bytes that sort as the moment does, before 1970 too.
pub(crate) const fn sortable_time(at: Timestamp) -> [u8; 8] {
    (at.unix_ms().cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

/// Removes every row whose key begins with `prefix`.
pub(crate) fn remove_all(transaction: &Transaction, table: &Table, prefix: &[u8]) -> Result<(), Error> {
    let mut table = transaction.table(table)?;
    let keys: Vec<_> = table
        .prefix(prefix)?
        .map(|row| Ok(row?.0))
        .collect::<Result<_, Error>>()?;
    for key in keys {
        table.remove(&key)?;
    }
    Ok(())
}

/// Key of a row that belongs to a grant.
pub(crate) fn grant_key(grant: GrantId, rest: &[u8]) -> Vec<u8> {
    [grant.as_bytes(), rest].concat()
}

/// Key of a numbered row.
pub(crate) const fn u64_key(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

/// The number at the end of a key.
pub(crate) fn u64_of(key: &[u8]) -> Result<u64, Error> {
    let tail = key.len().checked_sub(8).and_then(|at| key[at..].try_into().ok());
    tail.map(u64::from_be_bytes)
        .ok_or(Error::unreadable("a numbered row"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_sort_as_bytes_across_1970() {
        let key = |ms| sortable_time(Timestamp::from_unix_ms(ms));
        assert!(key(i64::MIN) < key(-1) && key(-1) < key(0) && key(0) < key(1) && key(1) < key(i64::MAX));
    }
}
