//! A vault as the service meets it: real keys, real statements, real sealed entries.

use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use vault_wire::{
    acceptance::Proof,
    catalogue::Category,
    certificate::{Certificate, Role, SignedCertificate},
    entry::{Binding, Entry, GrantSecret},
    frame::{
        DeliveredRequest, Entries, EntriesAck, Event as Told, Notice, Register, StatementOutcome,
        SubmitStatement,
    },
    grant_key::{GrantKey, KeyCommitment, SealedGrantKey, SealingPublicKey},
    id::{AppId, GrantId, RecordId, VaultId},
    payload::Payload,
    request::ConsentRequest,
    signature::SecretKey,
    statement::{Event, Extent, SignedStatement, Statement},
    terms::Terms,
    time::Timestamp,
    value::Value,
};

use crate::{
    Server,
    live::Session,
    service::{enrol, notices, push, statement},
};

/// The key of every first generation.
const FIRST_KEY: [u8; 32] = [0x5a; 32];

pub(crate) struct Device {
    pub(super) app: AppId,
    pub(crate) vault: VaultId,
    pub(super) owner: SecretKey,
    pub(super) transport: SecretKey,
    pub(crate) consent: SecretKey,
    pub(crate) session: Session,
}

/// A grant as the vault keeps it.
#[derive(Clone)]
pub(crate) struct Given {
    pub(crate) grant: GrantId,
    pub(super) key: GrantKey,
    pub(super) last: SignedStatement,
    pub(super) generation: u32,
}

impl Given {
    /// The grant key, as whoever may open it gets it.
    pub(crate) fn key_for(&self, holder: &SealingPublicKey) -> SealedGrantKey {
        let mut rng = ChaCha20Rng::from_seed([3; 32]);
        self.key
            .seal_to(holder, self.grant, self.generation, &mut rng)
            .unwrap()
    }
}

impl Device {
    pub(crate) async fn enrolled(server: &Server, app: AppId, seed: u8) -> Self {
        let owner = SecretKey::from_seed(&[seed; 32]);
        let transport = SecretKey::from_seed(&[seed ^ 0x80; 32]);
        let vault = VaultId::of_owner(&owner.public().0);
        let device = Certificate::new(vault, transport.public(), Role::Transport, server.now()).sign(&owner);
        let register = Register {
            owner_key: owner.public(),
            device,
            invite: None,
        };
        enrol::enrol(server, transport.public(), register).await.unwrap();
        Self {
            app,
            vault,
            session: server.devices().enter(vault, transport.public()),
            owner,
            transport,
            consent: SecretKey::from_seed(&[seed ^ 0x40; 32]),
        }
    }

    pub(crate) async fn told(&self, server: &Server) -> Vec<Notice> {
        notices::after(server, self.vault, 0).await.unwrap()
    }

    /// The newest request that was delivered.
    pub(super) async fn asked(&self, server: &Server) -> DeliveredRequest {
        let newest = self
            .told(server)
            .await
            .into_iter()
            .rev()
            .find_map(|notice| match notice.event {
                Told::Request(request) => Some(request),
                _ => None,
            });
        newest.expect("a request was delivered")
    }

    /// Decides over a request, at a moment.
    pub(crate) fn decide(&self, asked: &DeliveredRequest, event: Event, at: Timestamp) -> Statement {
        let request = ConsentRequest::from_bytes(&asked.bytes).unwrap();
        let digest = ConsentRequest::digest_of(&asked.bytes);
        let event = committed(
            event,
            GrantId::of_request(&digest),
            &GrantKey::from_bytes(FIRST_KEY),
        );
        Statement::answer(request.subject, self.app, digest, event, at, asked.delivery_nonce)
    }

    /// Approves the newest request as asked, and has it accepted.
    pub(super) async fn approve(&self, server: &Server) -> Given {
        let asked = self.asked(server).await;
        let terms = ConsentRequest::from_bytes(&asked.bytes).unwrap().terms;
        let statement = self.decide(&asked, given(terms), server.now());
        let (granted, outcome) = self.give(server, &statement).await;
        assert!(matches!(outcome, StatementOutcome::Accepted(_)));
        granted
    }

    /// Sends an approval with its grant key.
    pub(super) async fn give(&self, server: &Server, statement: &Statement) -> (Given, StatementOutcome) {
        let given = self.granted(statement);
        let holder = server.keys().sealing.public();
        let outcome = self.give_with(server, &given, given.key_for(&holder)).await;
        (given, outcome)
    }

    /// The grant that an approval makes, with the key that it commits to.
    pub(crate) fn granted(&self, statement: &Statement) -> Given {
        Given {
            grant: statement.grant,
            key: GrantKey::from_bytes(FIRST_KEY),
            last: statement.sign(&self.consent),
            generation: 1,
        }
    }

    /// Sends an approval with a grant key as it was sealed.
    pub(crate) async fn give_with(
        &self,
        server: &Server,
        given: &Given,
        grant_key: SealedGrantKey,
    ) -> StatementOutcome {
        let sent = SubmitStatement {
            statement: given.last.clone(),
            certificate: self.certificate(),
            grant_key: Some(grant_key),
            proof: None,
        };
        self.send(server, sent).await
    }

    /// What follows the last statement of a grant.
    pub(crate) async fn follow(&self, server: &Server, given: &mut Given, event: Event) -> StatementOutcome {
        let before = given.last.verify().unwrap();
        let event = committed(event, given.grant, &given.key);
        let next = Statement::following(&before, given.last.digest(), event, server.now());
        let signed = next.sign(&self.consent);
        let outcome = self
            .submit(server, signed.clone(), Some((&given.key, given.generation)))
            .await;
        if matches!(
            outcome,
            StatementOutcome::Accepted(_) | StatementOutcome::Erased(_)
        ) {
            given.last = signed;
        }
        outcome
    }

