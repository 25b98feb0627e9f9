//! What a recovery code alone can do: have the vault's escrow, and make its own device the only one that
//! speaks for the vault.

use std::{collections::HashMap, ops::ControlFlow};

use vault_wire::{
    digest,
    frame::{EscrowKept, Recovered, Refusal, Revoked as Told},
    id::VaultId,
    labels,
    recovery::{RecoveryProof, SignedEscrow, SignedRevocation},
    signature::{PublicKey, Signature},
};

use crate::{
    Server,
    store::{
        EscrowRow, Escrowed, Revoked, Rows, StoreError, Tx,
        tables::{ESCROWS, RECOVERY_KEYS, REVOCATIONS, VAULTS},
    },
};

/// The escrow for whoever proves to have one of its codes. A key that is not known and a proof that does not hold
/// are one answer after the same work, so that nobody learns what lies here without the code for it.
pub(crate) fn recovered(
    server: &Server,
    key: PublicKey,
    proof: &RecoveryProof,
    signature: &Signature,
) -> Result<Recovered, Refusal> {
    let is_proven = proof.verify(&key, signature).is_ok();
    let found = find(server, key).map_err(|_| Refusal::Unavailable)?;
    let (vault, row) = found.filter(|_| is_proven).ok_or(Refusal::NothingToRecover)?;
    tracing::warn!(%vault, "a recovery code was used");
    let revocation = server.ledger().revoked(vault).map_or(0, |last| last.number);
    let escrow = row.escrow;
    Ok(Recovered { escrow, revocation })
}

fn find(server: &Server, key: PublicKey) -> Result<Option<(VaultId, EscrowRow)>, StoreError> {
    let view = server.store().view()?;
    let vault = view.get(&RECOVERY_KEYS, &key.0)?.unwrap_or(VaultId([0; 16]));
    let row = current(server, &view, vault)?.filter(|row| row.keys.contains(&key));
    Ok(row.map(|row| (vault, row)))
}

/// The escrow of a vault, if no later one is known of. What older data hold is no longer given out.
fn current(server: &Server, rows: &impl Rows, vault: VaultId) -> Result<Option<EscrowRow>, StoreError> {
    let latest = server.ledger().escrowed(vault);
    let kept = rows.get(&ESCROWS, vault.as_bytes())?;
    Ok(kept.filter(|kept| latest.is_none_or(|latest| latest.digest == kept.digest)))
}

/// Number of the escrow that is kept for a vault; 0 if there is none.
pub(super) fn kept_number(server: &Server, rows: &impl Rows, vault: VaultId) -> Result<u64, StoreError> {
    Ok(current(server, rows, vault)?.map_or(0, |kept| kept.number))
}

/// Keeps an escrow of a vault, unless one with a higher number was kept before, be it that this data was set
/// back since.
pub(crate) async fn keep_escrow(
    server: &Server,
    vault: VaultId,
    sent: SignedEscrow,
) -> Result<EscrowKept, Refusal> {
    let said = sent.verify().map_err(|_| Refusal::BadFrame)?;
    if said.vault != vault {
        return Err(Refusal::BadFrame);
    }
    let row = EscrowRow {
        number: said.number,
        digest: digest(labels::ESCROW, &sent.bytes),
        keys: said.holders.iter().map(|holder| holder.key).collect(),
        escrow: sent,
    };
    let service = server.clone();
    let kept = server.store().write(move |tx| keep(&service, tx, vault, &row));
    let kept = kept.await.map_err(|_| Refusal::Unavailable)?;
    tracing::info!(%vault, number = kept.number, kept = kept.kept, "escrow sent");
    Ok(kept)
}

fn keep(server: &Server, tx: &Tx, vault: VaultId, row: &EscrowRow) -> Result<EscrowKept, StoreError> {
    let (number, digest) = (row.number, row.digest);
    match server.ledger().escrowed(vault) {
        Some(latest) if latest.digest == digest => {}
        Some(latest) if latest.number >= number => {
            let number = latest.number;
            return Ok(EscrowKept { number, kept: false });
        }
        _ => server.ledger().escrow(Escrowed {
            vault,
            number,
            digest,
        })?,
    }
    // Codes that the new escrow does not name find nothing any more.
    if let Some(before) = tx.get(&ESCROWS, vault.as_bytes())? {
        for key in before.keys {
            tx.remove(&RECOVERY_KEYS, &key.0)?;
        }
    }
    for key in &row.keys {
        tx.put(&RECOVERY_KEYS, &key.0, &vault)?;
    }
    tx.put(&ESCROWS, vault.as_bytes(), row)?;
    Ok(EscrowKept { number, kept: true })
}

