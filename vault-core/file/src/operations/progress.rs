//! How long work tells how far it is, and how it is stopped.

use std::fmt;
use std::ops::ControlFlow;

use crate::error::Error;

/// How far an operation is. Copies count rows, checks count pages of 4096 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is done.
    pub done: u64,
    /// What there is to do, at most: a check is over when every page in use was read.
    pub total: u64,
}

/// A caller's view of long work: called now and then with the [`Progress`]. Returning
/// [`ControlFlow::Break`] stops the work with [`Error::Cancelled`].
pub type Watch<'w> = dyn FnMut(Progress) -> ControlFlow<()> + 'w;

/// Units between two calls of a watch.
const UNITS_PER_CALL: u64 = 256;

/// Counts the work of one operation.
pub(super) struct Steps<'w> {
    watch: &'w mut Watch<'w>,
    progress: Progress,
    told: u64,
}

impl<'w> Steps<'w> {
    /// Begins by telling that nothing is done yet.
    pub(super) fn of(total: u64, watch: &'w mut Watch<'_>) -> Result<Self, Error> {
        let mut steps = Self {
            watch,
            progress: Progress { done: 0, total },
            told: 0,
        };
        steps.tell()?;
        Ok(steps)
    }

    pub(super) fn advance(&mut self, units: u64) -> Result<(), Error> {
        self.progress.done += units;
        if self.progress.done - self.told < UNITS_PER_CALL {
            return Ok(());
        }
        self.tell()
    }

    /// Tells the last units.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        self.tell()
    }

    /// Tells how far it is, and learns whether to go on.
    pub(super) fn tell(&mut self) -> Result<(), Error> {
        self.told = self.progress.done;
        match (self.watch)(self.progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Error::Cancelled),
        }
    }
}

impl fmt::Debug for Steps<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.progress.fmt(f)
    }
}
