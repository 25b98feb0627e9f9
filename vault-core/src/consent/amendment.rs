//! Amendments: a request to change a running grant, shown as what it changes.

use std::collections::BTreeSet;

use vault_file::{Snapshot, Transaction};
use vault_wire::{
    catalogue::{Category, Precision},
    id::GrantId,
    request::ConsentRequest,
    terms::{DataLife, Delivery, Detail, Duration, Frequency, Terms, TimeRange},
    time::Timestamp,
};

use super::{
    change::narrow_to,
    grant::{self, GrantRow, load_grant, store_grant},
};
use crate::{error::Error, store::Store};

/// What a request would change in a running grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amendment {
    /// The grant.
    pub grant: GrantId,
    /// What it would get that it does not have.
    pub wider: Vec<Change>,
    /// What it would lose.
    pub narrower: Vec<Change>,
    /// The terms that are left if only what is narrower is applied; none if nothing would be left.
    pub narrowed: Option<Terms>,
}

/// One difference between what a grant has and what is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// For what the data may be used.
    Purpose {
        /// What the grant has.
        from: &'static str,
        /// What is asked.
        to: &'static str,
    },
    /// A field of a category, there or not, or at another precision.
    Field {
        /// Which category.
        category: Category,
        /// Which field.
        path: String,
        /// How exactly it is granted, if it is.
        from: Option<Precision>,
        /// How exactly it is asked for, if it is.
        to: Option<Precision>,
    },
    /// Records of which time.
    TimeRange {
        /// Of which category.
        category: Category,
        /// What the grant has.
        from: TimeRange,
        /// What is asked.
        to: TimeRange,
    },
    /// How long the developer may read.
    Duration {
        /// What the grant has.
        from: Duration,
        /// What is asked.
        to: Duration,
    },
    /// How long the developer may keep what it read; without an end if there is none.
    DataLife {
        /// What the grant has.
        from: Option<DataLife>,
        /// What is asked.
        to: Option<DataLife>,
    },
    /// How often the developer may read; as often as it likes if there is none.
    Frequency {
        /// What the grant has.
        from: Option<Frequency>,
        /// What is asked.
        to: Option<Frequency>,
    },
    /// Who can open the entries.
    Delivery {
        /// What the grant has.
        from: Delivery,
        /// What is asked.
        to: Delivery,
    },
}

impl Amendment {
    /// What a request changes, if the grant that it amends runs here and is the same application's.
    pub(super) fn of(
        view: &Snapshot,
        id: GrantId,
        request: &ConsentRequest,
        now: Timestamp,
    ) -> Result<Option<Self>, Error> {
        let row = grant::row(view, id)?.filter(|row| is_amended_by(row, request, now));
        Ok(row.map(|row| Self::between(id, &row.extent.terms, &request.terms)))
    }

    /// What lies between the terms of a running grant and those that are asked for it.
    pub fn between(grant: GrantId, running: &Terms, asked: &Terms) -> Self {
        let mut differences = Differences::default();
        differences.purposes(running, asked);
        differences.details(running, asked);
        differences.bounds(running, asked);
        Self {
            grant,
            wider: differences.wider,
            narrower: differences.narrower,
            narrowed: running.meet(asked).filter(|met| met != running),
        }
    }

    /// Whether it gives nothing: then nobody has to be asked.
    pub const fn only_narrows(&self) -> bool {
        self.wider.is_empty()
    }
}

/// Applies a request that only takes something away from a running grant. Returns whether it was one.
pub(super) fn apply_narrowing(
    store: &Store,
    transaction: &Transaction,
    request: &ConsentRequest,
) -> Result<bool, Error> {
    let Some(id) = request.amends else {
        return Ok(false);
    };
    let mut row = match load_grant(transaction, id) {
        Ok(row) => row,
        Err(Error::NotFound(_)) => return Ok(false),
        Err(error) => return Err(error),
    };
    let takes_away = is_amended_by(&row, request, store.now())
        && request.terms.within(&row.extent.terms)
        && request.terms != row.extent.terms;
    if takes_away {
        let is_keyless = row.keyless;
        narrow_to(store, transaction, id, &mut row, request.terms.clone())?;
        // To ask for less is not to let a grant go on that a lost device left.
        row.keyless = is_keyless;
        store_grant(transaction, id, &row)?;
    }
    Ok(takes_away)
}

fn is_amended_by(row: &GrantRow, request: &ConsentRequest, now: Timestamp) -> bool {
    row.state_at(now).is_running() && row.app == request.app.id && row.subject == request.subject
}

#[derive(Default)]
struct Differences {
    wider: Vec<Change>,
    narrower: Vec<Change>,
}

impl Differences {
    fn purposes(&mut self, running: &Terms, asked: &Terms) {
        if running.purpose != asked.purpose {
            let (from, to) = (running.purpose.code(), asked.purpose.code());
            self.wider.push(Change::Purpose { from, to });
        }
    }

    fn details(&mut self, running: &Terms, asked: &Terms) {
        let categories: BTreeSet<_> = [running, asked]
            .into_iter()
            .flat_map(|terms| &terms.details)
            .map(|detail| detail.category)
            .collect();
        for category in categories {
            let (from, to) = (running.detail(category), asked.detail(category));
            self.fields(category, from, to);
            if let (Some(from), Some(to)) = (from, to) {
                let change = Change::TimeRange {
                    category,
                    from: from.time_range,
                    to: to.time_range,
                };
                let is_narrower = to.time_range.within(&from.time_range);
                self.sort(from.time_range == to.time_range, is_narrower, change);
            }
        }
    }

    fn fields(&mut self, category: Category, from: Option<&Detail>, to: Option<&Detail>) {
        let paths: BTreeSet<_> = [from, to]
            .into_iter()
            .flatten()
            .flat_map(|detail| detail.fields.keys())
            .collect();
        for path in paths {
            let precision = |detail: Option<&Detail>| detail.and_then(|d| d.fields.get(path)).copied();
            let (from, to) = (precision(from), precision(to));
            let is_narrower = match (from, to) {
                (_, None) => true,
                (None, Some(_)) => false,
                (Some(from), Some(to)) => to.at_most(from),
            };
            let path = path.clone();
            let change = Change::Field {
                category,
                path,
                from,
                to,
            };
            self.sort(from == to, is_narrower, change);
        }
    }

    fn bounds(&mut self, running: &Terms, asked: &Terms) {
        let narrower = |change: fn(&mut Terms, &Terms)| {
            let mut changed = running.clone();
            change(&mut changed, asked);
            changed.within(running)
        };
        let (from, to) = (running.duration, asked.duration);
        let is_narrower = narrower(|terms, asked| terms.duration = asked.duration);
        self.sort(from == to, is_narrower, Change::Duration { from, to });
        let (from, to) = (running.data_life, asked.data_life);
        let is_narrower = narrower(|terms, asked| terms.data_life = asked.data_life);
        self.sort(from == to, is_narrower, Change::DataLife { from, to });
        let (from, to) = (running.frequency, asked.frequency);
        let is_narrower = narrower(|terms, asked| terms.frequency = asked.frequency);
        self.sort(from == to, is_narrower, Change::Frequency { from, to });
        let (from, to) = (running.delivery, asked.delivery);
        self.sort(from == to, false, Change::Delivery { from, to });
    }

    /// What is neither more nor less counts as wider: it has to be asked.
    fn sort(&mut self, is_equal: bool, is_narrower: bool, change: Change) {
        match (is_equal, is_narrower) {
            (true, _) => {}
            (false, true) => self.narrower.push(change),
            (false, false) => self.wider.push(change),
        }
    }
}
