//! The one place that knows the AEAD: XChaCha20-Poly1305, 24-byte nonces drawn at random for every seal.
//!
//! With 192 random bits no counter has to be remembered, so a restored, cloned or rolled-back file can
//! never repeat a nonce.
//!
//! XChaCha20 is HChaCha20, which turns the key and 16 bytes of the nonce into a key for this one nonce, and
//! ChaCha20-Poly1305 (RFC 8439) under that key with the other 8 bytes. `ring` computes the second part twice
//! as fast as a pure Rust implementation; the bytes are the same.

use std::io;

use chacha20::{R20, hchacha};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, Tag, UnboundKey};
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
pub(crate) struct Cipher(Key);

impl Cipher {
    pub(crate) fn new(key: Key) -> Self {
        Self(key)
    }

    /// Encrypts `bytes` in place and returns the tag.
    pub(crate) fn seal(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        bytes: &mut [u8],
    ) -> Result<[u8; TAG_BYTES], Fault> {
        // Only lengths over 256 GiB are refused; what is sealed here is a page or less.
        let refused = Fault::Io {
            kind: io::ErrorKind::InvalidInput,
            code: None,
        };
        let (key, nonce) = self.for_nonce(nonce).ok_or(refused)?;
        let sealed = key.seal_in_place_separate_tag(nonce, Aad::from(aad), bytes);
        sealed
            .ok()
            .and_then(|tag| tag.as_ref().try_into().ok())
            .ok_or(refused)
    }

    /// Decrypts `bytes` in place. If they do not authenticate, they are wiped.
    pub(crate) fn open(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        bytes: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), Unauthentic> {
        let opened = self.for_nonce(nonce).and_then(|(key, nonce)| {
            key.open_in_place_separate_tag(nonce, Aad::from(aad), Tag::from(*tag), bytes, 0..)
                .ok()
                .map(drop)
        });
        opened.ok_or_else(|| {
            bytes.zeroize();
            Unauthentic
        })
    }

    /// The key that serves this nonce alone, and what is left of the nonce.
    fn for_nonce(&self, nonce: &[u8; NONCE_BYTES]) -> Option<(LessSafeKey, Nonce)> {
        let (for_key, rest) = nonce.split_first_chunk::<16>()?;
        let mut subkey = hchacha::<R20>(self.0.as_bytes().into(), for_key.into());
        let key = UnboundKey::new(&CHACHA20_POLY1305, &subkey);
        subkey.zeroize();
        let mut short = [0; 12];
        short[4..].copy_from_slice(rest);
        Some((LessSafeKey::new(key.ok()?), Nonce::assume_unique_for_key(short)))
    }
}

#[cfg(test)]
mod tests {
    use chacha20poly1305::aead::{AeadInOut, KeyInit};
    use chacha20poly1305::{XChaCha20Poly1305, XNonce};
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    use super::*;

    fn random_key(rng: &mut ChaCha20Rng) -> Key {
        let mut key = Key::zeroed();
        rng.fill_bytes(key.as_mut_bytes());
        key
    }

    #[test]
    fn the_bytes_are_those_of_another_implementation() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        for len in [0, 1, 15, 16, 17, 63, 64, 65, 255, 4056, 4096] {
            let key = random_key(&mut rng);
            let (mut nonce, mut aad, mut plain) = ([0; 24], vec![0; len % 70], vec![0; len]);
            rng.fill_bytes(&mut nonce);
            rng.fill_bytes(&mut aad);
            rng.fill_bytes(&mut plain);

            let mut expected = plain.clone();
            let expected_tag = XChaCha20Poly1305::new(key.as_bytes().into())
                .encrypt_inout_detached(&XNonce::from(nonce), &aad, expected.as_mut_slice().into())
                .unwrap();
            let mut sealed = plain.clone();
            let cipher = Cipher::new(key);
            let tag = cipher.seal(&nonce, &aad, &mut sealed).unwrap();
            assert_eq!((&sealed, &tag[..]), (&expected, &expected_tag[..]), "{len} bytes");

            cipher.open(&nonce, &aad, &mut sealed, &tag).unwrap();
            assert_eq!(sealed, plain, "{len} bytes");
        }
    }

    /// draft-irtf-cfrg-xchacha-03, appendix A.3.1.
    #[test]
    fn the_vector_of_the_specification_holds() {
        let mut key = Key::zeroed();
        (0x80..)
            .zip(key.as_mut_bytes())
            .for_each(|(value, byte)| *byte = value);
        let nonce: [u8; 24] = std::array::from_fn(|index| 0x40 + u8::try_from(index).unwrap());
        let aad = [
            0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7,
        ];
        let mut text = *b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for \
                          the future, sunscreen would be it.";
        let tag = Cipher::new(key).seal(&nonce, &aad, &mut text).unwrap();
        assert_eq!(text[..8], [0xbd, 0x6d, 0x17, 0x9d, 0x3e, 0x83, 0xd4, 0x3b]);
        let expected = [
            0xc0, 0x87, 0x59, 0x24, 0xc1, 0xc7, 0x98, 0x79, 0x47, 0xde, 0xaf, 0xd8, 0x78, 0x0a, 0xcf, 0x49,
        ];
        assert_eq!(tag, expected);
    }

    /// Project Wycheproof: edge cases of the polynomial, counters that wrap, and every way to forge a tag.
    #[test]
    fn the_vectors_of_wycheproof_hold() {
        use wycheproof::{TestResult, aead};
        let set = aead::TestSet::load(aead::TestName::XChaCha20Poly1305).unwrap();
        let (mut opened, mut refused) = (0, 0);
        for group in set.test_groups {
            for test in group.tests {
                let (Ok(nonce), Ok(tag)) = (test.nonce[..].try_into(), test.tag[..].try_into()) else {
                    // The types rule out a nonce or a tag of another length.
                    assert_eq!(test.result, TestResult::Invalid, "case {}", test.tc_id);
                    continue;
                };
                let mut key = Key::zeroed();
                key.as_mut_bytes().copy_from_slice(&test.key);
                let cipher = Cipher::new(key);
                let mut bytes = test.ct.to_vec();
                match cipher.open(nonce, &test.aad, &mut bytes, tag) {
                    Ok(()) => {
                        assert_ne!(test.result, TestResult::Invalid, "case {}", test.tc_id);
                        assert_eq!(bytes, test.pt[..], "case {}", test.tc_id);
                        let sealed = cipher.seal(nonce, &test.aad, &mut bytes).unwrap();
                        assert_eq!((&bytes[..], &sealed), (&test.ct[..], tag), "case {}", test.tc_id);
                        opened += 1;
                    }
                    Err(Unauthentic) => {
                        assert_eq!(test.result, TestResult::Invalid, "case {}", test.tc_id);
                        refused += 1;
                    }
                }
            }
        }
        assert!(opened > 100 && refused > 50, "{opened} opened, {refused} refused");
    }

    #[test]
    fn bytes_that_do_not_authenticate_are_wiped() {
        let cipher = Cipher::new(random_key(&mut ChaCha20Rng::seed_from_u64(2)));
        let mut bytes = *b"a page";
        let mut tag = cipher.seal(&[3; 24], b"", &mut bytes).unwrap();
        tag[0] ^= 1;
        assert!(cipher.open(&[3; 24], b"", &mut bytes, &tag).is_err());
        assert_eq!(bytes, [0; 6]);
    }
}
