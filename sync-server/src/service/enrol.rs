//! Enrolling a vault.

use vault_wire::{
    certificate::{Role, SignedCertificate},
    frame::{Refusal, Register, Registered},
    id::VaultId,
    signature::PublicKey,
};

use super::{recovery::is_revoked, secret_text::hash};
use crate::{
    Server,
    config::Enrolment,
    store::{
        Rows, VaultRow,
        tables::{INVITES, VAULTS},
    },
};

/// Enrols the vault of the owner key, for the device that TLS authenticated. Enrolling again changes
/// nothing. Whoever runs the server cannot enrol a vault of somebody else: its id is the hash of the
/// owner key, and the device certificate carries that owner's signature.
pub(crate) async fn enrol(
    server: &Server,
    device: PublicKey,
    register: Register,
) -> Result<(VaultId, Registered), Refusal> {
    let owner_key = register.owner_key;
    let vault = VaultId::of_owner(&owner_key.0);
    speaks_for(&register.device, vault, owner_key, device)?;
    let invite_needed = server.config().enrolment == Enrolment::Invite;
    let invite = register.invite.as_deref().map(hash);
    let now = server.now();
    let row = VaultRow {
        owner_key,
        enrolled_at: now,
    };
    let enrolled = server
        .store()
        .write(move |tx| {
            if tx.has(&VAULTS, vault.as_bytes())? {
                return Ok(true);
            }
            if invite_needed {
                let Some(invite) = invite else { return Ok(false) };
                if !tx.has(&INVITES, &invite)? {
                    return Ok(false);
                }
                tx.remove(&INVITES, &invite)?;
            }
            tx.put(&VAULTS, vault.as_bytes(), &row)?;
            Ok(true)
        })
        .await
        .map_err(|_| Refusal::Unavailable)?;
    if enrolled {
        tracing::info!(%vault, "vault enrolled");
        Ok((vault, Registered { time: now }))
    } else {
        Err(Refusal::InviteRequired)
    }
}

/// The owner key of an enrolled vault, if the device that TLS authenticated speaks for it.
pub(crate) fn admit(
    server: &Server,
    device: PublicKey,
    vault: VaultId,
    certificate: &SignedCertificate,
) -> Result<PublicKey, Refusal> {
    let enrolled = server
        .store()
        .view()
        .and_then(|view| view.get(&VAULTS, vault.as_bytes()))
        .map_err(|_| Refusal::Unavailable)?;
    let owner_key = enrolled.ok_or(Refusal::NotEnrolled)?.owner_key;
    speaks_for(certificate, vault, owner_key, device)?;
    if is_revoked(server, vault, device) {
        return Err(Refusal::Revoked);
    }
    Ok(owner_key)
}

fn speaks_for(
    certificate: &SignedCertificate,
    vault: VaultId,
    owner_key: PublicKey,
    device: PublicKey,
) -> Result<(), Refusal> {
    let certificate = certificate
        .verify(&owner_key)
        .map_err(|_| Refusal::BadCertificate)?;
    let fits = certificate.vault == vault && certificate.key == device && certificate.role == Role::Transport;
    fits.then_some(()).ok_or(Refusal::BadCertificate)
}
