//! Taking a consent statement: what the subject decided, signed by a consent key of the vault. No
//! grant begins, widens or goes on without one (invariant I4).

mod amend;
mod answer;
mod erasure;
mod follow;
mod kept;
mod keys;
mod proof;
mod set_back;
mod withdraw;

use std::sync::Arc;

use vault_wire::{
    Digest,
    certificate::Role,
    frame::{Event as Told, StatementAck, StatementOutcome, StatementRefusal, SubmitStatement},
    id::{GrantId, RequestId, VaultId},
    signature::PublicKey,
    statement::{Event, Invalid, Statement},
    time::Timestamp,
};

use super::{Unavailable, ended::is_ended, notices, recovery::is_revoked};
use crate::{
    Server,
    store::{
        HeldKey, Rows, StatementRow, StoreError, Tx,
        tables::{ERASURES, GRANTS, STATEMENTS, key},
    },
};

pub(crate) use erasure::{doom, drop_doomed};
pub(crate) use kept::{kept, reminders};
pub(crate) use set_back::agree_with_ledger;

use proof::Proven;

/// A statement whose signature holds and whose key the owner certified for its application.
struct Submitted {
    vault: VaultId,
    /// The transport key of the device that brought it.
    device: PublicKey,
    statement: Statement,
    digest: Digest,
    kept: StatementRow,
    /// The key that its extent commits to, if it came.
    grant_key: Option<HeldKey>,
    /// Set if this server accepted the statement before and lost it.
    proven: Option<Proven>,
    now: Timestamp,
}

/// What became of a statement inside its transaction.
type Taken = Result<InForce, StatementRefusal>;

/// A statement that is in force, and whom that concerns.
#[derive(Default)]
struct InForce {
    /// The request that it decided.
    decided: Option<RequestId>,
    /// The grant whose place it takes.
    superseded: Option<GrantId>,
    /// The statement as it was kept the first time, if it comes again.
    before: Option<StatementRow>,
}

/// The device was revoked while its statement waited; the connection ends before it could hear this.
const REVOKED: StatementRefusal = StatementRefusal::BadSignature;

/// Takes a statement of a vault, which one of its devices brought. It is durable before this returns; sending it again changes nothing
/// and gets the same answer.
pub(crate) async fn submit(
    server: &Server,
    (vault, device): (VaultId, PublicKey),
    owner_key: PublicKey,
    sent: SubmitStatement,
) -> Result<StatementAck, Unavailable> {
    let (grant, number) = named(&sent);
    let ack = |outcome| StatementAck {
        grant,
        number,
        outcome,
    };
    let submitted = match check(server, (vault, device), owner_key, sent) {
        Ok(submitted) => submitted,
        Err(refusal) => return Ok(ack(StatementOutcome::Refused(refusal))),
    };
    if submitted.statement.event == Event::Withdrawn {
        return Ok(ack(withdraw::withdraw(server, Arc::new(submitted)).await?));
    }
    let event = submitted.statement.event.clone();
    let submitted = Arc::new(submitted);
    let (service, sent) = (server.clone(), Arc::clone(&submitted));
    let taken = server.store().write(move |tx| take(&service, tx, &sent)).await?;
    match taken {
        // Two devices decided, and the other one's approval came first: a no is never ignored.
        Err(StatementRefusal::AlreadyClosed | StatementRefusal::Withdrawn)
            if event == Event::Refused && is_given(server, &submitted)? =>
        {
            Ok(ack(withdraw::withdraw(server, submitted).await?))
        }
        Ok(in_force) => {
            if let Some(request) = in_force.decided {
                server.waits().wake(request);
            }
            destroy_keys(server, grant, &event, in_force.superseded)?;
            // What was answered under wider terms is finished before the owner is told.
            if matches!(event, Event::Narrowed(_) | Event::Paused) {
                server.guards().drain(grant, server.clock()).await;
            }
            if let Some(superseded) = in_force.superseded {
                server.guards().drain(superseded, server.clock()).await;
            }
            tracing::info!(%grant, number, "statement accepted");
            let kept = in_force.before.as_ref().unwrap_or(&submitted.kept);
            let acceptance = kept::acceptance(server, vault, kept)?;
            Ok(ack(StatementOutcome::Accepted(acceptance)))
        }
        Err(refusal) => {
            tracing::info!(%grant, number, ?refusal, "statement refused");
            Ok(ack(StatementOutcome::Refused(refusal)))
        }
    }
}

