//! Progress bars, on standard error and only where somebody watches.

use std::{cell::Cell, ops::ControlFlow, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use vault_core::FileProgress;

use crate::{interrupt::Interrupt, output::Output};

/// How a piece of work looks before it is known how much it is.
const NOT_BEGUN: &str = "{spinner} {msg}";

/// How far a long piece of work is.
pub(crate) struct Progress {
    bar: ProgressBar,
    /// How it looks once it is known how much there is to do, until then.
    look: Cell<Option<&'static str>>,
}

impl Progress {
    /// Bytes of a file, of a known or unknown size.
    pub(crate) fn of_file(output: &Output, name: &str, size: Option<u64>) -> Self {
        let look = match size {
            Some(_) => "{msg} {wide_bar} {bytes} of {total_bytes}, {eta} left",
            None => "{spinner} {msg} {bytes}",
        };
        Self::new(output, look, name, size)
    }

    /// Entries that the server has, of those that it is to have.
    pub(crate) fn of_entries(output: &Output) -> Self {
        Self::later(output, "{msg} {wide_bar} {human_pos} of {human_len}", "Syncing")
    }

    /// Rows or pages of a vault file.
    pub(crate) fn of_vault(output: &Output, work: &str) -> Self {
        Self::later(output, "{msg} {wide_bar} {percent}%, {eta} left", work)
    }

    /// Shows how far work on a vault file is, and ends it at Ctrl-C.
    pub(crate) fn follow(&self) -> impl FnMut(FileProgress) -> ControlFlow<()> + '_ {
        let interrupt = Interrupt::noticed();
        move |so_far| {
            self.reached_of(so_far.done, so_far.total);
            match interrupt.is_pressed() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        }
    }

    /// Work of which it is not known yet how much it is.
    fn later(output: &Output, look: &'static str, name: &str) -> Self {
        let progress = Self::new(output, NOT_BEGUN, name, None);
        progress.look.set(Some(look));
        progress
    }

    fn new(output: &Output, look: &str, name: &str, length: Option<u64>) -> Self {
        let target = match output.shows_progress() {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(length, target).with_message(name.to_owned());
        wear(&bar, look);
        bar.enable_steady_tick(Duration::from_millis(100));
        Self {
            bar,
            look: Cell::new(None),
        }
    }

    /// So far.
    pub(crate) fn reached(&self, position: u64) {
        self.bar.set_position(position);
    }

    /// So far, of so much.
    pub(crate) fn reached_of(&self, position: u64, length: u64) {
        self.bar.set_length(length);
        self.bar.set_position(position);
        if let Some(look) = self.look.take() {
            wear(&self.bar, look);
        }
    }
}

/// A template that indicatif does not understand leaves its own look.
fn wear(bar: &ProgressBar, look: &str) {
    if let Ok(style) = ProgressStyle::with_template(look) {
        bar.set_style(style);
    }
}

/// The bar goes when the work is over, done or not.
impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
