//! Where answers go: text for people or JSON for scripts on standard output, asides on standard error.

use std::{
    env,
    io::{self, BufWriter, IsTerminal, Write},
    sync::Arc,
};

use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};
use vault_core::Clock;

use crate::{
    failure::Failure,
    show::{Page, Screen, plain},
};

/// Where answers go. Nothing else in the command writes to standard output or standard error.
pub(crate) struct Output {
    is_json: bool,
    out: Box<dyn Write>,
    aside: Box<dyn Write>,
    aside_is_terminal: bool,
    screen: Screen,
}

impl Output {
    /// Standard output and standard error. Colours only on a terminal, and not where `NO_COLOR`
    /// (no-color.org) or `TERM=dumb` asks for none.
    pub(crate) fn standard(is_json: bool, clock: Arc<dyn Clock>) -> Self {
        let stdout = io::stdout();
        let is_terminal = stdout.is_terminal();
        let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        let width = comfy_table::Table::new().width().filter(|_| is_terminal);
        Self {
            is_json,
            out: Box::new(BufWriter::new(stdout)),
            aside: Box::new(io::stderr()),
            aside_is_terminal: io::stderr().is_terminal(),
            screen: Screen {
                width,
                colour: is_terminal && !is_dumb && !is_set("NO_COLOR"),
                zone: TimeZone::system(),
                clock,
            },
        }
    }

    /// What can be shown, and the reader's clock and time zone.
    pub(crate) const fn screen(&self) -> &Screen {
        &self.screen
    }

    /// Whether answers are for scripts.
    pub(crate) const fn is_json(&self) -> bool {
        self.is_json
    }

    /// Whether somebody watches, so that a progress bar is of use.
    pub(crate) const fn shows_progress(&self) -> bool {
        self.aside_is_terminal && !self.is_json
    }

    /// One answer: a document for scripts, a page for people.
    pub(crate) fn show(
        &mut self,
        json: impl FnOnce() -> Json,
        human: impl FnOnce(&mut Page<'_>) -> io::Result<()>,
    ) -> Result<(), Failure> {
        match self.is_json {
            true => self.json_line(&json()),
            false => self.page(human),
        }
    }

    /// A list: one object a line for scripts, a page for people.
    pub(crate) fn show_list(
        &mut self,
        json: impl IntoIterator<Item = Json>,
        human: impl FnOnce(&mut Page<'_>) -> io::Result<()>,
    ) -> Result<(), Failure> {
        match self.is_json {
            true => json.into_iter().try_for_each(|object| self.json_line(&object)),
            false => self.page(human),
        }
    }

    /// One JSON document on a line of its own.
    pub(crate) fn json_line(&mut self, document: &Json) -> Result<(), Failure> {
        Ok(writeln!(self.out, "{document}")?)
    }

    /// A page for people.
    pub(crate) fn page(
        &mut self,
        human: impl FnOnce(&mut Page<'_>) -> io::Result<()>,
    ) -> Result<(), Failure> {
        Ok(human(&mut Page::new(&mut *self.out, &self.screen))?)
    }

    /// Bytes as they are.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        Ok(self.out.write_all(bytes)?)
    }

    /// A remark for people; scripts do not get it.
    pub(crate) fn remark(&mut self, text: &str) -> Result<(), Failure> {
        match self.is_json {
            true => Ok(()),
            false => self.flush().and_then(|()| Ok(writeln!(self.aside, "{text}")?)),
        }
    }

    /// A question; the answer is typed on the same line.
    pub(crate) fn ask(&mut self, question: &str) -> Result<(), Failure> {
        self.flush()?;
        write!(self.aside, "{question} ")?;
        Ok(self.aside.flush()?)
    }

    /// Why the command failed. Nothing is left to do if even that cannot be written.
    pub(crate) fn failure(&mut self, failure: &Failure) {
        let _ = self.flush();
        let _ = match self.is_json {
            true => writeln!(self.aside, "{}", json!({ "error": failure.json() })),
            false => writeln!(self.aside, "vault: {}", plain(&failure.to_string())),
        };
    }

    /// Hands on what was written so far.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.out.flush()?)
    }
}
