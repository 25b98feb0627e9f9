//! A network between devices and a server that holds every datagram back for a while.

use std::{collections::HashMap, io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::UdpSocket,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep_until},
};

const DATAGRAM_BYTES_MAX: usize = 65_536;

/// A datagram, and when it is due.
type Held = (Instant, Vec<u8>);

/// A relay that runs until it is dropped.
pub(super) struct Relay {
    pub(super) port: u16,
    task: JoinHandle<io::Result<()>>,
}

impl Relay {
    /// Relays to a server, each datagram later by so much and in its order. Every socket of a device has a way of its
    /// own, as it has through a NAT: the farewell of an old connection does not draw the answers of a new one.
    pub(super) async fn start(server: SocketAddr, delay: Duration) -> io::Result<Self> {
        let near = Arc::new(UdpSocket::bind(("127.0.0.1", 0)).await?);
        let port = near.local_addr()?.port();
        let task = tokio::spawn(relay(near, server, delay));
        Ok(Self { port, task })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn relay(near: Arc<UdpSocket>, server: SocketAddr, delay: Duration) -> io::Result<()> {
    let (mut ways, mut tasks) = (HashMap::new(), JoinSet::new());
    let mut bytes = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        let (length, device) = near.recv_from(&mut bytes).await?;
        let way: &UnboundedSender<Held> = ways.entry(device).or_insert_with(|| {
            let (out, going_out) = unbounded_channel();
            tasks.spawn(carry(Arc::clone(&near), device, server, going_out, delay));
            out
        });
        let _ = way.send((later(delay), bytes[..length].to_vec()));
    }
}

/// Carries what comes from a device to the server, and back what comes for it.
async fn carry(
    near: Arc<UdpSocket>,
    device: SocketAddr,
    server: SocketAddr,
    going_out: UnboundedReceiver<Held>,
    delay: Duration,
) -> io::Result<()> {
    let far = UdpSocket::bind(("127.0.0.1", 0)).await?;
    let (back, coming_back) = unbounded_channel();
    tokio::try_join!(
        deliver(going_out, &far, server),
        deliver(coming_back, &near, device),
        receive(&far, back, delay)
    )
    .map(|((), (), ())| ())
}

async fn receive(far: &UdpSocket, back: UnboundedSender<Held>, delay: Duration) -> io::Result<()> {
    let mut bytes = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        let (length, _) = far.recv_from(&mut bytes).await?;
        let _ = back.send((later(delay), bytes[..length].to_vec()));
    }
}

async fn deliver(mut held: UnboundedReceiver<Held>, from: &UdpSocket, to: SocketAddr) -> io::Result<()> {
    while let Some((due, datagram)) = held.recv().await {
        sleep_until(due).await;
        from.send_to(&datagram, to).await?;
    }
    Ok(())
}

fn later(delay: Duration) -> Instant {
    Instant::now() + delay
}
