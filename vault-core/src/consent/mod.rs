//! Consent: requests come in, the owner sees exactly what would leave, decides, and takes it back.
//! Everything here works without a network; [`crate::sync`] carries it.

mod activity;
mod apps;
mod ask_domains;
mod decide;
mod export;
mod grant;
mod inbox;
mod preview;
mod projection;
mod selection;
mod statements;
mod voucher;
mod withdraw;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod voucher_tests;

pub use activity::{Activity, ErasureProof};
pub(crate) use activity::{activities, erasures, keep_notice, last_notice};
pub use ask_domains::DomainAnswer;
pub(crate) use ask_domains::ask_domains;
pub(crate) use decide::{approve, reject};
pub(crate) use export::{Export, Exporter};
pub use grant::{Grant, GrantState};
pub(crate) use grant::{GrantRow, StoredGrantKey, grants, load_grant, row as grant_row, store_grant};
pub use inbox::{InboxRequest, RequestState};
pub(crate) use inbox::{request, requests};
pub(crate) use preview::preview;
pub use preview::{Preview, PreviewedRecord};
pub use selection::Selection;
pub(crate) use statements::{accepted, not_accepted, pending_statements, submission};
pub use voucher::{Contradiction, Voucher};
pub(crate) use withdraw::{erased, withdraw};
