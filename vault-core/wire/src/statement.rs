//! Consent statements: what the subject decided, signed by a consent key of the vault. Only the
//! vault can make one. They are kept byte for byte on both sides and are the consent receipts.

use serde::{Deserialize, Serialize};

use crate::{
    Digest, Malformed,
    canonical::{decode, digest, encode},
    grant_key::KeyCommitment,
    id::{AppId, GrantId, SubjectId},
    labels, limits,
    signature::{BadSignature, PublicKey, SecretKey, Signature},
    terms::Terms,
    time::Timestamp,
};

/// What a statement says about its grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    version: u8,
    /// The grant.
    pub grant: GrantId,
    /// The data subject, as the application knows it.
    pub subject: SubjectId,
    /// The application.
    pub app: AppId,
    /// Digest of the consent request's exact bytes.
    pub request: Digest,
    /// Position in the grant's chain, from 1.
    pub number: u64,
    /// Digest of the statement before; zeros for the first. A withdrawal needs none.
    pub previous: Digest,
    /// What happened.
    pub event: Event,
    /// When the subject decided, by the device's clock.
    pub decided_at: Timestamp,
    /// In an answer, the nonce that the server delivered with the request; elsewhere zeros.
    pub delivery_nonce: [u8; 16],
}

/// What a statement says. Append-only: the order of variants is part of the wire format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// Consent was given on these terms, which are within what was asked.
    Given(Extent),
    /// The subject refused.
    Refused,
    /// The terms became narrower.
    Narrowed(Extent),
    /// Reading is suspended.
    Paused,
    /// Reading goes on.
    Resumed,
    /// Consent was withdrawn. Nothing can follow.
    Withdrawn,
    /// Consent was confirmed for longer.
    Renewed(Extent),
}

/// The extent of a grant from one statement on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// What may be read.
    pub terms: Terms,
    /// Which grant key seals the entries; rises whenever what was sent before must no longer be
    /// readable.
    pub generation: u32,
    /// The key of that generation, which travels beside the statement, or later: no other seals its entries.
    pub key: KeyCommitment,
}

/// A statement as it travels and as it is kept: its exact bytes and the signature over them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedStatement {
    /// The statement's exact bytes.
    #[serde(with = "crate::octets")]
    pub bytes: Vec<u8>,
    /// The consent key that signed.
    pub key: PublicKey,
    /// The signature.
    pub signature: Signature,
}

/// Why a statement is not accepted as it stands, before anything is known about its grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Its bytes are not a statement.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The named key did not sign it.
    #[error(transparent)]
    BadSignature(#[from] BadSignature),
}

impl Statement {
    /// The first statement of a grant: the answer to a consent request.
    pub fn answer(
        subject: SubjectId,
        app: AppId,
        request: Digest,
        event: Event,
        decided_at: Timestamp,
        delivery_nonce: [u8; 16],
    ) -> Self {
        Self {
            version: 1,
            grant: GrantId::of_request(&request),
            subject,
            app,
            request,
            number: 1,
            previous: [0; 32],
            event,
            decided_at,
            delivery_nonce,
        }
    }

    /// The statement that follows `before`, whose digest is given.
    pub fn following(before: &Self, before_digest: Digest, event: Event, decided_at: Timestamp) -> Self {
        Self {
            number: before.number.saturating_add(1),
            previous: before_digest,
            event,
            decided_at,
            delivery_nonce: [0; 16],
            ..before.clone()
        }
    }

    /// Signs it.
    pub fn sign(&self, consent_key: &SecretKey) -> SignedStatement {
        let bytes = encode(self);
        SignedStatement {
            signature: consent_key.sign(labels::STATEMENT, &bytes),
            key: consent_key.public(),
            bytes,
        }
    }

    fn sound(&self) -> bool {
        let extent = self.event.extent();
        let terms_sound = extent.is_none_or(|extent| extent.terms.well_formed());
        let opens = matches!(self.event, Event::Given(_) | Event::Refused);
        let nonce_in_place = opens || self.delivery_nonce == [0; 16];
        let in_place = opens == (self.number == 1) && opens == (self.previous == [0; 32]);
        self.version == 1
            && self.number > 0
            && self.grant == GrantId::of_request(&self.request)
            && terms_sound
            && nonce_in_place
            && (in_place || self.event == Event::Withdrawn)
    }
}

impl Event {
    /// The extent that the grant has from here on, if this sets one.
    pub const fn extent(&self) -> Option<&Extent> {
        match self {
            Self::Given(extent) | Self::Narrowed(extent) | Self::Renewed(extent) => Some(extent),
            Self::Refused | Self::Paused | Self::Resumed | Self::Withdrawn => None,
        }
    }
}

impl Extent {
    /// The same generation on other terms.
    pub const fn with_terms(&self, terms: Terms) -> Self {
        Self {
            terms,
            generation: self.generation,
            key: self.key,
        }
    }
}

impl SignedStatement {
    /// What it says, once its signature holds. Whether the key may speak for the vault is for the
    /// caller to check.
    pub fn verify(&self) -> Result<Statement, Invalid> {
        if self.bytes.len() > limits::STATEMENT_BYTES_MAX {
            return Err(Malformed::new("statement").into());
        }
        self.key.verify(labels::STATEMENT, &self.bytes, &self.signature)?;
        let statement: Statement = decode(&self.bytes, "statement")?;
        if statement.sound() {
            Ok(statement)
        } else {
            Err(Malformed::new("statement").into())
        }
    }

    /// The digest that the next statement names.
    pub fn digest(&self) -> Digest {
        digest(labels::STATEMENT, &self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal() -> Statement {
        Statement::answer(
            SubjectId([1; 16]),
            AppId([2; 16]),
            [3; 32],
            Event::Refused,
            Timestamp::from_unix_ms(4),
            [5; 16],
        )
    }

    #[test]
    fn a_statement_reads_back_from_what_was_signed() {
        let signed = refusal().sign(&SecretKey::from_seed(&[1; 32]));
        assert_eq!(signed.verify(), Ok(refusal()));
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        let signed = refusal().sign(&SecretKey::from_seed(&[1; 32]));
        for at in 0..signed.bytes.len() {
            let mut changed = signed.clone();
            changed.bytes[at] ^= 1;
            assert!(changed.verify().is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_grant_other_than_the_requests_own_is_refused() {
        let mut statement = refusal();
        statement.grant = GrantId([9; 16]);
        assert!(statement.sign(&SecretKey::from_seed(&[1; 32])).verify().is_err());
    }

    #[test]
    fn only_an_answer_can_come_first_and_a_withdrawal_can_come_anywhere() {
        let key = SecretKey::from_seed(&[1; 32]);
        let first = refusal();
        let digest = first.sign(&key).digest();
        let paused = Statement::following(&first, digest, Event::Paused, Timestamp::from_unix_ms(6));
        assert_eq!(paused.sign(&key).verify().map(|s| s.number), Ok(2));
        let misplaced = Statement {
            number: 1,
            ..paused.clone()
        };
        assert!(misplaced.sign(&key).verify().is_err());
        let with_a_nonce = Statement {
            delivery_nonce: [5; 16],
            ..paused
        };
        assert!(with_a_nonce.sign(&key).verify().is_err());
        let withdrawn = Statement {
            event: Event::Withdrawn,
            delivery_nonce: [0; 16],
            ..first
        };
        assert!(withdrawn.sign(&key).verify().is_ok());
    }
}
