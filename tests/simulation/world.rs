//! One vault with its copies, one server, two developers, and a network between them. Everything that
//! happens is chosen by dice, so that a seed repeats it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use harness::Dice;
use sync_server::{
    clock::ManualClock as ServerClock,
    service::{
        admin::{NewApp, create_account, create_api_key, create_app},
        auth::{Caller, authenticate_key},
        link::link,
    },
};
use vault_core::{
    AppId, Clock, GrantId, ManualClock, Timestamp,
    wire::{
        id::{ReadId, RequestId, SubjectId},
        signature::PublicKey,
        terms::Terms,
    },
};

use super::{
    content::Version,
    deeds::{Paper, SET_BACK},
    line::Line,
    owner::{Copy, Owner, Word},
    planted::Planted,
    promises::Promises,
    revocation::{Claims, Speakers},
    server::{Kept, Machine},
    swarm::{Deed, Swarm},
};

/// A developer's application, and the id under which it knows the owner.
pub(crate) struct App {
    pub(crate) caller: Caller,
    pub(crate) subject: SubjectId,
}

/// What an owner agreed to, on whichever copy.
pub(crate) struct Consent {
    pub(crate) app: AppId,
    /// All that they agreed to: two copies may have done so differently.
    pub(crate) terms: Vec<Terms>,
    /// Whether the owner took it back, on whichever copy.
    pub(crate) is_withdrawn: bool,
    /// Whether a request was agreed to that amends it.
    pub(crate) is_amended: bool,
}

/// What somebody keeps of the server: its disks, and what it had promised by then.
#[derive(Clone)]
pub(crate) struct ServerCopy {
    pub(crate) kept: Kept,
    pub(crate) promises: Promises,
    pub(crate) speakers: Speakers,
}

/// The simulated world.
pub(crate) struct World {
    pub(crate) dice: Dice,
    pub(crate) swarm: Swarm,
    pub(crate) planted: Planted,
    pub(crate) machine: Machine,
    pub(crate) server_clock: Arc<ServerClock>,
    pub(crate) device_clock: Arc<ManualClock>,
    pub(crate) owners: Vec<Owner>,
    pub(crate) lines: BTreeMap<usize, Line>,
    pub(crate) apps: Vec<App>,
    pub(crate) promises: Promises,
    pub(crate) speakers: Speakers,
    pub(crate) claims: Claims,
    /// The recovery codes that the owner has on paper.
    pub(crate) codes: Vec<Paper>,
    /// The transport key of the device that took the vault back.
    pub(crate) stays: Option<PublicKey>,
    /// The grants that its owner agreed to there, or let go on.
    pub(crate) let_go_on: BTreeSet<GrantId>,
    pub(crate) versions: Vec<Version>,
    pub(crate) consents: BTreeMap<GrantId, Consent>,
    /// Requests that were refused on some copy.
    pub(crate) refused: BTreeSet<RequestId>,
    /// Answers that developers are still reading.
    pub(crate) reading: Vec<(GrantId, sync_server::live::ReadGuard)>,
    /// Reads that were answered, of which the owner must hear.
    pub(crate) answered: BTreeSet<ReadId>,
    pub(crate) server_copies: Vec<ServerCopy>,
    pub(crate) device_copies: Vec<Copy>,
    /// What the server was before it was told of a revocation that a planted mistake lets it forget.
    pub(crate) before_revocation: Option<Kept>,
    pub(crate) is_partitioned: bool,
    /// What happened, in words; printed when something is wrong.
    pub(crate) log: Vec<String>,
    /// How often each thing happened.
    pub(crate) counts: BTreeMap<String, u64>,
    lines_made: usize,
}

/// Beginning of every world.
const BEGINNING: &str = "2026-11-21T08:00:00Z";

impl World {
    /// A world whose vault is enrolled and linked to two applications, and what can happen in it.
    pub(crate) fn with(mut dice: Dice, swarm: Swarm, keys: &Path, planted: Planted) -> Self {
        let beginning: Timestamp = BEGINNING.parse().unwrap();
        let server_clock = Arc::new(ServerClock::at(beginning));
        let device_clock = Arc::new(ManualClock::new(beginning));
        let machine = Machine::new(keys, Arc::clone(&server_clock), &mut dice);
        let owner = Owner::new(&device_clock, &mut dice);
        let mut world = Self {
            dice,
            swarm,
            planted,
            machine,
            server_clock,
            device_clock,
            owners: vec![owner],
            lines: BTreeMap::new(),
            apps: Vec::new(),
            promises: Promises::default(),
            speakers: Speakers::default(),
            claims: Claims::default(),
            codes: Vec::new(),
            stays: None,
            let_go_on: BTreeSet::new(),
            versions: Vec::new(),
            consents: BTreeMap::new(),
            refused: BTreeSet::new(),
            reading: Vec::new(),
            answered: BTreeSet::new(),
            server_copies: Vec::new(),
            device_copies: Vec::new(),
            before_revocation: None,
            is_partitioned: false,
            log: Vec::new(),
            counts: BTreeMap::new(),
            lines_made: 0,
        };
        world.enrol();
        for name in ["Shop", "Gym"] {
            world.link(name);
        }
        world.plant_in_the_server();
        world
    }

