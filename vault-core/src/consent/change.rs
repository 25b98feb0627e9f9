//! Changing a running grant: pause, resume, narrow, renew. Each is a statement, and works without a
//! network; the server learns of it at the next connection, before any data.

use vault_file::Transaction;
use vault_wire::{
    id::GrantId,
    statement::{Event, Extent},
    terms::{Duration, Terms},
    time::Timestamp,
};

use super::{
    grant::{GrantRow, GrantState, load_grant, store_grant},
    inbox,
    selection::Selection,
    statements::say,
};
use crate::{error::Error, store::Store};

/// Suspends a grant. Nothing of it is exported from here on; what the server holds stays there.
pub(crate) fn pause(store: &Store, id: GrantId) -> Result<(), Error> {
    change(store, id, |transaction, row| match row.state {
        GrantState::Paused => Err(Error::GrantStands(GrantState::Paused)),
        _ => say(store, transaction, id, row, Event::Paused),
    })
}

/// Lets a paused grant go on from where it stopped. One whose key is on another device goes on here, under
/// a key of this one's own.
pub(crate) fn resume(store: &Store, id: GrantId) -> Result<(), Error> {
    change(store, id, |transaction, row| match row.state {
        state if row.keyless => {
            let terms = row.extent.terms.clone();
            begin_generation(store, transaction, id, row, terms)?;
            match state {
                GrantState::Paused => say(store, transaction, id, row, Event::Resumed),
                _ => Ok(()),
            }
        }
        GrantState::Active => Err(Error::GrantStands(GrantState::Active)),
        _ => say(store, transaction, id, row, Event::Resumed),
    })
}

/// Leaves a running grant less than it has.
pub(crate) fn narrow(store: &Store, id: GrantId, selection: &Selection) -> Result<(), Error> {
    change(store, id, |transaction, row| {
        let terms = selection.within(&row.extent.terms)?;
        if terms == row.extent.terms {
            return Err(Error::InvalidSelection("it leaves the grant as it is"));
        }
        narrow_to(store, transaction, id, row, terms)
    })
}

/// Confirms a grant for longer: until a moment, or for as long as was asked.
pub(crate) fn renew(store: &Store, id: GrantId, until: Option<Timestamp>) -> Result<(), Error> {
    change(store, id, |transaction, row| {
        let asked = inbox::asked(transaction, row.request)?.terms;
        let duration = match (asked.duration, until) {
            (Duration::OneTime, _) => {
                return Err(Error::InvalidSelection("a one-time grant ends with its read"));
            }
            (asked, None) => asked,
            (_, Some(until)) => Duration::TimeBound(until),
        };
        let terms = Terms {
            duration,
            ..row.extent.terms.clone()
        };
        if !terms.within(&asked) {
            return Err(Error::InvalidSelection(
                "it ends later than was asked: the application has to ask again",
            ));
        }
        if duration.ends_at(store.now()) < row.ends_at() {
            return Err(Error::InvalidSelection(
                "it ends earlier than now: narrow the grant instead",
            ));
        }
        let renewed = Event::Renewed(row.extent.with_terms(terms));
        say(store, transaction, id, row, renewed)
    })
}

/// Says that a grant is narrowed. Where it shows less than before, what was sent must not be readable
/// any more, so that a new generation begins; where it only ends earlier or allows fewer reads, what was
/// sent may stay.
pub(super) fn narrow_to(
    store: &Store,
    transaction: &Transaction,
    id: GrantId,
    row: &mut GrantRow,
    terms: Terms,
) -> Result<(), Error> {
    if terms.details == row.extent.terms.details {
        let narrowed = Event::Narrowed(row.extent.with_terms(terms));
        return say(store, transaction, id, row, narrowed);
    }
    begin_generation(store, transaction, id, row, terms)
}

/// Says that a grant has these terms, no wider than before, under a generation and a key of its own.
pub(super) fn begin_generation(
    store: &Store,
    transaction: &Transaction,
    id: GrantId,
    row: &mut GrantRow,
    terms: Terms,
) -> Result<(), Error> {
    let generation = row.extent.generation.max(row.key_generation) + 1;
    let narrowed = Event::Narrowed(Extent {
        terms,
        generation,
        key: row.renew_key(store, id, generation),
    });
    say(store, transaction, id, row, narrowed)
}

fn change(
    store: &Store,
    id: GrantId,
    change: impl FnOnce(&Transaction, &mut GrantRow) -> Result<(), Error>,
) -> Result<(), Error> {
    store.update(|transaction| {
        let mut row = load_grant(transaction, id)?;
        if !row.state_at(store.now()).is_running() {
            return Err(Error::GrantOver);
        }
        change(transaction, &mut row)?;
        store_grant(transaction, id, &row)
    })
}
