//! The escrow: the vault's own secrets, sealed to its recovery codes, for the server to keep. A vault keeps
//! the public halves of its codes, so that it can seal anew while the codes lie in a drawer.

use serde::{Deserialize, Serialize};
use vault_file::{SlotId, SlotKind, Snapshot, Transaction};
use vault_wire::{
    recovery::{RecoveryPublic, RecoverySecret, SignedEscrow},
    signature::PublicKey,
};

use crate::{
    error::Error,
    store::{
        Store, decode, encode,
        tables::{META, meta},
    },
};

/// The recovery codes of this vault, and what was last sealed to them.
#[derive(Default, Serialize, Deserialize)]
struct EscrowRow {
    codes: Vec<Code>,
    number: u64,
    /// Sealed and signed under that number, once it was needed.
    signed: Option<SignedEscrow>,
    /// Whether a server has kept it.
    kept: bool,
}

#[derive(Serialize, Deserialize)]
struct Code {
    /// Its key slot: the code is good for as long as that exists.
    slot: [u8; 8],
    public: RecoveryPublic,
}

/// Whether the recovery codes of a vault can bring it back from its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EscrowState {
    /// There is no code.
    NoCode,
    /// The server is still to be told of the codes: sync.
    Waiting,
    /// The server keeps what the codes need.
    Kept,
}

/// A new code: what is sealed to it goes to the server at the next sync.
pub(crate) fn add_code(store: &Store, slot: SlotId, code: &RecoverySecret) -> Result<(), Error> {
    let public = code.public(&store.identity.owner_key());
    let slots = recovery_slots(store);
    store.update(|transaction| {
        let mut row = load(transaction)?;
        row.forget_gone(&slots);
        row.codes.push(Code { slot: slot.0, public });
        row.renew(row.number);
        keep(transaction, &row)
    })
}

/// The code that brought this vault back. The next escrow, above the one it came from, is sealed to it, and to
/// the other codes that open this file.
pub(super) fn go_on_with(
    transaction: &Transaction,
    (slot, public): (SlotId, RecoveryPublic),
    number: u64,
) -> Result<(), Error> {
    let mut row = load(transaction)?;
    row.codes.retain(|code| code.slot != slot.0);
    row.codes.push(Code { slot: slot.0, public });
    row.renew(number.max(row.number));
    keep(transaction, &row)
}

/// The key slot of a code, if it opens this file.
pub(crate) fn slot_of(store: &Store, view: &Snapshot, key: &PublicKey) -> Result<Option<SlotId>, Error> {
    let row = view.table(&META)?.get(meta::ESCROW)?;
    let row: Option<EscrowRow> = row.map(|row| decode(&row, "its escrow")).transpose()?;
    let slots = recovery_slots(store);
    let codes = row.unwrap_or_default().codes.into_iter();
    let mut of_code = codes.filter(|code| code.public.key == *key && slots.contains(&code.slot));
    Ok(of_code.next().map(|code| SlotId(code.slot)))
}

/// The escrow that the server is to be sent, if it does not keep the latest: it says which one it has.
pub(super) fn due(store: &Store, held: u64) -> Result<Option<SignedEscrow>, Error> {
    if store.view()?.table(&META)?.get(meta::ESCROW)?.is_none() {
        return Ok(None);
    }
    let slots = recovery_slots(store);
    store.update(|transaction| {
        let mut row = load(transaction)?;
        if row.forget_gone(&slots) {
            row.renew(row.number);
        }
        if row.kept && held >= row.number {
            return Ok(None);
        }
        if !row.kept && held > row.number {
            // Another copy of this vault sealed one meanwhile. What changed here last counts.
            row.renew(held);
        }
        let signed = row.sign(store)?;
        keep(transaction, &row)?;
        Ok(Some(signed))
    })
}

/// What the server says of the escrow that it was sent. Returns the one that is to be sent instead, if another
/// copy of this vault sealed one under the same number or a later one, and this one has news.
pub(super) fn answered(store: &Store, number: u64, kept: bool) -> Result<Option<SignedEscrow>, Error> {
    store.update(|transaction| {
        let mut row = load(transaction)?;
        let again = match kept {
            true => {
                row.kept |= number == row.number;
                None
            }
            false if row.kept => None,
            false => {
                row.renew(number);
                Some(row.sign(store)?)
            }
        };
        keep(transaction, &row)?;
        Ok(again)
    })
}

/// Whether the codes of a vault can bring it back.
pub(crate) fn state(store: &Store, view: &Snapshot) -> Result<EscrowState, Error> {
    let slots = recovery_slots(store);
    let row = view.table(&META)?.get(meta::ESCROW)?;
    let row: EscrowRow = row
        .map(|row| decode(&row, "its escrow"))
        .transpose()?
        .unwrap_or_default();
    let all_there = row.codes.iter().all(|code| slots.contains(&code.slot));
    Ok(match (slots.is_empty(), row.kept && all_there) {
        (true, _) => EscrowState::NoCode,
        (false, true) => EscrowState::Kept,
        (false, false) => EscrowState::Waiting,
    })
}

impl EscrowRow {
    /// Codes whose slot is gone bring nothing back any more. Returns whether there were any.
    fn forget_gone(&mut self, slots: &[[u8; 8]]) -> bool {
        let before = self.codes.len();
        self.codes.retain(|code| slots.contains(&code.slot));
        self.codes.len() < before
    }

    /// What is sealed next has a number above this one.
    fn renew(&mut self, above: u64) {
        self.number = above.saturating_add(1);
        self.signed = None;
        self.kept = false;
    }

    /// The same bytes each time, under one number.
    fn sign(&mut self, store: &Store) -> Result<SignedEscrow, Error> {
        if let Some(signed) = &self.signed {
            return Ok(signed.clone());
        }
        let codes: Vec<_> = self.codes.iter().map(|code| code.public).collect();
        let (now, randomness) = (store.now(), &store.host.randomness);
        let signed = store.identity.escrow(&codes, self.number, now, randomness);
        let signed = signed.map_err(|_| Error::unreadable("a recovery code's public half"))?;
        Ok(self.signed.insert(signed).clone())
    }
}

fn recovery_slots(store: &Store) -> Vec<[u8; 8]> {
    let slots = store.file().slots().into_iter();
    let recovery = slots.filter(|slot| slot.kind == SlotKind::Recovery);
    recovery.map(|slot| slot.id.0).collect()
}

fn load(transaction: &Transaction) -> Result<EscrowRow, Error> {
    let row = transaction.table(&META)?.get(meta::ESCROW)?;
    let row = row.map(|row| decode(&row, "its escrow")).transpose()?;
    Ok(row.unwrap_or_default())
}

fn keep(transaction: &Transaction, row: &EscrowRow) -> Result<(), Error> {
    transaction.table(&META)?.insert(meta::ESCROW, &encode(row))?;
    Ok(())
}
