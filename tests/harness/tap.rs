//! A tap on the wire between vault and server: a UDP relay that keeps every byte that passes.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use tokio::{net::UdpSocket, task::JoinHandle};
use vault_core::ServerAddress;

/// A relay in front of the server's UDP port, for one vault at a time.
#[derive(Debug)]
pub struct Tap {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<u8>>>,
    relay: JoinHandle<()>,
}

/// The largest UDP datagram.
const DATAGRAM_BYTES_MAX: usize = 65_535;

impl Tap {
    /// Starts to relay between whoever spoke last and the server.
    pub async fn before(server: SocketAddr) -> Self {
        let outside = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let inside = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        inside.connect(server).await.unwrap();
        let address = outside.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let relay = tokio::spawn(relay(outside, inside, Arc::clone(&heard)));
        Self {
            address,
            heard,
            relay,
        }
    }

    /// Where vaults reach the server through the tap.
    pub fn address(&self) -> ServerAddress {
        ServerAddress {
            host: self.address.ip().to_string(),
            port: self.address.port(),
        }
    }

    /// Every byte that passed so far, in either direction.
    pub fn heard(&self) -> Vec<u8> {
        self.heard.lock().unwrap().clone()
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.relay.abort();
    }
}

async fn relay(outside: UdpSocket, inside: UdpSocket, heard: Arc<Mutex<Vec<u8>>>) {
    let (mut from_vault, mut from_server) = (vec![0; DATAGRAM_BYTES_MAX], vec![0; DATAGRAM_BYTES_MAX]);
    let mut vault = None;
    loop {
        tokio::select! {
            Ok((length, sender)) = outside.recv_from(&mut from_vault) => {
                vault = Some(sender);
                heard.lock().unwrap().extend_from_slice(&from_vault[..length]);
                let _ = inside.send(&from_vault[..length]).await;
            }
            Ok(length) = inside.recv(&mut from_server) => {
                heard.lock().unwrap().extend_from_slice(&from_server[..length]);
                if let Some(vault) = vault {
                    let _ = outside.send_to(&from_server[..length], vault).await;
                }
            }
            else => return,
        }
    }
}
