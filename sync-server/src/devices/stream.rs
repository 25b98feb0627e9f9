//! The two halves of the byte stream that carries a lane.

use std::io;

use bytes::Bytes;
use quinn::{RecvStream, SendStream};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf},
    net::TcpStream,
    sync::mpsc::{UnboundedReceiver, UnboundedSender},
};
use tokio_rustls::server::TlsStream;

/// Bytes that are taken in at once.
const QUIC_CHUNK_BYTES: usize = 64 << 10;
/// Small, because each idle connection keeps it ready.
const TCP_CHUNK_BYTES: usize = 4 << 10;

/// What is sent to a device.
pub(crate) enum Sending {
    Quic(SendStream),
    Tcp(WriteHalf<TlsStream<TcpStream>>),
    /// Within this process, by whoever [hosts](crate::hosted) the server.
    Hosted(UnboundedSender<Bytes>),
}

/// What a device sends.
pub(crate) enum Receiving {
    Quic(RecvStream),
    Tcp(ReadHalf<TlsStream<TcpStream>>),
    /// Within this process, by whoever [hosts](crate::hosted) the server.
    Hosted(UnboundedReceiver<Bytes>),
}

impl Sending {
    /// Sends bytes, all of them.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Quic(stream) => Ok(stream.write_all(bytes).await?),
            Self::Tcp(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
            Self::Hosted(stream) => stream
                .send(Bytes::copy_from_slice(bytes))
                .map_err(|_| io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Completes once the device has everything that was sent, as far as the transport tells.
    pub(super) async fn finish(&mut self) {
        match self {
            Self::Quic(stream) => {
                if stream.finish().is_ok() {
                    let _ = stream.stopped().await;
                }
            }
            Self::Tcp(stream) => drop(stream.shutdown().await),
            Self::Hosted(_) => {}
        }
    }
}

impl Receiving {
    /// The next bytes; none once the device has left.
    pub(super) async fn read(&mut self) -> Option<Bytes> {
        match self {
            Self::Quic(stream) => {
                let chunk = stream.read_chunk(QUIC_CHUNK_BYTES, true).await;
                chunk.ok().flatten().map(|chunk| chunk.bytes)
            }
            Self::Tcp(stream) => {
                let mut buffer = Vec::with_capacity(TCP_CHUNK_BYTES);
                let read = stream.read_buf(&mut buffer).await;
                read.ok().filter(|length| *length > 0).map(|_| buffer.into())
            }
            Self::Hosted(stream) => stream.recv().await,
        }
    }
}
