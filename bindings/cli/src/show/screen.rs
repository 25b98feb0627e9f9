//! What the place of an answer can show.

use std::sync::Arc;

use jiff::tz::TimeZone;
use vault_core::{Clock, Timestamp};

use crate::{failure::Failure, moment::Moment};

/// What the place of an answer can show, and the clock and time zone of whoever reads it.
#[derive(Clone, Debug)]
pub(crate) struct Screen {
    /// Columns of the terminal; none where it is no terminal, so that nothing is cut.
    pub(crate) width: Option<u16>,
    /// Whether colours and bold type are understood and wanted.
    pub(crate) colour: bool,
    /// In which times are shown and read.
    pub(crate) zone: TimeZone,
    /// By which "in 2 h" is counted.
    pub(crate) clock: Arc<dyn Clock>,
}

impl Screen {
    /// The time now.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The moment that a typed time means.
    pub(crate) fn moment(&self, typed: Moment) -> Result<Timestamp, Failure> {
        let resolved = typed.resolve(&self.zone, self.now());
        resolved.map_err(|error| Failure::Usage(error.to_string()))
    }
}
