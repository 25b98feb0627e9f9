//! A statement that this server accepted and lost: it believes its own signature.

use vault_wire::{
    Digest,
    acceptance::{Acceptance, Proof},
    id::{RequestId, VaultId},
    request::ConsentRequest,
    signature::Signature,
    statement::Statement,
    time::Timestamp,
};

use super::Submitted;
use crate::{
    Server,
    store::{
        RequestRow, RequestState, Rows, StoreError, Tx,
        tables::{APP_ACCOUNTS, APP_REQUESTS, REQUEST_DIGESTS, REQUESTS, SUBJECTS, key},
    },
};

/// What a proof shows.
pub(super) struct Proven {
    /// When the statement was accepted.
    pub(super) accepted_at: Timestamp,
    request: ConsentRequest,
    request_bytes: Vec<u8>,
    request_signature: Option<Signature>,
}

/// What a proof shows, if this server signed it for this vault and this very statement, and knows the
/// subject of the request as this vault.
pub(super) fn check(
    server: &Server,
    vault: VaultId,
    statement: &Statement,
    digest: Digest,
    proof: Proof,
) -> Option<Proven> {
    let acceptance = proof.acceptance.verify(&server.keys().receipts.public()).ok()?;
    let asked = ConsentRequest::digest_of(&proof.request);
    let is_of_this =
        acceptance == Acceptance::new(vault, asked, digest, acceptance.accepted_at, acceptance.state);
    let request = ConsentRequest::from_bytes(&proof.request).ok()?;
    let is_known = request.app.id == statement.app
        && request.subject == statement.subject
        && request.subject == server.keys().subject(request.app.id, vault);
    (is_of_this && asked == statement.request && is_known).then_some(Proven {
        accepted_at: acceptance.accepted_at,
        request,
        request_bytes: proof.request,
        request_signature: proof.request_signature,
    })
}

impl Submitted {
    /// When the statement takes effect: now, or when it was accepted before it was lost.
    pub(super) fn effective_at(&self) -> Timestamp {
        self.proven.as_ref().map_or(self.now, |proven| proven.accepted_at)
    }
}

/// Makes the request again that a proven statement answers. Nothing, if nobody has the application any
/// more.
pub(super) fn restore_request(
    tx: &Tx,
    submitted: &Submitted,
    proven: &Proven,
) -> Result<Option<RequestId>, StoreError> {
    let (vault, request) = (submitted.vault.as_bytes(), &proven.request);
    let app = request.app.id.as_bytes();
    let Some(account) = tx.get(&APP_ACCOUNTS, app)? else {
        return Ok(None);
    };
    let row = RequestRow {
        account,
        app: request.app.id,
        bytes: proven.request_bytes.clone(),
        signature: proven.request_signature,
        delivery_nonce: submitted.statement.delivery_nonce,
        state: RequestState::Pending,
        delivered_at: Some(request.created_at),
        decided_at: None,
        decision: None,
        grant: None,
        granted: None,
        metadata: None,
    };
    let owner = account.as_bytes();
    tx.put(
        &SUBJECTS,
        &key(&[owner, app, request.subject.as_bytes()]),
        &submitted.vault,
    )?;
    tx.put(&REQUESTS, &key(&[vault, request.id.as_bytes()]), &row)?;
    tx.put(
        &REQUEST_DIGESTS,
        &key(&[vault, &submitted.statement.request]),
        &request.id,
    )?;
    tx.put(
        &APP_REQUESTS,
        &key(&[owner, app, request.id.as_bytes()]),
        &submitted.vault,
    )?;
    tracing::info!(request = %request.id, "a lost consent request is restored");
    Ok(Some(request.id))
}
