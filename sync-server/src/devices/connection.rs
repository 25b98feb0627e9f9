//! One connection of a device, once it is authenticated.

use std::time::Duration;

use tokio::time::timeout;
use vault_wire::frame::Refusal;

use super::lane::{Lane, Over};

/// How long a device may take for the handshake and its first frame, also where many packets are lost.
pub(crate) const GREETING_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the last frame may take to arrive.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(2);

/// Serves a device until it leaves, errs, is taken over, or the server stops. Returns why it ended.
pub(super) async fn serve(mut lane: Lane) -> &'static [u8] {
    let reason: &[u8] = match lane.serve(GREETING_TIMEOUT).await {
        Over::Left => b"done",
        Over::Refused(refusal) => {
            tracing::info!(?refusal, "connection of a device refused");
            lane.refuse(refusal).await;
            b"refused"
        }
        Over::Stopping => {
            lane.refuse(Refusal::Unavailable).await;
            b"stopping"
        }
    };
    let _ = timeout(FAREWELL_TIMEOUT, lane.finish()).await;
    reason
}
