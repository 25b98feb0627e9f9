//! A writer that is killed in the middle of its work.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::Context;

use super::{CACHE_BYTES, engine::Kind};
use crate::workload::Item;

/// After so many commits the writer is killed: too few for any engine to have tidied up by itself.
const COMMITS: usize = 300;

/// Lets a process commit records one by one, kills it (SIGKILL) while it goes on, and returns the number of the last
/// record that it reported as committed.
pub(super) fn write_until_killed(kind: Kind, path: &Path, first: u64) -> anyhow::Result<u64> {
    let mut writer = Command::new(std::env::current_exe()?)
        .args(["child", "write", kind.name()])
        .arg(path)
        .arg(first.to_string())
        .stdout(Stdio::piped())
        .spawn()?;
    let reports = BufReader::new(writer.stdout.take().context("the writer has no output")?);
    let last = reports.lines().nth(COMMITS - 1);
    writer.kill()?;
    writer.wait()?;
    Ok(last.context("the writer ended by itself")??.parse()?)
}

/// What the writer does: it commits records one by one, for ever, and says which are committed.
#[expect(clippy::print_stdout, reason = "the parent reads it")]
pub(super) fn write(kind: Kind, path: &Path, first: u64) -> anyhow::Result<()> {
    let engine = kind.open(path, CACHE_BYTES)?;
    let mut writer = engine.writers(1)?.pop().context("no writer")?;
    for number in first.. {
        writer(&Item::numbered(number))?;
        println!("{number}");
        std::io::stdout().flush()?;
    }
    Ok(())
}
