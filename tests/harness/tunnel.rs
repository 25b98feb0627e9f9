//! A network that lets no UDP through: a TCP port that leads to a server, with nothing of UDP behind it.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream, UdpSocket},
    task::JoinHandle,
};
use vault_core::ServerAddress;

/// A way to a server that carries TCP alone. It is gone when it is dropped.
#[derive(Debug)]
pub struct Tunnel {
    port: u16,
    datagrams: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
    tasks: Vec<JoinHandle<()>>,
}

impl Tunnel {
    /// A tunnel to a server. Datagrams are swallowed without a word, as by a firewall.
    pub async fn to(server: SocketAddr) -> Self {
        let (listener, udp) = shared_port().await;
        let port = listener.local_addr().unwrap().port();
        let (datagrams, connections) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let swallowing = tokio::spawn({
            let datagrams = Arc::clone(&datagrams);
            async move {
                let mut datagram = vec![0; 65_536];
                while udp.recv_from(&mut datagram).await.is_ok() {
                    datagrams.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        let carrying = tokio::spawn({
            let connections = Arc::clone(&connections);
            async move {
                while let Ok((mut near, _)) = listener.accept().await {
                    connections.fetch_add(1, Ordering::SeqCst);
                    tokio::spawn(async move {
                        if let Ok(mut far) = TcpStream::connect(server).await {
                            let _ = copy_bidirectional(&mut near, &mut far).await;
                        }
                    });
                }
            }
        });
        Self {
            port,
            datagrams,
            connections,
            tasks: vec![swallowing, carrying],
        }
    }

    /// The server's address on this network.
    pub fn address(&self) -> ServerAddress {
        ServerAddress {
            host: "127.0.0.1".to_owned(),
            port: self.port,
        }
    }

    /// Datagrams that were swallowed.
    pub fn datagrams(&self) -> usize {
        self.datagrams.load(Ordering::SeqCst)
    }

    /// Connections that were carried.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn shared_port() -> (TcpListener, UdpSocket) {
    loop {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        if let Ok(udp) = UdpSocket::bind(listener.local_addr().unwrap()).await {
            return (listener, udp);
        }
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
