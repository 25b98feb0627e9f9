//! Sealed entries: one projected record for one grant, as it travels and as a server keeps it.

use std::fmt;

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload as Sealing},
};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{
    Malformed,
    catalogue::Category,
    grant_key::GrantKey,
    id::{GrantId, RecordId, Slot, truncated},
    labels, limits,
    payload::{Payload, pad, unpad},
};

/// Keyed hash of a projected payload in its slot: equal content has an equal tag there, so an edit that
/// changes nothing granted sends nothing. Unlinkable across slots, grants and generations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentTag(pub [u8; 16]);

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Which record, as this grant shows it.
    pub slot: Slot,
    /// Keyed hash of the payload; zeros for a deletion.
    pub tag: ContentTag,
    /// Revision of the slot: counts from 1 and only rises.
    pub rev: u64,
    /// What becomes of the slot.
    pub body: Body,
}

/// What becomes of a slot. Append-only: the order of variants is part of the wire format.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    /// It holds this sealed payload.
    Put {
        /// The record's category.
        category: Category,
        /// Drawn fresh for every seal.
        nonce: [u8; 24],
        /// XChaCha20-Poly1305 of the padded payload, tag last.
        #[serde(with = "crate::octets")]
        ciphertext: Vec<u8>,
    },
    /// It is empty.
    Delete,
}

/// What an entry is bound to besides itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The grant.
    pub grant: GrantId,
    /// The generation of its key.
    pub generation: u32,
    /// The statement under which the entry was sealed.
    pub statement: u64,
}

/// The secret from which one grant generation's slots and content tags come; wiped when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct GrantSecret([u8; 32]);

/// An entry that does not open: another key, another place, or changed on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// The key is another one, or the entry was moved or changed.
    #[error("the entry does not open: it belongs to another grant or generation, or was changed")]
    NotAuthentic,
    /// It opened, but holds no payload.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A deletion holds nothing to open.
    #[error("a deletion holds no payload")]
    Deletion,
}

impl GrantSecret {
    /// The secret of one grant generation, from a secret of the vault.
    pub fn derive(vault_secret: &[u8; 32], grant: GrantId, generation: u32) -> Self {
        let mut secret = [0; 32];
        let info = [
            labels::GRANT_SECRET.as_bytes(),
            &[0],
            grant.as_bytes(),
            &generation.to_le_bytes(),
        ]
        .concat();
        // 32 bytes are within what HKDF-SHA256 can give (8 160), so this cannot fail.
        let _ = Hkdf::<Sha256>::new(None, vault_secret).expand(&info, &mut secret);
        Self(secret)
    }

    /// The slot under which this grant shows a record.
    pub fn slot(&self, record: RecordId) -> Slot {
        Slot(self.keyed_hash(labels::SLOT, &[record.as_bytes()]))
    }

    /// The content tag of a payload's canonical bytes in a slot.
    pub fn content_tag(&self, slot: Slot, payload_bytes: &[u8]) -> ContentTag {
        ContentTag(self.keyed_hash(labels::CONTENT_TAG, &[&slot.0, payload_bytes]))
    }

    fn keyed_hash(&self, label: &str, parts: &[&[u8]]) -> [u8; 16] {
        // HMAC pads a key with zeros to its block; done here, there is no length to get wrong.
        let mut block = Zeroizing::new([0; 64]);
        block[..32].copy_from_slice(&self.0);
        let mut mac = Hmac::<Sha256>::new(&(*block).into());
        mac.update(label.as_bytes());
        mac.update(&[0]);
        parts.iter().for_each(|part| mac.update(part));
        truncated(&mac.finalize().into_bytes().into())
    }
}

impl Entry {
    /// An entry that puts a payload into its slot.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is bound into the seal; none can be left out"
    )]
    pub fn put(
        key: &GrantKey,
        binding: Binding,
        category: Category,
        slot: Slot,
        tag: ContentTag,
        rev: u64,
        payload_bytes: Vec<u8>,
        rng: &mut impl CryptoRng,
    ) -> Self {
        let mut nonce = [0; 24];
        rng.fill_bytes(&mut nonce);
        let aad = aad(binding, category, slot, rev);
        let padded = pad(payload_bytes);
        // The cipher refuses only messages of 256 GiB; an empty ciphertext opens for nobody.
        let ciphertext = XChaCha20Poly1305::new(key.as_bytes().into())
            .encrypt(
                &XNonce::from(nonce),
                Sealing {
                    msg: &padded,
                    aad: &aad,
                },
            )
            .unwrap_or_default();
        Self {
            slot,
            tag,
            rev,
            body: Body::Put {
                category,
                nonce,
                ciphertext,
            },
        }
    }

    /// An entry that empties its slot.
    pub const fn delete(slot: Slot, rev: u64) -> Self {
        Self {
            slot,
            tag: ContentTag([0; 16]),
            rev,
            body: Body::Delete,
        }
    }

    /// Opens the payload.
    pub fn open(&self, key: &GrantKey, binding: Binding) -> Result<Payload, Unopened> {
        let Body::Put {
            category,
            nonce,
            ciphertext,
        } = &self.body
        else {
            return Err(Unopened::Deletion);
        };
        let aad = aad(binding, *category, self.slot, self.rev);
        let padded = XChaCha20Poly1305::new(key.as_bytes().into())
            .decrypt(
                &XNonce::from(*nonce),
                Sealing {
                    msg: ciphertext,
                    aad: &aad,
                },
            )
            .map_err(|_| Unopened::NotAuthentic)?;
        Ok(Payload::from_bytes(&unpad(padded)?)?)
    }

    /// About how many bytes it takes in a frame.
    pub fn wire_bytes(&self) -> usize {
        let body = match &self.body {
            Body::Put { ciphertext, .. } => 24 + 4 + ciphertext.len(),
            Body::Delete => 0,
        };
        16 + 16 + 10 + 2 + body
    }

    /// Whether its sealed payload is within [`limits::PAYLOAD_BYTES_MAX`] and the tag that follows.
    pub fn within_limits(&self) -> bool {
        match &self.body {
            Body::Put { ciphertext, .. } => (16..=limits::PAYLOAD_BYTES_MAX + 16).contains(&ciphertext.len()),
            Body::Delete => true,
        }
    }
}

