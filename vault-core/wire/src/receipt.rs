//! What comes back to the owner: read receipts, refused reads, and erasure receipts.

use serde::{Deserialize, Serialize};

use crate::{
    Digest, Malformed,
    canonical::{decode, digest, encode},
    catalogue::Category,
    frame::Event,
    id::{AppId, ErasureId, GrantId, ReadId, StateId, VaultId},
    labels,
    log::LogProof,
    purpose::Purpose,
    signature::{BadSignature, PublicKey, SecretKey, Signature},
    time::Timestamp,
};

/// One read by a developer, as the owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadReceipt {
    /// The read; the developer has the same id.
    pub id: ReadId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub app: AppId,
    /// Under which grant.
    pub grant: GrantId,
    /// Why.
    pub purpose: Purpose,
    /// Which category.
    pub category: Category,
    /// Which fields were in the answer.
    pub fields: Vec<String>,
    /// How many records were in the answer.
    pub records: u32,
}

/// Attempts to read without consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedReads {
    /// When the last one was.
    pub at: Timestamp,
    /// Who.
    pub app: AppId,
    /// The application's name.
    pub app_name: String,
    /// Which category.
    pub category: Category,
    /// How many since the receipt before.
    pub attempts: u32,
}

/// What a server says it erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    version: u8,
    /// Its id.
    pub id: ErasureId,
    /// The grant.
    pub grant: GrantId,
    /// Digest of the statement that asked for it.
    pub statement: Digest,
    /// How many entries were dropped.
    pub entries: u64,
    /// How many grant keys were destroyed before them, one a generation.
    pub keys: u32,
    /// When it was done.
    pub erased_at: Timestamp,
    /// Until when a backup may still hold sealed entries whose keys are destroyed.
    pub backups_expire_at: Option<Timestamp>,
    /// The server data it speaks of.
    pub state: StateId,
}

/// An erasure receipt as it travels and is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedErasure {
    /// The receipt's exact bytes.
    #[serde(with = "crate::octets")]
    pub bytes: Vec<u8>,
    /// The server's receipt key.
    pub key: PublicKey,
    /// The signature.
    pub signature: Signature,
    /// Proof that the receipt is in the server's log of the vault.
    pub log: LogProof,
}

/// Why what a server signed is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Its bytes are not what they should be.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The signature does not hold.
    #[error(transparent)]
    BadSignature(#[from] BadSignature),
    /// It is signed by a key that is not the server's.
    #[error("it is not signed by the server that this vault is connected to")]
    OtherServer,
    /// The server's log of the vault does not hold it.
    #[error("the server's log does not hold it")]
    NotInLog,
}

impl Erasure {
    /// A receipt for what was just erased.
    #[expect(
        clippy::too_many_arguments,
        reason = "a receipt states every fact, and a builder would let one be forgotten"
    )]
    pub const fn new(
        id: ErasureId,
        grant: GrantId,
        statement: Digest,
        entries: u64,
        keys: u32,
        erased_at: Timestamp,
        backups_expire_at: Option<Timestamp>,
        state: StateId,
    ) -> Self {
        Self {
            version: 1,
            id,
            grant,
            statement,
            entries,
            keys,
            erased_at,
            backups_expire_at,
            state,
        }
    }

    /// Signs it. `take_into_log` tells the vault of the erasure and proves that the notice is in its log.
    ///
    /// # Errors
    ///
    /// Those of `take_into_log`.
    pub fn sign<E>(
        &self,
        receipt_key: &SecretKey,
        take_into_log: impl FnOnce(&Event) -> Result<LogProof, E>,
    ) -> Result<SignedErasure, E> {
        let bytes = encode(self);
        Ok(SignedErasure {
            signature: receipt_key.sign(labels::ERASURE, &bytes),
            key: receipt_key.public(),
            log: take_into_log(&notice_of(self.grant, &bytes))?,
            bytes,
        })
    }
}

/// What a vault is told of an erasure.
fn notice_of(grant: GrantId, receipt: &[u8]) -> Event {
    Event::Erased {
        grant,
        receipt: digest(labels::ERASURE, receipt),
    }
}

impl SignedErasure {
    /// What it says, once the named server's key signed it and its log of this vault holds it.
    pub fn verify(&self, server: &PublicKey, vault: VaultId) -> Result<Erasure, Invalid> {
        if self.key != *server {
            return Err(Invalid::OtherServer);
        }
        self.key.verify(labels::ERASURE, &self.bytes, &self.signature)?;
        let erasure: Erasure = decode(&self.bytes, "erasure receipt")?;
        if erasure.version != 1 {
            return Err(Malformed::new("erasure receipt").into());
        }
        let notice = notice_of(erasure.grant, &self.bytes);
        self.log
            .verify(server, vault, &notice)
            .map_err(|_| Invalid::NotInLog)?;
        Ok(erasure)
    }
}
