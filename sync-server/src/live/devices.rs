//! Devices that are connected now.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::Notify;
use vault_wire::{id::VaultId, signature::PublicKey};

use crate::stop::Stop;

/// Every connected device.
#[derive(Clone, Debug, Default)]
pub(crate) struct Devices(Arc<Mutex<HashMap<VaultId, Vec<Session>>>>);

/// One connection of a device, from its HELLO on. Clones name the same one.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// The vault that it speaks for.
    pub(crate) vault: VaultId,
    device: PublicKey,
    fenced: Stop,
    notices: Arc<Notify>,
}

impl Devices {
    /// Registers a connection. An older one of the same device is fenced: whatever it still has
    /// queued is refused.
    pub(crate) fn enter(&self, vault: VaultId, device: PublicKey) -> Session {
        let session = Session {
            vault,
            device,
            fenced: Stop::default(),
            notices: Arc::new(Notify::new()),
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_vault = all.entry(vault).or_default();
        of_vault.retain(|older| {
            let stays = older.device != device;
            if !stays {
                older.fenced.request();
            }
            stays
        });
        of_vault.push(session.clone());
        session
    }

    /// Fences every connection of a vault but those of one device.
    pub(crate) fn leave_only(&self, vault: VaultId, device: PublicKey) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for session in all.get(&vault).into_iter().flatten() {
            if session.device != device {
                session.fenced.request();
            }
        }
    }

    /// Forgets a connection that has ended.
    pub(crate) fn leave(&self, session: &Session) {
        session.fenced.request();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_vault) = all.get_mut(&session.vault) {
            of_vault.retain(|other| !Arc::ptr_eq(&other.notices, &session.notices));
            if of_vault.is_empty() {
                all.remove(&session.vault);
            }
        }
    }

    /// Tells the devices of a vault that there is a notice.
    pub(crate) fn wake(&self, vault: VaultId) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for session in all.get(&vault).into_iter().flatten() {
            session.notices.notify_one();
        }
    }
}

impl Session {
    /// Whether no newer connection of the device took over, and it was not revoked.
    pub(crate) fn is_current(&self) -> bool {
        !self.fenced.is_requested()
    }

    /// Completes when a newer connection of the device took over, or the device was revoked.
    pub(crate) async fn taken_over(&self) {
        self.fenced.requested().await;
    }

    /// Completes when there may be a notice since the last time.
    pub(crate) async fn noticed(&self) {
        self.notices.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_connection_fences_the_older_of_the_same_device_only() {
        let devices = Devices::default();
        let vault = VaultId([1; 16]);
        let (phone, laptop) = (PublicKey([1; 32]), PublicKey([2; 32]));
        let first = devices.enter(vault, phone);
        let other = devices.enter(vault, laptop);
        let second = devices.enter(vault, phone);
        assert!(!first.is_current() && other.is_current() && second.is_current());
        devices.leave(&first);
        assert!(second.is_current());
        devices.leave(&second);
        devices.leave(&other);
        assert!(devices.0.lock().unwrap().is_empty());
    }

    #[test]
    fn a_device_that_alone_speaks_for_the_vault_fences_all_others() {
        let devices = Devices::default();
        let (vault, lost, new) = (VaultId([1; 16]), PublicKey([1; 32]), PublicKey([2; 32]));
        let old = devices.enter(vault, lost);
        let elsewhere = devices.enter(VaultId([2; 16]), lost);
        let own = devices.enter(vault, new);
        devices.leave_only(vault, new);
        assert!(!old.is_current() && own.is_current() && elsewhere.is_current());
    }

    #[tokio::test]
    async fn a_notice_before_the_device_listens_is_not_missed() {
        let devices = Devices::default();
        let session = devices.enter(VaultId([1; 16]), PublicKey([1; 32]));
        devices.wake(VaultId([1; 16]));
        session.noticed().await;
    }
}
