//! What a vault takes from the program that embeds it.

use std::sync::Arc;

use vault_file::{Anchor, Entropy, Options};

use crate::{
    clock::{Clock, SystemClock},
    entropy::Randomness,
};

/// Time, randomness, limits and memory of the past, given when a vault is created or opened.
#[derive(Clone, Debug)]
pub struct Host {
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub randomness: Randomness,
    /// Cache size and passphrase stretching of the file.
    pub options: Options,
    /// What remembers, outside the file, how far it had come: so a vault file that was put back as it was earlier
    /// is noticed when it is opened. `None` to do without.
    pub anchor: Option<Arc<dyn Anchor>>,
}

impl Host {
    /// The system's clock and randomness, and the default limits.
    pub fn system() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            randomness: Randomness::system(),
            options: Options::default(),
            anchor: None,
        }
    }

    pub(crate) fn entropy(&self) -> Entropy {
        Entropy::new(self.randomness.clone())
    }
}
