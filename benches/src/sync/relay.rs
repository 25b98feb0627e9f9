//! A network between a device and a server that holds every datagram back for a while.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::UdpSocket,
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, sleep_until},
};

const DATAGRAM_BYTES_MAX: usize = 65_536;

/// A relay that runs until it is dropped.
pub(super) struct Relay {
    pub(super) port: u16,
    tasks: [JoinHandle<()>; 3],
}

impl Relay {
    /// Relays one device to a server, each datagram later by so much and in its order.
    pub(super) async fn start(server: SocketAddr, delay: Duration) -> anyhow::Result<Self> {
        let near = Arc::new(UdpSocket::bind(("127.0.0.1", 0)).await?);
        let far = Arc::new(UdpSocket::bind(("127.0.0.1", 0)).await?);
        far.connect(server).await?;
        let port = near.local_addr()?.port();
        let (out, mut going_out) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
        let (back, mut coming_back) = mpsc::unbounded_channel::<(Instant, Vec<u8>, SocketAddr)>();
        let listening = tokio::spawn({
            let (near, far) = (Arc::clone(&near), Arc::clone(&far));
            async move {
                let (mut from_near, mut from_far) =
                    (vec![0; DATAGRAM_BYTES_MAX], vec![0; DATAGRAM_BYTES_MAX]);
                let mut device = None;
                loop {
                    tokio::select! {
                        Ok((length, from)) = near.recv_from(&mut from_near) => {
                            device = Some(from);
                            let _ = out.send((later(delay), from_near[..length].to_vec()));
                        }
                        Ok(length) = far.recv(&mut from_far) => {
                            let Some(device) = device else { continue };
                            let _ = back.send((later(delay), from_far[..length].to_vec(), device));
                        }
                    }
                }
            }
        });
        let to_server = tokio::spawn(async move {
            while let Some((due, datagram)) = going_out.recv().await {
                sleep_until(due).await;
                let _ = far.send(&datagram).await;
            }
        });
        let to_device = tokio::spawn(async move {
            while let Some((due, datagram, device)) = coming_back.recv().await {
                sleep_until(due).await;
                let _ = near.send_to(&datagram, device).await;
            }
        });
        Ok(Self {
            port,
            tasks: [listening, to_server, to_device],
        })
    }
}

fn later(delay: Duration) -> Instant {
    Instant::now() + delay
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
