//! The storage below a sealed file, small enough to simulate.

mod file;
mod place;
mod replace;

use std::fmt::Debug;
use std::io;

pub use file::FileDisk;
pub(crate) use place::NewFile;
pub(crate) use replace::Replacement;

/// A growable array of bytes that survives a power cut once it is synced.
///
/// The real one is [`FileDisk`]; tests and simulators bring their own. Writes that were not followed by
/// [`sync`](Disk::sync) may be lost, torn or applied in any order when power fails.
pub trait Disk: Debug + Send + Sync + 'static {
    /// The length in bytes.
    fn len(&self) -> io::Result<u64>;

    /// Whether there is nothing on it.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Fills `bytes` from `offset`. Reading past the end is an error.
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()>;

    /// Writes all of `bytes` at `offset`, growing the disk if needed.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Cuts or extends the disk. New bytes read as zero.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Returns once everything written and the length are durable.
    fn sync(&self) -> io::Result<()>;

    /// Tries to become the only user of the disk until it is dropped. `false`: somebody else is.
    fn try_lock(&self) -> io::Result<bool>;
}
