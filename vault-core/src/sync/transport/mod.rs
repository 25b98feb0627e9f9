//! The byte stream that carries a session: QUIC, or TLS over TCP where a network lets no UDP through.
//! Both show the same identities and check them alike, so neither is weaker.

mod quic;
mod tcp;
mod tls;

use std::{future::Future, net::SocketAddr, pin::Pin, time::Duration};

use tokio::{
    net::lookup_host,
    time::{sleep, timeout},
};

use super::{ServerAddress, ServerKeyPin, SyncError};
use tls::Identity;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the transport that is tried first is tried alone.
const HEAD_START: Duration = Duration::from_millis(1_500);
const READ_CHUNK_BYTES: usize = 64 << 10;

/// Which transport is tried first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum First {
    /// QUIC.
    Quic,
    /// TCP: not long ago this network let no UDP through.
    Tcp,
}

/// An open stream.
pub(super) enum Transport {
    /// Over UDP.
    Quic(quic::Stream),
    /// Over TCP.
    Tcp(Box<tcp::Stream>),
}

/// What became of a change of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// The connection goes on over the new network.
    Along,
    /// A new one is needed.
    Lost,
}

impl Transport {
    /// Connects to a server and opens the stream.
    pub(super) async fn open(
        server: &ServerAddress,
        pin: ServerKeyPin,
        transport_seed: &[u8; 32],
        first: First,
    ) -> Result<Self, SyncError> {
        let address = resolve(server).await?;
        let identity = Identity::new(pin, transport_seed)?;
        let quic: Attempt<'_> = Box::pin(async {
            let stream = limited(quic::Stream::open(&identity, address, &server.host)).await;
            stream.map(Self::Quic)
        });
        let tcp: Attempt<'_> = Box::pin(async {
            let stream = limited(tcp::Stream::open(&identity, address, &server.host)).await;
            stream.map(|stream| Self::Tcp(Box::new(stream)))
        });
        match first {
            First::Quic => race(quic, tcp).await,
            First::Tcp => race(tcp, quic).await,
        }
    }

    /// Whether it is the transport that is preferred.
    pub(super) const fn is_quic(&self) -> bool {
        matches!(self, Self::Quic(_))
    }

    /// Sends bytes, all of them.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), SyncError> {
        match self {
            Self::Quic(stream) => stream.send(bytes).await,
            Self::Tcp(stream) => stream.send(bytes).await,
        }
    }

    /// Waits for bytes. Dropping the wait loses none.
    pub(super) async fn receive(&mut self) -> Result<&[u8], SyncError> {
        match self {
            Self::Quic(stream) => stream.receive().await,
            Self::Tcp(stream) => stream.receive().await,
        }
    }

    /// Why the connection is over, if it is.
    pub(super) fn ended(&self) -> Option<SyncError> {
        match self {
            Self::Quic(stream) => stream.ended(),
            Self::Tcp(_) => None,
        }
    }

    /// This device has other addresses now.
    pub(super) fn network_changed(&self) -> Moved {
        match self {
            Self::Quic(stream) => stream.network_changed(),
            Self::Tcp(_) => Moved::Lost,
        }
    }

    /// Bytes that went over the network in both directions, as far as the transport counts them.
    pub(super) fn network_bytes(&self) -> u64 {
        match self {
            Self::Quic(stream) => stream.network_bytes(),
            Self::Tcp(stream) => stream.network_bytes(),
        }
    }

    /// Ends the connection in good order: what was sent last still arrives.
    pub(super) async fn close(self) {
        match self {
            Self::Quic(stream) => stream.close().await,
            Self::Tcp(stream) => stream.close().await,
        }
    }
}

type Attempt<'a> = Pin<Box<dyn Future<Output = Result<Transport, SyncError>> + Send + 'a>>;

/// The first transport that comes about; the second is tried too once the first has failed, or has taken
/// longer than its head start. A server that shows the wrong key ends it all.
async fn race(mut first: Attempt<'_>, mut second: Attempt<'_>) -> Result<Transport, SyncError> {
    let early = tokio::select! {
        outcome = &mut first => Some(outcome),
        () = sleep(HEAD_START) => None,
    };
    if let Some(outcome) = early {
        return otherwise(outcome, second).await;
    }
    tokio::select! {
        outcome = &mut first => otherwise(outcome, second).await,
        outcome = &mut second => otherwise(outcome, first).await,
    }
}

async fn otherwise(
    outcome: Result<Transport, SyncError>,
    other: Attempt<'_>,
) -> Result<Transport, SyncError> {
    match outcome {
        Err(error) if error != SyncError::ServerKeyMismatch => match other.await {
            Err(SyncError::ServerKeyMismatch) => Err(SyncError::ServerKeyMismatch),
            other => other.map_err(|_| error),
        },
        outcome => outcome,
    }
}

async fn limited<T>(attempt: impl Future<Output = Result<T, SyncError>>) -> Result<T, SyncError> {
    timeout(CONNECT_TIMEOUT, attempt)
        .await
        .unwrap_or(Err(SyncError::Timeout))
}

async fn resolve(server: &ServerAddress) -> Result<SocketAddr, SyncError> {
    let unknown = || SyncError::UnknownHost(server.to_string());
    let found = timeout(CONNECT_TIMEOUT, lookup_host((server.host.as_str(), server.port))).await;
    found
        .map_err(|_| SyncError::Timeout)?
        .map_err(|_| unknown())?
        .next()
        .ok_or_else(unknown)
}

fn unreachable(error: impl std::fmt::Display) -> SyncError {
    SyncError::Unreachable(error.to_string())
}
