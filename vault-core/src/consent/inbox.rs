//! The inbox: consent requests that reached this vault, and what became of them.

use std::fmt;

use serde::{Deserialize, Serialize};
use vault_file::{Snapshot, Transaction};
use vault_wire::{
    frame::{Closed, DeliveredRequest},
    id::RequestId,
    request::ConsentRequest,
    time::Timestamp,
};

use super::{
    amendment::{self, Amendment},
    apps, blocking,
    voucher::{Voucher, pin},
};
use crate::{
    error::Error,
    store::{Store, decode, encode, tables::REQUESTS},
};

/// A consent request in the inbox.
#[derive(Clone, Debug)]
pub struct InboxRequest {
    /// What is asked.
    pub request: ConsentRequest,
    /// When it reached this vault.
    pub received_at: Timestamp,
    /// Where it stands.
    pub state: RequestState,
    /// What it would change, if it amends a grant that runs here.
    pub amendment: Option<Amendment>,
    /// Who vouches for the one that asks.
    pub voucher: Voucher,
}

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RequestState {
    /// It waits for the owner.
    Pending,
    /// The owner agreed.
    Approved,
    /// The owner refused.
    Rejected,
    /// Nobody answered in time.
    Expired,
    /// The developer took it back.
    Cancelled,
    /// Another request replaced it.
    Superseded,
    /// It only took something away from a running grant, and was applied at once.
    Applied,
}

/// A request as it is stored.
#[derive(Serialize, Deserialize)]
pub(super) struct RequestRow {
    pub(super) delivered: DeliveredRequest,
    pub(super) received_at: Timestamp,
    pub(super) state: RequestState,
}

impl RequestState {
    /// Whether it came to something in this vault.
    const fn is_answered(self) -> bool {
        matches!(self, Self::Approved | Self::Rejected | Self::Applied)
    }
}

impl RequestRow {
    pub(super) fn request(&self) -> Result<ConsentRequest, Error> {
        Ok(ConsentRequest::from_bytes(&self.delivered.bytes)?)
    }

    fn shown(self, view: &Snapshot, now: Timestamp) -> Result<InboxRequest, Error> {
        let request = self.request()?;
        let voucher = Voucher::of(&self.delivered, &request, pin(view, request.app.id)?.as_ref());
        let lapsed = self.state == RequestState::Pending && now > request.expires_at;
        let state = if lapsed { RequestState::Expired } else { self.state };
        let amendment = match request.amends {
            Some(grant) => Amendment::of(view, grant, &request, now)?,
            None => None,
        };
        Ok(InboxRequest {
            amendment,
            request,
            received_at: self.received_at,
            state,
            voucher,
        })
    }
}

/// Takes a delivered request in. One that cannot be read is passed over: it can never be answered. One
/// that only takes something away from a running grant is applied at once.
pub(super) fn receive(
    store: &Store,
    transaction: &Transaction,
    delivered: &DeliveredRequest,
) -> Result<(), Error> {
    let Ok(request) = ConsentRequest::from_bytes(&delivered.bytes) else {
        return Ok(());
    };
    if transaction
        .table(&REQUESTS)?
        .get(request.id.as_bytes())?
        .is_some()
    {
        return Ok(());
    }
    apps::remember(transaction, &request.app)?;
    let state = match amendment::apply_narrowing(store, transaction, &request)? {
        true => RequestState::Applied,
        false => RequestState::Pending,
    };
    let row = RequestRow {
        delivered: delivered.clone(),
        received_at: store.now(),
        state,
    };
    transaction
        .table(&REQUESTS)?
        .insert(request.id.as_bytes(), &encode(&row))?;
    Ok(())
}

