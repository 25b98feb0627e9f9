//! What the server has promised: every statement and every entry that it acknowledged. Learnt from the
//! frames on the wire alone, and held against whatever it says and serves later.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use vault_core::{
    Category,
    wire::{
        entry::{Body, Entry},
        frame::{Entries, EntriesAck, GrantPosition, Rejection, Standing, StatementAck, StatementOutcome},
        id::{GrantId, Slot},
        statement::{Event, Extent},
        terms::Terms,
    },
};

/// What may stand in a slot: an entry or a deletion, at a revision, as far as the wire shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    rev: u64,
    put: Option<([u8; 16], u8)>,
}

/// A slot that nothing was ever put into.
const EMPTY: State = State { rev: 0, put: None };

/// What the server has promised of every grant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Promises(BTreeMap<GrantId, Promise>);

#[derive(Clone, Debug, Default)]
struct Promise {
    /// The last statement that it acknowledged.
    accepted: u64,
    /// Whether it proved that all is erased.
    erased: bool,
    /// Whether a device told it that the owner ended the grant.
    ended: bool,
    /// The last statement that a device named as accepted: while that is missing, nothing is read.
    named: u64,
    /// The last pause that it accepted.
    paused: u64,
    /// The last resumption that anybody said.
    resumed: u64,
    /// The terms that it accepted: nothing beyond any of them may be shown any more.
    bounds: Vec<Terms>,
    /// The highest generation that a statement on its way begins, or one that may have arrived.
    turning_to: u32,
    /// Whether a withdrawal is on its way, or may have arrived in part.
    is_ending: bool,
    generation: u32,
    /// The generation under whose key it took entries.
    keyed: u32,
    /// The highest generation of which entries were sent before it was seen to begin: what it holds is not
    /// known.
    unseen: u32,
    /// What each slot may hold.
    slots: BTreeMap<Slot, BTreeSet<State>>,
}

/// What one connection has sent and not yet got an answer to.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    batches: VecDeque<Entries>,
}

/// Why a promise is broken.
pub(crate) type Broken = String;

impl Sent {
    /// Whether nothing is on the way.
    pub(crate) fn is_answered(&self) -> bool {
        self.batches.is_empty()
    }
}

impl Promise {
    /// Whether the server can hold what a device says that it holds. Where a slot may hold this or that,
    /// nothing is known.
    fn may_hold(&self, position: &GrantPosition) -> bool {
        let is_known = self.slots.values().all(|states| states.len() == 1);
        let held = self
            .slots
            .values()
            .flatten()
            .filter(|state| state.put.is_some())
            .count() as u64;
        !is_known || position.generation != self.generation || self.is_turning() || position.count == held
    }

    /// Whether another generation may be in force already, or the keys of this one destroyed.
    const fn is_turning(&self) -> bool {
        self.is_ending || self.turning_to > self.generation || self.unseen >= self.generation
    }

    fn accept(&mut self, number: u64, event: &Event) {
        if *event == Event::Refused {
            // There is no grant by it that the server could know.
            return;
        }
        self.accepted = self.accepted.max(number);
        match event {
            Event::Paused => self.paused = self.paused.max(number),
            Event::Given(extent) | Event::Narrowed(extent) => self.take(extent),
            _ => {}
        }
    }

    /// New terms are in force. A new generation begins empty.
    fn take(&mut self, extent: &Extent) {
        if extent.generation > self.generation {
            self.generation = extent.generation;
            self.slots.clear();
        }
        self.bounds.push(extent.terms.clone());
    }
}

impl Promises {
    /// A device sent a batch: from here on it may be stored.
    pub(crate) fn sent(&mut self, sent: &mut Sent, batch: Entries) {
        let promise = self.0.entry(batch.grant).or_default();
        if batch.generation > promise.generation {
            promise.unseen = promise.unseen.max(batch.generation);
        }
        if batch.generation == promise.generation {
            for entry in &batch.entries {
                let states = promise.slots.entry(entry.slot).or_insert_with(|| [EMPTY].into());
                states.insert(state(entry));
            }
        }
        sent.batches.push_back(batch);
    }

