//! A tap on the wire between vault and server: a UDP relay that keeps every byte that passes.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{net::UdpSocket, task::JoinHandle};

/// A relay in front of the server's UDP port.
pub(super) struct Tap {
    pub(super) address: SocketAddr,
    heard: Arc<Mutex<Vec<u8>>>,
    relay: JoinHandle<()>,
}

/// The largest UDP datagram.
const DATAGRAM_BYTES_MAX: usize = 65_535;

impl Tap {
    /// Starts to relay between whoever speaks first and the server.
    pub(super) async fn before(server: SocketAddr) -> std::io::Result<Self> {
        let outside = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let inside = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        inside.connect(server).await?;
        let address = outside.local_addr()?;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let relay = tokio::spawn(relay(outside, inside, heard.clone()));
        Ok(Self {
            address,
            heard,
            relay,
        })
    }

    /// Every byte that passed so far, in either direction.
    pub(super) fn heard(&self) -> Vec<u8> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.relay.abort();
    }
}

async fn relay(outside: UdpSocket, inside: UdpSocket, heard: Arc<Mutex<Vec<u8>>>) {
    let keep = |bytes: &[u8]| {
        heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
    };
    let (mut from_vault, mut from_server) = (vec![0; DATAGRAM_BYTES_MAX], vec![0; DATAGRAM_BYTES_MAX]);
    let mut vault = None;
    loop {
        tokio::select! {
            Ok((length, sender)) = outside.recv_from(&mut from_vault) => {
                vault = Some(sender);
                keep(&from_vault[..length]);
                let _ = inside.send(&from_vault[..length]).await;
            }
            Ok(length) = inside.recv(&mut from_server) => {
                keep(&from_server[..length]);
                if let Some(vault) = vault {
                    let _ = outside.send_to(&from_server[..length], vault).await;
                }
            }
            else => return,
        }
    }
}