/// Keeps a request that the owner agreed to on another copy of this vault.
pub(super) fn answered_elsewhere(
    transaction: &Transaction,
    delivered: &DeliveredRequest,
    request: &ConsentRequest,
    now: Timestamp,
) -> Result<(), Error> {
    apps::remember(transaction, &request.app)?;
    let row = RequestRow {
        delivered: delivered.clone(),
        received_at: now,
        state: RequestState::Approved,
    };
    transaction
        .table(&REQUESTS)?
        .insert(request.id.as_bytes(), &encode(&row))?;
    Ok(())
}

/// Closes a request that ended without this vault's decision.
pub(super) fn close(transaction: &Transaction, id: RequestId, how: Closed) -> Result<(), Error> {
    let state = match how {
        Closed::Cancelled => RequestState::Cancelled,
        Closed::Expired => RequestState::Expired,
        Closed::Superseded => RequestState::Superseded,
    };
    match load(transaction, id) {
        Ok(row) if row.state == RequestState::Pending => set_state(transaction, id, row, state),
        Ok(_) | Err(Error::NotFound(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Every request, latest first, but for those of blocked applications that were not answered here.
pub(crate) fn requests(view: &Snapshot, now: Timestamp) -> Result<Vec<InboxRequest>, Error> {
    let blocked = blocking::blocked_apps(view)?;
    let mut shown = all_requests(view, now)?;
    shown.retain(|inbox| inbox.state.is_answered() || !blocked.contains(&inbox.request.app.id));
    Ok(shown)
}

/// Every request, held back or not, latest first.
pub(super) fn all_requests(view: &Snapshot, now: Timestamp) -> Result<Vec<InboxRequest>, Error> {
    let rows = view.table(&REQUESTS)?.range(..)?.rev();
    rows.map(|row| decode::<RequestRow>(&row?.1, "a consent request")?.shown(view, now))
        .collect()
}

/// One request.
pub(crate) fn request(view: &Snapshot, id: RequestId, now: Timestamp) -> Result<InboxRequest, Error> {
    let row = view
        .table(&REQUESTS)?
        .get(id.as_bytes())?
        .ok_or(Error::NotFound("consent request"))?;
    decode::<RequestRow>(&row, "a consent request")?.shown(view, now)
}

/// A request as it was delivered.
pub(super) fn delivered(view: &Snapshot, id: RequestId) -> Result<DeliveredRequest, Error> {
    let row = view.table(&REQUESTS)?.get(id.as_bytes())?;
    let row: RequestRow = decode(
        &row.ok_or(Error::NotFound("consent request"))?,
        "a consent request",
    )?;
    Ok(row.delivered)
}

/// What a request asked, within a transaction.
pub(super) fn asked(transaction: &Transaction, id: RequestId) -> Result<ConsentRequest, Error> {
    load(transaction, id)?.request()
}

/// A request that the owner can still answer.
pub(super) fn answerable(
    transaction: &Transaction,
    id: RequestId,
    now: Timestamp,
) -> Result<RequestRow, Error> {
    let row = load(transaction, id)?;
    let request = row.request()?;
    blocking::check_not_blocked(transaction, request.app.id)?;
    let lapsed = now > request.expires_at;
    match row.state {
        RequestState::Pending if lapsed => Err(Error::RequestClosed(RequestState::Expired)),
        RequestState::Pending => Ok(row),
        closed => Err(Error::RequestClosed(closed)),
    }
}

pub(super) fn set_state(
    transaction: &Transaction,
    id: RequestId,
    row: RequestRow,
    state: RequestState,
) -> Result<(), Error> {
    transaction
        .table(&REQUESTS)?
        .insert(id.as_bytes(), &encode(&RequestRow { state, ..row }))?;
    Ok(())
}

fn load(transaction: &Transaction, id: RequestId) -> Result<RequestRow, Error> {
    let row = transaction
        .table(&REQUESTS)?
        .get(id.as_bytes())?
        .ok_or(Error::NotFound("consent request"))?;
    decode(&row, "a consent request")
}

impl fmt::Display for RequestState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
            Self::Applied => "applied",
        })
    }
}
