//! What an owner does with a server.

use std::{future::Future, time::Duration};

use vault_wire::frame::{LinkCode, Refusal};

use super::Vault;
use crate::{
    error::Error,
    store::SharedStore,
    sync::{
        Connection, ServerAddress, ServerKeyPin, ServerRow, SyncError, SyncEvent, SyncReport, Until,
        connected_server, forget_server, set_server, trusted,
    },
};

/// Pauses between attempts to connect, in milliseconds.
const RETRY_MS_MAX: u64 = 60_000;
const RETRY_MS_FIRST: u64 = 500;

impl Vault {
    /// Enrols the vault at a server and stays connected to it. The key comes from the operator; there is
    /// no trust on first use. Nothing is remembered if the server refuses.
    pub async fn connect(
        &self,
        server: &ServerAddress,
        key: ServerKeyPin,
        invite: Option<String>,
    ) -> Result<(), Error> {
        let store = self.store()?;
        let before = connected_server(&store.view()?).ok();
        let row = trusted(&store, server, key)?;
        store.update(|transaction| set_server(transaction, &row))?;
        let enrolled = enrol(&store, &row, invite).await;
        if enrolled.is_err() {
            store.update(|transaction| match &before {
                Some(before) => set_server(transaction, before),
                None => forget_server(transaction),
            })?;
        }
        enrolled
    }

    /// Sends what is consented and not yet sent, brings notices back, and ends.
    ///
    /// # Errors
    /// [`Error::NotConnected`], [`Error::Locked`] if it is locked meanwhile, [`Error::Sync`].
    pub async fn sync(&self, tell: impl FnMut(SyncEvent)) -> Result<SyncReport, Error> {
        self.while_open(async {
            let mut connection = self.open_connection().await?;
            let report = connection.run(Until::Settled, tell).await?;
            connection.close().await;
            Ok(report)
        })
        .await
    }

    /// Stays connected and syncs changes as they come, until `stop` is ready. Connects again when the
    /// connection breaks, after a wait that grows to a minute and is never the same for two devices.
    ///
    /// # Errors
    /// Those that another attempt cannot mend: a foreign server key, a vault that is not enrolled or is
    /// locked, also meanwhile.
    pub async fn watch(
        &self,
        stop: impl Future<Output = ()>,
        tell: impl FnMut(SyncEvent),
    ) -> Result<(), Error> {
        self.while_open(self.stay_connected(stop, tell)).await
    }

    async fn stay_connected(
        &self,
        stop: impl Future<Output = ()>,
        mut tell: impl FnMut(SyncEvent),
    ) -> Result<(), Error> {
        tokio::pin!(stop);
        let mut pauses = Pauses::new(self.store()?);
        loop {
            let session = async {
                let mut connection = self.open_connection().await?;
                connection
                    .run(Until::Stopped, |event| {
                        pauses.begin_anew();
                        tell(event);
                    })
                    .await
            };
            let outcome = tokio::select! {
                () = &mut stop => return Ok(()),
                outcome = session => outcome,
            };
            let error = match outcome {
                Ok(_) => return Ok(()),
                Err(Error::Sync(error)) if may_pass(&error) => error,
                Err(error) => return Err(error),
            };
            let retry_in_ms = pauses.next(&error);
            tell(SyncEvent::Disconnected {
                reason: error.to_string(),
                retry_in_ms,
            });
            tokio::select! {
                () = &mut stop => return Ok(()),
                () = pauses.wait(retry_in_ms) => {}
            }
        }
    }

    /// To be called when the device moved to another network: a connection that is open goes along at
    /// once, or is made anew, and one that waits to be tried again is tried at once.
    pub fn network_changed(&self) -> Result<(), Error> {
        self.store()?.network_changed();
        Ok(())
    }

    /// A code of eight characters by which one application can be linked to this vault, once.
    pub async fn link_code(&self) -> Result<LinkCode, Error> {
        self.while_open(async {
            let mut connection = self.open_connection().await?;
            connection.ask_for_link_code();
            connection.run(Until::LinkCode, |_| {}).await?;
            let code = connection
                .take_link_code()
                .ok_or(SyncError::Protocol("it gave no link code"))?;
            connection.close().await;
            Ok(code)
        })
        .await
    }

    async fn open_connection(&self) -> Result<Connection, Error> {
        let store = self.store()?;
        let server = connected_server(&store.view()?)?;
        Connection::open(store, &server, None).await
    }
}

async fn enrol(store: &SharedStore, server: &ServerRow, invite: Option<String>) -> Result<(), Error> {
    let mut connection = Connection::open(store.clone(), server, Some(invite)).await?;
    connection.run(Until::Settled, |_| {}).await?;
    connection.close().await;
    Ok(())
}

/// The pauses between attempts to connect: each about twice the one before, up to a minute, and drawn at
/// random, so that the devices of a server that was away do not come back all at once.
struct Pauses {
    store: SharedStore,
    next_ms: u64,
}

impl Pauses {
    const fn new(store: SharedStore) -> Self {
        Self {
            store,
            next_ms: RETRY_MS_FIRST,
        }
    }

    /// The server was there.
    fn begin_anew(&mut self) {
        self.next_ms = RETRY_MS_FIRST;
    }

    /// The next pause, in milliseconds: between half and all of what it may be.
    fn next(&mut self, error: &SyncError) -> u64 {
        if *error == SyncError::NetworkChanged {
            return 0;
        }
        let most = self.next_ms;
        self.next_ms = (most * 2).min(RETRY_MS_MAX);
        let drawn = u64::from_le_bytes(self.store.host.randomness.bytes());
        most / 2 + drawn % (most / 2 + 1)
    }

    /// Waits so long, or until the network changes.
    async fn wait(&self, ms: u64) {
        let mut network = self.store.network_changes();
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(ms)) => {}
            _ = network.changed() => {}
        }
    }
}

/// Whether another attempt may succeed.
const fn may_pass(error: &SyncError) -> bool {
    match error {
        SyncError::UnknownHost(_)
        | SyncError::Unreachable(_)
        | SyncError::NetworkChanged
        | SyncError::Timeout => true,
        SyncError::Refused(refusal) => matches!(refusal, Refusal::Unavailable),
        _ => false,
    }
}
