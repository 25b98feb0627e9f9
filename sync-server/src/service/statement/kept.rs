//! The server's word for a statement, and the statements that a device does not know.

use std::ops::{ControlFlow, RangeInclusive};

use vault_wire::{
    acceptance::{Acceptance, SignedAcceptance},
    frame::{DeliveredRequest, KeptStatement, StatementAck, StatementOutcome, StatementRefusal},
    id::{GrantId, VaultId},
    statement::{Event, SignedStatement},
};

use crate::{
    Server,
    service::{Unavailable, grant_rules::state_at},
    store::{
        Rows, StatementRow, StoreError, View,
        tables::{GRANTS, REQUEST_DIGESTS, REQUESTS, STATEMENTS, key},
    },
};

/// Most statements of one grant that a device is sent in one go.
const KEPT_MAX: usize = 1_024;

/// The word for a statement that is durable: the same each time, for as long as the data live.
pub(super) fn acceptance(
    server: &Server,
    vault: VaultId,
    row: &StatementRow,
) -> Result<SignedAcceptance, StoreError> {
    let statement = row
        .statement
        .verify()
        .map_err(|_| StoreError::Row("statements"))?;
    let digest = row.statement.digest();
    let (asked, state) = (statement.request, server.state());
    Ok(Acceptance::new(vault, asked, digest, row.accepted_at, state).sign(&server.keys().receipts))
}

/// The statements of a grant with these numbers, in order: what another copy of the vault said.
///
/// # Errors
///
/// [`Unavailable`] if the store fails.
pub(crate) fn kept(
    server: &Server,
    vault: VaultId,
    grant: GrantId,
    numbers: &RangeInclusive<u64>,
) -> Result<Vec<KeptStatement>, Unavailable> {
    let mut rows: Vec<StatementRow> = Vec::new();
    let of_grant = key(&[vault.as_bytes(), grant.as_bytes()]);
    let view = server.store().view()?;
    let (first, last) = (numbers.start().to_be_bytes(), numbers.end().to_be_bytes());
    view.scan(&STATEMENTS, &of_grant, &first, |at, row| {
        if rows.len() == KEPT_MAX || at.get(..8) > Some(&last) {
            return ControlFlow::Break(());
        }
        rows.push(row);
        ControlFlow::Continue(())
    })?;
    rows.into_iter()
        .map(|row| {
            let acceptance = acceptance(server, vault, &row)?;
            let request = delivered(&view, vault, &row)?;
            let StatementRow {
                statement,
                certificate,
                ..
            } = row;
            Ok(KeptStatement {
                statement,
                certificate,
                acceptance,
                request,
            })
        })
        .collect::<Result<_, StoreError>>()
        .map_err(Unavailable::from)
}

/// What a device has to know to understand why its statement was refused: all that another copy of the
/// vault said of the grant.
///
/// # Errors
///
/// [`Unavailable`] if the store fails.
pub(crate) fn reminders(
    server: &Server,
    vault: VaultId,
    ack: &StatementAck,
) -> Result<Vec<KeptStatement>, Unavailable> {
    let may_lack = matches!(
        ack.outcome,
        StatementOutcome::Refused(StatementRefusal::OutOfOrder | StatementRefusal::AlreadyClosed)
    );
    if !may_lack {
        return Ok(Vec::new());
    }
    let at = key(&[vault.as_bytes(), ack.grant.as_bytes()]);
    let row = server.store().view()?.get(&GRANTS, &at)?;
    if row.is_none_or(|row| state_at(&row, server.now()).is_over()) {
        // Of a grant that does not run, the next WELCOME says what became.
        return Ok(Vec::new());
    }
    kept(server, vault, ack.grant, &(1..=u64::MAX))
}

/// The request that a first statement answers, as it was delivered.
fn delivered(
    view: &View,
    vault: VaultId,
    row: &StatementRow,
) -> Result<Option<DeliveredRequest>, StoreError> {
    let said = row
        .statement
        .verify()
        .map_err(|_| StoreError::Row("statements"))?;
    if !matches!(said.event, Event::Given(_)) {
        return Ok(None);
    }
    let id = view.get(&REQUEST_DIGESTS, &key(&[vault.as_bytes(), &said.request]))?;
    let id = id.ok_or(StoreError::Row("request_digests"))?;
    let request = view.get(&REQUESTS, &key(&[vault.as_bytes(), id.as_bytes()]))?;
    let request = request.ok_or(StoreError::Row("requests"))?;
    Ok(Some(DeliveredRequest {
        bytes: request.bytes,
        signature: request.signature,
        delivery_nonce: request.delivery_nonce,
    }))
}

/// What a repeated statement was answered the first time.
pub(super) fn accepted_before(
    rows: &impl Rows,
    at: &[u8],
    again: &SignedStatement,
) -> Result<Option<StatementRow>, StoreError> {
    Ok(rows
        .get(&STATEMENTS, at)?
        .filter(|row| row.statement.bytes == again.bytes))
}
