//! The two halves of the stream that carries a lane, whatever carries the stream.

use bytes::Bytes;
use quinn::{RecvStream, SendStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

const READ_CHUNK_BYTES: usize = 64 << 10;

/// What comes from the device.
pub(crate) trait Incoming: Send + 'static {
    /// The next bytes in their order; nothing once the device has ended the stream or is gone.
    fn next(&mut self) -> impl Future<Output = Option<Bytes>> + Send;
}

/// What goes to the device.
pub(crate) trait Outgoing: Send + 'static {
    /// Takes bytes on their way. False if the device is gone.
    fn write(&mut self, bytes: &[u8]) -> impl Future<Output = bool> + Send;

    /// Ends the stream. Completes once the device has everything, or is gone.
    fn finish(&mut self) -> impl Future<Output = ()> + Send;
}

impl Incoming for RecvStream {
    async fn next(&mut self) -> Option<Bytes> {
        let chunk = self.read_chunk(READ_CHUNK_BYTES, true).await;
        chunk.ok().flatten().map(|chunk| chunk.bytes)
    }
}

impl Outgoing for SendStream {
    async fn write(&mut self, bytes: &[u8]) -> bool {
        self.write_all(bytes).await.is_ok()
    }

    async fn finish(&mut self) {
        if Self::finish(self).is_ok() {
            let _ = self.stopped().await;
        }
    }
}

/// A stream within the process.
impl Incoming for UnboundedReceiver<Bytes> {
    async fn next(&mut self) -> Option<Bytes> {
        self.recv().await
    }
}

/// A stream within the process.
impl Outgoing for UnboundedSender<Bytes> {
    async fn write(&mut self, bytes: &[u8]) -> bool {
        self.send(Bytes::copy_from_slice(bytes)).is_ok()
    }

    async fn finish(&mut self) {}
}
