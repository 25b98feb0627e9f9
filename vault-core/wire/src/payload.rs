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
///
/// Two payloads are equal when their values mean the same (`1.5` and `1.50`); whether anything
/// changed is for their bytes to say.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Payload {
    /// The fields, sorted by path.
    #[serde(deserialize_with = "crate::value::decode::fields")]
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

    /// Whether every field is granted, of the kind that the catalogue says, and no more exact than
    /// granted.
    pub fn within(&self, detail: &Detail) -> bool {
        let spec = detail.category.spec();
        self.fields.iter().all(|(path, value)| {
            detail
                .fields
                .get(path)
                .zip(spec.kind_of(path))
                .is_some_and(|(precision, kind)| kind.accepts_at(*precision, value))
        })
    }

    /// Whether the other side will read it: neither too many values nor nested too deeply.
    pub fn within_limits(&self) -> bool {
        self.fields.values().map(Value::count).sum::<usize>() <= limits::VALUES_MAX
            && self.fields.values().all(Value::within_depth)
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
/// Padmé (at most 12 % more, and about log2(log2 length) bits of the length revealed).
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
    use crate::{
        catalogue::{Category, Precision},
        terms::TimeRange,
    };

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

    fn field(path: &str, value: Value) -> Payload {
        Payload {
            fields: [(path.to_owned(), value)].into(),
        }
    }

    #[test]
    fn a_payload_is_within_its_detail_when_field_kind_and_precision_are() {
        let detail = Detail {
            category: Category::Receipts,
            fields: [("brand", Precision::Exact), ("purchased_at", Precision::Month)]
                .map(|(path, precision)| (path.to_owned(), precision))
                .into(),
            time_range: TimeRange::default(),
        };
        let text = |text: &str| Value::Text(text.into());
        assert!(field("brand", text("Acme")).within(&detail));
        assert!(field("purchased_at", text("2026-11")).within(&detail));
        assert!(!field("currency", text("EUR")).within(&detail), "not granted");
        assert!(
            !field("purchased_at", text("20261121")).within(&detail),
            "too exact"
        );
        assert!(
            !field("brand", Value::Float(f64::NAN)).within(&detail),
            "not a text"
        );
        assert!(
            !field("brand", Value::Map(BTreeMap::new())).within(&detail),
            "not a text"
        );
    }

    #[test]
    fn values_are_counted_over_all_fields_of_a_payload() {
        let half = Value::List(vec![Value::Null; limits::VALUES_MAX / 2]);
        let one = field("a", half.clone());
        assert!(one.within_limits() && Payload::from_bytes(&one.to_bytes()).is_ok());
        let mut two = one;
        two.fields.insert("b".into(), half);
        assert!(!two.within_limits() && Payload::from_bytes(&two.to_bytes()).is_err());
    }

    #[test]
    fn a_field_that_appears_twice_is_an_error() {
        assert!(Payload::from_bytes(&[1, 1, b'a', 0]).is_ok());
        assert!(Payload::from_bytes(&[2, 1, b'a', 0, 1, b'a', 0]).is_err());
        assert!(
            Payload::from_bytes(&[2, 1, b'b', 0, 1, b'a', 0]).is_err(),
            "not sorted"
        );
    }

    #[test]
    fn a_number_that_is_none_keeps_its_bits() {
        let bits = 0x7ff8_dead_beef_0001u64.to_le_bytes();
        let bytes = [[1, 1, b'a', 4].as_slice(), &bits].concat();
        assert_eq!(Payload::from_bytes(&bytes).unwrap().to_bytes(), bytes);
    }

    #[test]
    fn bytes_without_padding_are_an_error() {
        assert!(unpad(vec![]).is_err() && unpad(vec![0; 32]).is_err() && unpad(vec![1, 2, 3]).is_err());
    }
}
