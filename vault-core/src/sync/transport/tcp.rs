//! TLS 1.3 over TCP, for networks that let no UDP through: the same stream, the same identities.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use rustls::pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use vault_wire::frame::ALPN;

use super::{READ_CHUNK_BYTES, SyncError, tls::Identity, unreachable};

/// How soon a silent peer is asked whether it is there, and how often.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
const FAREWELL: Duration = Duration::from_secs(2);

/// A connection, which is its stream.
pub(in crate::sync) struct Stream {
    stream: TlsStream<TcpStream>,
    buffer: Vec<u8>,
    bytes: u64,
}

impl Stream {
    pub(super) async fn open(
        identity: &Identity,
        address: SocketAddr,
        host: &str,
    ) -> Result<Self, SyncError> {
        let (tls, verdict) = identity.client_config()?;
        let name =
            ServerName::try_from(host.to_owned()).map_err(|_| SyncError::UnknownHost(host.to_owned()))?;
        let tcp = TcpStream::connect(address).await.map_err(unreachable)?;
        tcp.set_nodelay(true).map_err(unreachable)?;
        let keep_alive = TcpKeepalive::new()
            .with_time(KEEP_ALIVE)
            .with_interval(KEEP_ALIVE);
        SockRef::from(&tcp)
            .set_tcp_keepalive(&keep_alive)
            .map_err(unreachable)?;
        let connecting = TlsConnector::from(Arc::new(tls)).connect(name, tcp);
        let stream = connecting.await.map_err(|error| match verdict.refused() {
            true => SyncError::ServerKeyMismatch,
            false => unreachable(error),
        })?;
        if stream.get_ref().1.alpn_protocol() != Some(ALPN) {
            return Err(SyncError::Protocol("it speaks another protocol on this port"));
        }
        Ok(Self {
            stream,
            buffer: vec![0; READ_CHUNK_BYTES],
            bytes: 0,
        })
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), SyncError> {
        self.stream.write_all(bytes).await.map_err(unreachable)?;
        self.stream.flush().await.map_err(unreachable)?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    pub(super) async fn receive(&mut self) -> Result<&[u8], SyncError> {
        let length = self.stream.read(&mut self.buffer).await.map_err(unreachable)?;
        if length == 0 {
            return Err(unreachable("it ended the connection"));
        }
        self.bytes += length as u64;
        Ok(&self.buffer[..length])
    }

    /// Without what TLS and TCP add.
    pub(super) const fn network_bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) async fn close(mut self) {
        let _ = timeout(FAREWELL, self.stream.shutdown()).await;
    }
}
