//! What the owner took away here, carried on behind what another copy of the vault said. While the other's
//! statements are still being told, all of it waits behind the last that came; what is left to say is decided
//! once nothing more follows. Between the two the connection may end: both are in the file.

use vault_file::Transaction;
use vault_wire::{
    id::GrantId,
    statement::{Event, Extent, Statement},
    terms::Terms,
};

use super::{
    chain::fold,
    change,
    grant::{GrantRow, GrantState, StoredGrantKey, load_grant, store_grant},
    statements::{load, read, say},
};
use crate::{
    error::Error,
    store::{Store, grant_key, tables::STATEMENTS, u64_key},
};

/// Says again, behind what another copy said, what the own statements took away that followed `before`: also
/// what the other took away just so, because more may follow that gives it back. Returns whether something was
/// dropped: a grant is not resumed or renewed against another copy's word.
pub(super) fn say_again(
    store: &Store,
    transaction: &Transaction,
    (id, row): (GrantId, &mut GrantRow),
    (before, displaced): (&Extent, &[Event]),
) -> Result<bool, Error> {
    let mut before = before;
    let mut narrowed: Option<&Terms> = None;
    let (mut paused, mut dropped) = (false, false);
    for event in displaced {
        match event {
            Event::Paused => paused = true,
            Event::Resumed if paused => paused = false,
            Event::Narrowed(extent) if begins_only_a_generation(before, extent) => {}
            // Agreeing to the same request with less takes the rest away.
            Event::Given(extent) | Event::Narrowed(extent) => narrowed = Some(&extent.terms),
            Event::Resumed | Event::Renewed(_) => dropped = true,
            Event::Refused | Event::Withdrawn => {}
        }
        before = event.extent().unwrap_or(before);
    }
    if let Some(terms) = narrowed {
        match row.extent.terms.meet(terms) {
            Some(both) => change::narrow_to(store, transaction, id, row, both)?,
            // Together they leave nothing to read.
            None => paused = true,
        }
    }
    if paused {
        say(store, transaction, id, row, Event::Paused)?;
    }
    Ok(dropped)
}

/// Whether an extent was said for the sake of its key alone. What is carried on keeps its generation where it
/// changes no terms.
fn begins_only_a_generation(before: &Extent, extent: &Extent) -> bool {
    extent.terms == before.terms && extent.generation > before.generation
}

/// No more follows of what another copy said of a grant. What it took away just so needs no second word, and
/// if this copy has no key for what is in force now, it goes on under one of its own.
pub(crate) fn caught_up(store: &Store, transaction: &Transaction, id: GrantId) -> Result<(), Error> {
    let mut row = match load_grant(transaction, id) {
        Ok(row) if row.state.is_running() => row,
        Ok(_) | Err(Error::NotFound(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    unsay_what_changes_nothing(store, transaction, id, &mut row)?;
    if !row.keyless {
        rekey(store, transaction, id, &mut row)?;
    }
    store_grant(transaction, id, &row)
}

/// Of the statements that no server has accepted yet, takes out those that leave the grant as it is. What
/// waits behind one of them is said anew in its place.
fn unsay_what_changes_nothing(
    store: &Store,
    transaction: &Transaction,
    id: GrantId,
    row: &mut GrantRow,
) -> Result<(), Error> {
    let waiting = row.acknowledged + 1..=row.statement;
    if waiting.is_empty() {
        return Ok(());
    }
    row.statement = row.acknowledged;
    fold(transaction, id, row)?;
    for number in waiting {
        let kept = load(transaction, id, number)?.ok_or(Error::unreadable("a statement"))?;
        let said = read(&kept.signed)?;
        let stays = kept.acceptance.is_some() || changes(row, &said);
        if stays && number == row.statement + 1 {
            row.take_effect(&said);
            row.statement = number;
            continue;
        }
        transaction
            .table(&STATEMENTS)?
            .remove(&grant_key(id, &u64_key(number)))?;
        if stays {
            say(store, transaction, id, row, said.event)?;
        }
    }
    Ok(())
}

fn changes(row: &GrantRow, said: &Statement) -> bool {
    match &said.event {
        Event::Paused => row.state != GrantState::Paused,
        Event::Narrowed(extent) => row.extent != *extent,
        _ => true,
    }
}

/// A generation whose key this copy does not have is followed by one of its own.
pub(super) fn rekey(
    store: &Store,
    transaction: &Transaction,
    id: GrantId,
    row: &mut GrantRow,
) -> Result<(), Error> {
    if let Some(key) = row.key_of(id, &row.extent) {
        row.key = StoredGrantKey::of(&key);
        return Ok(());
    }
    let terms = row.extent.terms.clone();
    change::begin_generation(store, transaction, id, row, terms)
}
