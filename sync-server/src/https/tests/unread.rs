//! An answer whose beginning is read and whose rest is not.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;
use vault_wire::{catalogue::Category, value::Value};

use super::{
    client::tls,
    consent::body,
    device::{Device, Given},
    world::World,
};

/// The connection that it comes on, and the grant that it is read under.
pub(super) struct Unread {
    pub(super) device: Device,
    pub(super) given: Given,
    pub(super) subject: String,
    pub(super) token: String,
    pub(super) stream: TlsStream<TcpStream>,
}

impl Unread {
    pub(super) async fn of(world: &World) -> Self {
        let (device, subject) = world.linked_device(1).await;
        let at_once = [("prefer", "wait=0")];
        world
            .post_with("/v1/request-consent", &world.key, &at_once, body(&subject))
            .await;
        let given = device.approve(&device.asked().await, |_| {}).await;
        // More than the buffers of both systems hold, so that the answer cannot leave unread.
        let brand = [("brand", Value::Text("x".repeat(256 << 10)))];
        device
            .push(&given, Category::Receipts, &vec![&brand[..]; 16])
            .await;
        let token = world.token(&["*"]).await;
        let mut stream = tls(world, &["http/1.1"]).await.unwrap();
        let head = format!(
            "GET /v1/users/{subject}/receipts HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        Self {
            device,
            given,
            subject,
            token,
            stream,
        }
    }
}
