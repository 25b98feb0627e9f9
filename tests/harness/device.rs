//! A device: one vault file, open.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use vault_core::{
    Category, Clock, Error, GrantId, GrantState, Host, InboxRequest, NewRecord, Options, Passphrase, Query,
    Randomness, RawKey, Record, RecoveryCode, RequestState, Secret, Selection, ServerAddress, ServerKeyPin,
    SyncEvent, SyncReport, Timestamp, Value, Vault, VaultFile, wire::frame::Event,
};

use crate::{Developer, Dice, soon};

/// A device with an open vault. The file opens with a raw key, so that no test waits for a key to be
/// stretched.
#[derive(Debug)]
pub struct Device {
    /// The open vault.
    pub vault: Vault,
    /// The key of the file.
    pub key: [u8; 32],
    path: PathBuf,
    clock: Arc<dyn Clock>,
}

/// A vault that stays connected.
#[derive(Debug)]
pub struct Connected {
    events: mpsc::UnboundedReceiver<SyncEvent>,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), Error>>,
}

impl Device {
    /// Makes a vault that may collect every category.
    pub fn create(path: &Path, clock: Arc<dyn Clock>, dice: &mut Dice) -> Self {
        let key = dice.bytes();
        let host = host(&clock, dice.generator());
        let vault = VaultFile::at(path)
            .create_with_key(&RawKey::new(&key), host)
            .unwrap();
        for category in Category::ALL {
            vault.allow_collection(category).unwrap();
        }
        Self {
            vault,
            key,
            path: path.to_owned(),
            clock,
        }
    }

    /// Takes a vault back from a server with nothing but a recovery code.
    ///
    /// # Errors
    /// Those of [`VaultFile::recover`].
    pub async fn recover(
        path: &Path,
        clock: Arc<dyn Clock>,
        dice: &mut Dice,
        code: &RecoveryCode,
        server: (&ServerAddress, ServerKeyPin),
    ) -> Result<Self, Error> {
        let key: [u8; 32] = dice.bytes();
        let passphrase = Passphrase::new("a passphrase of its own").unwrap();
        let host = host(&clock, dice.generator());
        let vault = VaultFile::at(path)
            .recover((code, &passphrase), server, host)
            .await?;
        Ok(Self {
            vault,
            key,
            path: path.to_owned(),
            clock,
        })
    }

