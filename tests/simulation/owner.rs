//! An owner with a copy of the vault on a simulated disk, and what a simple model says that it holds.

use std::{collections::BTreeMap, sync::Arc};

use harness::Dice;
use vault_core::{
    Conversation, Error, GrantId, GrantState, Host, ManualClock, Options, Query, Randomness, RawKey,
    RecordId, Recovery, Secret, ServerAddress, ServerKeyPin, Vault,
    wire::{
        frame::{Frame, Reader},
        signature::PublicKey,
        terms::Terms,
    },
};

use super::{
    content::{CATEGORIES, Version, shows_no_more},
    disk::{Image, Power, SimDisk},
};

const KEY: [u8; 32] = [7; 32];

/// What an owner said last of a grant, on one copy of the vault.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Word {
    /// They agreed: to no more than each of these, and paused it or not.
    Agreed { bounds: Vec<Terms>, is_paused: bool },
    /// They took it back.
    Withdrew,
}

/// What a simple model says that a copy of the vault holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holds {
    pub(crate) records: BTreeMap<RecordId, Version>,
    pub(crate) grants: BTreeMap<GrantId, Word>,
}

/// What power interrupted: all of it happened, or nothing.
#[derive(Clone, Debug)]
pub(crate) struct Unfinished {
    holds: Holds,
    /// Records that were put, whose ids nobody got to know.
    put: Vec<Version>,
}

/// A copy of the vault.
pub(crate) struct Owner {
    pub(crate) vault: Vault,
    pub(crate) holds: Holds,
    /// What it may hold instead, if power failed in the middle of something.
    or_else: Option<Unfinished>,
    pub(crate) power: Power,
    disk: SimDisk,
    /// The key by which servers know its device.
    pub(crate) transport: PublicKey,
    /// The session that it is in, and the number of its line.
    pub(crate) talk: Option<(Conversation, usize)>,
}

/// A copy of the vault as somebody keeps it: the bytes, and what they hold.
#[derive(Clone)]
pub(crate) struct Copy {
    pub(crate) image: Image,
    pub(crate) holds: Holds,
    pub(crate) transport: PublicKey,
}

impl Owner {
    /// A new vault that may collect what the simulation has.
    pub(crate) fn new(clock: &Arc<ManualClock>, dice: &mut Dice) -> Self {
        let power = Power::on();
        let disk = SimDisk::holding(&Image::new(), &power);
        let vault = Vault::create_on(disk.clone(), &RawKey::new(&KEY), host(clock, dice)).unwrap();
        for (category, ..) in &CATEGORIES {
            vault.allow_collection(*category).unwrap();
        }
        vault.trust(&address(), ServerKeyPin([0; 32])).unwrap();
        Self {
            transport: transport_key(&vault),
            vault,
            holds: Holds::default(),
            or_else: None,
            power,
            disk,
            talk: None,
        }
    }

    /// The vault that a code brought back, on a new disk; none if power failed before it was there.
    pub(crate) fn recovered(recovery: &Recovery<'_>, host: Host, dice: &mut Dice) -> Option<Self> {
        let power = Power::on();
        if dice.percent(30) {
            power.fail_at(dice.below(40) as u64, dice.percent(50));
        }
        let disk = SimDisk::holding(&Image::new(), &power);
        let made = Vault::recover_on(disk.clone(), &RawKey::new(&KEY), recovery, &address(), host);
        let made = made.and_then(|vault| {
            let mut categories = CATEGORIES.iter();
            categories.try_for_each(|(category, ..)| vault.allow_collection(*category))?;
            Ok(vault)
        });
        match made {
            Ok(vault) => Some(Self {
                vault,
                holds: Holds::default(),
                or_else: None,
                power,
                disk,
                transport: recovery.device(),
                talk: None,
            }),
            Err(_) if power.is_dark() => None,
            Err(error) => panic!("a code does not bring the vault back: {error}"),
        }
    }

    /// Opens a copy. It must open, and hold what the model says.
    pub(crate) fn open(
        copy: Copy,
        unfinished: Option<Unfinished>,
        clock: &Arc<ManualClock>,
        dice: &mut Dice,
    ) -> Self {
        let power = Power::on();
        let disk = SimDisk::holding(&copy.image, &power);
        let key = RawKey::new(&KEY);
        let vault = Vault::open_on(disk.clone(), &Secret::RawKey(&key), host(clock, dice));
        let mut owner = Self {
            vault: vault.unwrap_or_else(|error| panic!("the vault does not open: {error}")),
            holds: copy.holds,
            or_else: None,
            power,
            disk,
            transport: copy.transport,
            talk: None,
        };
        owner.adopt_grants();
        if let Some(unfinished) = unfinished
            && owner.has_done(&unfinished)
        {
            owner.holds = unfinished.holds;
            owner.adopt_grants();
            owner.adopt_records(unfinished.put);
        }
        assert!(
            owner.holds_just(&owner.holds),
            "the vault holds what nobody put there, or not what somebody did"
        );
        owner
    }

    /// Power fails: what is left, and what it holds by the model.
    pub(crate) fn crash(&mut self, dice: &mut Dice) -> (Copy, Option<Unfinished>) {
        self.power.cut();
        self.talk = None;
        self.vault.lock();
        let image = self.disk.after_power_cut(dice);
        (
            Copy {
                image,
                holds: self.holds.clone(),
                transport: self.transport,
            },
            self.or_else.take(),
        )
    }

    /// What somebody who copies the file now gets.
    pub(crate) fn copied(&self) -> Copy {
        Copy {
            image: self.disk.durable(),
            holds: self.holds.clone(),
            transport: self.transport,
        }
    }

