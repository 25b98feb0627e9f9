//! Small parts of the stage: a folder that goes away, and a passphrase for a vault that stays.

use std::path::{Path, PathBuf};

use anyhow::Context;
use vault_core::Randomness;
use zeroize::Zeroizing;

/// A folder that is removed with everything in it when the demo ends.
pub(super) struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    pub(super) fn new() -> anyhow::Result<Self> {
        let name = format!("vault-demo-{}", word(16));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The passphrase of the demo's vault: the one of the environment, or five random groups.
pub(super) fn passphrase() -> Zeroizing<String> {
    match std::env::var("VAULT_PASSPHRASE") {
        Ok(given) if !given.is_empty() => Zeroizing::new(given),
        _ => Zeroizing::new((0..5).map(|_| word(4)).collect::<Vec<_>>().join("-")),
    }
}

/// Random characters of Crockford base32.
fn word(length: usize) -> String {
    use rand_core::Rng;
    let mut randomness = Randomness::system();
    let digit = |_| vault_core::wire::id::crockford_char((randomness.next_u32() & 31) as u8);
    (0..length).map(digit).collect()
}
