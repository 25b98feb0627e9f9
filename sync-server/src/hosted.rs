//! A server without an operating system around it: its disks, the moments of its transactions and the
//! streams of its devices are the caller's. A simulator runs it so; what it does is what it does behind
//! sockets.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use vault_file::Disk;
use vault_wire::signature::PublicKey;

use crate::{
    Server,
    clock::Clock,
    config::Config,
    devices::{GREETING_TIMEOUT, Lane, Over, Receiving, Sending},
    entropy::Entropy,
    error::StartError,
    keys::Keys,
    server::Beside,
    service::{Unavailable, statement, sweep},
    store,
};

/// Where a server keeps what must last.
#[derive(Debug)]
pub struct Disks<D> {
    /// The sealed data.
    pub store: D,
    /// The grant keys, which no backup of the data holds.
    pub grant_keys: D,
    /// The erasure ledger, which is not restored with the data.
    pub erasures: D,
}

/// The transactions that wait. Nothing that a server is asked becomes durable, and nothing is answered
/// that needs to be, before somebody does this work.
pub struct Work(store::Work);

impl Work {
    /// Does what waits now, in one transaction, as the server's own writer would. Returns how many calls
    /// that were; none if nothing waited.
    pub fn step(&self) -> usize {
        self.0.step()
    }
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Work(..)")
    }
}

/// Opens the service over disks. The keys are those in the configuration folder, made if there are none.
/// The future completes only while somebody does the work.
///
/// # Errors
///
/// [`StartError`], as for a server on its own.
pub fn open<D: Disk>(
    config: Config,
    clock: Arc<dyn Clock>,
    mut entropy: Entropy,
    disks: Disks<D>,
) -> Result<(impl Future<Output = Result<Server, StartError>>, Work), StartError> {
    let keys = Keys::open(
        &config.config_dir,
        &config.public_names,
        clock.now(),
        &mut entropy,
    )?;
    let (store, work) = store::Store::on(disks.store, &keys.0.store, &entropy)?;
    let beside = Beside {
        grant_keys: Box::new(disks.grant_keys),
        erasures: Box::new(disks.erasures),
    };
    Ok((
        Server::over(config, clock, entropy, keys, store, beside),
        Work(work),
    ))
}

/// Serves a device over a stream of the caller's, who vouches for the transport key as TLS would, until
/// the device leaves, errs or is taken over, or the server stops.
pub async fn serve(
    server: Server,
    device: PublicKey,
    from_device: UnboundedReceiver<Bytes>,
    to_device: UnboundedSender<Bytes>,
) {
    let mut lane = Lane::new(
        server,
        device,
        Sending::Hosted(to_device),
        Receiving::Hosted(from_device),
    );
    if let Over::Refused(refusal) = lane.serve(GREETING_TIMEOUT).await {
        lane.refuse(refusal).await;
    }
}

/// Ends what is due now and drops what was erased, as a running server does every second.
///
/// # Errors
///
/// [`Unavailable`] if the store fails; what is due then still is.
pub async fn sweep(server: &Server) -> Result<(), Unavailable> {
    sweep::sweep(server).await?;
    statement::drop_doomed(server).await
}