/// Everything that an entry is bound to. All of it is returned by the API, so that a developer can
/// rebuild it; no vault id is in it.
fn aad(binding: Binding, category: Category, slot: Slot, rev: u64) -> Vec<u8> {
    [
        labels::ENTRY.as_bytes(),
        &[0],
        binding.grant.as_bytes(),
        &binding.generation.to_le_bytes(),
        &binding.statement.to_le_bytes(),
        slot.as_bytes(),
        &rev.to_le_bytes(),
        category.name().as_bytes(),
    ]
    .concat()
}

/// Fingerprint of a set of held entries, see [`crate::reconcile::Summary`]. It finds accidents, not
/// attackers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint(pub [u8; 16]);

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put {
                category, ciphertext, ..
            } => write!(f, "Put({category}, {} bytes)", ciphertext.len()),
            Self::Delete => f.write_str("Delete"),
        }
    }
}

impl fmt::Debug for GrantSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GrantSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    use super::*;
    use crate::value::Value;

    const BINDING: Binding = Binding {
        grant: GrantId([1; 16]),
        generation: 1,
        statement: 1,
    };

    fn payload() -> Payload {
        Payload {
            fields: [("brand".to_owned(), Value::Text("Acme".into()))].into(),
        }
    }

    fn sealed(key: &GrantKey) -> Entry {
        let mut rng = ChaCha20Rng::from_seed([5; 32]);
        let secret = GrantSecret::derive(&[2; 32], BINDING.grant, 1);
        let bytes = payload().to_bytes();
        let slot = secret.slot(RecordId([3; 16]));
        let tag = secret.content_tag(slot, &bytes);
        Entry::put(key, BINDING, Category::Receipts, slot, tag, 9, bytes, &mut rng)
    }

    #[test]
    fn an_entry_opens_where_it_was_sealed_for_and_nowhere_else() {
        let key = GrantKey::from_bytes([4; 32]);
        let entry = sealed(&key);
        assert_eq!(entry.open(&key, BINDING), Ok(payload()));
        assert!(entry.open(&GrantKey::from_bytes([5; 32]), BINDING).is_err());
        assert!(
            entry
                .open(
                    &key,
                    Binding {
                        generation: 2,
                        ..BINDING
                    }
                )
                .is_err()
        );
        assert!(
            entry
                .open(
                    &key,
                    Binding {
                        statement: 2,
                        ..BINDING
                    }
                )
                .is_err()
        );
        assert!(
            entry
                .open(
                    &key,
                    Binding {
                        grant: GrantId([2; 16]),
                        ..BINDING
                    }
                )
                .is_err()
        );
        assert!(
            Entry {
                rev: 10,
                ..entry.clone()
            }
            .open(&key, BINDING)
            .is_err()
        );
        assert!(
            Entry {
                slot: Slot([0; 16]),
                ..entry
            }
            .open(&key, BINDING)
            .is_err()
        );
    }

    #[test]
    fn two_grants_show_one_record_under_unlike_slots_and_tags() {
        let one = GrantSecret::derive(&[2; 32], GrantId([1; 16]), 1);
        for other in [
            GrantSecret::derive(&[2; 32], GrantId([2; 16]), 1),
            GrantSecret::derive(&[2; 32], GrantId([1; 16]), 2),
        ] {
            assert_ne!(one.slot(RecordId([3; 16])), other.slot(RecordId([3; 16])));
            let slot = one.slot(RecordId([3; 16]));
            assert_ne!(one.content_tag(slot, b"x"), other.content_tag(slot, b"x"));
        }
    }

    #[test]
    fn equal_content_in_two_slots_has_two_tags() {
        let secret = GrantSecret::derive(&[2; 32], GrantId([1; 16]), 1);
        let slots = [3, 4].map(|record| secret.slot(RecordId([record; 16])));
        assert_ne!(
            secret.content_tag(slots[0], b"x"),
            secret.content_tag(slots[1], b"x")
        );
    }

    #[test]
    fn an_entry_does_not_print_its_payload() {
        let entry = sealed(&GrantKey::from_bytes([4; 32]));
        assert!(!format!("{entry:?}").contains("Acme"));
    }
}
