//! The service without its transports.

use std::{fmt, sync::Arc};

use vault_file::Disk;
use vault_wire::{id::StateId, time::Timestamp};

use crate::{
    clock::Clock,
    config::Config,
    entropy::Entropy,
    error::StartError,
    keys::{Keys, TlsIdentity, create_private_folder},
    live::{Devices, ReadGuards, Unfiled, Waits},
    service::{recovery, statement},
    stop::Stop,
    store::{
        Erased, GrantKeys, Ledger, Rows, Store, StoreError, file_at,
        tables::{ERASURES, META, key},
    },
};

const STATE: &[u8] = b"state";

/// The service without its transports. Clones share it.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

struct Inner {
    config: Config,
    clock: Arc<dyn Clock>,
    entropy: Entropy,
    keys: Keys,
    keys_are_new: bool,
    store: Store,
    grant_keys: GrantKeys,
    ledger: Ledger,
    state: StateId,
    devices: Devices,
    guards: ReadGuards,
    waits: Waits,
    unfiled: Unfiled,
    stop: Stop,
}

/// What is kept apart from the store.
pub(crate) struct Beside {
    pub(crate) grant_keys: Box<dyn Disk>,
    pub(crate) erasures: Box<dyn Disk>,
}

impl Beside {
    pub(crate) fn in_folders_of(config: &Config) -> Result<Self, StoreError> {
        Ok(Self {
            grant_keys: file_at(&config.data_dir.join("grant-keys"))?,
            // Not beside the data: a data folder that is restored whole must not bring an old ledger with it.
            erasures: file_at(&config.config_dir.join("erasure-ledger"))?,
        })
    }
}

impl Server {
    /// Opens the keys and the data, making them if there are none, and finishes what an earlier run
    /// could not. Only one process at a time can have the data open.
    ///
    /// # Errors
    ///
    /// [`StartError`] says what to do.
    pub async fn open(
        config: Config,
        clock: Arc<dyn Clock>,
        mut entropy: Entropy,
    ) -> Result<Self, StartError> {
        if Store::exists_in(&config.data_dir) && !Keys::any_in(&config.config_dir) {
            return Err(StartError::KeysGone {
                folder: config.config_dir,
            });
        }
        let (keys, keys_are_new) = Keys::open(
            &config.config_dir,
            &config.public_names,
            clock.now(),
            &mut entropy,
        )?;
        create_private_folder(&config.data_dir).map_err(|source| StartError::Folder {
            path: config.data_dir.clone(),
            source,
        })?;
        let store = Store::open(&config.data_dir, &keys.store, &entropy, config.cache_mib)?;
        let beside = Beside::in_folders_of(&config)?;
        Self::over(config, clock, entropy, (keys, keys_are_new), store, beside).await
    }

    /// The service over an open store and the disks beside it.
    pub(crate) async fn over(
        config: Config,
        clock: Arc<dyn Clock>,
        mut entropy: Entropy,
        (keys, keys_are_new): (Keys, bool),
        store: Store,
        beside: Beside,
    ) -> Result<Self, StartError> {
        let grant_keys = GrantKeys::open(beside.grant_keys, &keys.grant_keys(), &entropy)?;
        let (ledger, erased) = Ledger::open(beside.erasures, &keys.ledger(), &entropy)?;
        let fresh = StateId::fresh(clock.now(), &mut entropy);
        let server = Self(Arc::new(Inner {
            state: settle_state(&store, &erased, fresh).await?,
            config,
            clock,
            entropy,
            keys,
            keys_are_new,
            store,
            grant_keys,
            ledger,
            devices: Devices::default(),
            guards: ReadGuards::default(),
            waits: Waits::default(),
            unfiled: Unfiled::default(),
            stop: Stop::default(),
        }));
        statement::agree_with_ledger(&server, erased).await?;
        recovery::agree_with_ledger(&server).await?;
        Ok(server)
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The clock that everything here follows.
    pub fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    /// The source of randomness that everything here draws from.
    pub fn entropy(&self) -> Entropy {
        self.0.entropy.clone()
    }

    /// How the server runs.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// What the server shows in TLS.
    pub fn tls(&self) -> &TlsIdentity {
        &self.0.keys.tls
    }

    /// Whether this start made the keys.
    pub fn keys_are_new(&self) -> bool {
        self.0.keys_are_new
    }

    /// This life of the data: another one after it was restored from a backup.
    pub fn state(&self) -> StateId {
        self.0.state
    }

    /// The request to end that all parts of the server watch.
    pub fn stopping(&self) -> &Stop {
        &self.0.stop
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.0.keys
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn grant_keys(&self) -> &GrantKeys {
        &self.0.grant_keys
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.0.ledger
    }

    pub(crate) fn devices(&self) -> &Devices {
        &self.0.devices
    }

    pub(crate) fn guards(&self) -> &ReadGuards {
        &self.0.guards
    }

    pub(crate) fn waits(&self) -> &Waits {
        &self.0.waits
    }

    pub(crate) fn unfiled(&self) -> &Unfiled {
        &self.0.unfiled
    }
}

/// Which life of the data this is. A withdrawal in the ledger that the database does not know says
/// that the database was restored from a backup: that is another life, so that devices compare.
async fn settle_state(store: &Store, ledger: &[Erased], fresh: StateId) -> Result<StateId, StoreError> {
    let view = store.view()?;
    let mut restored = false;
    for erased in ledger {
        let at = key(&[erased.vault.as_bytes(), erased.grant.as_bytes()]);
        restored |= !view.has(&ERASURES, &at)?;
    }
    let known = view.get(&META, STATE)?;
    let known = known.and_then(|bytes| bytes.try_into().ok()).map(StateId);
    match known {
        Some(known) if !restored => Ok(known),
        _ => {
            let bytes = fresh.as_bytes().to_vec();
            store.write(move |tx| tx.put(&META, STATE, &bytes)).await?;
            Ok(fresh)
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Server(..)")
    }
}
