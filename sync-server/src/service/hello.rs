//! Where each grant stands when a device connects.

use vault_wire::{
    frame::{GrantPosition, Hello, MINOR, ServerLimits, Standing, Welcome},
    id::{GrantId, VaultId},
    limits,
    signature::PublicKey,
};

use super::{Unavailable, notices};
use crate::{
    Server,
    store::{
        GrantRow, Rows, StoreError, Tx,
        tables::{DEVICES, ERASURES, GRANTS, key},
    },
};

/// The answer to a HELLO. It is worked out behind everything that older connections of the device
/// have queued, and those are fenced by now: what it says stays true for this connection.
pub(crate) async fn hello(
    server: &Server,
    vault: VaultId,
    device: PublicKey,
    hello: Hello,
) -> Result<Welcome, Unavailable> {
    let (standings, last_notice) = server
        .store()
        .write(move |tx| {
            let at = key(&[vault.as_bytes(), &device.0]);
            let known = tx.get(&DEVICES, &at)?;
            let is_another_life = known.is_some_and(|known| known != hello.incarnation);
            if known != Some(hello.incarnation) {
                tx.put(&DEVICES, &at, &hello.incarnation)?;
            }
            let mut standings: Vec<(GrantId, Standing)> = Vec::new();
            for position in hello.grants {
                let standing = standing(tx, vault, &position, is_another_life)?;
                standings.extend(standing.map(|standing| (position.grant, standing)));
            }
            notices::count_on_from(tx, vault, hello.events_seen)?;
            Ok((standings, notices::last_kept(tx, vault)?))
        })
        .await?;
    Ok(Welcome {
        minor: MINOR,
        features: 0,
        state: server.state(),
        time: server.now(),
        limits: ServerLimits {
            batch_entries: u32::try_from(limits::BATCH_ENTRIES_MAX).unwrap_or(u32::MAX),
            credit_bytes: limits::CREDIT_BYTES,
        },
        keys: server.keys().public(),
        last_notice,
        standings,
    })
}

/// Where a grant stands, if not where the device says.
fn standing(
    tx: &Tx,
    vault: VaultId,
    device: &GrantPosition,
    is_another_life: bool,
) -> Result<Option<Standing>, StoreError> {
    let at = key(&[vault.as_bytes(), device.grant.as_bytes()]);
    if tx.has(&ERASURES, &at)? {
        return Ok(Some(Standing::Withdrawn));
    }
    Ok(match tx.get(&GRANTS, &at)? {
        None => Some(Standing::Unknown),
        Some(row) if row.state.is_over() => Some(Standing::Withdrawn),
        Some(row) if device.statement > row.number => Some(Standing::StatementStale(row.number)),
        // A statement's acknowledgement was lost: the device sends it again and goes on from there.
        Some(row) if device.generation < row.generation => None,
        Some(row) => compare(&row, device, is_another_life),
    })
}

fn compare(row: &GrantRow, device: &GrantPosition, is_another_life: bool) -> Option<Standing> {
    let holds_the_same = device.generation == row.generation
        && device.count == row.count
        && device.fingerprint == row.fingerprint;
    match device.acked == row.acked {
        true if holds_the_same => None,
        false if !is_another_life => Some(Standing::Resume(row.acked)),
        _ => Some(Standing::Reconcile),
    }
}
