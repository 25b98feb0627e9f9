//! A chain of statements that did not go as it was made here: another copy of this vault spoke too, or
//! the server did not accept one. What the owner took away anywhere stays taken away.

use serde::{Deserialize, Serialize};
use vault_file::{Snapshot, Transaction};
use vault_wire::{
    certificate::Role,
    frame::{KeptStatement, StatementRefusal},
    id::GrantId,
    statement::{Event, SignedStatement, Statement},
    terms::Duration,
    time::Timestamp,
};

use super::{
    carried::{rekey, say_again},
    grant::{GrantRow, GrantState, load_grant, store_grant},
    inbox,
    met::Met,
    statements::{StatementRow, accepted, keep, load, put, read, say, supersede},
    withdraw::end_forgotten,
};
use crate::{
    error::Error,
    store::{
        Store, decode, encode, grant_key,
        tables::{META, REFUSALS, STATEMENTS, meta},
        u64_key,
    },
};

/// A statement of the owner that never came into force.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefusedStatement {
    /// The statement.
    pub signed: SignedStatement,
    /// Why the server did not accept it.
    pub why: StatementRefusal,
    /// When that was known here.
    pub at: Timestamp,
}

/// What became of a statement that the server has and this device did not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Adopted {
    /// It is one of this copy's own, or nothing that it has to care for.
    Known,
    /// It is part of the chain now. Something that the owner widened here was dropped for it, or nothing.
    Taken { dropped: bool },
    /// It is not the owner's, or does not follow what is known here.
    NotOurs,
}

/// Takes over a statement that the server has, and the grant with it, if this copy never met it. More may
/// follow: behind the last, the caller says [`caught_up`](super::caught_up). Returns also the grant whose place
/// that takes, if it takes one.
pub(crate) fn adopt(
    store: &Store,
    transaction: &Transaction,
    kept: &KeptStatement,
) -> Result<(Adopted, Option<GrantId>), Error> {
    let Ok(said) = kept.statement.verify() else {
        return Ok((Adopted::NotOurs, None));
    };
    if matches!(said.event, Event::Refused | Event::Withdrawn) {
        // What is over at the server is told otherwise.
        return Ok((Adopted::Known, None));
    }
    let begins = matches!(said.event, Event::Given(_));
    match load_grant(transaction, said.grant) {
        Ok(row) => adopt_into(store, transaction, (kept, &said), row),
        Err(Error::NotFound(_)) => match Met::by(kept, &said, recovered_at(transaction)?) {
            Some(met) if follows(store, transaction, kept, &said, &met.row)? => {
                let Met {
                    row,
                    request,
                    delivered,
                } = met;
                inbox::answered_elsewhere(transaction, delivered, &request, store.now())?;
                let taken = take_over(store, transaction, (kept, &said), row)?;
                let superseded = match request.amends {
                    Some(amended) => supersede(store, transaction, amended, said.grant)?,
                    None => None,
                };
                Ok((taken, superseded))
            }
            _ if begins => Ok((Adopted::NotOurs, None)),
            _ => Ok((Adopted::Known, None)),
        },
        Err(error) => Err(error),
    }
}

/// When the vault was taken back with a recovery code, if it was, by the server's clock.
fn recovered_at(transaction: &Transaction) -> Result<Option<Timestamp>, Error> {
    let at = transaction.table(&META)?.get(meta::RECOVERED_AT)?;
    at.map(|at| decode(&at, "its recovery")).transpose()
}

