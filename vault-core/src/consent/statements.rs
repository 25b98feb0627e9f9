//! Statements of this vault: kept byte for byte, numbered and hash-linked, until the server has
//! them and for ever after.

use vault_file::{Snapshot, Transaction};
use vault_wire::{
    frame::{StatementRefusal, SubmitStatement},
    grant_key::{SealedGrantKey, SealingPublicKey},
    id::GrantId,
    statement::{Event, SignedStatement, Statement},
    terms::Delivery,
};

use super::{
    apps,
    grant::{self, GrantRow, GrantState, StoredGrantKey, load_grant, store_grant},
    inbox,
};
use crate::{
    error::Error,
    store::{
        Store, decode, encode, grant_key,
        tables::{GRANTS, STATEMENTS},
        u64_key,
    },
};

/// Keeps a statement.
pub(super) fn keep(
    transaction: &Transaction,
    grant: GrantId,
    number: u64,
    signed: &SignedStatement,
) -> Result<(), Error> {
    transaction
        .table(&STATEMENTS)?
        .insert(&grant_key(grant, &u64_key(number)), &encode(signed))?;
    Ok(())
}

/// The last statement of a grant, and its bytes.
pub(super) fn last(
    transaction: &Transaction,
    grant: GrantId,
    number: u64,
) -> Result<(Statement, SignedStatement), Error> {
    let row = transaction
        .table(&STATEMENTS)?
        .get(&grant_key(grant, &u64_key(number)))?;
    let signed: SignedStatement = decode(&row.unwrap_or_default(), "a statement")?;
    let statement = signed.verify().map_err(|_| Error::unreadable("a statement"))?;
    Ok((statement, signed))
}

/// Statements that the server has not acknowledged, in the order in which they are to be sent. A
/// withdrawal makes all before it pointless and goes alone, first of all.
pub(crate) fn pending_statements(view: &Snapshot) -> Result<Vec<(GrantId, u64)>, Error> {
    let (mut withdrawals, mut others) = (Vec::new(), Vec::new());
    for row in view.table(&GRANTS)?.range(..)? {
        let (key, value) = row?;
        let id = GrantId(
            key.as_slice()
                .try_into()
                .map_err(|_| Error::unreadable("a grant"))?,
        );
        let grant: GrantRow = decode(&value, "a grant")?;
        match grant.state {
            GrantState::NotAccepted(_) | GrantState::Erased => {}
            GrantState::Withdrawn if grant.acknowledged >= grant.statement => {}
            GrantState::Withdrawn => withdrawals.push((id, grant.statement)),
            GrantState::Active | GrantState::Expired | GrantState::Refused => {
                others.extend((grant.acknowledged + 1..=grant.statement).map(|number| (id, number)));
            }
        }
    }
    withdrawals.extend(others);
    Ok(withdrawals)
}

/// A statement with what it needs to take effect at the server.
pub(crate) fn submission(
    store: &Store,
    view: &Snapshot,
    grant: GrantId,
    number: u64,
    server: &SealingPublicKey,
) -> Result<SubmitStatement, Error> {
    let row = view
        .table(&STATEMENTS)?
        .get(&grant_key(grant, &u64_key(number)))?;
    let statement: SignedStatement = decode(&row.unwrap_or_default(), "a statement")?;
    let said = statement.verify().map_err(|_| Error::unreadable("a statement"))?;
    let row = grant::row(view, grant)?.ok_or(Error::NotFound("grant"))?;
    let opens_generation = match &said.event {
        Event::Given(extent) | Event::Narrowed(extent) | Event::Renewed(extent) => {
            extent.generation == row.extent.generation
        }
        Event::Refused | Event::Paused | Event::Resumed | Event::Withdrawn => false,
    };
    let grant_key = match opens_generation {
        true => Some(sealed_key(store, view, grant, &row, server)?),
        false => None,
    };
    Ok(SubmitStatement {
        statement,
        certificate: apps::consent_certificate(view, row.app)?,
        grant_key,
    })
}

/// The key of a grant's generation, sealed to its holder. In delivery `sealed` that is the key which the
/// application named in the very request that the owner agreed to: another one that it shows later
/// re-targets nothing.
fn sealed_key(
    store: &Store,
    view: &Snapshot,
    grant: GrantId,
    row: &GrantRow,
    server: &SealingPublicKey,
) -> Result<SealedGrantKey, Error> {
    let holder = match row.extent.terms.delivery {
        Delivery::Server => *server,
        Delivery::Sealed => inbox::request(view, row.request, store.now())?
            .request
            .app
            .sealing_key
            .ok_or(Error::unreadable("a sealed grant without its holder"))?,
    };
    let mut randomness = store.host.randomness.clone();
    row.key
        .key()
        .seal_to(&holder, grant, row.extent.generation, &mut randomness)
        .map_err(|_| Error::unreadable("the sealing key of a grant's holder"))
}

/// The server has a statement.
pub(crate) fn accepted(transaction: &Transaction, grant: GrantId, number: u64) -> Result<(), Error> {
    let mut row = load_grant(transaction, grant)?;
    row.acknowledged = row.acknowledged.max(number.min(row.statement));
    store_grant(transaction, grant, &row)
}

/// The server did not accept a statement. A refusal or a withdrawal needs no more; a grant that
/// never came into force must not look as if it had.
pub(crate) fn not_accepted(
    transaction: &Transaction,
    grant: GrantId,
    number: u64,
    why: StatementRefusal,
) -> Result<(), Error> {
    let mut row = load_grant(transaction, grant)?;
    if number == 1 && row.state == GrantState::Active {
        row.state = GrantState::NotAccepted(why);
        row.key = StoredGrantKey::destroyed();
    }
    row.acknowledged = row.acknowledged.max(number.min(row.statement));
    store_grant(transaction, grant, &row)
}
