//! A network between a device and a server that holds every datagram back for a while.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::UdpSocket, task::JoinHandle, time::sleep};

const DATAGRAM_BYTES_MAX: usize = 65_536;

/// A relay that runs until it is dropped.
pub(super) struct Relay {
    pub(super) port: u16,
    task: JoinHandle<()>,
}

impl Relay {
    /// Relays one device to a server, each datagram later by so much.
    pub(super) async fn start(server: SocketAddr, delay: Duration) -> anyhow::Result<Self> {
        let near = Arc::new(UdpSocket::bind(("127.0.0.1", 0)).await?);
        let far = Arc::new(UdpSocket::bind(("127.0.0.1", 0)).await?);
        far.connect(server).await?;
        let port = near.local_addr()?.port();
        let task = tokio::spawn(async move {
            let (mut out, mut back) = (vec![0; DATAGRAM_BYTES_MAX], vec![0; DATAGRAM_BYTES_MAX]);
            let mut device = None;
            loop {
                tokio::select! {
                    Ok((length, from)) = near.recv_from(&mut out) => {
                        device = Some(from);
                        let (far, datagram) = (Arc::clone(&far), out[..length].to_vec());
                        tokio::spawn(async move {
                            sleep(delay).await;
                            let _ = far.send(&datagram).await;
                        });
                    }
                    Ok(length) = far.recv(&mut back) => {
                        let Some(device) = device else { continue };
                        let (near, datagram) = (Arc::clone(&near), back[..length].to_vec());
                        tokio::spawn(async move {
                            sleep(delay).await;
                            let _ = near.send_to(&datagram, device).await;
                        });
                    }
                }
            }
        });
        Ok(Self { port, task })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}
