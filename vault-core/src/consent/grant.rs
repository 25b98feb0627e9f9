//! Grants: what the owner allowed, to whom, and where it stands.

use std::fmt;

use serde::{Deserialize, Serialize};
use vault_file::{Snapshot, Transaction};
use vault_wire::{
    Digest,
    frame::StatementRefusal,
    grant_key::GrantKey,
    id::{AppId, GrantId, RequestId, SubjectId},
    request::AppIdentity,
    statement::Extent,
    terms::Terms,
    time::Timestamp,
};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::apps;
use crate::{
    error::Error,
    store::{decode, encode, tables::GRANTS},
};

/// A grant, as the owner sees it.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Who may read.
    pub app: AppIdentity,
    /// The request that it answers.
    pub request: RequestId,
    /// Where it stands.
    pub state: GrantState,
    /// What may be read, why and until when.
    pub terms: Terms,
    /// When the owner agreed.
    pub created_at: Timestamp,
    /// When it ended, by the owner's word.
    pub ended_at: Option<Timestamp>,
    /// Whether the owner's last word still waits to reach the server.
    pub undelivered: bool,
}

/// Where a grant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GrantState {
    /// The developer may read.
    Active,
    /// It ended by its own terms: its time is over, or its one read was made.
    Expired,
    /// The owner took it back; the server has not yet confirmed the erasure.
    Withdrawn,
    /// The owner took it back, and the server confirmed the erasure.
    Erased,
    /// The server did not accept it: it never came into force.
    NotAccepted(StatementRefusal),
    /// The owner refused, so there is no grant; kept until the server has the refusal, never listed.
    Refused,
}

/// A grant as it is stored.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct GrantRow {
    pub(crate) app: AppId,
    pub(crate) subject: SubjectId,
    pub(crate) request: RequestId,
    pub(crate) request_digest: Digest,
    pub(crate) state: GrantState,
    pub(crate) extent: Extent,
    pub(crate) key: StoredGrantKey,
    pub(crate) created_at: Timestamp,
    pub(crate) ended_at: Option<Timestamp>,
    /// Number of the last statement that was made.
    pub(crate) statement: u64,
    /// Number of the last statement that the server acknowledged.
    pub(crate) acknowledged: u64,
}

/// The key of the grant's present generation; zeros once it is destroyed.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct StoredGrantKey([u8; 32]);

impl StoredGrantKey {
    pub(crate) fn of(key: &GrantKey) -> Self {
        Self(*key.as_bytes())
    }

    pub(crate) const fn destroyed() -> Self {
        Self([0; 32])
    }

    pub(crate) const fn key(&self) -> GrantKey {
        GrantKey::from_bytes(self.0)
    }
}

impl GrantRow {
    /// Where it stands now.
    pub(crate) fn state_at(&self, now: Timestamp) -> GrantState {
        match self.extent.terms.duration.expires_at() {
            Some(end) if self.state == GrantState::Active && end <= now => GrantState::Expired,
            _ => self.state,
        }
    }

    fn shown(&self, id: GrantId, app: AppIdentity, now: Timestamp) -> Grant {
        Grant {
            id,
            app,
            request: self.request,
            state: self.state_at(now),
            terms: self.extent.terms.clone(),
            created_at: self.created_at,
            ended_at: self.ended_at,
            undelivered: self.acknowledged < self.statement
                && !matches!(self.state, GrantState::NotAccepted(_)),
        }
    }
}

/// Every grant, latest first.
pub(crate) fn grants(view: &Snapshot, now: Timestamp) -> Result<Vec<Grant>, Error> {
    let mut all = Vec::new();
    for row in view.table(&GRANTS)?.range(..)? {
        let (key, value) = row?;
        let id = GrantId(
            key.as_slice()
                .try_into()
                .map_err(|_| Error::unreadable("a grant"))?,
        );
        let row: GrantRow = decode(&value, "a grant")?;
        if row.state == GrantState::Refused {
            continue;
        }
        let app =
            apps::identity(view, row.app)?.ok_or(Error::unreadable("a grant without its application"))?;
        all.push(row.shown(id, app, now));
    }
    all.sort_by_key(|grant| std::cmp::Reverse(grant.created_at));
    Ok(all)
}

/// One grant as it is stored.
pub(crate) fn row(view: &Snapshot, id: GrantId) -> Result<Option<GrantRow>, Error> {
    view.table(&GRANTS)?
        .get(id.as_bytes())?
        .map(|row| decode(&row, "a grant"))
        .transpose()
}

/// One grant, to be changed within a transaction.
pub(crate) fn load_grant(transaction: &Transaction, id: GrantId) -> Result<GrantRow, Error> {
    let row = transaction
        .table(&GRANTS)?
        .get(id.as_bytes())?
        .ok_or(Error::NotFound("grant"))?;
    decode(&row, "a grant")
}

/// Keeps a grant.
pub(crate) fn store_grant(transaction: &Transaction, id: GrantId, row: &GrantRow) -> Result<(), Error> {
    transaction.table(&GRANTS)?.insert(id.as_bytes(), &encode(row))?;
    Ok(())
}

impl fmt::Display for GrantState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Erased => "erased",
            Self::NotAccepted(_) => "not accepted",
            Self::Refused => "refused",
        })
    }
}
