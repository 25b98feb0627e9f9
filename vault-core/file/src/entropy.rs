//! Where random bytes come from: the host brings the source, this crate never asks the system itself.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rand_core::TryCryptoRng;

use crate::error::Fault;

type Fill = dyn FnMut(&mut [u8]) -> Result<(), Fault> + Send;

/// A shared source of cryptographic randomness.
///
/// Every key, salt and nonce of a file is drawn from it; each sealed page takes 24 fresh bytes. A host
/// passes the random generator of its operating system, a test a seeded one.
#[derive(Clone)]
pub struct Entropy(Arc<Mutex<Fill>>);

impl Entropy {
    /// Wraps a generator. If the generator fails, the operation that asked fails with
    /// [`Error::Entropy`](crate::Error::Entropy).
    pub fn new<R>(mut rng: R) -> Self
    where
        R: TryCryptoRng + Send + 'static,
    {
        Self(Arc::new(Mutex::new(move |bytes: &mut [u8]| {
            rng.try_fill_bytes(bytes).map_err(|_| Fault::Entropy)
        })))
    }

    /// For what only reads: whatever would be sealed with it fails.
    pub(crate) fn none() -> Self {
        Self(Arc::new(Mutex::new(|_: &mut [u8]| Err(Fault::Entropy))))
    }

    pub(crate) fn fill(&self, bytes: &mut [u8]) -> Result<(), Fault> {
        let mut fill = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        fill(bytes)
    }

    pub(crate) fn array<const N: usize>(&self) -> Result<[u8; N], Fault> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(..)")
    }
}