    /// The same from a backup of this device's file.
    ///
    /// # Errors
    /// Those of [`VaultFile::recover_with_backup`].
    pub async fn recover_with_backup(
        &self,
        backup: &Path,
        path: &Path,
        dice: &mut Dice,
        code: &RecoveryCode,
        server: (&ServerAddress, ServerKeyPin),
    ) -> Result<Self, Error> {
        let host = host(&self.clock, dice.generator());
        let key = RawKey::new(&self.key);
        let from = (backup, &Secret::RawKey(&key));
        let go_on = &mut |_| std::ops::ControlFlow::Continue(());
        let vault = VaultFile::at(path)
            .recover_with_backup(from, code, server, host, go_on)
            .await?;
        Ok(Self {
            vault,
            key: self.key,
            path: path.to_owned(),
            clock: Arc::clone(&self.clock),
        })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Copies the file as it is on the disk, and opens the copy as another device.
    pub fn copied_to(&self, path: &Path, dice: &mut Dice) -> Self {
        std::fs::copy(&self.path, path).unwrap();
        self.opened_at(path, dice)
    }

    /// Locks the vault and opens the file again.
    pub fn reopened(self, dice: &mut Dice) -> Self {
        self.vault.lock();
        self.opened_at(&self.path, dice)
    }

    fn opened_at(&self, path: &Path, dice: &mut Dice) -> Self {
        let key = RawKey::new(&self.key);
        let host = host(&self.clock, ChaCha20Rng::from_seed(dice.bytes()));
        let vault = VaultFile::at(path).open(&Secret::RawKey(&key), host).unwrap();
        Self {
            vault,
            key: self.key,
            path: path.to_owned(),
            clock: Arc::clone(&self.clock),
        }
    }

    /// Syncs once.
    pub async fn sync(&self) -> SyncReport {
        self.sync_events().await.0
    }

    /// Syncs once, and tells what happened.
    pub async fn sync_events(&self) -> (SyncReport, Vec<SyncEvent>) {
        let mut events = Vec::new();
        let report = soon("a sync", self.vault.sync(|event| events.push(event))).await;
        (report.unwrap(), events)
    }

    /// Links a developer's application. Returns the id under which it knows this user.
    pub async fn link(&self, developer: &Developer) -> String {
        let code = soon("a link code", self.vault.link_code()).await.unwrap().code;
        developer.link(&code).await
    }

    /// Stays connected in the background.
    pub fn stay_connected(&self) -> Connected {
        let (told, events) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel();
        let vault = self.vault.clone();
        let stopped = async move { stopped.await.unwrap_or(()) };
        let running = tokio::spawn(async move { vault.watch(stopped, |event| drop(told.send(event))).await });
        Connected {
            events,
            stop,
            running,
        }
    }

    /// The consent request that waits for the owner.
    pub fn pending(&self) -> Option<InboxRequest> {
        let requests = self.vault.requests().unwrap();
        requests
            .into_iter()
            .find(|request| request.state == RequestState::Pending)
    }

    /// Fetches the request that waits, and approves what `narrow` makes of it. The decision has not
    /// left the device yet.
    pub async fn approve(&self, narrow: impl FnOnce(Selection) -> Selection) -> GrantId {
        self.sync().await;
        let request = self.pending().expect("a consent request reached the device");
        let selection = narrow(Selection::everything(&request.request));
        self.vault.approve(request.request.id, &selection).unwrap()
    }

    /// Approves, and has the decision and all that it covers at the server.
    pub async fn grant(&self, narrow: impl FnOnce(Selection) -> Selection) -> GrantId {
        let grant = self.approve(narrow).await;
        self.sync().await;
        assert_eq!(self.state_of(grant), GrantState::Active);
        grant
    }

    /// Withdraws, and has the server's erasure receipt.
    pub async fn withdraw(&self, grant: GrantId) {
        self.vault.withdraw(grant).unwrap();
        self.sync().await;
        assert_eq!(self.state_of(grant), GrantState::Erased);
    }

    /// Where a grant stands.
    pub fn state_of(&self, grant: GrantId) -> GrantState {
        let grants = self.vault.grants().unwrap();
        grants
            .iter()
            .find(|known| known.id == grant)
            .expect("the vault knows the grant")
            .state
    }

    /// Every record of a category.
    pub fn records(&self, category: Category) -> Vec<Record> {
        let all = Query {
            limit: usize::MAX,
            ..Query::of(category)
        };
        self.vault.query(&all).unwrap()
    }

    /// The ids of the reads that the vault was told of, latest first.
    pub fn reads_told(&self) -> Vec<String> {
        let activity = self.vault.activity(usize::MAX).unwrap();
        let reads = activity.into_iter().filter_map(|activity| match activity.event {
            Event::Read(receipt) => Some(receipt.id.to_string()),
            _ => None,
        });
        reads.collect()
    }
}

impl Connected {
    /// Waits for something that the session tells.
    pub async fn hears(&mut self, what: &str, wanted: impl Fn(&SyncEvent) -> bool) -> SyncEvent {
        soon(what, async {
            loop {
                let event = self
                    .events
                    .recv()
                    .await
                    .unwrap_or_else(|| panic!("the session ended before {what}"));
                if wanted(&event) {
                    return event;
                }
            }
        })
        .await
    }

    /// Waits for a consent request.
    pub async fn hears_a_request(&mut self) {
        let is_request = |event: &SyncEvent| matches!(event, SyncEvent::Notice(notice) if matches!(**notice, Event::Request(_)));
        self.hears("a consent request", is_request).await;
    }

    /// How the session ends by itself.
    pub async fn ended(self) -> Result<(), Error> {
        soon("the end of a session", self.running).await.unwrap()
    }

    /// Disconnects.
    pub async fn stop(self) {
        self.stopped().await.unwrap();
    }

    /// Waits until the session ends without being asked to.
    pub async fn stopped_by_itself(self) -> Result<(), Error> {
        soon("the end of a session", self.running).await.unwrap()
    }

    /// Disconnects. How the session ended: by this, or by an error before it.
    pub async fn stopped(self) -> Result<(), Error> {
        let _ = self.stop.send(());
        soon("the end of a session", self.running).await.unwrap()
    }
}

/// A receipt with its four telling fields.
pub fn receipt(at: Timestamp, brand: &str, cost: &str, method: &str) -> NewRecord {
    NewRecord::new(Category::Receipts)
        .at(at)
        .with("brand", Value::Text(brand.to_owned()))
        .with("total_cost", Value::Decimal(cost.parse().unwrap()))
        .with("currency", Value::Text("EUR".to_owned()))
        .with("payment_method", Value::Text(method.to_owned()))
}

fn host(clock: &Arc<dyn Clock>, randomness: ChaCha20Rng) -> Host {
    Host {
        clock: Arc::clone(clock),
        randomness: Randomness::new(randomness),
        options: Options::default(),
        anchor: None,
    }
}