    pub(crate) async fn submit(
        &self,
        server: &Server,
        signed: SignedStatement,
        key: Option<(&GrantKey, u32)>,
    ) -> StatementOutcome {
        self.submit_with(server, signed, self.certificate(), key).await
    }

    /// Sends a statement again, with what proves that this server accepted it once.
    pub(super) async fn submit_again(
        &self,
        server: &Server,
        signed: &SignedStatement,
        key: Option<(&GrantKey, u32)>,
        proof: Proof,
    ) -> StatementOutcome {
        let sent = self.submission(server, signed.clone(), self.certificate(), key);
        self.send(
            server,
            SubmitStatement {
                proof: Some(proof),
                ..sent
            },
        )
        .await
    }

    pub(super) async fn submit_with(
        &self,
        server: &Server,
        signed: SignedStatement,
        certificate: SignedCertificate,
        key: Option<(&GrantKey, u32)>,
    ) -> StatementOutcome {
        let sent = self.submission(server, signed, certificate, key);
        self.send(server, sent).await
    }

    async fn send(&self, server: &Server, sent: SubmitStatement) -> StatementOutcome {
        let ack = statement::submit(
            server,
            (self.vault, self.transport.public()),
            self.owner.public(),
            sent,
        )
        .await
        .unwrap();
        ack.outcome
    }

    fn submission(
        &self,
        server: &Server,
        signed: SignedStatement,
        certificate: SignedCertificate,
        key: Option<(&GrantKey, u32)>,
    ) -> SubmitStatement {
        let grant = signed
            .verify()
            .map_or(GrantId([0; 16]), |statement| statement.grant);
        let mut rng = ChaCha20Rng::from_seed([3; 32]);
        let holder = server.keys().sealing.public();
        SubmitStatement {
            statement: signed,
            certificate,
            grant_key: key
                .map(|(key, generation)| key.seal_to(&holder, grant, generation, &mut rng).unwrap()),
            proof: None,
        }
    }

    pub(super) fn certificate(&self) -> SignedCertificate {
        let (role, at) = (Role::Consent(self.app), Timestamp::from_unix_ms(0));
        Certificate::new(self.vault, self.consent.public(), role, at).sign(&self.owner)
    }

    /// A receipt sealed for a grant.
    pub(super) fn receipt(&self, given: &Given, record: u8, rev: u64, fields: &[(&str, Value)]) -> Entry {
        self.receipt_of(given, u128::from_be_bytes([record; 16]), rev, fields)
    }

    /// A receipt of one of very many records.
    pub(super) fn receipt_of(
        &self,
        given: &Given,
        record: u128,
        rev: u64,
        fields: &[(&str, Value)],
    ) -> Entry {
        self.entry(given, Category::Receipts, record, rev, fields)
    }

    /// A record of any category, sealed for a grant.
    pub(crate) fn entry(
        &self,
        given: &Given,
        category: Category,
        record: u128,
        rev: u64,
        fields: &[(&str, Value)],
    ) -> Entry {
        let secret = GrantSecret::derive(&[9; 32], given.grant, given.generation);
        let fields = fields
            .iter()
            .map(|(path, value)| ((*path).to_owned(), value.clone()));
        let bytes = Payload {
            fields: fields.collect(),
        }
        .to_bytes();
        let slot = secret.slot(RecordId(record.to_be_bytes()));
        let tag = secret.content_tag(slot, &bytes);
        let mut rng = ChaCha20Rng::seed_from_u64(u64::try_from(record & u128::from(u64::MAX)).unwrap());
        Entry::put(
            &given.key,
            binding(given),
            category,
            slot,
            tag,
            rev,
            bytes,
            &mut rng,
        )
    }

    pub(super) async fn push(&self, server: &Server, given: &Given, entries: Vec<Entry>) -> EntriesAck {
        push::push(server, &self.session, batch(given, entries))
            .await
            .unwrap()
    }
}

pub(crate) fn given(terms: Terms) -> Event {
    Event::Given(extent(terms, 1))
}

/// An extent that still commits to no key.
pub(super) const fn extent(terms: Terms, generation: u32) -> Extent {
    Extent {
        terms,
        generation,
        key: KeyCommitment([0; 32]),
    }
}

/// The same, committing to a key.
pub(super) fn committed(event: Event, grant: GrantId, key: &GrantKey) -> Event {
    let commit = |extent: Extent| Extent {
        key: key.commitment(grant, extent.generation),
        ..extent
    };
    match event {
        Event::Given(extent) => Event::Given(commit(extent)),
        Event::Narrowed(extent) => Event::Narrowed(commit(extent)),
        Event::Renewed(extent) => Event::Renewed(commit(extent)),
        event => event,
    }
}

pub(crate) fn batch(given: &Given, entries: Vec<Entry>) -> Entries {
    Entries {
        grant: given.grant,
        generation: given.generation,
        statement: binding(given).statement,
        number: 1,
        entries,
    }
}

pub(super) fn brand(name: &str) -> [(&'static str, Value); 1] {
    [("brand", Value::Text(name.into()))]
}

fn binding(given: &Given) -> Binding {
    Binding {
        grant: given.grant,
        generation: given.generation,
        statement: given.last.verify().unwrap().number,
    }
}