    /// The server acknowledged the oldest batch of a connection.
    pub(crate) fn acknowledged(&mut self, sent: &mut Sent, ack: &EntriesAck) -> Result<(), Broken> {
        let Some(batch) = sent
            .batches
            .pop_front()
            .filter(|batch| batch.number == ack.number)
        else {
            return Err("a batch was acknowledged that is not the oldest on the way".to_owned());
        };
        let is_whole = |(_, why): &(Slot, Rejection)| matches!(why, Rejection::GrantOver);
        let promise = self.0.entry(batch.grant).or_default();
        if ack.rejected.iter().any(is_whole) || batch.generation != promise.generation {
            return Ok(());
        }
        promise.keyed = batch.generation;
        let later: Vec<&Entries> = sent
            .batches
            .iter()
            .filter(|later| later.grant == batch.grant)
            .collect();
        let rejected: BTreeSet<Slot> = ack.rejected.iter().map(|(slot, _)| *slot).collect();
        for entry in batch
            .entries
            .iter()
            .filter(|entry| !rejected.contains(&entry.slot))
        {
            let now = state(entry);
            let states = promise.slots.entry(entry.slot).or_default();
            if states
                .iter()
                .all(|before| before.rev >= now.rev && *before != now)
            {
                return Err(format!(
                    "revision {} of slot {} was used again for something else",
                    now.rev, entry.slot
                ));
            }
            let on_the_way = later.iter().flat_map(|later| &later.entries);
            let on_the_way = on_the_way.filter(|other| other.slot == entry.slot).map(state);
            *states = on_the_way.chain([now]).collect();
        }
        Ok(())
    }

    /// A device made a statement: it may be in force from here on.
    pub(crate) fn stated(&mut self, grant: GrantId, number: u64, event: &Event) {
        let promise = self.0.entry(grant).or_default();
        match event {
            Event::Resumed => promise.resumed = promise.resumed.max(number),
            Event::Given(extent) | Event::Narrowed(extent) | Event::Renewed(extent) => {
                promise.turning_to = promise.turning_to.max(extent.generation);
            }
            Event::Withdrawn => promise.is_ending = true,
            _ => {}
        }
    }

    /// The server answered a statement.
    pub(crate) fn answered(&mut self, ack: &StatementAck, event: Option<&Event>) {
        let promise = self.0.entry(ack.grant).or_default();
        match &ack.outcome {
            StatementOutcome::Accepted(_) => {
                if let Some(event) = event {
                    promise.accept(ack.number, event);
                }
            }
            StatementOutcome::Erased(_) => promise.erased = true,
            StatementOutcome::Refused(_) => {}
        }
    }

    /// The server showed a statement that it has.
    pub(crate) fn shown(&mut self, grant: GrantId, number: u64, event: &Event) {
        self.0.entry(grant).or_default().accept(number, event);
    }

    /// The server was told which grants the owner ended, and has answered.
    pub(crate) fn ended(
        &mut self,
        ended: &[GrantId],
        standings: &[(GrantId, Standing)],
    ) -> Result<(), Broken> {
        for grant in ended {
            let promise = self.0.entry(*grant).or_default();
            promise.ended = true;
            if promise.erased && standings.iter().any(|(named, _)| named == grant) {
                return Err(format!("the server forgot the withdrawal of {grant}"));
            }
        }
        Ok(())
    }

    /// A device said how far it is.
    pub(crate) fn named(&mut self, said: &[GrantPosition]) {
        for position in said {
            let promise = self.0.entry(position.grant).or_default();
            promise.named = promise.named.max(position.statement);
        }
    }

    /// Whether the data were set back to before a statement that a device named, which has not come again.
    pub(crate) fn awaits(&self, grant: GrantId) -> bool {
        self.0
            .get(&grant)
            .is_some_and(|promise| promise.named > promise.accepted)
    }

