//! What the command prints: a line for people, or a JSON object for scripts.

use std::io::{Write, stderr, stdout};

use serde_json::{Value, json};

use super::Failure;

/// How results are printed.
pub(super) struct Output {
    pub(super) json: bool,
}

impl Output {
    /// Prints a result.
    pub(super) fn result(&self, text: &str, object: &Value) -> Result<(), Failure> {
        let mut out = stdout().lock();
        if self.json {
            writeln!(out, "{object}")?;
        } else {
            writeln!(out, "{text}")?;
        }
        Ok(())
    }

    /// Prints why the command failed. There is nobody to tell if that fails too.
    pub(super) fn failure(&self, failure: &dyn std::error::Error) {
        let _ = if self.json {
            writeln!(stdout(), "{}", json!({ "error": failure.to_string() }))
        } else {
            writeln!(stderr(), "sync-server: {failure}")
        };
    }
}
