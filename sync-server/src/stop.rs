//! Asking every part of the server to end.

use tokio::sync::watch;

/// A request to end, shared by everything that runs.
#[derive(Clone, Debug)]
pub struct Stop(watch::Sender<bool>);

impl Default for Stop {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Stop {
    /// Asks everybody to end. Asking again changes nothing.
    pub fn request(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was asked for.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Completes once it is asked for.
    pub async fn requested(&self) {
        // It fails only when every sender is gone, and `self` is one.
        let _ = self.0.subscribe().wait_for(|asked| *asked).await;
    }
}