    /// The server said where it stands with what a device said.
    pub(crate) fn welcomed(
        &mut self,
        said: &[GrantPosition],
        standings: &[(GrantId, Standing)],
    ) -> Result<(), Broken> {
        for position in said {
            let Some(promise) = self.0.get_mut(&position.grant) else {
                continue;
            };
            let standing = standings.iter().find(|(grant, _)| *grant == position.grant);
            let standing = standing.map(|(_, standing)| *standing);
            if promise.erased && standing != Some(Standing::Withdrawn) {
                return Err(format!("the server forgot the withdrawal of {}", position.grant));
            }
            let lost = match standing {
                Some(Standing::Unknown) => promise.accepted > 0,
                Some(Standing::StatementStale(number)) => number < promise.accepted,
                Some(Standing::KeyMissing) => promise.keyed == position.generation && !promise.is_turning(),
                None => !promise.may_hold(position),
                _ => false,
            };
            if lost {
                return Err(format!(
                    "the server lost what it acknowledged of {}: {standing:?}",
                    position.grant
                ));
            }
        }
        Ok(())
    }

    /// Why nothing may be served under a grant, if nothing may.
    pub(crate) fn forbids(&self, grant: GrantId) -> Option<&'static str> {
        let promise = self.0.get(&grant)?;
        match promise {
            Promise { erased: true, .. } => Some("its withdrawal was acknowledged"),
            Promise { ended: true, .. } => Some("the server was told that it is ended"),
            Promise { paused, resumed, .. } if paused > resumed => Some("its pause was acknowledged"),
            _ => None,
        }
    }

    /// Whether the server proved that a grant is erased.
    pub(crate) fn is_erased(&self, grant: GrantId) -> bool {
        self.0.get(&grant).is_some_and(|promise| promise.erased)
    }

    /// The terms of a grant that the server accepted, one after the other.
    pub(crate) fn bounds(&self, grant: GrantId) -> &[Terms] {
        self.0.get(&grant).map_or(&[], |promise| &promise.bounds)
    }

    /// A developer got these slots of a category, in a read that began when `before` held: all that had to
    /// be there then, and nothing that cannot be there now.
    pub(crate) fn served(
        &self,
        before: &Self,
        grant: GrantId,
        category: Category,
        got: &BTreeSet<Slot>,
    ) -> Result<(), Broken> {
        let of_category = |state: &State| state.put.is_some_and(|(_, of)| of == category as u8);
        let states = |promises: &Self| {
            promises
                .0
                .get(&grant)
                .map(|promise| promise.slots.clone())
                .unwrap_or_default()
        };
        let (then, now) = (states(before), states(self));
        let is_turning = |promises: &Self| promises.0.get(&grant).is_some_and(Promise::is_turning);
        if is_turning(before) || is_turning(self) {
            return Ok(());
        }
        for (slot, states) in &then {
            let may_have_changed = now.get(slot).is_some_and(|now| now != states);
            if states.iter().all(of_category) && !may_have_changed && !got.contains(slot) {
                return Err(format!(
                    "slot {slot} of {grant} is not served, but it holds {states:?}"
                ));
            }
        }
        for slot in got {
            let states: Vec<_> = then
                .get(slot)
                .into_iter()
                .chain(now.get(slot))
                .flatten()
                .collect();
            if !states.iter().any(|state| of_category(state)) {
                return Err(format!(
                    "slot {slot} of {grant} is served, but it may hold {states:?}"
                ));
            }
        }
        Ok(())
    }

    /// The data were set back to what they were when `then` held, with the ledger of erasures or without it.
    pub(crate) fn set_back(&mut self, then: &Self, with_ledger: bool) {
        let before = std::mem::replace(self, then.clone());
        for (grant, promise) in before.0 {
            let now = self.0.entry(grant).or_default();
            now.erased |= promise.erased && !with_ledger;
        }
    }
}

fn state(entry: &Entry) -> State {
    let put = match &entry.body {
        Body::Put { category, .. } => Some((entry.tag.0, *category as u8)),
        Body::Delete => None,
    };
    State { rev: entry.rev, put }
}
