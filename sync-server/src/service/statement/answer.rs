//! The first statement of a grant: the answer to a consent request.

use vault_wire::{
    frame::StatementRefusal,
    id::{GrantId, RequestId},
    limits,
    reconcile::Summary,
    request::ConsentRequest,
    statement::{Event, Extent},
    terms::Terms,
    time::Timestamp,
};

use super::{InForce, Submitted, Taken, amend, keep, keys, proof};
use crate::{
    Server,
    store::{
        Deadline, GrantRow, GrantState, RequestRow, RequestState, Rows, StoreError, Tx,
        tables::{
            APP_GRANTS, COOL_DOWNS, DEADLINES, GRANTS, GRANTS_OF_APP, PENDING, REQUEST_DIGESTS, REQUESTS, key,
        },
    },
};

/// How long a category is not asked for again after a refusal, in milliseconds (7 days).
const COOL_DOWN_MS: i64 = 7 * 86_400_000;

pub(super) fn answer(server: &Server, tx: &Tx, submitted: &Submitted) -> Result<Taken, StoreError> {
    let statement = &submitted.statement;
    let vault = submitted.vault.as_bytes();
    let known = tx.get(&REQUEST_DIGESTS, &key(&[vault, &statement.request]))?;
    let found = match (known, &submitted.proven) {
        (None, Some(proven)) => proof::restore_request(tx, submitted, proven)?,
        (known, _) => known,
    };
    let Some(id) = found else {
        return Ok(Err(StatementRefusal::UnknownRequest));
    };
    let at = key(&[vault, id.as_bytes()]);
    let Some(mut row) = tx.get(&REQUESTS, &at)? else {
        return Ok(Err(StatementRefusal::UnknownRequest));
    };
    let request = ConsentRequest::from_bytes(&row.bytes).map_err(|_| StoreError::Row("requests"))?;
    if let Err(refusal) = in_time(submitted, &request, &row) {
        return Ok(Err(refusal));
    }
    row.decided_at = Some(submitted.effective_at());
    row.decision = Some(submitted.digest);
    let mut superseded = None;
    match &statement.event {
        Event::Given(extent) => {
            if let Err(refusal) = within_asked(extent, &request.terms) {
                return Ok(Err(refusal));
            }
            if request.lacks(&extent.terms).is_some() {
                return Ok(Err(StatementRefusal::LacksRequired));
            }
            keys::begin(server, submitted, extent)?;
            if let Some(amended) = request.amends {
                superseded = amend::supersede(tx, submitted, amended)?;
            }
            begin(tx, submitted, (id, &row), extent, superseded)?;
            cool_down(tx, submitted, &request.terms, None)?;
            row.state = RequestState::Granted;
            row.grant = Some(statement.grant);
            row.granted = Some(extent.terms.clone());
        }
        _ => {
            row.state = RequestState::Rejected;
            let until = submitted.effective_at().plus_ms(COOL_DOWN_MS);
            cool_down(tx, submitted, &request.terms, Some(until))?;
        }
    }
    keep(tx, submitted)?;
    tx.put(&REQUESTS, &at, &row)?;
    tx.remove(&PENDING, &key(&[vault, row.app.as_bytes(), id.as_bytes()]))?;
    Ok(Ok(InForce {
        decided: Some(id),
        superseded,
        before: None,
    }))
}

/// The subject is the one that was asked, the request is open, and the decision came in time: made
/// before the request lapsed, and arrived before that or within ten minutes after it. A decision that
/// was accepted before came in time then.
fn in_time(
    submitted: &Submitted,
    request: &ConsentRequest,
    row: &RequestRow,
) -> Result<(), StatementRefusal> {
    let statement = &submitted.statement;
    if statement.subject != request.subject || statement.app != row.app {
        return Err(StatementRefusal::UnknownRequest);
    }
    if !matches!(row.state, RequestState::Pending | RequestState::Expired) {
        return Err(StatementRefusal::AlreadyClosed);
    }
    if submitted.proven.is_some() {
        return Ok(());
    }
    let delivered_in_time = row.delivered_at.is_some_and(|at| at < request.expires_at);
    if !delivered_in_time || statement.delivery_nonce != row.delivery_nonce {
        return Err(StatementRefusal::NotDelivered);
    }
    if statement.decided_at > request.expires_at {
        return Err(StatementRefusal::DecidedTooLate);
    }
    if submitted.now > request.expires_at.plus_ms(limits::DECISION_GRACE_MS) {
        return Err(StatementRefusal::ArrivedTooLate);
    }
    Ok(())
}

fn within_asked(extent: &Extent, asked: &Terms) -> Result<(), StatementRefusal> {
    let within = extent.terms.within(asked);
    within.then_some(()).ok_or(StatementRefusal::WiderThanAsked)
}

fn begin(
    tx: &Tx,
    submitted: &Submitted,
    (request, asked): (RequestId, &RequestRow),
    extent: &Extent,
    supersedes: Option<GrantId>,
) -> Result<(), StoreError> {
    let (vault, statement) = (submitted.vault, &submitted.statement);
    let since = submitted.effective_at();
    let expires_at = extent.terms.duration.ends_at(since);
    let row = GrantRow {
        account: asked.account,
        app: asked.app,
        subject: statement.subject,
        request,
        request_digest: statement.request,
        state: GrantState::Active,
        terms: extent.terms.clone(),
        number: statement.number,
        last: submitted.digest,
        named: statement.number,
        extent_number: statement.number,
        generation: extent.generation,
        key: extent.key,
        created_at: since,
        confirmed_at: since,
        supersedes,
        superseded_by: None,
        expires_at,
        paused_at: None,
        ended_at: None,
        reads_total: 0,
        last_read_at: None,
        one_read: None,
        held: Summary::default(),
        next_arrival: 0,
    };
    let grant = statement.grant.as_bytes();
    tx.put(&GRANTS, &key(&[vault.as_bytes(), grant]), &row)?;
    tx.put(
        &GRANTS_OF_APP,
        &key(&[vault.as_bytes(), asked.app.as_bytes(), grant]),
        &(),
    )?;
    tx.put(
        &APP_GRANTS,
        &key(&[asked.account.as_bytes(), asked.app.as_bytes(), grant]),
        &vault,
    )?;
    if let Some(end) = expires_at {
        tx.put(&DEADLINES, &Deadline::Grant(vault, statement.grant).key(end), &())?;
    }
    Ok(())
}

/// Until when the categories are not asked for again, if at all.
fn cool_down(
    tx: &Tx,
    submitted: &Submitted,
    asked: &Terms,
    until: Option<Timestamp>,
) -> Result<(), StoreError> {
    for detail in &asked.details {
        let at = key(&[
            submitted.vault.as_bytes(),
            submitted.statement.app.as_bytes(),
            &[detail.category as u8],
        ]);
        match until {
            Some(until) => tx.put(&COOL_DOWNS, &at, &until)?,
            None => drop(tx.remove(&COOL_DOWNS, &at)?),
        }
    }
    Ok(())
}
