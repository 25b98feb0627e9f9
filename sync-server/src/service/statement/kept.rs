//! The server's word for a statement, and the statements that a device does not know.

use std::ops::ControlFlow;

use vault_wire::{
    acceptance::{Acceptance, SignedAcceptance},
    frame::KeptStatement,
    id::{GrantId, VaultId},
    statement::SignedStatement,
};

use crate::{
    Server,
    service::Unavailable,
    store::{
        Rows, StatementRow, StoreError,
        tables::{STATEMENTS, key},
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

/// The statements of a grant from a number on, in order: what another copy of the vault said.
///
/// # Errors
///
/// [`Unavailable`] if the store fails.
pub(crate) fn kept_from(
    server: &Server,
    vault: VaultId,
    grant: GrantId,
    number: u64,
) -> Result<Vec<KeptStatement>, Unavailable> {
    let mut rows: Vec<StatementRow> = Vec::new();
    let of_grant = key(&[vault.as_bytes(), grant.as_bytes()]);
    server
        .store()
        .view()?
        .scan(&STATEMENTS, &of_grant, &number.to_be_bytes(), |_, row| {
            rows.push(row);
            if rows.len() < KEPT_MAX {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
    rows.into_iter()
        .map(|row| {
            let acceptance = acceptance(server, vault, &row)?;
            let StatementRow {
                statement,
                certificate,
                ..
            } = row;
            Ok(KeptStatement {
                statement,
                certificate,
                acceptance,
            })
        })
        .collect::<Result<_, StoreError>>()
        .map_err(Unavailable::from)
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
