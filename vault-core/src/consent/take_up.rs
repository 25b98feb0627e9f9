//! Grants that were given on another device, or before this file was made: the owner sees them here and can
//! end them. Their keys stayed where they were given, so that nothing is sent under them before the owner lets
//! them go on here, under a key of this device's own.

use vault_file::Transaction;
use vault_wire::{
    certificate::Role,
    frame::{DeliveredRequest, KeptStatement},
    request::ConsentRequest,
    statement::{Event, Extent, Statement},
};

use super::{
    apps,
    grant::{GrantRow, GrantState, StoredGrantKey, store_grant},
    inbox,
    statements::{StatementRow, put},
};
use crate::{
    error::Error,
    store::{Store, tables::GRANTS},
};

/// Takes up a grant that this device has not met, from the request that it answers and the statement that
/// began it. Returns false if it is known here, or the two do not belong together, or are not the owner's.
pub(crate) fn take_up(
    store: &Store,
    transaction: &Transaction,
    asked: &DeliveredRequest,
    kept: &KeptStatement,
) -> Result<bool, Error> {
    let (Ok(said), Ok(request)) = (kept.statement.verify(), ConsentRequest::from_bytes(&asked.bytes)) else {
        return Ok(false);
    };
    let is_known = transaction.table(&GRANTS)?.get(said.grant.as_bytes())?.is_some();
    let Some(extent) = given(store, kept, &said, asked, &request).filter(|_| !is_known) else {
        return Ok(false);
    };
    apps::remember(transaction, &request.app)?;
    let delivered = DeliveredRequest {
        delivery_nonce: said.delivery_nonce,
        ..asked.clone()
    };
    inbox::keep_approved(store, transaction, request.id, delivered)?;
    let first = StatementRow {
        signed: kept.statement.clone(),
        certificate: Some(kept.certificate.clone()),
        acceptance: Some(kept.acceptance.clone()),
    };
    put(transaction, said.grant, said.number, &first)?;
    let grant = GrantRow {
        app: said.app,
        subject: said.subject,
        request: request.id,
        request_digest: said.request,
        state: GrantState::Active,
        extent: extent.clone(),
        extent_number: said.number,
        key: StoredGrantKey::destroyed(),
        key_generation: extent.generation,
        keyless: true,
        former_key: None,
        created_at: said.decided_at,
        confirmed_at: said.decided_at,
        amends: request.amends,
        superseded_by: None,
        ended_at: None,
        statement: said.number,
        acknowledged: said.number,
    };
    store_grant(transaction, said.grant, &grant)?;
    Ok(true)
}

/// What was given, if a key that this owner certified for the application signed it as the answer to this very
/// request.
fn given<'a>(
    store: &Store,
    kept: &KeptStatement,
    said: &'a Statement,
    asked: &DeliveredRequest,
    request: &ConsentRequest,
) -> Option<&'a Extent> {
    let certified = kept.certificate.verify(&store.identity.owner_key()).ok()?;
    let may_speak = certified.key == kept.statement.key && certified.role == Role::Consent(request.app.id);
    let answers = said.request == ConsentRequest::digest_of(&asked.bytes)
        && said.subject == request.subject
        && said.app == request.app.id;
    match &said.event {
        Event::Given(extent) if may_speak && answers && extent.terms.within(&request.terms) => Some(extent),
        _ => None,
    }
}
