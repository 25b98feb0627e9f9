//! What is inside a sealed entry: the projected fields of one record.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::{
    Malformed,
    canonical::{decode, encode},
    limits,
    terms::Detail,
    value::Value,
};

/// The projected fields of one record, by dotted path. A vault makes it through its projection; a
/// server only reads it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Payload {
    /// The fields, sorted by path.
    pub fields: BTreeMap<String, Value>,
}

impl Payload {
    /// The canonical bytes, which the preview shows and the content tag covers.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads canonical bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        const WHAT: &str = "payload";
        if bytes.len() > limits::PAYLOAD_BYTES_MAX {
            return Err(Malformed::new(WHAT));
        }
        decode(bytes, WHAT)
    }

    /// Whether every field is granted and no more exact than granted.
    pub fn within(&self, detail: &Detail) -> bool {
        self.fields.iter().all(|(path, value)| {
            detail
                .fields
                .get(path)
                .is_some_and(|precision| precision.admits(value))
        })
    }
}

/// Adds the padding: one byte 0x80 and zeros (ISO/IEC 7816-4) up to [`padded_length`].
pub(crate) fn pad(mut bytes: Vec<u8>) -> Vec<u8> {
    let target = padded_length(bytes.len() + 1);
    bytes.push(0x80);
    bytes.resize(target, 0);
    bytes
}

/// Takes the padding away.
pub(crate) fn unpad(mut bytes: Vec<u8>) -> Result<Vec<u8>, Malformed> {
    let end = bytes
        .iter()
        .rposition(|&byte| byte != 0)
        .filter(|&at| bytes[at] == 0x80);
    bytes.truncate(end.ok_or(Malformed::new("padding"))?);
    Ok(bytes)
}

/// The length that hides a payload's own: the next multiple of 32 up to 512 bytes, beyond that
/// Padmé (at most 12 % more, and 2·log2(log2 length) bits of size revealed).
pub fn padded_length(length: usize) -> usize {
    if length <= 512 {
        return length.next_multiple_of(32);
    }
    let exponent = length.ilog2();
    let kept_bits = exponent.ilog2() + 1;
    length.next_multiple_of(1 << (exponent - kept_bits))
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} fields)", self.fields.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn padding_comes_off_again(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
            prop_assert_eq!(unpad(pad(bytes.clone())), Ok(bytes));
        }

        #[test]
        fn padding_costs_at_most_an_eighth_beyond_half_a_kilobyte(length in 513usize..500_000) {
            let padded = padded_length(length);
            prop_assert!(padded >= length && padded <= length + length / 8);
        }

        #[test]
        fn any_bytes_are_a_payload_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(payload) = Payload::from_bytes(&bytes) {
                prop_assert_eq!(payload.to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn bytes_without_padding_are_an_error() {
        assert!(unpad(vec![]).is_err() && unpad(vec![0; 32]).is_err() && unpad(vec![1, 2, 3]).is_err());
    }
}
