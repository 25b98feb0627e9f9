//! Statements of this vault: kept byte for byte, numbered and hash-linked, until the server has
//! them and for ever after.

use serde::{Deserialize, Serialize};
use vault_file::{Snapshot, Transaction};
use vault_wire::{
    Digest,
    acceptance::{Proof, SignedAcceptance},
    certificate::SignedCertificate,
    frame::SubmitStatement,
    grant_key::{GrantKey, KeyCommitment, SealedGrantKey, SealingPublicKey},
    id::GrantId,
    signature::PublicKey,
    statement::{Event, Extent, SignedStatement, Statement},
    terms::Delivery,
};

use super::{
    activity, apps,
    grant::{self, GrantRow, GrantState, StoredGrantKey, load_grant, store_grant},
    inbox,
};
use crate::{
    error::Error,
    store::{Store, decode, encode, grant_key, tables::STATEMENTS, u64_key},
};

/// A statement as it is stored.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct StatementRow {
    pub(super) signed: SignedStatement,
    /// The certificate of the key that signed it, if another copy of this vault did with a key of its own.
    pub(super) certificate: Option<SignedCertificate>,
    /// The server's word for it, once it came.
    pub(super) acceptance: Option<SignedAcceptance>,
}

/// Keeps a statement that was just made.
pub(super) fn keep(
    transaction: &Transaction,
    grant: GrantId,
    number: u64,
    signed: SignedStatement,
) -> Result<(), Error> {
    let row = StatementRow {
        signed,
        certificate: None,
        acceptance: None,
    };
    put(transaction, grant, number, &row)
}

pub(super) fn put(
    transaction: &Transaction,
    grant: GrantId,
    number: u64,
    row: &StatementRow,
) -> Result<(), Error> {
    transaction
        .table(&STATEMENTS)?
        .insert(&grant_key(grant, &u64_key(number)), &encode(row))?;
    Ok(())
}

/// One statement within a transaction.
pub(super) fn load(
    transaction: &Transaction,
    grant: GrantId,
    number: u64,
) -> Result<Option<StatementRow>, Error> {
    transaction
        .table(&STATEMENTS)?
        .get(&grant_key(grant, &u64_key(number)))?
        .map(|row| decode(&row, "a statement"))
        .transpose()
}

/// What a kept statement says.
pub(super) fn read(signed: &SignedStatement) -> Result<Statement, Error> {
    signed.verify().map_err(|_| Error::unreadable("a statement"))
}

/// Signs what follows the last statement of a grant, keeps it, and lets it take effect here. The caller
/// stores the row.
pub(super) fn say(
    store: &Store,
    transaction: &Transaction,
    id: GrantId,
    row: &mut GrantRow,
    event: Event,
) -> Result<(), Error> {
    let last = load(transaction, id, row.statement)?.ok_or(Error::unreadable("a statement"))?;
    let before = read(&last.signed)?;
    let statement = Statement::following(&before, last.signed.digest(), event, store.now());
    let key = apps::consent_key(store, transaction, row.app)?.key;
    keep(transaction, id, statement.number, statement.sign(&key))?;
    row.statement = statement.number;
    row.take_effect(&statement);
    Ok(())
}

impl GrantRow {
    /// What a statement changes.
    pub(super) fn take_effect(&mut self, statement: &Statement) {
        match &statement.event {
            Event::Given(extent) | Event::Renewed(extent) => {
                self.confirmed_at = statement.decided_at;
                self.extent_number = statement.number;
                self.extent = extent.clone();
            }
            Event::Narrowed(extent) => {
                self.extent_number = statement.number;
                self.extent = extent.clone();
            }
            Event::Paused => self.state = GrantState::Paused,
            Event::Resumed => self.state = GrantState::Active,
            Event::Withdrawn => {
                self.state = GrantState::Withdrawn;
                self.ended_at = Some(statement.decided_at);
                self.destroy_keys();
            }
            Event::Refused => self.state = GrantState::Refused,
        }
    }

    /// Makes a key for a generation that begins. Returns what its statement says of it.
    pub(super) fn renew_key(&mut self, store: &Store, id: GrantId, generation: u32) -> KeyCommitment {
        let key = GrantKey::generate(&mut store.host.randomness.clone());
        if self.acknowledged >= self.extent_number {
            let in_force = self.key_of(id, &self.extent);
            self.former_key = in_force.as_ref().map(StoredGrantKey::of);
        }
        self.key = StoredGrantKey::of(&key);
        self.key_generation = generation;
        self.keyless = false;
        key.commitment(id, generation)
    }
}

/// Statements that the server has not acknowledged, in the order in which they are to be sent. A
/// withdrawal makes all before it pointless and goes alone, first of all.
pub(crate) fn pending_statements(view: &Snapshot) -> Result<Vec<(GrantId, u64)>, Error> {
    let (mut withdrawals, mut others) = (Vec::new(), Vec::new());
    for row in grant::rows(view)? {
        let (id, grant) = row?;
        match grant.state {
            GrantState::NotAccepted(_) | GrantState::Erased => {}
            GrantState::Withdrawn if grant.acknowledged >= grant.statement => {}
            GrantState::Withdrawn => withdrawals.push((id, grant.statement)),
            GrantState::Active
            | GrantState::Paused
            | GrantState::Expired
            | GrantState::Superseded
            | GrantState::Refused => {
                others.extend((grant.acknowledged + 1..=grant.statement).map(|number| (id, number)));
            }
        }
    }
    withdrawals.extend(others);
    Ok(withdrawals)
}