fn adopt_into(
    store: &Store,
    transaction: &Transaction,
    (kept, said): (&KeptStatement, &Statement),
    mut row: GrantRow,
) -> Result<(Adopted, Option<GrantId>), Error> {
    let id = said.grant;
    let own = load(transaction, id, said.number)?;
    let is_own = own.is_some_and(|own| own.signed.bytes == kept.statement.bytes);
    let mut superseded = None;
    if is_own {
        superseded = accepted(store, transaction, id, said.number, &kept.acceptance)?;
        row = load_grant(transaction, id)?;
    }
    match row.state {
        GrantState::Active | GrantState::Paused if is_own => return Ok((Adopted::Known, superseded)),
        GrantState::Active | GrantState::Paused => {}
        GrantState::Expired if row.extent.terms.duration == Duration::OneTime => {
            // Its one read was made, and the server has forgotten that.
            say(store, transaction, id, &mut row, Event::Withdrawn)?;
            store_grant(transaction, id, &row)?;
            return Ok((Adopted::Known, superseded));
        }
        GrantState::Expired | GrantState::NotAccepted(_) if is_own => {
            revive(store, transaction, (id, &mut row), said.number)?;
            return Ok((Adopted::Taken { dropped: false }, superseded));
        }
        GrantState::Expired | GrantState::NotAccepted(_) => {}
        GrantState::Erased => {
            end_forgotten(transaction, id, true)?;
            return Ok((Adopted::Known, superseded));
        }
        GrantState::Refused => {
            // The server had the refusal and lost it: it is sent again, and ends what another copy agreed to.
            row.acknowledged = 0;
            store_grant(transaction, id, &row)?;
            return Ok((Adopted::Known, superseded));
        }
        GrantState::Withdrawn | GrantState::Superseded => return Ok((Adopted::Known, superseded)),
    }
    if !follows(store, transaction, kept, said, &row)? {
        return Ok((Adopted::NotOurs, None));
    }
    Ok((take_over(store, transaction, (kept, said), row)?, superseded))
}

/// The server answers for a grant that ended here: what it serves, the owner must see, and be able to take
/// back.
fn revive(
    store: &Store,
    transaction: &Transaction,
    (id, row): (GrantId, &mut GrantRow),
    number: u64,
) -> Result<(), Error> {
    let fallen = fallen(transaction, id, row.state)?;
    row.acknowledged = number;
    row.ended_at = None;
    fold(transaction, id, row)?;
    let given = row.extent.clone();
    say_again(store, transaction, (id, row), (&given, &fallen))?;
    store_grant(transaction, id, row)
}

/// Takes a statement into the chain in place of the own ones from its number on.
fn take_over(
    store: &Store,
    transaction: &Transaction,
    (kept, said): (&KeptStatement, &Statement),
    mut row: GrantRow,
) -> Result<Adopted, Error> {
    let id = said.grant;
    let mut displaced = displaced(transaction, id, said.number, row.statement)?;
    displaced.extend(fallen(transaction, id, row.state)?);
    let theirs = StatementRow {
        signed: kept.statement.clone(),
        certificate: Some(kept.certificate.clone()),
        acceptance: Some(kept.acceptance.clone()),
    };
    put(transaction, id, said.number, &theirs)?;
    row.ended_at = None;
    row.statement = said.number - 1;
    fold(transaction, id, &mut row)?;
    let before = row.extent.clone();
    row.take_effect(said);
    row.statement = said.number;
    row.acknowledged = said.number;
    let dropped = say_again(store, transaction, (id, &mut row), (&before, &displaced))?;
    store_grant(transaction, id, &row)?;
    Ok(Adopted::Taken { dropped })
}

/// The server did not accept a statement. An answer that never came into force must not look as if it
/// had; a later statement is undone here, and kept with the reason.
pub(crate) fn not_accepted(
    store: &Store,
    transaction: &Transaction,
    id: GrantId,
    number: u64,
    why: StatementRefusal,
) -> Result<(), Error> {
    let mut row = load_grant(transaction, id)?;
    if number <= row.acknowledged || number > row.statement {
        return Ok(());
    }
    let now = store.now();
    for (number, refused) in taken_out(transaction, id, number, row.statement)? {
        let refused = RefusedStatement {
            signed: refused.signed,
            why,
            at: now,
        };
        transaction
            .table(&REFUSALS)?
            .insert(&grant_key(id, &u64_key(number)), &encode(&refused))?;
        if number == 1 {
            // The answer stays where it was: everything about the grant hangs on it.
            keep(transaction, id, 1, refused.signed)?;
        }
    }
    if number == 1 {
        if row.state.is_running() {
            row.state = GrantState::NotAccepted(why);
            row.destroy_keys();
        }
        row.statement = 1;
        row.acknowledged = 1;
    } else {
        row.statement = number - 1;
        if row.state.is_running() {
            fold(transaction, id, &mut row)?;
            rekey(store, transaction, id, &mut row)?;
        }
    }
    store_grant(transaction, id, &row)
}

