//! The clocks of a test.

use std::sync::Arc;

use vault_core::{Clock as _, SystemClock, Timestamp};

/// The server's clock and the vaults' clock: they stand until they are moved, together unless a test
/// wants a device that goes wrong.
///
/// They begin at the present moment, because a developer's TLS library judges certificates by the
/// system's clock.
#[derive(Clone, Debug)]
pub struct Clocks {
    /// The server's.
    pub server: Arc<sync_server::clock::ManualClock>,
    /// The vaults'.
    pub vaults: Arc<vault_core::ManualClock>,
}

impl Clocks {
    /// Clocks that show the present second.
    pub fn now() -> Self {
        let now = SystemClock.now().unix_ms();
        let now = Timestamp::from_unix_ms(now - now.rem_euclid(1_000));
        Self {
            server: Arc::new(sync_server::clock::ManualClock::at(now)),
            vaults: Arc::new(vault_core::ManualClock::new(now)),
        }
    }

    /// Moves both.
    pub fn advance_s(&self, seconds: i64) {
        self.vaults.advance_ms(seconds * 1_000);
        self.server.advance_ms(seconds * 1_000);
    }

    /// What the vaults' clock shows.
    pub fn time(&self) -> Timestamp {
        self.vaults.now()
    }
}
