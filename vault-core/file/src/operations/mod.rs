//! What is done to a file as a whole: its key slots, copies of it, checks, and rescue.
//!
//! Every operation that makes a file fills a new one under a new file key, row by row in key order, and
//! never changes the old one. The new file gets its name only when it is durable, so a crash at any moment
//! leaves the old file, the new file, or both under their own names.

mod backup;
mod claim;
mod copy;
mod journal;
mod position;
mod progress;
mod rewrite;
mod salvage;
mod slots;
mod verify;

pub use copy::Copied;
pub use progress::{Progress, Watch};
pub use rewrite::{SlotSecret, VaultKey};
pub use salvage::{Loss, LostKeys, Salvaged};
pub use verify::{Finding, Problem, Verified};
