//! The whole system on one stage: a server in this process or in one of its own, vaults that keep
//! their files in a temporary folder, and developers with an HTTPS client. Everything between them
//! goes through real sockets and TLS. Time and randomness come from the test.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a harness fails the test that it serves"
)]

mod ask;
mod clocks;
mod developer;
mod device;
mod dice;
mod folder;
mod forger;
mod line;
mod linked;
mod process;
mod rough;
mod site;
mod tap;
mod traces;
mod tunnel;
mod world;

pub use ask::Ask;
pub use clocks::Clocks;
pub use developer::{Answer, Call, Developer, Record};
pub use device::{Connected, Device, receipt};
pub use dice::Dice;
pub use folder::copy_folder;
pub use forger::Forger;
pub use line::{Line, LineEnd};
pub use linked::Linked;
pub use process::{Process, serve_if_asked};
pub use rough::RoughNetwork;
pub use site::{Paper, Reply, Site};
pub use tap::Tap;
pub use traces::Traces;
pub use tunnel::Tunnel;
pub use world::World;

use std::{future::Future, time::Duration};

/// The refusal of a read without consent, to the byte: the apostrophe is U+2019.
pub const REFUSAL: &str =
    "You don\u{2019}t have permission to access the data. Please request consent from the user.";

/// After this long without what it waits for, a test hangs; it fails and says so.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The outcome of something that must happen before long.
pub async fn soon<T>(what: &str, happening: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, happening).await {
        Ok(outcome) => outcome,
        Err(_) => panic!("this did not happen within {PATIENCE:?}: {what}"),
    }
}

/// Looks again and again until there is something to see.
pub async fn seen<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    soon(what, async {
        loop {
            if let Some(found) = look() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
}
