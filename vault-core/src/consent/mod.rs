//! Consent: requests come in, the owner sees exactly what would leave, decides, and takes it back.
//! Everything here works without a network; [`crate::sync`] carries it.

mod activity;
mod amendment;
mod apps;
mod ask_domains;
mod blocking;
mod carried;
mod chain;
mod change;
mod decide;
mod export;
mod grant;
mod inbox;
mod met;
mod preview;
mod projection;
mod receipt;
mod selection;
mod statements;
mod voucher;
mod withdraw;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod voucher_tests;

pub use activity::{Activity, ErasureProof};
pub(crate) use activity::{activities, erasures, keep_notice};
pub use amendment::{Amendment, Change};
pub use ask_domains::DomainAnswer;
pub(crate) use ask_domains::ask_domains;
pub use blocking::KnownApp;
pub(crate) use blocking::{block, is_held_back, known_apps, unblock};
pub(crate) use carried::caught_up;
pub use chain::RefusedStatement;
pub(crate) use chain::{Adopted, adopt, not_accepted, refusals};
pub(crate) use change::{narrow, pause, renew, resume};
pub(crate) use decide::{approve, reject};
pub(crate) use export::{Export, Exporter};
pub use grant::{Grant, GrantState};
pub(crate) use grant::{
    GrantRow, grant, grants, load_grant, row as grant_row, rows as grant_rows, store_grant,
};
pub use inbox::{InboxRequest, RequestState};
pub(crate) use inbox::{request, requests};
pub use preview::{Preview, PreviewedRecord};
pub(crate) use preview::{preview, preview_narrowed};
pub use receipt::{InvalidReceipt, RECEIPT_TEXT_MAX, Receipt, VerifiedReceipt};
pub(crate) use receipt::{chains, receipts};
pub use selection::Selection;
pub(crate) use statements::{accepted, digest_of, pending_statements, submission, was_known_to};
pub use voucher::{Contradiction, Voucher};
pub(crate) use withdraw::{end_forgotten, ended, erased, withdraw, withdrawn_elsewhere};
