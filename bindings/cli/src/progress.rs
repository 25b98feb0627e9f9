//! Progress bars, on standard error and only where somebody watches.

use std::{ops::ControlFlow, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use vault_core::FileProgress;

use crate::{interrupt::Interrupt, output::Output};

/// How far a long piece of work is.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Bytes of a file, of a known or unknown size.
    pub(crate) fn of_file(output: &Output, name: &str, size: Option<u64>) -> Self {
        let look = match size {
            Some(_) => "{msg} {wide_bar} {bytes} of {total_bytes}, {eta} left",
            None => "{spinner} {msg} {bytes}",
        };
        Self::new(output, look, name, size.unwrap_or_default())
    }

    /// Entries that the server has, of those that it is to have.
    pub(crate) fn of_entries(output: &Output) -> Self {
        Self::new(
            output,
            "{msg} {wide_bar} {human_pos} of {human_len}",
            "Syncing",
            0,
        )
    }

    /// Rows or pages of a vault file.
    pub(crate) fn of_vault(output: &Output, work: &str) -> Self {
        Self::new(output, "{msg} {wide_bar} {percent}%, {eta} left", work, 0)
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

    fn new(output: &Output, look: &str, name: &str, length: u64) -> Self {
        let target = match output.shows_progress() {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some(length), target).with_message(name.to_owned());
        // A template that indicatif does not understand leaves its own look.
        if let Ok(style) = ProgressStyle::with_template(look) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    /// So far.
    pub(crate) fn reached(&self, position: u64) {
        self.0.set_position(position);
    }

    /// So far, of so much.
    pub(crate) fn reached_of(&self, position: u64, length: u64) {
        self.0.set_length(length);
        self.0.set_position(position);
    }
}

/// The bar goes when the work is over, done or not.
impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
