//! Asking the domains of those who ask. The only part of consent that needs a network, and nothing
//! else waits for it.

use std::collections::BTreeMap;

use vault_file::Snapshot;
use vault_wire::{domain::AppDomain, id::AppId, request::AppIdentity, time::Timestamp};

use super::{
    inbox::{RequestState, requests},
    voucher::{Pin, load_pin, pin, store_pin},
};
use crate::{
    error::Error,
    store::Store,
    well_known::{AppDocuments, DocumentError, read_listing},
};

/// How long what a domain said is not asked for again, in milliseconds (24 hours).
const FRESH_MS: i64 = 86_400_000;

/// What came of asking a domain about an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainAnswer {
    /// The application.
    pub app: AppId,
    /// The domain that it names.
    pub domain: AppDomain,
    /// Whether the domain knows it; or why it could not be asked. Until then the request stands as if
    /// only the server vouched for it.
    pub outcome: Result<bool, DocumentError>,
}

/// Asks the domain of every application with an open request, unless what it said is pinned, fits and
/// is fresh. What it says is pinned.
pub(crate) fn ask_domains(store: &Store, documents: &dyn AppDocuments) -> Result<Vec<DomainAnswer>, Error> {
    let now = store.now();
    let open = to_ask(&store.view()?, now)?;
    let mut fetched: BTreeMap<AppDomain, Result<Vec<u8>, DocumentError>> = BTreeMap::new();
    let mut answers = Vec::new();
    for (app, domain) in open {
        let document = fetched
            .entry(domain.clone())
            .or_insert_with(|| documents.fetch(&domain));
        let listing = document.clone().and_then(|bytes| read_listing(&bytes, app));
        let outcome = listing.as_ref().map(Option::is_some).map_err(Clone::clone);
        if let Ok(listing) = listing {
            let said = Pin {
                domain: domain.to_string(),
                listing,
                asked_at: now,
                keys_changed_at: None,
            };
            store.update(|transaction| {
                let before = load_pin(transaction, app)?;
                store_pin(transaction, app, &said.clone().after(before.as_ref()))
            })?;
        }
        answers.push(DomainAnswer { app, domain, outcome });
    }
    Ok(answers)
}

/// Applications with an open request whose domain is to be asked. One that is known by another domain
/// stays known by that.
fn to_ask(view: &Snapshot, now: Timestamp) -> Result<BTreeMap<AppId, AppDomain>, Error> {
    let mut open = BTreeMap::new();
    for inbox in requests(view, now)? {
        let app = &inbox.request.app;
        if let (RequestState::Pending, Some(domain)) = (inbox.state, app.domain())
            && pin(view, app.id)?.is_none_or(|pin| pin.is_to_be_asked_again(app, &domain, now))
        {
            open.insert(app.id, domain);
        }
    }
    Ok(open)
}

impl Pin {
    fn is_to_be_asked_again(&self, app: &AppIdentity, domain: &AppDomain, now: Timestamp) -> bool {
        if self.domain != domain.as_str() {
            return self.listing.is_none();
        }
        let is_fresh = (0..FRESH_MS).contains(&now.ms_since(self.asked_at));
        !is_fresh || self.contradicted_by(app).is_some()
    }

    /// Notes whether the domain changed the keys since it was last asked.
    fn after(mut self, before: Option<&Self>) -> Self {
        let Some(before) = before.filter(|before| before.domain == self.domain) else {
            return self;
        };
        self.keys_changed_at = match (&before.listing, &self.listing) {
            (Some(old), Some(new)) if !old.same_keys(new) => Some(self.asked_at),
            _ => before.keys_changed_at,
        };
        self
    }
}