/// The statements of a grant that the server did not accept.
pub(crate) fn refusals(view: &Snapshot, id: GrantId) -> Result<Vec<RefusedStatement>, Error> {
    view.table(&REFUSALS)?
        .prefix(id.as_bytes())?
        .map(|row| decode(&row?.1, "a refused statement"))
        .collect()
}

/// Whether it is signed by a key that this owner certified for the application, about this grant, and next
/// in the chain.
fn follows(
    store: &Store,
    transaction: &Transaction,
    kept: &KeptStatement,
    said: &Statement,
    row: &GrantRow,
) -> Result<bool, Error> {
    let Ok(certified) = kept.certificate.verify(&store.identity.owner_key()) else {
        return Ok(false);
    };
    let may_speak = certified.key == kept.statement.key && certified.role == Role::Consent(row.app);
    let is_about_it =
        said.request == row.request_digest && said.subject == row.subject && said.app == row.app;
    let previous = match said.number {
        // A statement that is sound has a predecessor, or is the first.
        0 | 1 => Some(said.previous),
        number => load(transaction, said.grant, number - 1)?.map(|before| before.signed.digest()),
    };
    Ok(may_speak && is_about_it && previous == Some(said.previous))
}

/// What was said behind an answer that was not accepted, and fell with it. It is no refused statement any
/// more.
fn fallen(transaction: &Transaction, id: GrantId, state: GrantState) -> Result<Vec<Event>, Error> {
    if !matches!(state, GrantState::NotAccepted(_)) {
        return Ok(Vec::new());
    }
    let mut refusals = transaction.table(&REFUSALS)?;
    let behind_the_answer = grant_key(id, &u64_key(2));
    let rows = refusals.prefix(id.as_bytes())?.collect::<Result<Vec<_>, _>>()?;
    let mut fallen = Vec::new();
    for (key, row) in rows {
        if key >= behind_the_answer {
            let refused: RefusedStatement = decode(&row, "a refused statement")?;
            fallen.push(read(&refused.signed)?.event);
            refusals.remove(&key)?;
        }
    }
    Ok(fallen)
}

/// Takes the own statements from a number on out of the chain.
fn displaced(transaction: &Transaction, id: GrantId, from: u64, last: u64) -> Result<Vec<Event>, Error> {
    taken_out(transaction, id, from, last)?
        .into_iter()
        .map(|(_, row)| Ok(read(&row.signed)?.event))
        .collect()
}

fn taken_out(
    transaction: &Transaction,
    id: GrantId,
    from: u64,
    last: u64,
) -> Result<Vec<(u64, StatementRow)>, Error> {
    let mut out = Vec::new();
    for number in from..=last {
        if let Some(row) = load(transaction, id, number)? {
            out.push((number, row));
        }
        transaction
            .table(&STATEMENTS)?
            .remove(&grant_key(id, &u64_key(number)))?;
    }
    Ok(out)
}

/// Works out from the chain where a running grant stands.
pub(super) fn fold(transaction: &Transaction, id: GrantId, row: &mut GrantRow) -> Result<(), Error> {
    row.state = GrantState::Active;
    for number in 1..=row.statement {
        let kept = load(transaction, id, number)?.ok_or(Error::unreadable("a statement"))?;
        row.take_effect(&read(&kept.signed)?);
    }
    Ok(())
}
