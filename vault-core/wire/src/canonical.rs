//! Canonical bytes: a versioned postcard struct that decodes to one value and encodes back to itself.

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
    if !rest.is_empty() || encode(&document) != bytes {
        return Err(Malformed::new(what));
    }
    Ok(document)
}