/// The digest of a statement that was made.
pub(crate) fn digest_of(view: &Snapshot, grant: GrantId, number: u64) -> Result<Digest, Error> {
    let row = view
        .table(&STATEMENTS)?
        .get(&grant_key(grant, &u64_key(number)))?
        .ok_or(Error::unreadable("a grant without its statement"))?;
    let kept: StatementRow = decode(&row, "a statement")?;
    Ok(kept.signed.digest())
}

/// A statement with what it needs to take effect at the server.
pub(crate) fn submission(
    store: &Store,
    view: &Snapshot,
    grant: GrantId,
    number: u64,
    server: &SealingPublicKey,
) -> Result<SubmitStatement, Error> {
    let kept: StatementRow = decode(
        &view
            .table(&STATEMENTS)?
            .get(&grant_key(grant, &u64_key(number)))?
            .unwrap_or_default(),
        "a statement",
    )?;
    let said = read(&kept.signed)?;
    let row = grant::row(view, grant)?.ok_or(Error::NotFound("grant"))?;
    let grant_key = match said.event.extent() {
        Some(extent) => sealed_key(store, view, (grant, &row), extent, server)?,
        None => None,
    };
    let certificate = match kept.certificate {
        Some(certificate) => certificate,
        None => apps::consent_certificate(view, row.app)?,
    };
    let proof = match kept.acceptance {
        Some(acceptance) => Some(proof(view, &row, acceptance)?),
        None => None,
    };
    Ok(SubmitStatement {
        statement: kept.signed,
        certificate,
        grant_key,
        proof,
    })
}

fn proof(view: &Snapshot, row: &GrantRow, acceptance: SignedAcceptance) -> Result<Proof, Error> {
    let delivered = inbox::delivered(view, row.request)?;
    Ok(Proof {
        request: delivered.bytes,
        request_signature: delivered.signature,
        acceptance,
    })
}

/// The key that an extent commits to, for its holder. None, if only another copy of the vault has it, or the
/// generation is over and the key destroyed.
fn sealed_key(
    store: &Store,
    view: &Snapshot,
    (id, row): (GrantId, &GrantRow),
    extent: &Extent,
    server: &SealingPublicKey,
) -> Result<Option<SealedGrantKey>, Error> {
    let Some(key) = row.key_of(id, extent) else {
        return Ok(None);
    };
    let holder = holder(store, view, row, server)?;
    key.seal_to(&holder, id, extent.generation, &mut store.host.randomness.clone())
        .map(Some)
        .map_err(|_| Error::unreadable("the sealing key of a grant's holder"))
}

/// Who may hold the key of a grant. In delivery `sealed` that is the one whose key stands in the very request
/// that the owner agreed to: another one that the application shows later re-targets nothing.
fn holder(
    store: &Store,
    view: &Snapshot,
    row: &GrantRow,
    server: &SealingPublicKey,
) -> Result<SealingPublicKey, Error> {
    match row.extent.terms.delivery {
        Delivery::Server => Ok(*server),
        Delivery::Sealed => inbox::request(view, row.request, store.now())?
            .request
            .app
            .sealing_key
            .ok_or(Error::unreadable("a sealed grant without its holder")),
    }
}

/// Whether a server gave its word for a grant, that it begins or that it is erased.
pub(crate) fn was_known_to(view: &Snapshot, id: GrantId, server: &PublicKey) -> Result<bool, Error> {
    if let Some(erasure) = activity::erasure(view, id)? {
        return Ok(erasure.key == *server);
    }
    let first = view.table(&STATEMENTS)?.get(&grant_key(id, &u64_key(1)))?;
    let first: Option<StatementRow> = first.map(|row| decode(&row, "a statement")).transpose()?;
    let word = first.and_then(|first| first.acceptance);
    Ok(word.is_some_and(|word| word.key == *server))
}

/// The server has a statement. Returns the grant whose place that takes, if it takes one.
pub(crate) fn accepted(
    store: &Store,
    transaction: &Transaction,
    id: GrantId,
    number: u64,
    acceptance: &SignedAcceptance,
) -> Result<Option<GrantId>, Error> {
    let mut row = load_grant(transaction, id)?;
    if let Some(kept) = load(transaction, id, number)? {
        let acceptance = Some(acceptance.clone());
        put(transaction, id, number, &StatementRow { acceptance, ..kept })?;
    }
    row.acknowledged = row.acknowledged.max(number.min(row.statement));
    if row.acknowledged >= row.extent_number {
        row.former_key = None;
    }
    store_grant(transaction, id, &row)?;
    match row.amends {
        Some(amended) if number == 1 => supersede(store, transaction, amended, id),
        _ => Ok(None),
    }
}

pub(super) fn supersede(
    store: &Store,
    transaction: &Transaction,
    amended: GrantId,
    by: GrantId,
) -> Result<Option<GrantId>, Error> {
    let mut row = match load_grant(transaction, amended) {
        Ok(row) if row.state.is_running() => row,
        Ok(_) | Err(Error::NotFound(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    row.end(GrantState::Superseded, store.now());
    row.superseded_by = Some(by);
    store_grant(transaction, amended, &row)?;
    Ok(Some(amended))
}