    /// Does something to the vault that leaves it holding something else. Power may fail in it.
    pub(crate) fn change<T>(
        &mut self,
        holds: Holds,
        put: Vec<Version>,
        change: impl FnOnce(&Vault) -> Result<T, Error>,
    ) -> Option<T> {
        match change(&self.vault) {
            Ok(outcome) => {
                self.holds = holds;
                if let Some((talk, _)) = &mut self.talk {
                    talk.wake();
                }
                Some(outcome)
            }
            Err(error) if self.power.is_dark() => {
                drop(error);
                self.or_else = Some(Unfinished { holds, put });
                None
            }
            // What it asks for is what stands already, or the grant ended meanwhile.
            Err(Error::InvalidSelection(_) | Error::GrantOver | Error::GrantStands(_)) => None,
            Err(error) => panic!("the vault refuses what it should do: {error}"),
        }
    }

    /// Whether the vault holds what a model says: records and words, no more and no less.
    pub(crate) fn holds_just(&self, holds: &Holds) -> bool {
        self.differs_from(holds).is_none()
    }

    /// Whether what power interrupted has happened all the same.
    fn has_done(&self, unfinished: &Unfinished) -> bool {
        !self.holds_just(&self.holds)
            || unfinished.put.is_empty()
                && self.holds_just(&unfinished.holds)
                && self.stands_as(&unfinished.holds)
    }

    /// Whether the grants of the vault are paused just where a model says so.
    fn stands_as(&self, holds: &Holds) -> bool {
        let grants = self.vault.grants().unwrap();
        grants.iter().all(|known| match holds.grants.get(&known.id) {
            Some(Word::Agreed { is_paused, .. }) => match known.state {
                GrantState::Active => !is_paused,
                GrantState::Paused => *is_paused,
                _ => true,
            },
            _ => true,
        })
    }

    /// Where the vault does not hold what a model says.
    pub(crate) fn differs_from(&self, holds: &Holds) -> Option<String> {
        let mut left = holds.records.len();
        for (category, ..) in &CATEGORIES {
            let all = Query {
                limit: usize::MAX,
                ..Query::of(*category)
            };
            for record in self.vault.query(&all).unwrap() {
                let known = holds.records.get(&record.id);
                if !known.is_some_and(|version| version.is(&record)) {
                    return Some(format!("{}: {known:?}", record.id));
                }
                left -= 1;
            }
        }
        if left > 0 {
            return Some(format!("{left} records are gone"));
        }
        let grants = self.vault.grants().unwrap();
        if grants.len() != holds.grants.len() {
            return Some(format!(
                "{} grants instead of {}",
                grants.len(),
                holds.grants.len()
            ));
        }
        grants.iter().find_map(|known| match holds.grants.get(&known.id) {
            Some(Word::Agreed { bounds, .. }) => bounds
                .iter()
                // What two copies leave together, if that is nothing, is paused, and shown with the terms of one of
                // them until it is resumed or ends. Nothing is served meanwhile.
                .find(|bound| known.state == GrantState::Active && !shows_no_more(&known.terms, bound))
                .map(|bound| {
                    format!(
                        "{} is {:?} with {:?}, beyond {bound:?}",
                        known.id, known.state, known.terms
                    )
                }),
            Some(Word::Withdrew) => (!matches!(known.state, GrantState::Withdrawn | GrantState::Erased))
                .then(|| format!("{} was withdrawn and is {:?}", known.id, known.state)),
            None => Some(format!("{} came from nowhere", known.id)),
        })
    }

    /// Power failed while records were put, and all of them were durable.
    fn adopt_records(&mut self, mut put: Vec<Version>) {
        for (category, ..) in &CATEGORIES {
            let all = Query {
                limit: usize::MAX,
                ..Query::of(*category)
            };
            for record in self.vault.query(&all).unwrap() {
                if !self.holds.records.contains_key(&record.id)
                    && let Some(at) = put.iter().position(|version| version.is(&record))
                {
                    self.holds.records.insert(record.id, put.swap_remove(at));
                }
            }
        }
        assert!(
            put.is_empty(),
            "some of the records of one transaction are there and others are not"
        );
    }

    /// Takes in grants that came without the owner's word here: power failed while they agreed and the
    /// decision was durable, or another copy of the vault agreed.
    pub(crate) fn adopt_grants(&mut self) {
        for grant in self.vault.grants().unwrap() {
            let is_withdrawn = matches!(grant.state, GrantState::Withdrawn | GrantState::Erased);
            let word = match is_withdrawn {
                true => Word::Withdrew,
                false => Word::Agreed {
                    bounds: vec![grant.terms],
                    is_paused: grant.state == GrantState::Paused,
                },
            };
            self.holds.grants.entry(grant.id).or_insert(word);
        }
    }
}

/// The transport key that a vault shows, by the first frame of its enrolment. TLS would vouch for it.
fn transport_key(vault: &Vault) -> PublicKey {
    let mut talk = vault.converse(Some(None)).unwrap();
    let register = talk.say().unwrap().expect("it begins with REGISTER");
    match Reader::default().next(&mut register.as_slice()) {
        Ok(Some(Frame::Register(register))) => {
            let certificate = register.device.verify(&register.owner_key);
            certificate.expect("its own certificate").key
        }
        other => panic!("a vault begins with REGISTER, not with {other:?}"),
    }
}

fn address() -> ServerAddress {
    ServerAddress {
        host: "server".to_owned(),
        port: 1,
    }
}

/// What a vault takes from the simulation.
pub(crate) fn host(clock: &Arc<ManualClock>, dice: &mut Dice) -> Host {
    Host {
        clock: Arc::clone(clock) as Arc<dyn vault_core::Clock>,
        randomness: Randomness::new(dice.generator()),
        options: Options {
            cache_bytes: 1 << 20,
            ..Options::default()
        },
        anchor: None,
    }
}
