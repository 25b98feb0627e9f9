//! One connection of a device, from the handshake to its end.

use std::time::Duration;

use quinn::{Incoming, VarInt};
use tokio::time::timeout;
use vault_wire::frame::Refusal;

use super::{
    lane::{Lane, Over},
    tls::{device_key, speaks_our_protocol},
};
use crate::Server;

/// How long a device may take for the handshake and its first frame.
const GREETING_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the last frame may take to arrive.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(2);

/// Serves a device until it leaves, errs, is taken over, or the server stops.
pub(super) async fn serve(server: Server, incoming: Incoming) {
    let Ok(connecting) = incoming.accept() else { return };
    let Ok(Ok(connection)) = timeout(GREETING_TIMEOUT, connecting).await else {
        return;
    };
    let Some(device) = device_key(&connection).filter(|_| speaks_our_protocol(&connection)) else {
        return;
    };
    let Ok(Ok((send, receive))) = timeout(GREETING_TIMEOUT, connection.accept_bi()).await else {
        return;
    };
    let mut lane = Lane::new(server, device, send, receive);
    let over = lane.serve(GREETING_TIMEOUT).await;
    let reason: &[u8] = match &over {
        Over::Left => b"done",
        Over::Refused(refusal) => {
            tracing::info!(?refusal, "connection of a device refused");
            lane.refuse(*refusal).await;
            b"refused"
        }
        Over::Stopping => {
            lane.refuse(Refusal::Unavailable).await;
            b"stopping"
        }
    };
    let _ = timeout(FAREWELL_TIMEOUT, lane.finish()).await;
    connection.close(VarInt::from_u32(0), reason);
}