/// Destroys the keys that an accepted statement put out of force. The statement is durable by then, and with
/// it that they are to be destroyed: if power fails here, [`drop_doomed`] does it after the next start.
fn destroy_keys(
    server: &Server,
    grant: GrantId,
    event: &Event,
    superseded: Option<GrantId>,
) -> Result<(), StoreError> {
    if let Some(extent) = event.extent() {
        server.grant_keys().destroy(grant, Some(extent.generation))?;
    }
    if let Some(superseded) = superseded {
        server.grant_keys().destroy(superseded, None)?;
    }
    Ok(())
}

fn is_given(server: &Server, submitted: &Submitted) -> Result<bool, Unavailable> {
    let grant = submitted.statement.grant.as_bytes();
    let at = key(&[submitted.vault.as_bytes(), grant]);
    Ok(server.store().view()?.has(&GRANTS, &at)?)
}

fn take(server: &Server, tx: &Tx, submitted: &Submitted) -> Result<Taken, StoreError> {
    if is_revoked(server, submitted.vault, submitted.device) {
        return Ok(Err(REVOKED));
    }
    let grant = submitted.statement.grant;
    let is_erased = tx.has(&ERASURES, &key(&[submitted.vault.as_bytes(), grant.as_bytes()]))?;
    if is_erased || is_ended(tx, submitted.vault, grant)? {
        return Ok(Err(StatementRefusal::Withdrawn));
    }
    let before = kept::accepted_before(tx, &statement_key(submitted), &submitted.kept.statement)?;
    if before.is_some() {
        keys::come_later(server, tx, submitted)?;
        return Ok(Ok(InForce {
            before,
            ..InForce::default()
        }));
    }
    match submitted.statement.event {
        Event::Given(_) | Event::Refused => answer::answer(server, tx, submitted),
        _ => follow::follow(server, tx, submitted),
    }
}

/// Keeps a statement that takes effect, and takes it into the log of its vault.
fn keep(tx: &Tx, submitted: &Submitted) -> Result<(), StoreError> {
    let stated = Told::Stated {
        grant: submitted.statement.grant,
        number: submitted.statement.number,
        statement: submitted.digest,
        at: submitted.now,
    };
    notices::append(tx, submitted.vault, &stated)?;
    tx.put(&STATEMENTS, &statement_key(submitted), &submitted.kept)
}

fn statement_key(submitted: &Submitted) -> Vec<u8> {
    key(&[
        submitted.vault.as_bytes(),
        submitted.statement.grant.as_bytes(),
        &submitted.statement.number.to_be_bytes(),
        &submitted.digest,
    ])
}

/// What the statement says of itself, for the answer; nothing is believed of it yet.
fn named(sent: &SubmitStatement) -> (GrantId, u64) {
    postcard::from_bytes::<Statement>(&sent.statement.bytes)
        .map_or((GrantId([0; 16]), 0), |claimed| (claimed.grant, claimed.number))
}

fn check(
    server: &Server,
    (vault, device): (VaultId, PublicKey),
    owner_key: PublicKey,
    sent: SubmitStatement,
) -> Result<Submitted, StatementRefusal> {
    let statement = sent.statement.verify().map_err(|invalid| match invalid {
        Invalid::Malformed(_) => StatementRefusal::Malformed,
        Invalid::BadSignature(_) => StatementRefusal::BadSignature,
    })?;
    let certificate = sent
        .certificate
        .verify(&owner_key)
        .map_err(|_| StatementRefusal::BadSignature)?;
    let may_speak = certificate.vault == vault
        && certificate.key == sent.statement.key
        && certificate.role == Role::Consent(statement.app);
    if !may_speak {
        return Err(StatementRefusal::BadSignature);
    }
    let grant_key = match (statement.event.extent(), sent.grant_key) {
        (Some(extent), Some(sealed)) => Some(keys::held(server, statement.grant, extent, sealed)?),
        _ => None,
    };
    let (now, digest) = (server.now(), sent.statement.digest());
    let proven = sent
        .proof
        .and_then(|proof| proof::check(server, vault, &statement, digest, proof));
    Ok(Submitted {
        vault,
        device,
        digest,
        statement,
        kept: StatementRow {
            statement: sent.statement,
            certificate: sent.certificate,
            accepted_at: proven.as_ref().map_or(now, |proven| proven.accepted_at),
        },
        grant_key,
        proven,
        now,
    })
}