    /// What the clocks show at the server.
    pub(crate) fn server_now(&self) -> Timestamp {
        sync_server::clock::Clock::now(&*self.server_clock)
    }

    /// What the clocks show on the devices.
    pub(crate) fn device_now(&self) -> Timestamp {
        self.device_clock.now()
    }

    /// Counts something.
    pub(crate) fn count(&mut self, what: &str) {
        *self.counts.entry(what.to_owned()).or_default() += 1;
    }

    /// Notes what happens, for whoever must understand a failure.
    pub(crate) fn note(&mut self, what: String) {
        self.log.push(what);
    }

    /// Something that must never be.
    pub(crate) fn wrong(&self, what: &str) -> ! {
        let told = format!("{what}\nafter\n{}", self.log.join("\n"));
        std::panic::resume_unwind(Box::new(told))
    }

    /// Holds a promise to be kept.
    pub(crate) fn hold(&self, promise: Result<(), String>) {
        if let Err(broken) = promise {
            self.wrong(&broken);
        }
    }

    /// A number for a new line.
    pub(crate) fn next_line(&mut self) -> usize {
        self.lines_made += 1;
        self.lines_made
    }

    /// Whether there are, or were, two lives of the vault or of the data.
    pub(crate) fn had_two_lives(&self) -> bool {
        let was_taken_back = self.stays.is_some();
        let by_copies = [
            Deed::CloneDevice,
            Deed::SetDeviceBack,
            Deed::SetServerBack,
            Deed::SetServerAndLedgerBack,
        ]
        .iter()
        .any(|deed| self.counts.contains_key(&format!("{deed:?}")));
        was_taken_back || by_copies
    }

    /// Whether the server's data were ever set back.
    pub(crate) fn server_was_set_back(&self) -> bool {
        self.counts.contains_key(SET_BACK)
    }

    /// Takes over what an owner has agreed to or taken back.
    pub(crate) fn learn_consents(&mut self, owner: usize) {
        for known in self.owners[owner].vault.grants().unwrap() {
            let Some(word) = self.owners[owner].holds.grants.get(&known.id) else {
                continue;
            };
            let consent = self.consents.entry(known.id).or_insert_with(|| Consent {
                app: known.app.id,
                terms: Vec::new(),
                is_withdrawn: false,
                is_amended: false,
            });
            if !consent.terms.contains(&known.terms) {
                consent.terms.push(known.terms.clone());
            }
            consent.is_withdrawn |= *word == Word::Withdrew;
            let amended = known.amends.and_then(|amended| self.consents.get_mut(&amended));
            if let Some(amended) = amended {
                amended.is_amended = true;
            }
        }
    }

    fn enrol(&mut self) {
        let (talk, register) = {
            let mut talk = self.owners[0].vault.converse(Some(None)).unwrap();
            let register = talk.say().unwrap().unwrap();
            (talk, register)
        };
        self.begin(0, talk, &register);
        self.run(0);
        self.hang_up_all();
    }

    fn link(&mut self, name: &str) {
        let mut talk = self.owners[0].vault.converse(None).unwrap();
        talk.ask_for_link_code();
        let hello = talk.say().unwrap().unwrap();
        self.begin(0, talk, &hello);
        self.run(0);
        let (talk, _) = self.owners[0].talk.as_mut().expect("the session goes on");
        let code = talk.take_link_code().expect("a link code came").code;
        let server = self.machine.server().clone();
        let app = self.machine.call(async {
            let account = create_account(&server, name).await.unwrap();
            let new = NewApp {
                name: name.to_owned(),
                controller: name.to_owned(),
                country: "DE".to_owned(),
                ..NewApp::default()
            };
            let app = create_app(&server, account, new).await.unwrap();
            let key = create_api_key(&server, app, "key", &["*".to_owned()], None)
                .await
                .unwrap();
            let caller = authenticate_key(&server, &key.key).unwrap();
            let subject = link(&server, &caller, &code).await.unwrap();
            App { caller, subject }
        });
        self.apps.push(app.expect("power is on"));
        self.run(0);
        self.hang_up_all();
        self.counts.clear();
    }
}
