//! Applications that the owner does not want to hear of. The list never leaves the device: a request of a
//! blocked application is taken in like any other and never answered, so that neither the application nor the
//! server can tell it from one that nobody looked at.

use std::collections::{BTreeMap, BTreeSet};

use vault_file::{Snapshot, Transaction};
use vault_wire::{
    frame::{DeliveredRequest, Event},
    id::{AppId, RequestId},
    request::{AppIdentity, ConsentRequest},
    time::Timestamp,
};

use super::{grant::grants, inbox};
use crate::{
    error::Error,
    store::{
        Store, decode, encode,
        tables::{APPS, BLOCKED_APPS, REQUESTS},
    },
};

/// An application that this vault has met.
#[derive(Clone, Debug)]
pub struct KnownApp {
    /// Who it is.
    pub app: AppIdentity,
    /// Since when it is blocked, if it is.
    pub blocked_since: Option<Timestamp>,
    /// Grants of it that run.
    pub running_grants: usize,
    /// Its requests that wait for the owner; those that are held back do not count.
    pub pending_requests: usize,
}

/// Holds back what an application asks from now on, and what it has asked and was not answered. Its running
/// grants stay as they are.
pub(crate) fn block(store: &Store, app: AppId) -> Result<(), Error> {
    let now = store.now();
    store.update(|transaction| {
        if transaction.table(&APPS)?.get(app.as_bytes())?.is_none() {
            return Err(Error::NotFound("application"));
        }
        let mut blocked = transaction.table(&BLOCKED_APPS)?;
        if blocked.get(app.as_bytes())?.is_none() {
            blocked.insert(app.as_bytes(), &encode(&now))?;
        }
        Ok(())
    })
}

/// Shows again what an application asks. Requests that lapsed meanwhile stay lapsed.
pub(crate) fn unblock(store: &Store, app: AppId) -> Result<(), Error> {
    store.update(
        |transaction| match transaction.table(&BLOCKED_APPS)?.remove(app.as_bytes())? {
            true => Ok(()),
            false => Err(Error::NotFound("blocked application")),
        },
    )
}

/// Every application that this vault has met, by name.
pub(crate) fn known_apps(view: &Snapshot, now: Timestamp) -> Result<Vec<KnownApp>, Error> {
    let mut running: BTreeMap<AppId, usize> = BTreeMap::new();
    for grant in grants(view, now)?.iter().filter(|grant| grant.state.is_running()) {
        *running.entry(grant.app.id).or_default() += 1;
    }
    let mut pending: BTreeMap<AppId, usize> = BTreeMap::new();
    for inbox in inbox::requests(view, now)? {
        if inbox.state == inbox::RequestState::Pending {
            *pending.entry(inbox.request.app.id).or_default() += 1;
        }
    }
    let blocked = view.table(&BLOCKED_APPS)?;
    let mut known = Vec::new();
    for row in view.table(&APPS)?.range(..)? {
        let app: AppIdentity = decode(&row?.1, "an application")?;
        let since = blocked.get(app.id.as_bytes())?;
        known.push(KnownApp {
            blocked_since: since
                .map(|since| decode(&since, "a blocked application"))
                .transpose()?,
            running_grants: running.get(&app.id).copied().unwrap_or(0),
            pending_requests: pending.get(&app.id).copied().unwrap_or(0),
            app,
        });
    }
    known.sort_by_cached_key(|known| (known.app.display_name.to_lowercase(), known.app.id));
    Ok(known)
}

/// The applications that are blocked.
pub(super) fn blocked_apps(view: &Snapshot) -> Result<BTreeSet<AppId>, Error> {
    let rows = view.table(&BLOCKED_APPS)?.range(..)?;
    rows.map(|row| {
        let id = row?.0.as_slice().try_into();
        Ok(AppId(id.map_err(|_| Error::unreadable("a blocked application"))?))
    })
    .collect()
}

/// Refuses to decide about what is held back: any answer would tell the application.
pub(super) fn check_not_blocked(transaction: &Transaction, app: AppId) -> Result<(), Error> {
    match transaction.table(&BLOCKED_APPS)?.get(app.as_bytes())? {
        Some(_) => Err(Error::AppBlocked),
        None => Ok(()),
    }
}

/// Whether a notice is about a request that is held back.
pub(crate) fn is_held_back(view: &Snapshot, event: &Event) -> Result<bool, Error> {
    let app = match event {
        Event::Request(DeliveredRequest { bytes, .. }) => app_of(bytes),
        Event::RequestClosed { request, .. } => asked_by(view, *request)?,
        _ => None,
    };
    match app {
        Some(app) => Ok(view.table(&BLOCKED_APPS)?.get(app.as_bytes())?.is_some()),
        None => Ok(false),
    }
}

fn asked_by(view: &Snapshot, id: RequestId) -> Result<Option<AppId>, Error> {
    let is_known = view.table(&REQUESTS)?.get(id.as_bytes())?.is_some();
    match is_known {
        true => Ok(app_of(&inbox::delivered(view, id)?.bytes)),
        false => Ok(None),
    }
}

fn app_of(request: &[u8]) -> Option<AppId> {
    Some(ConsentRequest::from_bytes(request).ok()?.app.id)
}
