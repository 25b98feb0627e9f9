//! What the server has promised: every statement and every entry that it acknowledged. Learnt from the
//! frames on the wire alone, and held against whatever it says and serves later.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use vault_core::{
    Category,
    wire::{
        entry::{Body, Entry},
        frame::{
            Entries, EntriesAck, GrantPosition, Listing, Rejection, Standing, StatementAck, StatementOutcome,
        },
        id::{GrantId, Incarnation, Slot},
        statement::{Event, Extent},
        terms::Terms,
    },
};

/// What can stand in a slot: nothing, or an entry.
type State = Option<Put>;

/// An entry, as far as the wire shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Put {
    rev: u64,
    tag: [u8; 16],
    category: u8,
}

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
    /// The last pause that it accepted.
    paused: u64,
    /// The last resumption that anybody said.
    resumed: u64,
    /// The terms that it accepted: nothing beyond any of them may be shown any more.
    bounds: Vec<Terms>,
    /// Whether a statement that begins another generation is on its way, or may have arrived.
    is_turning: bool,
    generation: u32,
    /// The farthest that was ever acknowledged of this generation, in whatever life of the data.
    most: u64,
    /// Every `through` that may be the last that it stored.
    acked: BTreeSet<u64>,
    /// What each slot may hold.
    slots: BTreeMap<Slot, BTreeSet<State>>,
    /// Batches that were acknowledged since their life last compared: what each `through` meant.
    meant: BTreeMap<(Incarnation, u64), Vec<(Slot, u64, [u8; 16])>>,
}

/// What one connection has sent and not yet got an answer to.
#[derive(Debug)]
pub(crate) struct Sent {
    life: Incarnation,
    batches: VecDeque<Entries>,
}

/// Why a promise is broken.
pub(crate) type Broken = String;

impl Sent {
    pub(crate) fn of(life: Incarnation) -> Self {
        Self {
            life,
            batches: VecDeque::new(),
        }
    }

    /// The life of the vault file that speaks.
    pub(crate) fn life(&self) -> Incarnation {
        self.life
    }

    /// Whether nothing is on the way.
    pub(crate) fn is_answered(&self) -> bool {
        self.batches.is_empty()
    }
}

impl Promise {
    fn accept(&mut self, number: u64, event: &Event) {
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
            self.is_turning = false;
            self.most = 0;
            self.acked.clear();
            self.slots.clear();
            self.meant.clear();
        }
        self.bounds.push(extent.terms.clone());
    }
}

impl Promises {
    /// A device sent a batch: from here on it may be stored.
    pub(crate) fn sent(&mut self, sent: &mut Sent, batch: Entries) -> Result<(), Broken> {
        let promise = self.0.entry(batch.grant).or_default();
        if batch.generation == promise.generation {
            let again = promise.meant.get(&(sent.life, batch.through));
            if again.is_some_and(|before| *before != contents(&batch)) {
                return Err(format!(
                    "{} was used again for another batch of grant {}",
                    batch.through, batch.grant
                ));
            }
            promise.acked.insert(batch.through);
            for entry in &batch.entries {
                let states = promise.slots.entry(entry.slot).or_insert_with(|| [None].into());
                states.insert(state(entry));
            }
        }
        sent.batches.push_back(batch);
        Ok(())
    }

    /// The server acknowledged the oldest batch of a connection.
    pub(crate) fn acknowledged(&mut self, sent: &mut Sent, ack: &EntriesAck) -> Result<(), Broken> {
        let Some(batch) = sent.batches.pop_front() else {
            return Err("a batch was acknowledged that was not sent".to_owned());
        };
        let whole = |(_, why): &(Slot, Rejection)| matches!(why, Rejection::Gap | Rejection::GrantOver);
        let promise = self.0.entry(batch.grant).or_default();
        if ack.rejected.iter().any(whole) || batch.generation != promise.generation {
            return Ok(());
        }
        if ack.through != batch.through {
            return Err("an acknowledgement is not for the oldest batch".to_owned());
        }
        promise.meant.insert((sent.life, batch.through), contents(&batch));
        promise.most = promise.most.max(batch.through);
        let later: Vec<&Entries> = sent
            .batches
            .iter()
            .filter(|later| later.grant == batch.grant)
            .collect();
        promise.acked = later
            .iter()
            .map(|later| later.through)
            .chain([batch.through])
            .collect();
        let rejected: BTreeSet<Slot> = ack.rejected.iter().map(|(slot, _)| *slot).collect();
        for entry in batch
            .entries
            .iter()
            .filter(|entry| !rejected.contains(&entry.slot))
        {
            let on_the_way = later.iter().flat_map(|later| &later.entries);
            let on_the_way = on_the_way.filter(|other| other.slot == entry.slot).map(state);
            promise
                .slots
                .insert(entry.slot, on_the_way.chain([state(entry)]).collect());
        }
        Ok(())
    }

