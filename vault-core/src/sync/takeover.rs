//! Taking a vault over with a recovery code: a device that has nothing else asks the server for what lies
//! there for the code, becomes the vault's device, and has every other one revoked.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use vault_file::{SlotId, Snapshot, Transaction};
use vault_wire::{
    frame::{Frame, Reader, Refusal, encode},
    recovery::{RecoverySecret, SignedRevocation},
    time::Timestamp,
};

use super::{
    ServerAddress, ServerKeyPin, SyncError,
    asking::{Asking, Found},
    escrow, server,
    transport::{First, Transport},
};
use crate::{
    error::Error,
    store::{
        Store, decode, encode as encode_row,
        tables::{META, meta},
    },
};

/// How long the server may owe an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// Asks a server for what lies there for a code, as the device of a transport key.
///
/// # Errors
/// [`SyncError::Refused`] with `NothingToRecover`, and those of the connection.
pub(crate) async fn find(
    address: &ServerAddress,
    pin: ServerKeyPin,
    transport_seed: &[u8; 32],
    code: RecoverySecret,
) -> Result<Found, Error> {
    let mut asking = Asking::begin(code, transport_seed, pin);
    let mut talk = Talk {
        transport: Transport::open(address, pin, transport_seed, First::Quic).await?,
        reader: Reader::default(),
    };
    loop {
        if let Some(frame) = asking.say() {
            talk.say(&frame).await?;
        }
        if let Some(found) = asking.hear(talk.hear().await?)? {
            talk.transport.close().await;
            return Ok(found);
        }
    }
}

/// Writes down, in the file of the device that takes over, what its next session has to do: revoke every other
/// device, ask for the grants that run, and keep an escrow of its own for the same code.
pub(crate) fn settle(
    store: &Store,
    found: &Found,
    (slot, code): (SlotId, &RecoverySecret),
    (address, pin): (&ServerAddress, ServerKeyPin),
) -> Result<(), Error> {
    let number = found.revocation.saturating_add(1);
    let revocation = store.identity.revoke_others(code, number, store.now());
    let pending = Pending {
        revocation,
        after_escrow: false,
    };
    let public = code.public(&store.identity.owner_key());
    let row = server::trusted(store, address, pin)?;
    store.update(|transaction| {
        keep(transaction, &pending)?;
        set_recovered_at(transaction, NOT_YET)?;
        escrow::go_on_with(transaction, (slot, public), found.escrow.number)?;
        server::set_server(transaction, &row)
    })
}

/// A revocation that the server is still to be told.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) revocation: SignedRevocation,
    /// Whether an escrow has to be kept first: the server had lost the one that it relies on.
    pub(super) after_escrow: bool,
}

/// The revocation that the server is still to be told.
pub(super) fn pending_revocation(view: &Snapshot) -> Result<Option<Pending>, Error> {
    let row = view.table(&META)?.get(meta::REVOCATION)?;
    row.map(|row| decode(&row, "a revocation")).transpose()
}

/// When a vault was taken back whose server still has to be told: whatever it accepts may be another device's.
const NOT_YET: Timestamp = Timestamp::from_unix_ms(i64::MAX);

/// The server welcomed this device. If it revoked every other one before that, what it accepts from here on is this
/// one's.
pub(super) fn welcomed(store: &Store, now: Timestamp) -> Result<(), Error> {
    let view = store.view()?;
    let at = view.table(&META)?.get(meta::RECOVERED_AT)?;
    let is_new = at.is_some_and(|at| at == encode_row(&NOT_YET));
    if !is_new || pending_revocation(&view)?.is_some() {
        return Ok(());
    }
    store.update(|transaction| set_recovered_at(transaction, now))
}

fn set_recovered_at(transaction: &Transaction, at: Timestamp) -> Result<(), Error> {
    transaction
        .table(&META)?
        .insert(meta::RECOVERED_AT, &encode_row(&at))?;
    Ok(())
}

/// The server refused to let this device speak. If its data was set back to before the code, a revocation can
/// only follow an escrow; if another device was the last to take the vault over, it has to go first.
pub(super) fn refused(store: &Store, refusal: Refusal) -> Result<(), Error> {
    let Some(pending) = pending_revocation(&store.view()?)? else {
        return Ok(());
    };
    let after_escrow = match refusal {
        Refusal::NothingToRecover => true,
        Refusal::Revoked => false,
        _ => return Ok(()),
    };
    let pending = Pending {
        after_escrow,
        ..pending
    };
    store.update(|transaction| keep(transaction, &pending))
}

fn keep(transaction: &Transaction, pending: &Pending) -> Result<(), Error> {
    transaction
        .table(&META)?
        .insert(meta::REVOCATION, &encode_row(pending))?;
    Ok(())
}

/// The server has the revocation.
pub(super) fn revoked(transaction: &Transaction) -> Result<(), Error> {
    transaction.table(&META)?.remove(meta::REVOCATION)?;
    Ok(())
}

/// One exchange with a server, before any session.
struct Talk {
    transport: Transport,
    reader: Reader,
}

impl Talk {
    async fn say(&mut self, frame: &Frame) -> Result<(), Error> {
        Ok(self.transport.send(&encode(frame)).await?)
    }

    async fn hear(&mut self) -> Result<Frame, Error> {
        match timeout(ANSWER_TIMEOUT, self.next()).await {
            Ok(frame) => Ok(frame?),
            Err(_) => Err(SyncError::Timeout.into()),
        }
    }

    /// The server says one thing at a time here, so that nothing is left over behind a frame.
    async fn next(&mut self) -> Result<Frame, SyncError> {
        loop {
            let mut bytes = self.transport.receive().await?;
            if let Some(frame) = self.reader.next(&mut bytes)? {
                return Ok(frame);
            }
        }
    }
}
