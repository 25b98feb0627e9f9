//! Canonical bytes: a versioned postcard struct that decodes to one value and encodes back to itself.

use postcard::ser_flavors::Flavor;
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

/// SHA-256 of a document's exact bytes.
pub type Digest = [u8; 32];

/// Bytes from outside that are not what they claim to be. The sender is faulty or newer; asking
/// for the same bytes again does not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed {what}: the sender is faulty or speaks a newer version")]
pub struct Malformed {
    /// What was being decoded.
    pub what: &'static str,
}

impl Malformed {
    pub(crate) const fn new(what: &'static str) -> Self {
        Self { what }
    }
}

/// SHA-256 under a label, so that equal bytes in two roles never share a digest.
pub fn digest(label: &str, bytes: &[u8]) -> Digest {
    let mut hash = Sha256::new();
    hash.update((label.len() as u64).to_le_bytes());
    hash.update(label.as_bytes());
    hash.update(bytes);
    hash.finalize().into()
}

/// Encodes a document. Our documents hold no type that postcard can refuse, so a failure is an
/// empty result, which no decoder accepts.
pub(crate) fn encode<T: Serialize>(document: &T) -> Vec<u8> {
    postcard::to_stdvec(document).unwrap_or_default()
}

/// Decodes a document and insists that these very bytes are its only encoding: two readers of one
/// signed text must never see two meanings, and nothing may hide behind it.
pub(crate) fn decode<T: Serialize + DeserializeOwned>(
    bytes: &[u8],
    what: &'static str,
) -> Result<T, Malformed> {
    let (document, rest) = postcard::take_from_bytes::<T>(bytes).map_err(|_| Malformed::new(what))?;
    if rest.is_empty() && encodes_to(&document, bytes) {
        Ok(document)
    } else {
        Err(Malformed::new(what))
    }
}

/// Whether these very bytes are the value's encoding. Sets no memory aside: it compares as it goes.
pub(crate) fn encodes_to<T: Serialize>(value: &T, bytes: &[u8]) -> bool {
    postcard::serialize_with_flavor(value, Expected(bytes)).is_ok()
}

/// The bytes that are still expected.
struct Expected<'a>(&'a [u8]);

impl Flavor for Expected<'_> {
    type Output = ();

    fn try_extend(&mut self, data: &[u8]) -> postcard::Result<()> {
        let rest = self.0.strip_prefix(data);
        self.0 = rest.ok_or(postcard::Error::SerializeBufferFull)?;
        Ok(())
    }

    fn try_push(&mut self, data: u8) -> postcard::Result<()> {
        self.try_extend(&[data])
    }

    fn finalize(self) -> postcard::Result<()> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(postcard::Error::SerializeBufferFull)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn read<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Option<T> {
        decode(bytes, "test").ok()
    }

    #[test]
    fn a_number_has_one_encoding() {
        assert_eq!(read::<u64>(&[0x05]), Some(5));
        assert_eq!(read::<u64>(&[0x85, 0x00]), None, "one byte more than needed");
        assert_eq!(
            read::<u32>(&[0xff, 0xff, 0xff, 0xff, 0x1f]),
            None,
            "beyond 32 bits"
        );
    }

    #[test]
    fn a_flag_is_zero_or_one() {
        assert_eq!(read::<bool>(&[1]), Some(true));
        assert_eq!(read::<bool>(&[2]), None);
        assert_eq!(read::<Option<u8>>(&[2, 7]), None);
    }

    #[test]
    fn names_are_sorted_and_each_is_there_once() {
        type Names = BTreeMap<String, u8>;
        assert!(read::<Names>(&[2, 1, b'a', 0, 1, b'b', 0]).is_some());
        assert!(read::<Names>(&[2, 1, b'b', 0, 1, b'a', 0]).is_none());
        assert!(read::<Names>(&[2, 1, b'a', 0, 1, b'a', 0]).is_none());
    }

    #[test]
    fn nothing_may_follow() {
        assert_eq!(read::<u8>(&[1, 0]), None);
        assert_eq!(read::<u8>(&[]), None);
    }

    #[test]
    fn digests_under_unlike_labels_differ_wherever_label_and_bytes_are_cut() {
        assert_ne!(digest("ab", b"c"), digest("a", b"bc"));
        assert_ne!(digest("a", b""), digest("", b"a"));
    }
}
