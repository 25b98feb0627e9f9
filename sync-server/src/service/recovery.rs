//! What a recovery code alone can do: have the vault's escrow, and make its own device the only one that
//! speaks for the vault.

use vault_wire::{
    Digest, digest,
    frame::{EscrowKept, Recovered, Refusal, Revoked as Told},
    id::VaultId,
    labels,
    recovery::{Escrow, RecoveryProof, SignedEscrow, SignedRevocation},
    signature::{PublicKey, Signature},
};

use super::Unavailable;
use crate::{
    Server,
    store::{
        Escrowed, Revoked, Rows, StoreError, Tx,
        tables::{ESCROWS, RECOVERY_KEYS, VAULTS},
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
    let (escrow, said) = found.filter(|_| is_proven).ok_or(Refusal::NothingToRecover)?;
    tracing::warn!(vault = %said.vault, "a recovery code was used");
    let revocation = server.ledger().revoked(said.vault).map_or(0, |last| last.number);
    Ok(Recovered { escrow, revocation })
}

/// The latest escrow that one of its codes opens. What older data hold, set back or not, is no longer given out.
fn find(server: &Server, key: PublicKey) -> Result<Option<(SignedEscrow, Escrow)>, StoreError> {
    let view = server.store().view()?;
    let vault = view.get(&RECOVERY_KEYS, &key.0)?;
    let at = vault.unwrap_or(VaultId([0; 16]));
    let Some(escrow) = current(server, &view, at)? else {
        return Ok(None);
    };
    let said = escrow.verify().map_err(|_| StoreError::Row("escrows"))?;
    Ok(said.holder(&key).is_some().then_some((escrow, said)))
}

/// The escrow of a vault, if no later one is known of.
fn current(server: &Server, rows: &impl Rows, vault: VaultId) -> Result<Option<SignedEscrow>, StoreError> {
    let latest = server.ledger().escrowed(vault);
    let kept = rows.get(&ESCROWS, vault.as_bytes())?;
    Ok(kept.filter(|kept| latest.is_none_or(|latest| latest.digest == digest_of(kept))))
}

/// Number of the escrow that is kept for a vault; 0 if there is none.
pub(super) fn kept_number(server: &Server, rows: &impl Rows, vault: VaultId) -> Result<u64, StoreError> {
    let kept = current(server, rows, vault)?;
    let said = kept.map(|kept| kept.verify().map_err(|_| StoreError::Row("escrows")));
    Ok(said.transpose()?.map_or(0, |said| said.number))
}

/// Keeps an escrow of a vault, unless one with a higher number was kept before, be it that this data was set back since.
pub(crate) async fn keep_escrow(
    server: &Server,
    vault: VaultId,
    sent: SignedEscrow,
) -> Result<EscrowKept, Refusal> {
    let said = sent.verify().map_err(|_| Refusal::BadFrame)?;
    if said.vault != vault {
        return Err(Refusal::BadFrame);
    }
    let service = server.clone();
    let kept = server.store().write(move |tx| {
        let digest = digest_of(&sent);
        if let Some(latest) = service.ledger().escrowed(vault) {
            let is_newest = said.number > latest.number || digest == latest.digest;
            if !is_newest {
                let number = latest.number;
                return Ok(EscrowKept { number, kept: false });
            }
        }
        let number = said.number;
        if service
            .ledger()
            .escrowed(vault)
            .is_none_or(|latest| latest.number < number)
        {
            service.ledger().escrow(Escrowed {
                vault,
                number,
                digest,
            })?;
        }
        replace(tx, vault, &sent, &said)?;
        Ok(EscrowKept { number, kept: true })
    });
    let kept = kept.await.map_err(|_| Refusal::Unavailable)?;
    tracing::info!(%vault, number = kept.number, kept = kept.kept, "escrow sent");
    Ok(kept)
}

/// Codes that the new escrow does not name find nothing any more.
fn replace(tx: &Tx, vault: VaultId, sent: &SignedEscrow, said: &Escrow) -> Result<(), StoreError> {
    if let Some(before) = tx.get(&ESCROWS, vault.as_bytes())? {
        let before = before.verify().map_err(|_| StoreError::Row("escrows"))?;
        for holder in before.holders {
            tx.remove(&RECOVERY_KEYS, &holder.key.0)?;
        }
    }
    for holder in &said.holders {
        tx.put(&RECOVERY_KEYS, &holder.key.0, &vault)?;
    }
    tx.put(&ESCROWS, vault.as_bytes(), sent)
}

/// Makes the device that TLS authenticated the only one that speaks for its vault. Others that are connected
/// are sent away. Saying it again changes nothing.
pub(crate) async fn revoke(
    server: &Server,
    device: PublicKey,
    sent: SignedRevocation,
) -> Result<Told, Refusal> {
    let vault = sent.claimed_vault().ok_or(Refusal::BadFrame)?;
    let service = server.clone();
    let revoked = server.store().write(move |tx| {
        let Some(row) = tx.get(&VAULTS, vault.as_bytes())? else {
            return Ok(Err(Refusal::NotEnrolled));
        };
        let Ok(said) = sent.verify(&row.owner_key) else {
            return Ok(Err(Refusal::BadCertificate));
        };
        if said.stays != device {
            return Ok(Err(Refusal::BadCertificate));
        }
        match service.ledger().revoked(vault) {
            Some(last) if last.number == said.number && last.stays == device => return Ok(Ok(said)),
            Some(last) if last.number >= said.number => return Ok(Err(Refusal::Revoked)),
            _ => {}
        }
        let escrow = current(&service, tx, vault)?;
        let escrow = escrow.map(|escrow| escrow.verify().map_err(|_| StoreError::Row("escrows")));
        if escrow
            .transpose()?
            .is_none_or(|escrow| escrow.holder(&sent.key).is_none())
        {
            return Ok(Err(Refusal::NothingToRecover));
        }
        let (number, stays) = (said.number, said.stays);
        service.ledger().revoke(Revoked { vault, number, stays })?;
        Ok(Ok(said))
    });
    let said = revoked.await.map_err(|_| Refusal::Unavailable)??;
    server.devices().leave_only(vault, device);
    tracing::warn!(%vault, number = said.number, "every other device of a vault is revoked");
    Ok(Told { number: said.number })
}

/// Whether a vault was taken over from this device.
pub(crate) fn is_revoked(server: &Server, vault: VaultId, device: PublicKey) -> bool {
    let last = server.ledger().revoked(vault);
    last.is_some_and(|last| last.stays != device)
}

fn digest_of(escrow: &SignedEscrow) -> Digest {
    digest(labels::ESCROW, &escrow.bytes)
}

impl From<Unavailable> for Refusal {
    fn from(_: Unavailable) -> Self {
        Self::Unavailable
    }
}
