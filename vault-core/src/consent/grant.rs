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
    /// When it ends by itself, as far as this device knows: a grant until it is withdrawn has to be
    /// confirmed within 365 days.
    pub expires_at: Option<Timestamp>,
    /// The running grant whose place it takes, or took, once the server has it.
    pub amends: Option<GrantId>,
    /// The grant that took its place.
    pub superseded_by: Option<GrantId>,
    /// When it ended, by the owner's word.
    pub ended_at: Option<Timestamp>,
    /// Whether it was given on another device, and its key is not here: nothing is sent under it before it is
    /// resumed.
    pub keyless: bool,
    /// Whether the owner's last word still waits to reach the server.
    pub undelivered: bool,
}

/// Where a grant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GrantState {
    /// The developer may read.
    Active,
    /// The owner suspended it: nothing is read or sent, and what is there stays.
    Paused,
    /// It ended by its own terms: its time is over, or its one read was made.
    Expired,
    /// Another grant took its place.
    Superseded,
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
    /// Number of the statement that set the extent.
    pub(crate) extent_number: u64,
    /// The last key that this copy of the vault made. The one in force may be another copy's.
    pub(crate) key: StoredGrantKey,
    /// The generation that it was made for.
    pub(crate) key_generation: u32,
    /// Whether the key is on another device: this one only knows of the grant.
    pub(crate) keyless: bool,
    /// The key of the last generation that the server accepted, until it accepts the next.
    pub(crate) former_key: Option<StoredGrantKey>,
    pub(crate) created_at: Timestamp,
    /// When it was given or last renewed.
    pub(crate) confirmed_at: Timestamp,
    /// The grant that it amends.
    pub(crate) amends: Option<GrantId>,
    pub(crate) superseded_by: Option<GrantId>,
    pub(crate) ended_at: Option<Timestamp>,
    /// Number of the last statement that was made.
    pub(crate) statement: u64,
    /// Number of the last statement that the server acknowledged.
    pub(crate) acknowledged: u64,
}

/// The key of one generation; zeros once it is destroyed.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct StoredGrantKey([u8; 32]);

impl StoredGrantKey {
    pub(crate) fn of(key: &GrantKey) -> Self {
        Self(*key.as_bytes())
    }

    pub(crate) const fn destroyed() -> Self {
        Self([0; 32])
    }

    const fn key(&self) -> GrantKey {
        GrantKey::from_bytes(self.0)
    }
}

impl GrantRow {
    /// Whether the owner took it back.
    pub(crate) const fn is_withdrawn(&self) -> bool {
        matches!(self.state, GrantState::Withdrawn | GrantState::Erased)
    }

    /// Where it stands now.
    pub(crate) fn state_at(&self, now: Timestamp) -> GrantState {
        match self.ends_at() {
            Some(end) if self.state.is_running() && end <= now => GrantState::Expired,
            _ => self.state,
        }
    }

    /// When it ends by itself.
    pub(crate) fn ends_at(&self) -> Option<Timestamp> {
        self.extent.terms.duration.ends_at(self.confirmed_at)
    }

    /// Whether the owner said no, and never yes.
    pub(crate) const fn is_refusal(&self) -> bool {
        self.extent.generation == 0
    }

    /// The key that an extent of this grant commits to, if this copy of the vault has it.
    pub(crate) fn key_of(&self, id: GrantId, extent: &Extent) -> Option<GrantKey> {
        [Some(&self.key), self.former_key.as_ref()]
            .into_iter()
            .flatten()
            .map(StoredGrantKey::key)
            .find(|key| key.commitment(id, extent.generation) == extent.key)
    }

    /// Whether it is to go on here, and this copy has no key for what is in force. It was cut off while it was
    /// told what another copy said.
    pub(crate) fn lacks_key(&self, id: GrantId) -> bool {
        self.state.is_running() && !self.keyless && self.key_of(id, &self.extent).is_none()
    }

    /// Whether its entries may be sent now: it is active, and the server has the statement that set its
    /// extent.
    pub(crate) fn exports(&self, now: Timestamp) -> bool {
        self.state_at(now) == GrantState::Active && !self.keyless && self.acknowledged >= self.extent_number
    }

    /// Nothing is sealed any more.
    pub(crate) fn destroy_keys(&mut self) {
        self.key = StoredGrantKey::destroyed();
        self.former_key = None;
    }

    /// It is over: no key is needed any more, and nothing waits for the server.
    pub(crate) fn end(&mut self, state: GrantState, now: Timestamp) {
        self.state = state;
        self.ended_at = self.ended_at.or(Some(now));
        self.destroy_keys();
        self.acknowledged = self.statement;
    }

    fn shown(&self, id: GrantId, app: AppIdentity, now: Timestamp) -> Grant {
        Grant {
            id,
            app,
            request: self.request,
            state: self.state_at(now),
            terms: self.extent.terms.clone(),
            created_at: self.created_at,
            expires_at: self.ends_at(),
            amends: self.amends,
            superseded_by: self.superseded_by,
            ended_at: self.ended_at,
            keyless: self.keyless && self.state.is_running(),
            undelivered: self.acknowledged < self.statement
                && !matches!(self.state, GrantState::NotAccepted(_)),
        }
    }
}

impl GrantState {
    /// Whether it is not over.
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Active | Self::Paused)
    }
}

/// One grant.
pub(crate) fn grant(view: &Snapshot, id: GrantId, now: Timestamp) -> Result<Grant, Error> {
    let row = row(view, id)?.filter(|row| row.state != GrantState::Refused);
    shown(view, id, &row.ok_or(Error::NotFound("grant"))?, now)
}

/// Every grant and every refusal as it is stored, in the order of their ids.
pub(crate) fn rows(
    view: &Snapshot,
) -> Result<impl Iterator<Item = Result<(GrantId, GrantRow), Error>>, Error> {
    let rows = view.table(&GRANTS)?.range(..)?;
    Ok(rows.map(|row| {
        let (key, value) = row?;
        let id = key.as_slice().try_into();
        let id = id.map_err(|_| Error::unreadable("a grant"))?;
        Ok((GrantId(id), decode(&value, "a grant")?))
    }))
}

/// Every grant, latest first.
pub(crate) fn grants(view: &Snapshot, now: Timestamp) -> Result<Vec<Grant>, Error> {
    let mut all = Vec::new();
    for row in rows(view)? {
        let (id, row) = row?;
        if row.state == GrantState::Refused {
            continue;
        }
        all.push(shown(view, id, &row, now)?);
    }
    all.sort_by_key(|grant| std::cmp::Reverse(grant.created_at));
    Ok(all)
}

fn shown(view: &Snapshot, id: GrantId, row: &GrantRow, now: Timestamp) -> Result<Grant, Error> {
    let app = apps::identity(view, row.app)?;
    let app = app.ok_or(Error::unreadable("a grant without its application"))?;
    Ok(row.shown(id, app, now))
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
            Self::Paused => "paused",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
            Self::Withdrawn => "withdrawn",
            Self::Erased => "erased",
            Self::NotAccepted(_) => "not accepted",
            Self::Refused => "refused",
        })
    }
}
