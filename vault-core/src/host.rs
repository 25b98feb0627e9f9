//! What a vault takes from the program that embeds it.

use std::sync::Arc;

use vault_file::{Entropy, Options};

use crate::{
    clock::{Clock, SystemClock},
    entropy::Randomness,
};

/// Time, randomness and limits, given when a vault is created or opened.
#[derive(Clone, Debug)]
pub struct Host {
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub randomness: Randomness,
    /// Cache size and passphrase stretching of the file.
    pub options: Options,
}

impl Host {
    /// The system's clock and randomness, and the default limits.
    pub fn system() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            randomness: Randomness::system(),
            options: Options::default(),
        }
    }

    pub(crate) fn entropy(&self) -> Entropy {
        Entropy::new(self.randomness.clone())
    }
}
