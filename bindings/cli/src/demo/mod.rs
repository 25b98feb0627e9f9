//! `vault demo`: the whole way of a record, for real, on this machine. The server runs in this
//! process, but everything between it, the vault and the developer goes through sockets and TLS.

mod ask;
mod developer;
mod evidence;
mod losses;
mod minds;
mod owner;
mod parts;
mod reading;
mod sealed;
mod site;
mod stage;
mod step;
mod story;
mod tap;

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

use self::{step::Reporter, story::Story};
use crate::{context::Context, failure::Failure, output::Output};

/// What `vault demo` is called with.
#[derive(clap::Args, Debug)]
pub(crate) struct Demo {
    /// Answer the owner's prompt with the narrowed grant, without asking.
    #[arg(long)]
    yes: bool,
    /// Leave the vault and the server's folders here to look at; an empty or new folder.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Import this file: GPX, CSV or JSON Lines. Can be given several times; without it, small
    /// invented samples are imported.
    #[arg(long = "data", value_name = "FILE")]
    data: Vec<PathBuf>,
}

/// A file to import: its name, and where its bytes come from.
pub(super) enum Source {
    File(PathBuf),
    Sample(&'static str, &'static [u8]),
}

const SAMPLES: [Source; 3] = [
    Source::Sample("walk.gpx", include_bytes!("../../samples/walk.gpx")),
    Source::Sample("purchases.csv", include_bytes!("../../samples/purchases.csv")),
    Source::Sample("activity.csv", include_bytes!("../../samples/activity.csv")),
];

impl Demo {
    /// Runs the demo. Fails unless every step held.
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        match self.play(&mut context.output) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Failure::DemoFellShort),
            Err(error) => Err(error
                .downcast()
                .unwrap_or_else(|error| Failure::DemoStopped(format!("{error:#}")))),
        }
    }

    fn play(self, output: &mut Output) -> anyhow::Result<bool> {
        let interactive = !self.yes && !output.is_json() && std::io::stdin().is_terminal();
        if !interactive && !self.yes {
            bail!("there is no terminal to ask the owner on: add --yes");
        }
        let sources = match self.data.is_empty() {
            true => SAMPLES.into(),
            false => self.data.into_iter().map(Source::File).collect(),
        };
        let temporary;
        let folder: &Path = match &self.dir {
            Some(folder) => prepared(folder)?,
            None => {
                temporary = parts::TemporaryFolder::new()?;
                temporary.path()
            }
        };
        let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
        let mut reporter = Reporter::new(output);
        let story = Story {
            folder,
            sources,
            interactive,
            left_to_look_at: self.dir.is_some(),
        };
        runtime.block_on(story.tell(&mut reporter))?;
        let ended = reporter.ended();
        if let Some(folder) = &self.dir {
            output.remark(&format!(
                "\nLeft to look at: the vault and the server's folders in {}",
                folder.display()
            ))?;
        }
        Ok(ended)
    }
}

/// The folder, made if it is not there. One that holds anything is refused: nothing is overwritten.
fn prepared(folder: &Path) -> anyhow::Result<&Path> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    if entries.next().is_some() {
        bail!("{} is not empty: name another folder", folder.display());
    }
    Ok(folder)
}
