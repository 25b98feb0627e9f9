//! A vault as the service meets it: real keys, real statements, real sealed entries.

use std::sync::Mutex;

use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use vault_wire::{
    catalogue::Category,
    certificate::{Certificate, Role, SignedCertificate},
    entry::{Binding, Entry, GrantSecret},
    frame::{
        DeliveredRequest, Entries, EntriesAck, Event as Told, Register, StatementAck, StatementOutcome,
        SubmitStatement,
    },
    grant_key::{GrantKey, SealingPublicKey},
    id::{AppId, GrantId, RecordId, VaultId},
    payload::Payload,
    request::ConsentRequest,
    signature::SecretKey,
    statement::{Event, Extent, SignedStatement, Statement},
    terms::Terms,
    value::Value,
};

use crate::{
    Server,
    live::Session,
    service::{enrol, link_code, notices, push, statement},
};

const GENERATION: u32 = 1;

/// One vault with one device.
pub(super) struct Device {
    server: Server,
    app: AppId,
    vault: VaultId,
    owner: SecretKey,
    consent: SecretKey,
    session: Session,
    rng: Mutex<ChaCha20Rng>,
}

/// A grant as the vault that gave it keeps it.
pub(super) struct Given {
    pub(super) grant: GrantId,
    key: GrantKey,
    last: SignedStatement,
    pushed: Mutex<u64>,
}

impl Device {
    pub(super) async fn enrolled(server: &Server, app: AppId, seed: u8) -> Self {
        let (owner, transport) = (
            SecretKey::from_seed(&[seed; 32]),
            SecretKey::from_seed(&[seed ^ 0x80; 32]),
        );
        let vault = VaultId::of_owner(&owner.public().0);
        let device = Certificate::new(vault, transport.public(), Role::Transport, server.now()).sign(&owner);
        let register = Register {
            owner_key: owner.public(),
            device,
            invite: None,
        };
        enrol::enrol(server, transport.public(), register).await.unwrap();
        Self {
            server: server.clone(),
            app,
            vault,
            owner,
            consent: SecretKey::from_seed(&[seed ^ 0x40; 32]),
            session: server.devices().enter(vault, transport.public()),
            rng: Mutex::new(ChaCha20Rng::from_seed([seed; 32])),
        }
    }

    pub(super) async fn link_code(&self) -> String {
        link_code::open(&self.server, self.vault).await.unwrap().code
    }

    /// The newest request that was delivered, once there is one.
    pub(super) async fn asked(&self) -> DeliveredRequest {
        loop {
            let told = notices::after(&self.server, self.vault, 0).await.unwrap();
            let mut requests = told.into_iter().filter_map(|notice| match notice.event {
                Told::Request(request) => Some(request),
                _ => None,
            });
            if let Some(newest) = requests.next_back() {
                return newest;
            }
            self.session.noticed().await;
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
        let request = ConsentRequest::from_bytes(&asked.bytes).unwrap();
        let mut terms = request.terms;
        narrow(&mut terms);
        let key = GrantKey::generate(&mut *self.rng.lock().unwrap());
        let grant = GrantId::of_request(&ConsentRequest::digest_of(&asked.bytes));
        let extent = Extent {
            terms,
            generation: GENERATION,
            key: key.commitment(grant, GENERATION),
        };
        let statement = self.answer(asked, Event::Given(extent));
        let sealed = key.seal_to(
            holder,
            statement.grant,
            GENERATION,
            &mut *self.rng.lock().unwrap(),
        );
        let signed = statement.sign(&self.consent);
        let ack = self.submit(signed.clone(), Some(sealed.unwrap())).await;
        assert!(matches!(ack.outcome, StatementOutcome::Accepted(_)));
        Given {
            grant: statement.grant,
            key,
            last: signed,
            pushed: Mutex::new(0),
        }
    }

    pub(super) async fn reject(&self, asked: &DeliveredRequest) {
        let signed = self.answer(asked, Event::Refused).sign(&self.consent);
        let ack = self.submit(signed, None).await;
        assert!(matches!(ack.outcome, StatementOutcome::Accepted(_)));
    }

    /// Pauses, resumes or withdraws a grant.
    pub(super) async fn follow(&self, given: &mut Given, event: Event) -> StatementOutcome {
        let before = given.last.verify().unwrap();
        let next = Statement::following(&before, given.last.digest(), event, self.server.now());
        given.last = next.sign(&self.consent);
        self.submit(given.last.clone(), None).await.outcome
    }

    fn answer(&self, asked: &DeliveredRequest, event: Event) -> Statement {
        let request = ConsentRequest::from_bytes(&asked.bytes).unwrap();
        let digest = ConsentRequest::digest_of(&asked.bytes);
        let now = self.server.now();
        Statement::answer(
            request.subject,
            self.app,
            digest,
            event,
            now,
            asked.delivery_nonce,
        )
    }

    async fn submit(
        &self,
        statement: SignedStatement,
        grant_key: Option<vault_wire::grant_key::SealedGrantKey>,
    ) -> StatementAck {
        let sent = SubmitStatement {
            statement,
            certificate: self.consent_certificate(),
            grant_key,
            proof: None,
        };
        statement::submit(&self.server, self.vault, self.owner.public(), sent)
            .await
            .unwrap()
    }

    fn consent_certificate(&self) -> SignedCertificate {
        let role = Role::Consent(self.app);
        Certificate::new(self.vault, self.consent.public(), role, self.server.now()).sign(&self.owner)
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
        let secret = GrantSecret::derive(&[9; 32], given.grant, GENERATION);
        let binding = Binding {
            grant: given.grant,
            generation: GENERATION,
            statement: given.last.verify().unwrap().number,
        };
        let entries = records
            .iter()
            .zip(after + 1..)
            .map(|(fields, number)| {
                let fields = fields
                    .iter()
                    .map(|(path, value)| ((*path).to_owned(), value.clone()))
                    .collect();
                let bytes = Payload { fields }.to_bytes();
                let slot = secret.slot(RecordId(u128::from(number).to_be_bytes()));
                let (tag, mut rng) = (secret.content_tag(slot, &bytes), self.rng.lock().unwrap());
                Entry::put(&given.key, binding, category, slot, tag, 1, bytes, &mut *rng)
            })
            .collect();
        let batch = Entries {
            grant: given.grant,
            generation: GENERATION,
            statement: binding.statement,
            number: through,
            entries,
        };
        let ack = push::push(&self.server, &self.session, batch).await.unwrap();
        assert!(ack.rejected.is_empty(), "{ack:?}");
        *given.pushed.lock().unwrap() = through;
        ack
    }
}
