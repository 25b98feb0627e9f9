//! Who vouches for the one that asks: the application's own domain, or the sync server only.
//!
//! A server can pass on any bytes, but it cannot sign for an application whose key the vault took from
//! the application's domain. What a domain said is pinned, so that this is decided without a network.

use serde::{Deserialize, Serialize};
use vault_file::{Snapshot, Transaction};
use vault_wire::{
    domain::AppDomain,
    frame::DeliveredRequest,
    id::AppId,
    labels,
    request::{AppIdentity, ConsentRequest},
    time::Timestamp,
};

use crate::{
    error::Error,
    store::{decode, encode, tables::APP_PINS},
    well_known::Listing,
};

/// Whose word the owner has for who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Voucher {
    /// The sync server's only: the application names no domain of its own.
    Server,
    /// The sync server's only, so far: the domain was not asked yet, or not reached.
    NotAskedYet(AppDomain),
    /// The domain's: it publishes these names and keys, and the key signed this request.
    Domain {
        /// The domain.
        domain: AppDomain,
        /// When it last published other keys than before, if it did.
        keys_changed_at: Option<Timestamp>,
    },
    /// Nobody's: the request contradicts itself or the domain. It cannot be agreed to.
    Nobody(Contradiction),
}

/// What is wrong with a request's claim of who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// The request is not signed by the key that it names.
    #[error("the application's key did not sign this request")]
    Signature,
    /// The application was known by its domain before, and the request names another or none.
    #[error("the application is known by another domain")]
    Domain,
    /// The domain does not know the application.
    #[error("the domain does not know this application")]
    Unlisted,
    /// The domain calls the application otherwise.
    #[error("its domain calls this application otherwise")]
    Name,
    /// The domain publishes other keys.
    #[error("its domain publishes other keys for this application")]
    Keys,
}

/// What a domain said of an application when it was last asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Pin {
    pub(super) domain: String,
    /// Nothing if the domain does not know the application.
    pub(super) listing: Option<Listing>,
    pub(super) asked_at: Timestamp,
    pub(super) keys_changed_at: Option<Timestamp>,
}

impl Voucher {
    /// Who vouches for a delivered request, by what is pinned.
    pub(super) fn of(delivered: &DeliveredRequest, request: &ConsentRequest, pin: Option<&Pin>) -> Self {
        let claimed = request.app.domain();
        // That a domain does not know an application says nothing about other domains.
        let known = pin.filter(|pin| pin.listing.is_some() || pin.is_of(claimed.as_ref()));
        let Some(domain) = claimed else {
            return known.map_or(Self::Server, |_| Self::Nobody(Contradiction::Domain));
        };
        if !is_signed(delivered, &request.app) {
            return Self::Nobody(Contradiction::Signature);
        }
        let Some(pin) = known else {
            return Self::NotAskedYet(domain);
        };
        match pin.contradicted_by(&request.app) {
            Some(contradiction) => Self::Nobody(contradiction),
            None => Self::Domain {
                domain,
                keys_changed_at: pin.keys_changed_at,
            },
        }
    }
}

impl Pin {
    fn is_of(&self, domain: Option<&AppDomain>) -> bool {
        domain.is_some_and(|domain| domain.as_str() == self.domain)
    }

    /// How an application shows itself otherwise than its domain does.
    pub(super) fn contradicted_by(&self, app: &AppIdentity) -> Option<Contradiction> {
        if !self.is_of(app.domain().as_ref()) {
            return Some(Contradiction::Domain);
        }
        match &self.listing {
            None => Some(Contradiction::Unlisted),
            Some(listing) if !listing.names(app) => Some(Contradiction::Name),
            Some(listing) if !listing.has_keys_of(app) => Some(Contradiction::Keys),
            Some(_) => None,
        }
    }
}

fn is_signed(delivered: &DeliveredRequest, app: &AppIdentity) -> bool {
    let signed = app.signing_key.zip(delivered.signature);
    signed.is_some_and(|(key, signature)| key.verify(labels::REQUEST, &delivered.bytes, &signature).is_ok())
}

/// What is pinned of an application.
pub(super) fn pin(view: &Snapshot, app: AppId) -> Result<Option<Pin>, Error> {
    view.table(&APP_PINS)?
        .get(app.as_bytes())?
        .map(|row| decode(&row, "what a domain said"))
        .transpose()
}

/// The same within a transaction.
pub(super) fn load_pin(transaction: &Transaction, app: AppId) -> Result<Option<Pin>, Error> {
    transaction
        .table(&APP_PINS)?
        .get(app.as_bytes())?
        .map(|row| decode(&row, "what a domain said"))
        .transpose()
}

pub(super) fn store_pin(transaction: &Transaction, app: AppId, pin: &Pin) -> Result<(), Error> {
    transaction
        .table(&APP_PINS)?
        .insert(app.as_bytes(), &encode(pin))?;
    Ok(())
}
