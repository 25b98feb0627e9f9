//! Identifiers: 16 bytes inside, `prefix_` and 26 characters of Crockford base32 outside.

use std::{fmt, str::FromStr};

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use crate::{canonical::digest, labels, time::Timestamp};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Text that is not an identifier of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid identifier: expected `{prefix}_` and 26 characters of Crockford base32")]
pub struct InvalidId {
    prefix: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub [u8; 16]);

        impl $name {
            /// What its text starts with, before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new identifier that sorts by time of creation (UUID version 7, RFC 9562).
            pub fn fresh(now: Timestamp, rng: &mut impl CryptoRng) -> Self {
                Self(uuid_v7(now, rng))
            }

            /// Its bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", $prefix, base32(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix($prefix)
                    .and_then(|rest| rest.strip_prefix('_'))
                    .and_then(from_base32)
                    .map(Self)
                    .ok_or(InvalidId { prefix: $prefix })
            }
        }
    )*};
}

ids! {
    /// A vault: the hash of its owner's first public key, so nobody else can enrol under it.
    VaultId "vlt";
    /// A record in a vault.
    RecordId "vrec";
    /// A developer's account.
    AccountId "acc";
    /// A developer's application.
    AppId "app";
    /// The public part of an API key.
    KeyId "key";
    /// A session token's public part.
    TokenId "tok";
    /// A data subject as one application sees it (pairwise, OpenID Connect Core section 8).
    SubjectId "sub";
    /// A consent request.
    RequestId "creq";
    /// A grant.
    GrantId "grnt";
    /// A record as one grant shows it: hashed per grant and generation, unlinkable across grants.
    Slot "rec";
    /// One read by a developer.
    ReadId "read";
    /// One HTTPS call.
    CallId "req";
    /// One erasure.
    ErasureId "era";
    /// One life of a vault file: minted anew after a restore or clone.
    Incarnation "inc";
    /// One life of a server's data: minted anew after a restore.
    StateId "state";
    /// One log of a vault at a server: another begins when the server's data was set back.
    LogId "log";
}

impl VaultId {
    /// The id that belongs to an owner's first public key.
    pub fn of_owner(owner_public_key: &[u8; 32]) -> Self {
        Self(truncated(&digest(labels::VAULT_ID, owner_public_key)))
    }
}

impl LogId {
    /// The log that a server keeps of a vault from its first notice on.
    pub fn first_of(vault: VaultId) -> Self {
        Self(truncated(&digest(labels::FIRST_LOG, &vault.0)))
    }
}

impl GrantId {
    /// The grant that answers a consent request: one request, one grant, whichever device decides.
    pub fn of_request(request_digest: &crate::Digest) -> Self {
        Self(truncated(&digest(labels::GRANT_OF_REQUEST, request_digest)))
    }
}

pub(crate) fn truncated(digest: &[u8; 32]) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&digest[..16]);
    short
}

fn uuid_v7(now: Timestamp, rng: &mut impl CryptoRng) -> [u8; 16] {
    let mut bytes = [0; 16];
    rng.fill_bytes(&mut bytes);
    bytes[..6].copy_from_slice(&now.unix_ms().max(0).to_be_bytes()[2..]);
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    bytes
}

/// Crockford base32, most significant bits first: 26 characters carry 128 bits.
fn base32(bytes: &[u8; 16]) -> String {
    let number = u128::from_be_bytes(*bytes);
    (0..26)
        .rev()
        .map(|place| char::from(ALPHABET[((number >> (5 * place)) & 31) as usize]))
        .collect()
}

fn from_base32(text: &str) -> Option<[u8; 16]> {
    if text.len() != 26 {
        return None;
    }
    let mut number: u128 = 0;
    for (place, byte) in text.bytes().enumerate() {
        let digit = crockford_digit(byte)?;
        if place == 0 && digit > 7 {
            return None;
        }
        number = number << 5 | u128::from(digit);
    }
    Some(number.to_be_bytes())
}

/// The value of one Crockford base32 character; lower case and the look-alikes I, L and O are read
/// as Crockford asks.
pub fn crockford_digit(byte: u8) -> Option<u8> {
    let upper = match byte.to_ascii_uppercase() {
        b'I' | b'L' => b'1',
        b'O' => b'0',
        other => other,
    };
    ALPHABET
        .iter()
        .position(|&c| c == upper)
        .and_then(|at| u8::try_from(at).ok())
}

/// The Crockford base32 character of the low five bits.
pub fn crockford_char(digit: u8) -> char {
    char::from(ALPHABET[usize::from(digit & 31)])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    use super::*;

    proptest! {
        #[test]
        fn an_id_reads_back_from_its_text(bytes: [u8; 16]) {
            let id = GrantId(bytes);
            prop_assert_eq!(id.to_string().parse::<GrantId>(), Ok(id));
        }

        #[test]
        fn any_text_is_an_id_or_an_error(text in "\\PC{0,40}") {
            let _ = text.parse::<SubjectId>();
        }
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let id = GrantId([7; 16]).to_string();
        assert!(id.parse::<SubjectId>().is_err());
    }

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        let early = RecordId::fresh(Timestamp::from_unix_ms(1_000), &mut rng);
        let late = RecordId::fresh(Timestamp::from_unix_ms(1_001), &mut rng);
        assert!(early < late && early.to_string() < late.to_string());
    }

    #[test]
    fn look_alike_letters_are_read_as_digits() {
        let id = GrantId([0; 16]);
        assert_eq!(
            id.to_string()
                .replace('0', "o")
                .replace("grnt_o", "grnt_O")
                .parse::<GrantId>(),
            Ok(id)
        );
    }
}
