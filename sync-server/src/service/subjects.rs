//! Which vault stands behind a subject.

use vault_wire::id::{SubjectId, VaultId};

use super::auth::Caller;
use crate::store::{
    Rows, StoreError,
    tables::{SUBJECTS, key},
};

/// The vault behind a subject. A subject that the server does not know has a vault too, one that
/// holds nothing and never answers, so that it takes the same path at the same cost.
pub(super) fn home(rows: &impl Rows, caller: &Caller, subject: SubjectId) -> Result<VaultId, StoreError> {
    let at = key(&[
        caller.account.as_bytes(),
        caller.app.as_bytes(),
        subject.as_bytes(),
    ]);
    Ok(rows.get(&SUBJECTS, &at)?.unwrap_or(VaultId(subject.0)))
}
