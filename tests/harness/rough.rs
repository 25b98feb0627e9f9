//! A rough network between vaults and a server: a UDP relay that loses datagrams, changes its port in the
//! middle of everything, or lets nothing pass.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use tokio::{net::UdpSocket, sync::mpsc, task::JoinHandle};
use vault_core::ServerAddress;

use crate::Dice;

/// A relay in front of the server's UDP port, for one vault at a time.
#[derive(Debug)]
pub struct RoughNetwork {
    address: SocketAddr,
    weather: Arc<Weather>,
    rebind: mpsc::UnboundedSender<()>,
    relay: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Weather {
    /// Datagrams lost of a hundred.
    loss: AtomicUsize,
    lost: AtomicU64,
    passed: AtomicU64,
    ports: AtomicU64,
}

/// The largest UDP datagram.
const DATAGRAM_BYTES_MAX: usize = 65_535;

impl RoughNetwork {
    /// Starts to relay between whoever spoke last and the server, without losing anything yet.
    pub async fn before(server: SocketAddr, dice: Dice) -> Self {
        let outside = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = outside.local_addr().unwrap();
        let weather = Arc::new(Weather::default());
        let (rebind, orders) = mpsc::unbounded_channel();
        let relay = Relay {
            outside,
            server,
            weather: Arc::clone(&weather),
            dice,
        };
        Self {
            address,
            weather,
            rebind,
            relay: tokio::spawn(relay.run(orders)),
        }
    }

    /// Loses so many datagrams of a hundred from now on, in each direction; all of them, at 100.
    pub fn lose(&self, of_a_hundred: usize) {
        self.weather.loss.store(of_a_hundred, Ordering::SeqCst);
    }

    /// The server sees the vault at another port from now on, as behind a router that forgot it.
    pub fn rebind(&self) {
        self.rebind.send(()).unwrap();
    }

    /// Where vaults reach the server through this network.
    pub fn address(&self) -> ServerAddress {
        ServerAddress {
            host: self.address.ip().to_string(),
            port: self.address.port(),
        }
    }

    /// Datagrams that were lost, and those that passed.
    pub fn lost_and_passed(&self) -> (u64, u64) {
        let Weather { lost, passed, .. } = &*self.weather;
        (lost.load(Ordering::SeqCst), passed.load(Ordering::SeqCst))
    }

    /// From how many ports the server was spoken to.
    pub fn ports(&self) -> u64 {
        self.weather.ports.load(Ordering::SeqCst)
    }
}

impl Drop for RoughNetwork {
    fn drop(&mut self) {
        self.relay.abort();
    }
}

struct Relay {
    outside: UdpSocket,
    server: SocketAddr,
    weather: Arc<Weather>,
    dice: Dice,
}

impl Relay {
    async fn run(mut self, mut orders: mpsc::UnboundedReceiver<()>) {
        let (mut from_vault, mut from_server) = (vec![0; DATAGRAM_BYTES_MAX], vec![0; DATAGRAM_BYTES_MAX]);
        let (mut inside, mut vault) = (self.new_port().await, None);
        loop {
            tokio::select! {
                Ok((length, sender)) = self.outside.recv_from(&mut from_vault) => {
                    vault = Some(sender);
                    if self.passes() {
                        let _ = inside.send(&from_vault[..length]).await;
                    }
                }
                Ok(length) = inside.recv(&mut from_server) => {
                    if let Some(vault) = vault.filter(|_| self.passes()) {
                        let _ = self.outside.send_to(&from_server[..length], vault).await;
                    }
                }
                Some(()) = orders.recv() => inside = self.new_port().await,
                else => return,
            }
        }
    }

    async fn new_port(&self) -> UdpSocket {
        let inside = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        inside.connect(self.server).await.unwrap();
        self.weather.ports.fetch_add(1, Ordering::SeqCst);
        inside
    }

    fn passes(&mut self) -> bool {
        let passes = !self.dice.percent(self.weather.loss.load(Ordering::SeqCst));
        let counter = if passes {
            &self.weather.passed
        } else {
            &self.weather.lost
        };
        counter.fetch_add(1, Ordering::SeqCst);
        passes
    }
}
