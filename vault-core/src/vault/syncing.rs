//! What an owner does with a server.

use std::{future::Future, time::Duration};

use vault_wire::frame::{LinkCode, Refusal};

use super::Vault;
use crate::{
    error::Error,
    store::SharedStore,
    sync::{
        Connection, ServerAddress, ServerKeyPin, SyncError, SyncEvent, SyncReport, Until, connected_server,
        forget_server, set_server, trusted,
    },
};

/// Waits between attempts to connect: doubled each time, up to this.
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
        let enrolled = enrol(&store, server, key, invite).await;
        if enrolled.is_err() {
            store.update(|transaction| match &before {
                Some(before) => set_server(transaction, before),
                None => forget_server(transaction),
            })?;
        }
        enrolled
    }

    /// Sends what is consented and not yet sent, brings notices back, and ends.
    pub async fn sync(&self, tell: impl FnMut(SyncEvent)) -> Result<SyncReport, Error> {
        let mut connection = self.open_connection().await?;
        let report = connection.run(Until::Settled, tell).await?;
        connection.close().await;
        Ok(report)
    }

    /// Stays connected and syncs changes as they come, until `stop` is ready. Connects again when the
    /// connection breaks, after a wait that grows to a minute.
    ///
    /// # Errors
    /// Those that another attempt cannot mend: a foreign server key, a vault that is not enrolled or is
    /// locked.
    pub async fn watch(
        &self,
        stop: impl Future<Output = ()>,
        mut tell: impl FnMut(SyncEvent),
    ) -> Result<(), Error> {
        tokio::pin!(stop);
        let mut retry_in_ms = RETRY_MS_FIRST;
        loop {
            let session = async {
                let mut connection = self.open_connection().await?;
                connection
                    .run(Until::Stopped, |event| {
                        retry_in_ms = RETRY_MS_FIRST;
                        tell(event);
                    })
                    .await
            };
            let outcome = tokio::select! {
                () = &mut stop => return Ok(()),
                outcome = session => outcome,
            };
            match outcome {
                Ok(_) => return Ok(()),
                Err(Error::Sync(error)) if may_pass(&error) => tell(SyncEvent::Disconnected {
                    reason: error.to_string(),
                    retry_in_ms,
                }),
                Err(error) => return Err(error),
            }
            tokio::select! {
                () = &mut stop => return Ok(()),
                () = tokio::time::sleep(Duration::from_millis(retry_in_ms)) => {}
            }
            retry_in_ms = (retry_in_ms * 2).min(RETRY_MS_MAX);
        }
    }

    /// A code of eight characters by which one application can be linked to this vault, once.
    pub async fn link_code(&self) -> Result<LinkCode, Error> {
        let mut connection = self.open_connection().await?;
        connection.ask_for_link_code();
        connection.run(Until::LinkCode, |_| {}).await?;
        let code = connection
            .take_link_code()
            .ok_or(SyncError::Protocol("it gave no link code"))?;
        connection.close().await;
        Ok(code)
    }

    async fn open_connection(&self) -> Result<Connection, Error> {
        let store = self.store()?;
        let server = connected_server(&store.view()?)?;
        Connection::open(store, &server.address, server.pin, None).await
    }
}

async fn enrol(
    store: &SharedStore,
    server: &ServerAddress,
    key: ServerKeyPin,
    invite: Option<String>,
) -> Result<(), Error> {
    let mut connection = Connection::open(store.clone(), server, key, Some(invite)).await?;
    connection.run(Until::Settled, |_| {}).await?;
    connection.close().await;
    Ok(())
}

/// Whether another attempt may succeed.
const fn may_pass(error: &SyncError) -> bool {
    match error {
        SyncError::UnknownHost(_) | SyncError::Unreachable(_) | SyncError::Timeout => true,
        SyncError::Refused(refusal) => matches!(refusal, Refusal::Unavailable),
        _ => false,
    }
}
