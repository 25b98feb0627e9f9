//! A disk that fails when it is told to.

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use vault_file::{Disk, FileDisk, NewSlot, Options, RawKey, SealedFile};

use super::{
    device::brand,
    world::{World, at_start, config},
};
use crate::{
    Server, clock::Clock, entropy::Entropy, keys::Keys, server::Beside, service::Unavailable,
    service::read::ReadError, store::Store,
};

#[derive(Debug)]
struct FailingDisk {
    inner: FileDisk,
    is_full: Arc<AtomicBool>,
}

impl FailingDisk {
    fn check(&self) -> io::Result<()> {
        if self.is_full.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

impl Disk for FailingDisk {
    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.inner.read_at(offset, bytes)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.check()?;
        self.inner.write_at(offset, bytes)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.check()?;
        self.inner.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.check()?;
        self.inner.sync()
    }

    fn try_lock(&self) -> io::Result<bool> {
        self.inner.try_lock()
    }
}

fn store_on(path: &Path, is_full: &Arc<AtomicBool>, key: &[u8; 32]) -> Store {
    std::fs::File::create(path).unwrap();
    let disk = FailingDisk {
        inner: FileDisk::open(path).unwrap(),
        is_full: Arc::clone(is_full),
    };
    let key = RawKey::new(key);
    let entropy = vault_file::Entropy::new(ChaCha20Rng::from_seed([2; 32]));
    let file = SealedFile::create_on(disk, &[NewSlot::RawKey(&key)], entropy, &Options::default());
    Store::over(file.unwrap()).unwrap()
}

#[tokio::test]
async fn a_read_that_cannot_be_recorded_is_not_answered() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), at_start());
    let config = config(&folder);
    std::fs::create_dir_all(&config.data_dir).unwrap();
    let mut entropy = Entropy::new(ChaCha20Rng::from_seed([1; 32]));
    let keys = Keys::open(&config.config_dir, &[], clock.now(), &mut entropy).unwrap();
    let is_full = Arc::new(AtomicBool::new(false));
    let store = store_on(&config.data_dir.join("store.vault"), &is_full, &keys.0.store);
    let clock_here = Arc::clone(&clock) as Arc<dyn Clock>;
    let beside = Beside::in_folders_of(&config).unwrap();
    let server = Server::over(config, clock_here, entropy, keys, store, beside)
        .await
        .unwrap();
    let world = World::with(server, clock, folder).await;
    world.ask().await;
    let granted = world.device.approve(&world.server).await;
    let entry = world.device.receipt(&granted, 1, 1, &brand("Acme"));
    world.device.push(&world.server, &granted, vec![entry]).await;
    assert_eq!(world.read().await.unwrap().records.len(), 1);
    is_full.store(true, Ordering::SeqCst);
    let refused = world.read().await.unwrap_err();
    assert_eq!(refused, ReadError::Unavailable(Unavailable));
}
