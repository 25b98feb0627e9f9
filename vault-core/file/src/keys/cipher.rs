//! The one place that knows the AEAD: XChaCha20-Poly1305, 24-byte nonces drawn at random for every seal.
//!
//! With 192 random bits no counter has to be remembered, so a restored, cloned or rolled-back file can
//! never repeat a nonce.

use std::io;

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use zeroize::Zeroize;

use super::Key;
use crate::error::Fault;

/// Bytes in a nonce.
pub(crate) const NONCE_BYTES: usize = 24;
/// Bytes in an authentication tag.
pub(crate) const TAG_BYTES: usize = 16;

/// The bytes do not authenticate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unauthentic;

/// Seals and opens in place under one key.
pub(crate) struct Cipher(XChaCha20Poly1305);

impl Cipher {
    pub(crate) fn new(key: &Key) -> Self {
        Self(XChaCha20Poly1305::new(key.as_bytes().into()))
    }

    /// Encrypts `bytes` in place and returns the tag.
    pub(crate) fn seal(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        bytes: &mut [u8],
    ) -> Result<[u8; TAG_BYTES], Fault> {
        match self
            .0
            .encrypt_inout_detached(&XNonce::from(*nonce), aad, bytes.into())
        {
            Ok(tag) => Ok(tag.into()),
            // Only lengths over 256 GiB are refused; what is sealed here is a page or less.
            Err(_) => Err(Fault::Io {
                kind: io::ErrorKind::InvalidInput,
                code: None,
            }),
        }
    }

    /// Decrypts `bytes` in place. If they do not authenticate, they are wiped.
    pub(crate) fn open(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        bytes: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), Unauthentic> {
        self.0
            .decrypt_inout_detached(&XNonce::from(*nonce), aad, (&mut *bytes).into(), &Tag::from(*tag))
            .map_err(|_| {
                bytes.zeroize();
                Unauthentic
            })
    }
}