    /// A device made a statement: it may be in force from here on.
    pub(crate) fn stated(&mut self, grant: GrantId, number: u64, event: &Event) {
        let promise = self.0.entry(grant).or_default();
        match event {
            Event::Resumed => promise.resumed = promise.resumed.max(number),
            Event::Narrowed(extent) | Event::Renewed(extent) => {
                promise.is_turning |= extent.generation > promise.generation;
            }
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

    /// A device said where a grant stands: it cannot know more than the server ever acknowledged.
    pub(crate) fn claimed(&self, position: &GrantPosition) -> Result<(), Broken> {
        let Some(promise) = self.0.get(&position.grant) else {
            return Ok(());
        };
        let most = promise.acked.iter().copied().max().unwrap_or(0).max(promise.most);
        if position.generation == promise.generation && position.acked > most {
            return Err(format!("a device counts {} as held, of {most}", position.acked));
        }
        Ok(())
    }

    /// A device forgets what it knew of a grant and compares: its numbers begin anew.
    pub(crate) fn compares(&mut self, grant: GrantId, life: Incarnation) {
        if let Some(promise) = self.0.get_mut(&grant) {
            promise.meant.retain(|(of, _), _| *of != life);
        }
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
                Some(Standing::Resume(acked)) if position.generation == promise.generation => {
                    let known = promise.acked.is_empty() || promise.acked.contains(&acked);
                    promise.acked = [acked].into();
                    !known
                }
                _ => false,
            };
            if lost {
                return Err(format!(
                    "the server lost what it acknowledged of {}: {standing:?} after {promise:?}",
                    position.grant
                ));
            }
        }
        Ok(())
    }

    /// The server said what it holds.
    pub(crate) fn listed(&mut self, listing: &Listing) -> Result<(), Broken> {
        let Some(promise) = self.0.get_mut(&listing.grant) else {
            return Ok(());
        };
        if !listing.complete || promise.generation != listing.generation {
            return Ok(());
        }
        let rows: BTreeMap<Slot, _> = listing
            .rows
            .iter()
            .map(|row| (row.slot, (row.rev, row.tag.0)))
            .collect();
        for (slot, states) in &promise.slots {
            let (rev, tag) = rows.get(slot).copied().unwrap_or_default();
            let holds = (tag != [0; 16]).then_some((rev, tag));
            if !states
                .iter()
                .any(|state| state.map(|put| (put.rev, put.tag)) == holds)
            {
                return Err(format!(
                    "the server lists {holds:?} where {states:?} was acknowledged"
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
        let of_category = |state: &State| state.is_some_and(|put| put.category == category as u8);
        let states = |promises: &Self| {
            promises
                .0
                .get(&grant)
                .map(|promise| promise.slots.clone())
                .unwrap_or_default()
        };
        let (then, now) = (states(before), states(self));
        let is_turning = |promises: &Self| promises.0.get(&grant).is_some_and(|promise| promise.is_turning);
        if is_turning(before) || is_turning(self) {
            return Ok(());
        }
        for (slot, states) in then {
            let may_have_changed = now.get(&slot).is_some_and(|now| *now != states);
            if states.iter().all(of_category) && !may_have_changed && !got.contains(&slot) {
                return Err(format!(
                    "slot {slot} of {grant} is not served, but it holds {states:?}"
                ));
            }
        }
        for slot in got {
            let states = now.get(slot);
            if !states.is_some_and(|states| states.iter().any(of_category)) {
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
            if now.generation == promise.generation {
                now.most = now.most.max(promise.most);
            }
        }
    }
}

fn state(entry: &Entry) -> State {
    match &entry.body {
        Body::Put { category, .. } => Some(Put {
            rev: entry.rev,
            tag: entry.tag.0,
            category: *category as u8,
        }),
        Body::Delete => None,
    }
}

fn contents(batch: &Entries) -> Vec<(Slot, u64, [u8; 16])> {
    let mut rows: Vec<_> = batch
        .entries
        .iter()
        .map(|entry| (entry.slot, entry.rev, entry.tag.0))
        .collect();
    rows.sort_unstable();
    rows
}
