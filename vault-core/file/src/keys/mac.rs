//! The header's keyed MAC and plain checksum.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{KEY_BYTES, Key};

/// HMAC-SHA-256.
pub(crate) fn authenticate(key: &Key, message: &[u8]) -> [u8; 32] {
    // HMAC pads a short key with zeros to the block of its hash; padding it here avoids a fallible call.
    let mut block = Zeroizing::new([0; 64]);
    block[..KEY_BYTES].copy_from_slice(key.as_bytes());
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// SHA-256: tells accidental damage from a wrong secret, and protects against nothing else.
pub(crate) fn checksum(message: &[u8]) -> [u8; 32] {
    Sha256::digest(message).into()
}

/// Compares without telling by its timing where two values differ.
pub(crate) fn equal(left: &[u8; 32], right: &[u8; 32]) -> bool {
    left.ct_eq(right).into()
}
