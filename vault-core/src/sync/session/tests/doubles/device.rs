//! A vault on a temporary disk.

use std::sync::Arc;

use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use vault_file::{NewSlot, RawKey, Secret};
use vault_wire::{
    catalogue::Category,
    id::{GrantId, Incarnation, RecordId},
    time::Timestamp,
    value::Value,
};

use super::{super::super::Session, Server};
use crate::{
    clock::ManualClock,
    consent::{Selection, approve, requests},
    entropy::Randomness,
    error::Error,
    host::Host,
    records::{NewRecord, RecordWriter, allow},
    store::{
        SharedStore, Store, decode,
        tables::{META, meta},
    },
    sync::{ServerAddress, ServerKeyPin, set_apart, set_server, trusted},
};

/// A vault on a temporary disk.
pub(in super::super) struct Device {
    pub(in super::super) store: SharedStore,
    /// The time, on all copies alike.
    pub(in super::super) clock: Arc<ManualClock>,
    pub(in super::super) _folder: tempfile::TempDir,
}

impl Device {
    pub(in super::super) fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::from_unix_ms(1_800_000_000_000)));
        let host = Host {
            clock: clock.clone(),
            randomness: Randomness::new(ChaCha20Rng::seed_from_u64(seed)),
            options: vault_file::Options::default(),
            anchor: None,
        };
        let key = RawKey::new(&[7; 32]);
        let file =
            Store::create_file(&folder.path().join("test.vault"), &[NewSlot::RawKey(&key)], &host).unwrap();
        let store = Arc::new(Store::create(file, host).unwrap());
        let address = ServerAddress {
            host: "server".into(),
            port: 1,
        };
        let row = trusted(&store, &address, ServerKeyPin([0; 32])).unwrap();
        store.update(|transaction| set_server(transaction, &row)).unwrap();
        allow(&store, Category::Receipts).unwrap();
        Self {
            store,
            clock,
            _folder: folder,
        }
    }

    pub(in super::super) fn write<T>(
        &self,
        change: impl FnOnce(&mut RecordWriter<'_>) -> Result<T, Error>,
    ) -> T {
        let written = self.store.update(|transaction| {
            let mut writer = RecordWriter::begin(&self.store, transaction)?;
            let outcome = change(&mut writer)?;
            writer.finish()?;
            Ok(outcome)
        });
        written.unwrap()
    }

    pub(in super::super) fn put(&self, brand: &str) -> RecordId {
        self.write(|writer| writer.put(receipt(brand, "cash")))
    }

    pub(in super::super) fn fill(&self, numbers: std::ops::Range<u32>) {
        for brand in names(numbers) {
            self.put(&brand);
        }
    }

    pub(in super::super) fn session(&self) -> Session {
        Session::begin(self.store.clone(), None).unwrap()
    }

    /// A backup of the device, opened as another device that is a vault of its own.
    pub(in super::super) fn restored(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy.vault");
        let go_on = &mut |_| std::ops::ControlFlow::Continue(());
        self.store.file().back_up(&path, go_on).unwrap();
        let host = self.store.host.clone();
        let secret = RawKey::new(&[7; 32]);
        let file = Store::open_file(&path, &Secret::RawKey(&secret), &host).unwrap();
        let store = Arc::new(Store::open(file, host).unwrap());
        let refused = store.update(|_| Ok(())).unwrap_err();
        assert!(matches!(
            refused,
            Error::File(vault_file::Error::Unclaimed { .. })
        ));
        let set_apart = |transaction: &_, _| set_apart(&store, transaction);
        store.file().claim(set_apart).unwrap();
        Self {
            store,
            clock: self.clock.clone(),
            _folder: folder,
        }
    }

    pub(in super::super) fn incarnation(&self) -> Incarnation {
        let meta_table = self.store.view().unwrap().table(&META).unwrap();
        decode(&meta_table.get(meta::INCARNATION).unwrap().unwrap(), "its life").unwrap()
    }

    /// Asks for consent to brands, approves all of it, and gives the grant.
    pub(in super::super) fn granted(&self, server: &mut Server) -> GrantId {
        server.ask();
        server.serve(&mut self.session(), usize::MAX).unwrap();
        let inbox = requests(&self.store.view().unwrap(), self.store.now()).unwrap();
        approve(
            &self.store,
            inbox[0].request.id,
            &Selection::everything(&inbox[0].request),
        )
        .unwrap()
    }
}

pub(in super::super) fn receipt(brand: &str, payment: &str) -> NewRecord {
    let text = |text: &str| Value::Text(text.into());
    NewRecord::new(Category::Receipts)
        .with("brand", text(brand))
        .with("payment_method", text(payment))
}

pub(in super::super) fn names(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| format!("brand{number:03}")).collect()
}
