//! The door to a vault.
//!
//! [`VaultFile`] is what can be known and done while the vault is locked; [`Vault`] is the open vault.

mod claiming;
mod conversing;
mod file;
mod importing;
mod on_disk;
mod protecting;
mod records;
mod recovering;
mod sharing;
mod syncing;

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

pub use conversing::Conversation;
pub use file::VaultFile;
pub use importing::{ImportProgress, ImportSummary};
pub use recovering::Recovery;
pub use sharing::GrantHistory;
use vault_file::Snapshot;
use vault_wire::{catalogue::Category, id::VaultId, time::Timestamp};

use crate::{
    error::Error,
    records::count,
    store::{SharedStore, Store},
    sync::{EscrowState, ServerAddress, ServerKeyPin, connected_server, escrow_state},
};

/// An open vault. Cheap to clone and safe to share between threads. Dropping the last clone, or
/// [`lock`](Self::lock), wipes its keys.
#[derive(Clone)]
pub struct Vault {
    open: Arc<RwLock<Option<SharedStore>>>,
}

/// What an open vault says of itself.
#[derive(Clone, Debug)]
pub struct VaultStatus {
    /// Its id.
    pub id: VaultId,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many records each category has.
    pub records: Vec<(Category, u64)>,
    /// The server that it is connected to, and the key that it trusts.
    pub server: Option<(ServerAddress, ServerKeyPin)>,
    /// Whether a recovery code can bring the vault back from the server.
    pub escrow: EscrowState,
    /// Parts of the file that were damaged and were mended from their second copy when it was opened:
    /// the storage should be checked.
    pub mended: Vec<String>,
    /// How many transactions lie in the file's journal and not in its tables yet: safe, and put there by the next
    /// [`checkpoint`](Vault::checkpoint) or when the vault is closed.
    pub journaled: u64,
}

impl Vault {
    pub(crate) fn of(store: Store) -> Self {
        Self {
            open: Arc::new(RwLock::new(Some(Arc::new(store)))),
        }
    }

    /// Locks the vault: every clone of this handle answers [`Error::Locked`] from here on, connections end
    /// with it, and the keys are wiped once other operations that are running have ended.
    pub fn lock(&self) {
        let open = self.open.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(store) = open {
            store.begin_to_lock();
        }
    }

    /// What the vault says of itself.
    pub fn status(&self) -> Result<VaultStatus, Error> {
        let store = self.store()?;
        let view = store.view()?;
        let counted = |category| Ok((category, count(&view, category)?));
        let server = match connected_server(&view) {
            Ok(server) => Some((server.address, server.pin)),
            Err(Error::NotConnected) => None,
            Err(error) => return Err(error),
        };
        Ok(VaultStatus {
            id: store.identity.vault(),
            created_at: store.created_at()?,
            records: Category::ALL
                .into_iter()
                .map(counted)
                .collect::<Result<_, Error>>()?,
            server,
            escrow: escrow_state(&store, &view)?,
            mended: store.mended(),
            journaled: store.file().journaled(),
        })
    }

    fn store(&self) -> Result<SharedStore, Error> {
        self.open
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .ok_or(Error::Locked)
    }

    fn view(&self) -> Result<Snapshot, Error> {
        self.store()?.view()
    }

    /// Does something that takes long, and gives it up when the vault is locked meanwhile.
    async fn while_open<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let mut locking = self.store()?.locking();
        tokio::select! {
            biased;
            _ = locking.wait_for(|locked| *locked) => Err(Error::Locked),
            outcome = work => outcome,
        }
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.store() {
            Ok(store) => write!(f, "Vault({})", store.identity.vault()),
            Err(_) => f.write_str("Vault(locked)"),
        }
    }
}
