//! `vault sync`

use std::{cell::RefCell, future::Future, thread};

use clap::Args;
use tokio::sync::{Notify, oneshot};
use vault_core::{HttpsDocuments, SyncEvent, Vault, wire::frame::Event};

use crate::{
    context::Context,
    failure::Failure,
    online::block_on,
    output::Output,
    progress::Progress,
    show::{
        sync::{Told, report, report_json},
        voucher,
    },
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
    let domains = vault.ask_domains(&HttpsDocuments::of_the_web())?;
    drop(progress);
    let told: Vec<_> = events.into_iter().map(|event| told(vault, event)).collect();
    output.show(
        || {
            let mut json = report_json(&done, &told);
            json["domains"] = domains.iter().map(voucher::answer_json).collect();
            json
        },
        |page| {
            report(page, &done, &told)?;
            domains
                .iter()
                .try_for_each(|answer| voucher::answer(page, answer))
        },
    )
}

/// Follows along until Ctrl-C, or until nobody reads the answer any more.
fn watch(vault: &Vault, output: &mut Output) -> Result<(), Failure> {
    output.remark("Watching; Ctrl-C ends it.")?;
    let (unread, asked) = (Notify::new(), Notify::new());
    let writing = RefCell::new(Ok(()));
    let tell = |event: SyncEvent| {
        if matches!(&event, SyncEvent::Notice(notice) if matches!(**notice, Event::Request(_))) {
            asked.notify_one();
        }
        let mut writing = writing.borrow_mut();
        if writing.is_ok() {
            *writing = follow(&told(vault, event), output);
        }
        if writing.is_err() {
            unread.notify_one();
        }
    };
    block_on(async {
        tokio::select! {
            ended = vault.watch(interrupted_or(unread.notified()), tell) => ended,
            () = ask_domains(vault, &asked) => Ok(()),
        }
    })?;
    writing.into_inner()
}

/// Asks the domains of those who ask, now and whenever somebody asks, for as long as it is awaited. A
/// thread of its own, so that ending does not wait for a domain that is slow.
async fn ask_domains(vault: &Vault, asked: &Notify) {
    loop {
        let (vault, (done, ended)) = (vault.clone(), oneshot::channel());
        thread::spawn(move || {
            let answers = vault.ask_domains(&HttpsDocuments::of_the_web());
            // Nobody listens any more once watching has ended.
            let _ = done.send(answers.map(drop));
        });
        // What could not be asked now is asked at the next request or the next sync.
        let _ = ended.await;
        asked.notified().await;
    }
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
