//! Randomness as an argument: the operating system's in production, a seeded generator in tests.

use std::{
    convert::Infallible,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use rand_core::{CryptoRng, TryCryptoRng, TryRng, UnwrapErr};

/// A shared source of cryptographic randomness.
#[derive(Clone)]
pub struct Entropy(Arc<Mutex<dyn CryptoRng + Send>>);

impl Entropy {
    /// Draws from a generator.
    pub fn new(generator: impl CryptoRng + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(generator)))
    }

    /// Draws from the operating system. A system that cannot give randomness cannot run a server:
    /// the process ends rather than go on with weak keys.
    pub fn from_system() -> Self {
        Self::new(UnwrapErr(getrandom::SysRng))
    }

    /// Fresh random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        rand_core::Rng::fill_bytes(self, &mut bytes);
        bytes
    }
}

impl TryRng for Entropy {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.bytes()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        let mut generator = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        generator.try_fill_bytes(bytes)
    }
}

impl TryCryptoRng for Entropy {}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(..)")
    }
}
