//! The vault of the service's tests as a developer's calls meet it: it belongs to one server, waits for what
//! it is asked, and numbers the records that it sends.

use std::sync::Mutex;

use vault_wire::{
    catalogue::Category,
    frame::{DeliveredRequest, Entries, EntriesAck, Event as Told, StatementOutcome},
    grant_key::SealingPublicKey,
    id::{AppId, GrantId},
    request::ConsentRequest,
    statement::Event,
    terms::Terms,
    value::Value,
};

use crate::{
    Server,
    service::{
        link_code, push,
        tests::device::{self as vault, batch, given},
    },
};

/// One vault with one device.
pub(super) struct Device {
    server: Server,
    vault: vault::Device,
}

/// A grant as the vault that gave it keeps it.
pub(super) struct Given {
    pub(super) grant: GrantId,
    given: vault::Given,
    pushed: Mutex<u64>,
}

impl Device {
    pub(super) async fn enrolled(server: &Server, app: AppId, seed: u8) -> Self {
        Self {
            server: server.clone(),
            vault: vault::Device::enrolled(server, app, seed).await,
        }
    }

    pub(super) async fn link_code(&self) -> String {
        let opened = link_code::open(&self.server, self.vault.vault).await;
        opened.unwrap().code
    }

    /// The newest request that was delivered, once there is one.
    pub(super) async fn asked(&self) -> DeliveredRequest {
        loop {
            let told = self.vault.told(&self.server).await;
            let mut requests = told.into_iter().filter_map(|notice| match notice.event {
                Told::Request(request) => Some(request),
                _ => None,
            });
            if let Some(newest) = requests.next_back() {
                return newest;
            }
            self.vault.session.noticed().await;
        }
    }

    /// Approves a request on the terms that `narrow` leaves of what was asked.
    pub(super) async fn approve(&self, asked: &DeliveredRequest, narrow: impl FnOnce(&mut Terms)) -> Given {
        let server = self.server.keys().sealing.public();
        self.give(asked, narrow, &server).await
    }

    /// Approves a sealed request: the grant key goes to the application.
    pub(super) async fn approve_sealed(&self, asked: &DeliveredRequest, holder: &SealingPublicKey) -> Given {
        self.give(asked, |_| (), holder).await
    }

    async fn give(
        &self,
        asked: &DeliveredRequest,
        narrow: impl FnOnce(&mut Terms),
        holder: &SealingPublicKey,
    ) -> Given {
        let mut terms = ConsentRequest::from_bytes(&asked.bytes).unwrap().terms;
        narrow(&mut terms);
        let statement = self.vault.decide(asked, given(terms), self.server.now());
        let given = self.vault.granted(&statement);
        let outcome = self
            .vault
            .give_with(&self.server, &given, given.key_for(holder))
            .await;
        assert!(matches!(outcome, StatementOutcome::Accepted(_)));
        Given {
            grant: given.grant,
            given,
            pushed: Mutex::new(0),
        }
    }

    pub(super) async fn reject(&self, asked: &DeliveredRequest) {
        let refusal = self.vault.decide(asked, Event::Refused, self.server.now());
        let signed = refusal.sign(&self.vault.consent);
        let outcome = self.vault.submit(&self.server, signed, None).await;
        assert!(matches!(outcome, StatementOutcome::Accepted(_)));
    }

    /// Pauses, resumes or withdraws a grant.
    pub(super) async fn follow(&self, given: &mut Given, event: Event) -> StatementOutcome {
        self.vault.follow(&self.server, &mut given.given, event).await
    }

    /// Sends records of a category under a grant.
    pub(super) async fn push(
        &self,
        given: &Given,
        category: Category,
        records: &[&[(&str, Value)]],
    ) -> EntriesAck {
        let after = *given.pushed.lock().unwrap();
        let through = after + records.len() as u64;
        let entries = records
            .iter()
            .zip(after + 1..)
            .map(|(fields, number)| {
                self.vault
                    .entry(&given.given, category, u128::from(number), 1, fields)
            })
            .collect();
        let batch = Entries {
            number: through,
            ..batch(&given.given, entries)
        };
        let ack = push::push(&self.server, &self.vault.session, batch)
            .await
            .unwrap();
        assert!(ack.rejected.is_empty(), "{ack:?}");
        *given.pushed.lock().unwrap() = through;
        ack
    }
}
