//! Deciding: a consent request becomes a signed statement. Works without a network.

use vault_wire::{
    grant_key::{GrantKey, KeyCommitment},
    id::{GrantId, RequestId},
    request::ConsentRequest,
    statement::{Event, Extent, Statement},
    terms::Delivery,
};

use super::{
    apps,
    grant::{GrantRow, GrantState, StoredGrantKey, store_grant},
    inbox::{self, RequestState},
    selection::Selection,
    statements,
    voucher::{Contradiction, Voucher},
};
use crate::{error::Error, store::Store};

/// Agrees to a selection of what was asked. What only the application could open is given to nobody but
/// one that its own domain vouches for.
pub(crate) fn approve(store: &Store, id: RequestId, selection: &Selection) -> Result<GrantId, Error> {
    let asks = inbox::request(&store.view()?, id, store.now())?;
    match asks.voucher {
        Voucher::Nobody(contradiction) => return Err(Error::NotWhoItSays(contradiction)),
        Voucher::Domain { .. } => check_sealing_key(store, &asks.request)?,
        Voucher::Server | Voucher::NotAskedYet(_) if asks.request.terms.delivery == Delivery::Sealed => {
            return Err(Error::NotVouchedFor);
        }
        Voucher::Server | Voucher::NotAskedYet(_) => {}
    }
    decide(store, id, RequestState::Approved, |request, key| {
        let extent = Extent {
            terms: selection.answering(request)?,
            generation: 1,
            key,
        };
        Ok((Event::Given(extent.clone()), extent, GrantState::Active))
    })
}

/// A key to which nothing can be sealed would keep every later sync from going on.
fn check_sealing_key(store: &Store, request: &ConsentRequest) -> Result<(), Error> {
    let Some(holder) = request.app.sealing_key else {
        return Ok(());
    };
    let mut randomness = store.host.randomness.clone();
    GrantKey::generate(&mut randomness)
        .seal_to(&holder, GrantId([0; 16]), 0, &mut randomness)
        .map(drop)
        .map_err(|_| Error::NotWhoItSays(Contradiction::Keys))
}

/// Refuses. What was asked is kept with the refusal, so that the owner can look it up.
pub(crate) fn reject(store: &Store, id: RequestId) -> Result<(), Error> {
    let refused = |request: &ConsentRequest, key| {
        let asked = Extent {
            terms: request.terms.clone(),
            generation: 0,
            key,
        };
        Ok((Event::Refused, asked, GrantState::Refused))
    };
    decide(store, id, RequestState::Rejected, refused).map(drop)
}

fn decide(
    store: &Store,
    id: RequestId,
    decided: RequestState,
    event_for: impl FnOnce(&ConsentRequest, KeyCommitment) -> Result<(Event, Extent, GrantState), Error>,
) -> Result<GrantId, Error> {
    let now = store.now();
    store.update(|transaction| {
        let row = inbox::answerable(transaction, id, now)?;
        let request = row.request()?;
        let request_digest = ConsentRequest::digest_of(&row.delivered.bytes);
        let key = GrantKey::generate(&mut store.host.randomness.clone());
        let commitment = key.commitment(GrantId::of_request(&request_digest), 1);
        let (event, extent, state) = event_for(&request, commitment)?;
        let nonce = row.delivered.delivery_nonce;
        let statement = Statement::answer(request.subject, request.app.id, request_digest, event, now, nonce);
        let signed = statement.sign(&apps::consent_key(store, transaction, request.app.id)?.key);
        let grant = GrantRow {
            app: request.app.id,
            subject: request.subject,
            request: id,
            request_digest,
            state,
            key_generation: extent.generation,
            keyless: false,
            former_key: None,
            extent,
            extent_number: 1,
            key: StoredGrantKey::of(&key),
            created_at: now,
            confirmed_at: now,
            amends: request.amends.filter(|_| state == GrantState::Active),
            superseded_by: None,
            ended_at: None,
            statement: 1,
            acknowledged: 0,
        };
        store_grant(transaction, statement.grant, &grant)?;
        statements::keep(transaction, statement.grant, 1, signed)?;
        inbox::set_state(transaction, id, row, decided)?;
        Ok(statement.grant)
    })
}
