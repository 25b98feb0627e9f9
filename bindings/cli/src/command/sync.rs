//! `vault sync`

use std::{cell::RefCell, future::Future};

use clap::Args;
use tokio::sync::Notify;
use vault_core::{SyncEvent, Vault};

use crate::{
    context::Context,
    failure::Failure,
    online::block_on,
    output::Output,
    progress::Progress,
    show::sync::{Told, report, report_json},
};

/// Sends what is consented and not yet sent, and fetches requests and receipts. Decisions go first.
#[derive(Args)]
pub(crate) struct Sync {
    /// Stay connected and sync changes as they come, until Ctrl-C
    #[arg(long)]
    watch: bool,
}

impl Sync {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        match self.watch {
            true => watch(&vault, &mut context.output),
            false => once(&vault, &mut context.output),
        }
    }
}

fn once(vault: &Vault, output: &mut Output) -> Result<(), Failure> {
    let progress = Progress::of_entries(output);
    let mut events = Vec::new();
    let done = block_on(vault.sync(|event| match event {
        SyncEvent::Progress {
            acknowledged,
            remaining,
        } => progress.reached_of(acknowledged, acknowledged.saturating_add(remaining)),
        event => events.push(event),
    }))?;
    drop(progress);
    let told: Vec<_> = events.into_iter().map(|event| told(vault, event)).collect();
    output.show(|| report_json(&done, &told), |page| report(page, &done, &told))
}

/// Follows along until Ctrl-C, or until nobody reads the answer any more.
fn watch(vault: &Vault, output: &mut Output) -> Result<(), Failure> {
    output.remark("Watching; Ctrl-C ends it.")?;
    let unread = Notify::new();
    let writing = RefCell::new(Ok(()));
    let tell = |event: SyncEvent| {
        let mut writing = writing.borrow_mut();
        if writing.is_ok() {
            *writing = follow(&told(vault, event), output);
        }
        if writing.is_err() {
            unread.notify_one();
        }
    };
    block_on(vault.watch(interrupted_or(unread.notified()), tell))?;
    writing.into_inner()
}

async fn interrupted_or(unread: impl Future<Output = ()>) {
    tokio::select! {
        // Where the system reports no Ctrl-C, only the default way to end is left.
        interrupted = tokio::signal::ctrl_c() => if interrupted.is_err() { std::future::pending().await },
        () = unread => {}
    }
}

fn follow(told: &Told, output: &mut Output) -> Result<(), Failure> {
    output.show_list(told.json(), |page| told.write(page))?;
    output.flush()
}

/// An event with the name of its application, as far as the vault has met it.
fn told(vault: &Vault, event: SyncEvent) -> Told {
    let app = match &event {
        SyncEvent::Notice(notice) => notice.app(),
        _ => None,
    };
    let name = app.and_then(|app| {
        let grants = vault.grants().unwrap_or_default();
        let grant = grants.into_iter().find(|grant| grant.app.id == app);
        grant.map(|grant| grant.app.display_name)
    });
    Told { event, app: name }
}
