//! The real service on simulated disks. Its transactions happen when the simulation steps them, its
//! tasks run when the simulation lets them, and nothing else moves it.

use std::{cell::Cell, path::Path, sync::Arc};

use bytes::Bytes;
use harness::Dice;
use sync_server::{
    Server,
    clock::{Clock, ManualClock},
    config::Config,
    entropy::Entropy,
    hosted::{self, Disks, Work},
};
use tokio::{
    runtime::Runtime,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinHandle,
};
use vault_core::wire::signature::PublicKey;

use super::disk::{Image, Power, SimDisk};

/// Polls that every task gets in one turn.
const POLLS: usize = 12;
/// A call that is not answered after so many transactions never will be.
const STEPS_MAX: usize = 10_000;

/// What is left of a server without power.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    pub(crate) store: Image,
    pub(crate) grant_keys: Image,
    pub(crate) erasures: Image,
}

/// The machine that the service runs on.
pub(crate) struct Machine {
    runtime: Runtime,
    clock: Arc<ManualClock>,
    config: Config,
    running: Option<Running>,
    /// Whether the server was asked to compare: it does so on another thread.
    compares: Cell<bool>,
}

struct Running {
    server: Server,
    work: Work,
    power: Power,
    disks: Disks<SimDisk>,
    lanes: Vec<JoinHandle<()>>,
}

/// The two ends of a stream that a device speaks over, on the server's side of the network.
pub(crate) struct Stream {
    pub(crate) to_server: UnboundedSender<Bytes>,
    pub(crate) from_server: UnboundedReceiver<Bytes>,
}

impl Machine {
    /// A machine with empty disks, whose keys are in a folder.
    pub(crate) fn new(keys: &Path, clock: Arc<ManualClock>, dice: &mut Dice) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            // One, so that its work has an order that can be waited for.
            .max_blocking_threads(1)
            .build()
            .unwrap();
        let config = Config {
            config_dir: keys.to_owned(),
            ..Config::default()
        };
        let mut machine = Self {
            runtime,
            clock,
            config,
            running: None,
            compares: Cell::new(false),
        };
        machine.boot(&Kept::default(), dice);
        machine
    }

    /// Starts the service over what was kept. It must always start.
    pub(crate) fn boot(&mut self, kept: &Kept, dice: &mut Dice) {
        assert!(self.running.is_none(), "one service at a time");
        let power = Power::on();
        let disk = |image| SimDisk::holding(image, &power);
        let disks = Disks {
            store: disk(&kept.store),
            grant_keys: disk(&kept.grant_keys),
            erasures: disk(&kept.erasures),
        };
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let entropy = Entropy::new(dice.generator());
        let opened = hosted::open(self.config.clone(), clock, entropy, same(&disks));
        let (opening, work) = opened.unwrap_or_else(|error| panic!("the server does not start: {error}"));
        let server = drive(&self.runtime, &work, &power, opening)
            .unwrap_or_else(|| panic!("the server does not start"))
            .unwrap_or_else(|error| panic!("the server does not start: {error}"));
        self.running = Some(Running {
            server,
            work,
            power,
            disks,
            lanes: Vec::new(),
        });
    }

    /// Power fails. What is left depends on what was synced, and on chance.
    pub(crate) fn crash(&mut self, dice: &mut Dice) -> Kept {
        let running = self.running.take().expect("the server runs");
        running.power.cut();
        let kept = Kept {
            store: running.disks.store.after_power_cut(dice),
            grant_keys: running.disks.grant_keys.after_power_cut(dice),
            erasures: running.disks.erasures.after_power_cut(dice),
        };
        running.lanes.iter().for_each(JoinHandle::abort);
        // Tasks are dropped when they are next looked at.
        turn(&self.runtime);
        drop(running);
        kept
    }

    /// What somebody who copies the disks now gets.
    pub(crate) fn copied(&self) -> Kept {
        let disks = &self.running().disks;
        Kept {
            store: disks.store.durable(),
            grant_keys: disks.grant_keys.durable(),
            erasures: disks.erasures.durable(),
        }
    }

    /// The power of the machine.
    pub(crate) fn power(&self) -> &Power {
        &self.running().power
    }

    /// The service.
    pub(crate) fn server(&self) -> &Server {
        &self.running().server
    }

    /// Begins to serve a device.
    pub(crate) fn accept(&mut self, device: PublicKey) -> Stream {
        let (to_server, incoming) = unbounded_channel();
        let (outgoing, from_server) = unbounded_channel();
        let running = self.running.as_mut().expect("the server runs");
        let lane = hosted::serve(running.server.clone(), device, incoming, outgoing);
        running.lanes.push(self.runtime.spawn(lane));
        Stream {
            to_server,
            from_server,
        }
    }

    /// Lets every task go on as far as it can without the store.
    pub(crate) fn turn(&self) {
        turn(&self.runtime);
        if self.compares.get() {
            // How long the other thread takes must not decide what happens.
            let last = self.runtime.spawn_blocking(|| ());
            self.runtime.block_on(last).expect("the thread goes on");
            turn(&self.runtime);
        }
    }

    /// From here on the server may be comparing.
    pub(crate) fn may_compare(&self) {
        self.compares.set(true);
    }

    /// Does what waits for the store, in one transaction. Returns how many calls that were.
    pub(crate) fn step(&self) -> usize {
        self.running().work.step()
    }

    /// Makes a call, and does the store's work until it is answered. None if power fails meanwhile.
    pub(crate) fn call<T>(&self, call: impl Future<Output = T>) -> Option<T> {
        let running = self.running();
        drive(&self.runtime, &running.work, &running.power, call)
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("the server runs")
    }
}

fn same(disks: &Disks<SimDisk>) -> Disks<SimDisk> {
    Disks {
        store: disks.store.clone(),
        grant_keys: disks.grant_keys.clone(),
        erasures: disks.erasures.clone(),
    }
}

fn turn(runtime: &Runtime) {
    runtime.block_on(async {
        for _ in 0..POLLS {
            tokio::task::yield_now().await;
        }
    });
}

fn drive<T>(runtime: &Runtime, work: &Work, power: &Power, call: impl Future<Output = T>) -> Option<T> {
    runtime.block_on(async {
        tokio::pin!(call);
        for _ in 0..STEPS_MAX {
            tokio::select! {
                biased;
                answer = &mut call => return (!power.is_dark()).then_some(answer),
                () = tokio::task::yield_now() => drop(work.step()),
            }
            if power.is_dark() {
                return None;
            }
        }
        panic!("a call is never answered");
    })
}
