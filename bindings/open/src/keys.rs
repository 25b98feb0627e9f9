//! An application's keys as PKCS #8 PEM (RFC 8410), which OpenSSL and key stores read as well.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use rand_core::CryptoRng;
use vault_wire::{grant_key::SealingSecretKey, json::hex, signature::SecretKey};
use zeroize::{Zeroize, Zeroizing};

/// `PrivateKeyInfo`, version 0, algorithm, up to the 32 bytes of the key.
const X25519: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20,
];
const ED25519: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// An application's two keys; wiped when dropped.
#[derive(Debug)]
pub struct KeyPair {
    /// Receives grant keys: X25519.
    pub sealing: SealingSecretKey,
    /// Signs consent requests: Ed25519.
    pub signing: SecretKey,
}

/// The public halves, as 64 hexadecimal digits each: what is registered and published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKeys {
    /// Of the sealing key.
    pub sealing: String,
    /// Of the signing key.
    pub signing: String,
}

/// A file that holds no such key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a {kind} private key in PKCS #8 PEM: make one with `vault-open keygen`")]
pub struct InvalidKey {
    kind: &'static str,
}

impl KeyPair {
    /// New keys.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let (mut sealing, mut signing) = ([0; 32], [0; 32]);
        rng.fill_bytes(&mut sealing);
        rng.fill_bytes(&mut signing);
        let keys = Self::from_bytes(sealing, signing);
        sealing.zeroize();
        signing.zeroize();
        keys
    }

    /// The keys behind an X25519 scalar and an Ed25519 seed.
    pub fn from_bytes(sealing: [u8; 32], signing: [u8; 32]) -> Self {
        Self {
            sealing: SealingSecretKey::from_bytes(sealing),
            signing: SecretKey::from_seed(&signing),
        }
    }

    /// What is registered and published.
    pub fn public(&self) -> PublicKeys {
        PublicKeys {
            sealing: hex(&self.sealing.public().0),
            signing: hex(&self.signing.public().0),
        }
    }

    /// The sealing key as PEM.
    pub fn sealing_pem(&self) -> Zeroizing<String> {
        pem(&X25519, self.sealing.as_bytes())
    }

    /// The signing key as PEM.
    pub fn signing_pem(&self) -> Zeroizing<String> {
        pem(&ED25519, &self.signing.seed())
    }
}

/// The sealing key of a PEM text.
///
/// # Errors
/// [`InvalidKey`] if it holds anything else.
pub fn sealing_key_of_pem(text: &str) -> Result<SealingSecretKey, InvalidKey> {
    let key = key_of(text, &X25519).ok_or(InvalidKey { kind: "X25519" })?;
    Ok(SealingSecretKey::from_bytes(*key))
}

/// The signing key of a PEM text.
///
/// # Errors
/// [`InvalidKey`] if it holds anything else.
pub fn signing_key_of_pem(text: &str) -> Result<SecretKey, InvalidKey> {
    let key = key_of(text, &ED25519).ok_or(InvalidKey { kind: "Ed25519" })?;
    Ok(SecretKey::from_seed(&key))
}

fn pem(prefix: &[u8; 16], key: &[u8; 32]) -> Zeroizing<String> {
    let der = Zeroizing::new([prefix.as_slice(), key].concat());
    let body = Zeroizing::new(BASE64.encode(&*der));
    Zeroizing::new(format!("{BEGIN}\n{}\n{END}\n", *body))
}

fn key_of(text: &str, prefix: &[u8; 16]) -> Option<Zeroizing<[u8; 32]>> {
    let body = text.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let joined: Zeroizing<String> = Zeroizing::new(body.split_ascii_whitespace().collect());
    let der = Zeroizing::new(BASE64.decode(joined.as_bytes()).ok()?);
    let key = der.strip_prefix(prefix.as_slice())?.try_into().ok()?;
    Some(Zeroizing::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_from_their_files_and_not_from_each_others() {
        let keys = KeyPair::from_bytes([1; 32], [2; 32]);
        let (sealing, signing) = (keys.sealing_pem(), keys.signing_pem());
        assert_eq!(sealing_key_of_pem(&sealing).unwrap().as_bytes(), &[1; 32]);
        assert_eq!(*signing_key_of_pem(&signing).unwrap().seed(), [2; 32]);
        assert!(sealing_key_of_pem(&signing).is_err() && signing_key_of_pem(&sealing).is_err());
        let folded = sealing.replace("\n", "\r\n");
        assert!(sealing_key_of_pem(&folded).is_ok());
        for broken in ["", BEGIN, &sealing[..40], &sealing.replace('M', "!")] {
            assert!(sealing_key_of_pem(broken).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn the_pem_is_that_of_rfc_8410() {
        // RFC 8410, section 10.3.
        let text = "-----BEGIN PRIVATE KEY-----\n\
            MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
            -----END PRIVATE KEY-----\n";
        let key = signing_key_of_pem(text).unwrap();
        assert_eq!(
            hex(&key.public().0),
            "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"
        );
        let again = KeyPair::from_bytes([0; 32], *key.seed());
        assert_eq!(*again.signing_pem(), text);
    }

    #[test]
    fn secret_keys_do_not_print() {
        let shown = format!("{:?}", KeyPair::from_bytes([0xab; 32], [0xcd; 32]));
        assert!(!shown.contains("171") && !shown.contains("205"), "{shown}");
    }
}
