//! How a device greets its server: where its grants stand, and what it thinks is held.

use vault_wire::{
    certificate::{Certificate, Role},
    entry::{Entry, Fingerprint},
    frame::{GrantPosition, Hello, KeptStatement, LogPosition, MINOR, Welcome},
    id::{GrantId, Incarnation},
    reconcile::{Item, Summary},
};

use super::device::Device;
use crate::{
    Server,
    service::{hello, statement},
};

impl Device {
    /// Says where a grant stands on the device.
    pub(super) async fn hello(&self, server: &Server, incarnation: u8, position: GrantPosition) -> Welcome {
        let (welcome, _) = self.greet(server, incarnation, vec![position], vec![]).await;
        welcome
    }

    /// Says where grants stand, and which are over.
    pub(super) async fn greet(
        &self,
        server: &Server,
        incarnation: u8,
        grants: Vec<GrantPosition>,
        ended: Vec<GrantId>,
    ) -> (Welcome, Vec<KeptStatement>) {
        let (welcome, lacking) = self.greet_only(server, incarnation, grants, ended).await;
        let kept = lacking
            .into_iter()
            .flat_map(|(grant, numbers)| statement::kept(server, self.vault, grant, &numbers).unwrap());
        (welcome, kept.collect())
    }

    pub(super) async fn greet_only(
        &self,
        server: &Server,
        incarnation: u8,
        grants: Vec<GrantPosition>,
        ended: Vec<GrantId>,
    ) -> (Welcome, Vec<hello::Lacking>) {
        let said = Hello {
            minor: MINOR,
            features: 0,
            vault: self.vault,
            device: Certificate::new(self.vault, self.transport.public(), Role::Transport, server.now())
                .sign(&self.owner),
            incarnation: Incarnation([incarnation; 16]),
            events_seen: 0,
            log: LogPosition::NONE,
            grants,
            ended,
        };
        let answer = hello::hello(server, self.vault, self.transport.public(), said)
            .await
            .unwrap();
        (answer.welcome, answer.lacking)
    }
}

pub(super) fn held(entries: &[Entry]) -> Fingerprint {
    let items: Vec<_> = entries
        .iter()
        .map(|entry| Item::new(entry.slot, entry.tag))
        .collect();
    items.iter().collect::<Summary>().fingerprint()
}
