//! The commands, one file each.

mod activity;
mod add;
mod approve;
mod backup;
mod collect;
mod completions;
mod connect;
mod edit;
mod grants;
mod import;
mod init;
mod link;
mod list;
mod narrow;
mod passphrase;
mod pause;
mod preview;
mod receipts;
mod recovery;
mod reject;
mod renew;
mod requests;
mod restore;
mod resume;
mod rewrite;
mod rm;
mod salvage;
mod show;
mod status;
mod sync;
mod verify;
mod withdraw;

use clap::Subcommand;

use crate::{context::Context, failure::Failure};

/// What the owner wants done.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a new vault
    Init(init::Init),
    /// Say what the vault holds, and what waits for you
    Status(status::Status),
    /// Say which categories may be collected, or turn one on or off
    Collect(collect::Collect),
    /// Import files: GPX, CSV or JSON Lines
    Import(import::Import),
    /// Add a record
    Add(add::Add),
    /// List the records of a category
    List(list::List),
    /// Show a record
    Show(show::Show),
    /// Change fields of a record
    Edit(edit::Edit),
    /// Delete records
    Rm(rm::Rm),
    /// Enrol the vault at a sync server
    Connect(connect::Connect),
    /// Get a code by which one application can be linked to this vault
    Link(link::Link),
    /// Send what is consented, and fetch requests and receipts
    Sync(sync::Sync),
    /// List consent requests
    Requests(requests::Requests),
    /// Show who asks, and exactly what would leave
    Preview(preview::Preview),
    /// Agree to a consent request, or to part of it
    Approve(approve::Approve),
    /// Refuse a consent request
    Reject(reject::Reject),
    /// List what you have granted
    Grants(grants::Grants),
    /// Suspend a grant: nothing is read or sent until it is resumed
    Pause(pause::Pause),
    /// Let a paused grant go on
    Resume(resume::Resume),
    /// Leave a grant less than it has
    Narrow(narrow::Narrow),
    /// Confirm a grant for longer
    Renew(renew::Renew),
    /// Take a grant back
    Withdraw(withdraw::Withdraw),
    /// Say who read what, who was refused, and what was erased
    Activity(activity::Activity),
    /// List your signed consent receipts, or check some offline
    Receipts(receipts::Receipts),
    /// Copy the vault to a backup file
    Backup(backup::Backup),
    /// Make a vault of a backup
    Restore(restore::Restore),
    /// Check every page of the vault file
    Verify(verify::Verify),
    /// Save what can be read of a damaged vault
    Salvage(salvage::Salvage),
    /// Write the vault file anew: smaller, under a new key, without what was deleted
    Rewrite(rewrite::Rewrite),
    /// Change the passphrase
    Passphrase(passphrase::Change),
    /// Make a recovery code, or say whether there is one
    Recovery(recovery::Recovery),
    /// Walk the whole way of a record on this machine: server, vault and developer
    #[cfg(feature = "demo")]
    Demo(crate::demo::Demo),
    /// Print completions for a shell
    Completions(completions::Completions),
}

impl Command {
    /// Does it.
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        match self {
            Self::Init(init) => init.run(context),
            Self::Status(status) => status.run(context),
            Self::Collect(collect) => collect.run(context),
            Self::Import(import) => import.run(context),
            Self::Add(add) => add.run(context),
            Self::List(list) => list.run(context),
            Self::Show(show) => show.run(context),
            Self::Edit(edit) => edit.run(context),
            Self::Rm(rm) => rm.run(context),
            Self::Connect(connect) => connect.run(context),
            Self::Link(link) => link.run(context),
            Self::Sync(sync) => sync.run(context),
            Self::Requests(requests) => requests.run(context),
            Self::Preview(preview) => preview.run(context),
            Self::Approve(approve) => approve.run(context),
            Self::Reject(reject) => reject.run(context),
            Self::Grants(grants) => grants.run(context),
            Self::Pause(pause) => pause.run(context),
            Self::Resume(resume) => resume.run(context),
            Self::Narrow(narrow) => narrow.run(context),
            Self::Renew(renew) => renew.run(context),
            Self::Withdraw(withdraw) => withdraw.run(context),
            Self::Activity(activity) => activity.run(context),
            Self::Receipts(receipts) => receipts.run(context),
            Self::Backup(backup) => backup.run(context),
            Self::Restore(restore) => restore.run(context),
            Self::Verify(verify) => verify.run(context),
            Self::Salvage(salvage) => salvage.run(context),
            Self::Rewrite(rewrite) => rewrite.run(context),
            Self::Passphrase(change) => change.run(context),
            Self::Recovery(recovery) => recovery.run(context),
            #[cfg(feature = "demo")]
            Self::Demo(demo) => demo.run(context),
            Self::Completions(completions) => completions.run(context),
        }
    }
}
