//! Secrets as text: letters and digits only, so that a double click selects them.

use sha2::{Digest as _, Sha256};
use vault_wire::Digest;
use zeroize::Zeroizing;

use crate::entropy::Entropy;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Characters of a secret: 43 carry 256 bits.
pub(super) const SECRET_CHARS: usize = 43;
/// Characters of a checksum: 6 carry 32 bits.
pub(super) const CHECKSUM_CHARS: usize = 6;

/// Random text of so many characters, each as likely as any other.
pub(super) fn random(entropy: &mut Entropy, chars: usize) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(chars));
    while text.len() < chars {
        for byte in Zeroizing::new(entropy.bytes::<64>()).iter() {
            // 248 is the greatest multiple of 62 in a byte: what lies beyond would favour some characters.
            if *byte < 248 && text.len() < chars {
                text.push(char::from(ALPHABET[usize::from(*byte % 62)]));
            }
        }
    }
    text
}

/// SHA-256, which is all that is kept of a secret with 256 random bits.
pub(super) fn hash(secret: &str) -> Digest {
    Sha256::digest(secret.as_bytes()).into()
}

/// A checksum by which a secret scanner tells a key from noise, without asking anybody.
pub(super) fn checksum(text: &str) -> String {
    let digest = hash(text);
    let mut number = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    let mut chars = [0; CHECKSUM_CHARS];
    for char in chars.iter_mut().rev() {
        *char = ALPHABET[(number % 62) as usize];
        number /= 62;
    }
    chars.map(char::from).iter().collect()
}

#[cfg(test)]
mod tests {
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    use super::*;

    #[test]
    fn secrets_have_their_length_and_use_every_character() {
        let mut entropy = Entropy::new(ChaCha20Rng::from_seed([1; 32]));
        assert_eq!(random(&mut entropy, SECRET_CHARS).len(), SECRET_CHARS);
        let many = random(&mut entropy, 10_000);
        assert!(ALPHABET.iter().all(|c| many.as_bytes().contains(c)));
    }

    #[test]
    fn a_checksum_has_six_characters_and_depends_on_all_of_the_text() {
        assert_eq!(checksum("pv_live_a").len(), CHECKSUM_CHARS);
        assert_ne!(checksum("pv_live_a"), checksum("pv_live_b"));
    }
}
