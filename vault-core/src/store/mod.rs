//! The open vault file with what every operation on it needs: time, randomness and the vault's keys.

mod row;
pub(crate) mod tables;

use std::sync::Arc;

use tokio::sync::watch;
use vault_file::{NewSlot, SealedFile, Secret, Snapshot, Transaction};
use vault_wire::{id::Incarnation, recovery::VaultSecrets, time::Timestamp};

pub(crate) use crate::keys::recovery_secret;
pub(crate) use row::{decode, encode, grant_key, remove_all, sortable_time, u64_key, u64_of};

use crate::{
    error::Error,
    host::Host,
    keys::{Identity, IdentitySeeds},
};
use tables::{META, meta};

/// Version of the tables. A file with a higher one is refused.
const SCHEMA: u32 = 1;

/// The open vault.
pub(crate) struct Store {
    file: SealedFile,
    pub(crate) host: Host,
    pub(crate) identity: Identity,
    committed: watch::Sender<u64>,
    network: watch::Sender<u64>,
    /// Whether the vault is being locked.
    locking: watch::Sender<bool>,
}

impl Store {
    /// Fills a file that was just created.
    pub(crate) fn create(file: SealedFile, host: Host) -> Result<Self, Error> {
        let seeds = IdentitySeeds::generate(host.clock.now(), &host.randomness);
        Self::fill(file, host, &seeds)
    }

    /// Fills a file that was just created, for a device that has the vault's own secrets and this transport key.
    pub(crate) fn recover(
        file: SealedFile,
        host: Host,
        secrets: &VaultSecrets,
        transport: &[u8; 32],
    ) -> Result<Self, Error> {
        let seeds = IdentitySeeds::recovered(secrets, transport, host.clock.now());
        Self::fill(file, host, &seeds)
    }

    /// The same vault on a device of its own: another transport key speaks for it from here on.
    pub(crate) fn on_device(self, transport: &[u8; 32]) -> Result<Self, Error> {
        let (now, Self { file, host, .. }) = (self.host.clock.now(), self);
        let seeds = zeroize::Zeroizing::new(
            file.read()?
                .table(&META)?
                .get(meta::IDENTITY)?
                .unwrap_or_default(),
        );
        let seeds: IdentitySeeds = decode(&seeds, "its keys")?;
        let transaction = file.write()?;
        transaction
            .table(&META)?
            .insert(meta::IDENTITY, &encode(&seeds.on_device(transport, now)))?;
        transaction.commit()?;
        Self::open(file, host)
    }

    fn fill(file: SealedFile, host: Host, seeds: &IdentitySeeds) -> Result<Self, Error> {
        let now = host.clock.now();
        let transaction = file.write()?;
        {
            let mut meta_table = transaction.table(&META)?;
            meta_table.insert(meta::SCHEMA, &encode(&SCHEMA))?;
            meta_table.insert(meta::IDENTITY, &encode(seeds))?;
            meta_table.insert(meta::INCARNATION, &encode(&Incarnation(host.randomness.bytes())))?;
            meta_table.insert(meta::CREATED_AT, &encode(&now))?;
        }
        transaction.commit()?;
        Self::open(file, host)
    }

    /// Takes over a file that holds a vault.
    pub(crate) fn open(file: SealedFile, host: Host) -> Result<Self, Error> {
        let file = match &host.anchor {
            Some(anchor) => file.anchored(Arc::clone(anchor))?,
            None => file,
        };
        let meta_table = file.read()?.table(&META)?;
        let schema: u32 = decode(
            &meta_table.get(meta::SCHEMA)?.unwrap_or_default(),
            "a file that is not a vault's",
        )?;
        if schema > SCHEMA {
            return Err(Error::unreadable("tables of a newer version"));
        }
        let seeds = zeroize::Zeroizing::new(meta_table.get(meta::IDENTITY)?.unwrap_or_default());
        let seeds: IdentitySeeds = decode(&seeds, "its keys")?;
        let (committed, _) = watch::channel(0);
        Ok(Self {
            identity: Identity::from_seeds(&seeds),
            file,
            host,
            committed,
            network: watch::Sender::new(0),
            locking: watch::Sender::new(false),
        })
    }

    /// Creates the sealed file of a new vault at `path`.
    pub(crate) fn create_file(
        path: &std::path::Path,
        slots: &[NewSlot<'_>],
        host: &Host,
    ) -> Result<SealedFile, Error> {
        Ok(SealedFile::create(path, slots, host.entropy(), &host.options)?)
    }

    /// Opens the sealed file at `path`.
    pub(crate) fn open_file(
        path: &std::path::Path,
        secret: &Secret<'_>,
        host: &Host,
    ) -> Result<SealedFile, Error> {
        Ok(SealedFile::open(path, secret, host.entropy(), &host.options)?)
    }

    /// The file itself, for what is done to it as a whole.
    pub(crate) const fn file(&self) -> &SealedFile {
        &self.file
    }

    /// A consistent view.
    pub(crate) fn view(&self) -> Result<Snapshot, Error> {
        Ok(self.file.read()?)
    }

    /// Runs one transaction: all of it is durable when this returns, or none of it.
    pub(crate) fn update<T>(
        &self,
        change: impl FnOnce(&Transaction) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let transaction = self.file.write()?;
        let outcome = change(&transaction)?;
        transaction.commit()?;
        self.committed.send_modify(|commits| *commits += 1);
        Ok(outcome)
    }

    /// Tells of every commit from now on.
    pub(crate) fn commits(&self) -> watch::Receiver<u64> {
        self.committed.subscribe()
    }

    /// Tells everybody who is connected that this device has other addresses now.
    pub(crate) fn network_changed(&self) {
        self.network.send_modify(|changes| *changes += 1);
    }

    /// Tells of every change of the network from now on.
    pub(crate) fn network_changes(&self) -> watch::Receiver<u64> {
        self.network.subscribe()
    }

    /// Ends what goes on while the vault is open.
    pub(crate) fn begin_to_lock(&self) {
        self.locking.send_replace(true);
    }

    /// Tells when the vault is being locked.
    pub(crate) fn locking(&self) -> watch::Receiver<bool> {
        self.locking.subscribe()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.host.clock.now()
    }

    /// Parts of the file that were damaged and mended when it was opened.
    pub(crate) fn mended(&self) -> Vec<String> {
        self.file.mended().iter().map(ToString::to_string).collect()
    }

    /// When the vault was made.
    pub(crate) fn created_at(&self) -> Result<Timestamp, Error> {
        let bytes = self
            .view()?
            .table(&META)?
            .get(meta::CREATED_AT)?
            .unwrap_or_default();
        decode(&bytes, "its date")
    }
}

/// The vault as its operations share it.
pub(crate) type SharedStore = Arc<Store>;