/// Makes the device that TLS authenticated the only one that speaks for its vault. Others that are connected
/// are sent away. Saying it again changes nothing.
pub(crate) async fn revoke(
    server: &Server,
    device: PublicKey,
    sent: SignedRevocation,
) -> Result<Told, Refusal> {
    let vault = sent.claimed_vault().ok_or(Refusal::BadFrame)?;
    let owner = server
        .store()
        .view()
        .and_then(|view| view.get(&VAULTS, vault.as_bytes()));
    let owner = owner
        .map_err(|_| Refusal::Unavailable)?
        .ok_or(Refusal::NotEnrolled)?;
    let said = sent
        .verify(&owner.owner_key)
        .map_err(|_| Refusal::BadCertificate)?;
    if said.stays != device {
        return Err(Refusal::BadCertificate);
    }
    let service = server.clone();
    let revoked = server.store().write(move |tx| {
        match service.ledger().revoked(vault) {
            Some(last) if last.number == said.number && last.stays == device => return Ok(Ok(())),
            Some(last) if last.number >= said.number => return Ok(Err(Refusal::Revoked)),
            _ => {}
        }
        let escrow = current(&service, tx, vault)?;
        if !escrow.is_some_and(|escrow| escrow.keys.contains(&sent.key)) {
            return Ok(Err(Refusal::NothingToRecover));
        }
        let (number, stays) = (said.number, said.stays);
        let revoked = Revoked { vault, number, stays };
        service.ledger().revoke(revoked)?;
        tx.put(&REVOCATIONS, vault.as_bytes(), &revoked)?;
        // What the others have queued behind this is not heard.
        service.devices().leave_only(vault, device);
        Ok(Ok(()))
    });
    revoked.await.map_err(|_| Refusal::Unavailable)??;
    tracing::warn!(%vault, number = said.number, "every other device of a vault is revoked");
    Ok(Told { number: said.number })
}

/// Data or a ledger that were set back: the later revocation holds in both, and the later escrow counts in
/// the ledger.
pub(crate) async fn agree_with_ledger(server: &Server) -> Result<(), StoreError> {
    let (mut revoked, mut escrowed) = (HashMap::new(), Vec::new());
    let view = server.store().view()?;
    view.scan(&REVOCATIONS, &[], &[], |_, row: Revoked| {
        revoked.insert(row.vault, row);
        ControlFlow::Continue(())
    })?;
    view.scan(&ESCROWS, &[], &[], |vault, row: EscrowRow| {
        escrowed.extend(vault.try_into().map(|vault| Escrowed {
            vault: VaultId(vault),
            number: row.number,
            digest: row.digest,
        }));
        ControlFlow::Continue(())
    })?;
    let ledger = server.ledger();
    for row in revoked.values() {
        if ledger
            .revoked(row.vault)
            .is_none_or(|last| last.number < row.number)
        {
            ledger.revoke(*row)?;
        }
    }
    for row in escrowed {
        if ledger
            .escrowed(row.vault)
            .is_none_or(|last| last.number < row.number)
        {
            ledger.escrow(row)?;
        }
    }
    let mut later = ledger.revocations();
    later.retain(|last| revoked.get(&last.vault) != Some(last));
    if later.is_empty() {
        return Ok(());
    }
    let put = move |tx: &Tx| {
        let mut rows = later.iter();
        rows.try_for_each(|last| tx.put(&REVOCATIONS, last.vault.as_bytes(), last))
    };
    server.store().write(put).await
}

/// Whether a vault was taken over from this device.
pub(crate) fn is_revoked(server: &Server, vault: VaultId, device: PublicKey) -> bool {
    let last = server.ledger().revoked(vault);
    last.is_some_and(|last| last.stays != device)
}
