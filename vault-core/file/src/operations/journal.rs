//! The journal of a file at rest, for checks and rescue: what it holds, and what is wrong with it.

use std::sync::Arc;

use super::Problem;
use crate::disk::Disk;
use crate::error::{Error, Part};
use crate::header::Unlocked;
use crate::journal::{Ending, Ops, read_at_rest};
use crate::layout::JournalMark;

/// What lies in the journal, behind the tables.
pub(super) struct AtRest {
    /// The operations of each transaction, as far as the records follow each other.
    pub(super) transactions: Vec<Vec<u8>>,
    /// Why there may be more than those.
    pub(super) problem: Option<(Part, Problem)>,
}

impl AtRest {
    pub(super) fn read(disk: Arc<dyn Disk>, unlocked: &Unlocked, mark: JournalMark) -> Self {
        let found = match read_at_rest(disk, unlocked, mark) {
            Ok(found) => found,
            Err(error) => return Self::unreadable(&error),
        };
        let (readable, unknown): (Vec<_>, Vec<_>) = found
            .transactions
            .into_iter()
            .partition(|ops| Ops::of(ops).all(|op| op.is_ok()));
        let problem = match found.ending {
            Ending::Newer => Some((Part::CommitSlots, Problem::OutOfPlace)),
            Ending::Gap => Some((Part::Journal, Problem::Damaged)),
            Ending::Whole if !unknown.is_empty() => Some((Part::Journal, Problem::OutOfPlace)),
            Ending::Whole => None,
        };
        Self {
            transactions: readable,
            problem,
        }
    }

    fn unreadable(error: &Error) -> Self {
        let problem = match error {
            Error::Damaged { .. } => Problem::Damaged,
            _ => Problem::Unreadable,
        };
        Self {
            transactions: Vec::new(),
            problem: Some((Part::Journal, problem)),
        }
    }
}
