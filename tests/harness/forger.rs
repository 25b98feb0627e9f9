//! A hand-made device that holds every key of a vault and can say whatever it likes: the truth, and
//! everything that a server must not believe.

use std::net::SocketAddr;

use vault_core::{
    AppId, GrantId, RecordId, Timestamp, Value, VaultId,
    wire::{
        certificate::{Certificate, Role, SignedCertificate},
        entry::{Binding, Entry, GrantSecret},
        frame::{
            ALPN, DeliveredRequest, Entries, EntriesAck, Event as Told, Frame, GrantPosition, Hello,
            LinkOpen, LogPosition, MINOR, Register, ServerKeys, StatementOutcome, SubmitStatement, Welcome,
        },
        grant_key::GrantKey,
        id::Incarnation,
        payload::Payload,
        request::ConsentRequest,
        signature::SecretKey,
        statement::{Event, Extent, SignedStatement, Statement},
        terms::Terms,
    },
};

use crate::{Developer, Dice, Line, LineEnd, World};

/// A device that is enrolled and connected.
#[derive(Debug)]
pub struct Forger {
    /// The vault.
    pub vault: VaultId,
    /// Its owner key.
    pub owner: SecretKey,
    /// Its transport key.
    pub transport: SecretKey,
    /// The key that signs its decisions.
    pub consent: SecretKey,
    /// The key of every grant that it gives.
    pub grant_key: GrantKey,
    /// The connection.
    pub line: Line,
    /// The server's keys, as it told them.
    pub server: ServerKeys,
    dice: Dice,
    now: Timestamp,
    quic: SocketAddr,
}

impl Forger {
    /// A new vault at the server, connected.
    pub async fn enrolled(world: &mut World) -> Self {
        let mut dice = world.dice.split();
        let (owner, transport) = (
            SecretKey::from_seed(&dice.bytes()),
            SecretKey::from_seed(&dice.bytes()),
        );
        let vault = VaultId::of_owner(&owner.public().0);
        let now = world.clocks.time();
        let mut line = Line::open(world.quic(), &transport, ALPN).await.unwrap();
        let device = Certificate::new(vault, transport.public(), Role::Transport, now).sign(&owner);
        let owner_key = owner.public();
        line.send(&Frame::Register(Register {
            owner_key,
            device: device.clone(),
            invite: None,
        }))
        .await;
        let welcome = greet(&mut line, vault, device, Vec::new()).await;
        Self {
            vault,
            owner,
            transport,
            consent: SecretKey::from_seed(&dice.bytes()),
            grant_key: GrantKey::from_bytes(dice.bytes()),
            line,
            server: welcome.keys,
            dice,
            now,
            quic: world.quic(),
        }
    }

    /// Connects anew and says where grants stand. Returns what the server says of it.
    pub async fn reconnect(&mut self, grants: Vec<GrantPosition>) -> Welcome {
        self.line.hang_up();
        self.line = Line::open(self.quic, &self.transport, ALPN).await.unwrap();
        let device = Certificate::new(self.vault, self.transport.public(), Role::Transport, self.now)
            .sign(&self.owner);
        greet(&mut self.line, self.vault, device, grants).await
    }

    /// Connects with its own transport key, but as another vault. Returns how the server ends it.
    pub async fn greets_as(&mut self, vault: VaultId, device: SignedCertificate) -> LineEnd {
        let mut line = Line::open(self.quic, &self.transport, ALPN).await.unwrap();
        line.send(&hello(vault, device, Vec::new())).await;
        line.end().await
    }

    /// Links a developer's application.
    pub async fn link(&mut self, developer: &Developer) -> String {
        self.line.send(&Frame::LinkOpen(LinkOpen {})).await;
        let is_code = |frame| match frame {
            Frame::LinkCode(code) => Some(code.code),
            _ => None,
        };
        let code = self.line.wait_for("a link code", is_code).await;
        developer.link(&code).await
    }

    /// The next consent request that the server delivers.
    pub async fn asked(&mut self) -> DeliveredRequest {
        let is_request = |frame| match frame {
            Frame::Notice(notice) => match notice.event {
                Told::Request(request) => Some(request),
                _ => None,
            },
            _ => None,
        };
        self.line.wait_for("a consent request", is_request).await
    }

    /// The honest answer to a request: all of it, decided at a moment.
    pub fn approval(&self, asked: &DeliveredRequest, at: Timestamp) -> Statement {
        let request = ConsentRequest::from_bytes(&asked.bytes).unwrap();
        self.answer(asked, self.given(asked, request.terms), at)
    }

    /// An answer to a request.
    pub fn answer(&self, asked: &DeliveredRequest, event: Event, at: Timestamp) -> Statement {
        let request = ConsentRequest::from_bytes(&asked.bytes).unwrap();
        let digest = ConsentRequest::digest_of(&asked.bytes);
        Statement::answer(
            request.subject,
            request.app.id,
            digest,
            event,
            at,
            asked.delivery_nonce,
        )
    }

    /// Consent to terms, under this one's grant key.
    pub fn given(&self, asked: &DeliveredRequest, terms: Terms) -> Event {
        let grant = GrantId::of_request(&ConsentRequest::digest_of(&asked.bytes));
        Event::Given(Extent {
            terms,
            generation: 1,
            key: self.grant_key.commitment(grant, 1),
        })
    }

    /// The owner's word that the consent key speaks for the vault towards an application.
    pub fn certificate(&self, app: AppId) -> SignedCertificate {
        self.certified(&self.consent, Role::Consent(app))
    }

    /// The owner's word on any key and role.
    pub fn certified(&self, key: &SecretKey, role: Role) -> SignedCertificate {
        Certificate::new(self.vault, key.public(), role, self.now).sign(&self.owner)
    }

    /// Sends a statement with its certificate, and the grant key if the grant begins with it.
    pub async fn submit(
        &mut self,
        statement: SignedStatement,
        certificate: SignedCertificate,
    ) -> StatementOutcome {
        let said = statement.verify();
        let opened = said.as_ref().ok().and_then(|said| match &said.event {
            Event::Given(extent) => Some((said.grant, extent.generation)),
            _ => None,
        });
        let grant_key = opened.map(|(grant, generation)| {
            let mut generator = self.dice.generator();
            self.grant_key
                .seal_to(&self.server.sealing, grant, generation, &mut generator)
                .unwrap()
        });
        self.line
            .send(&Frame::Statement(Box::new(SubmitStatement {
                statement,
                certificate,
                grant_key,
                proof: None,
            })))
            .await;
        let is_answer = |frame| match frame {
            Frame::StatementAck(ack) => Some(ack.outcome),
            _ => None,
        };
        self.line.wait_for("the answer to a statement", is_answer).await
    }

    /// Signs with the consent key and submits with the right certificate.
    pub async fn say(&mut self, statement: &Statement) -> StatementOutcome {
        let certificate = self.certificate(statement.app);
        self.submit(statement.sign(&self.consent), certificate).await
    }

    /// Sends one receipt under a grant that began with its first statement.
    pub async fn push(&mut self, grant: GrantId, seq: u64, fields: &[(&str, &str)]) -> EntriesAck {
        let binding = Binding {
            grant,
            generation: 1,
            statement: 1,
        };
        let fields = fields
            .iter()
            .map(|(path, text)| ((*path).to_owned(), Value::Text((*text).to_owned())));
        let bytes = Payload {
            fields: fields.collect(),
        }
        .to_bytes();
        let secret = GrantSecret::derive(&[9; 32], grant, 1);
        let slot = secret.slot(RecordId([u8::try_from(seq).unwrap(); 16]));
        let tag = secret.content_tag(slot, &bytes);
        let mut generator = self.dice.generator();
        let category = vault_core::Category::Receipts;
        let entry = Entry::put(
            &self.grant_key,
            binding,
            category,
            slot,
            tag,
            seq,
            bytes,
            &mut generator,
        );
        self.line
            .send(&Frame::Entries(Entries {
                grant,
                generation: 1,
                statement: 1,
                number: seq,
                entries: vec![entry],
            }))
            .await;
        let is_ack = |frame| match frame {
            Frame::EntriesAck(ack) => Some(ack),
            _ => None,
        };
        self.line.wait_for("the answer to a batch", is_ack).await
    }
}

async fn greet(
    line: &mut Line,
    vault: VaultId,
    device: SignedCertificate,
    grants: Vec<GrantPosition>,
) -> Welcome {
    line.send(&hello(vault, device, grants)).await;
    let is_welcome = |frame| match frame {
        Frame::Welcome(welcome) => Some(welcome),
        _ => None,
    };
    line.wait_for("the welcome", is_welcome).await
}

fn hello(vault: VaultId, device: SignedCertificate, grants: Vec<GrantPosition>) -> Frame {
    Frame::Hello(Hello {
        minor: MINOR,
        features: 0,
        vault,
        device,
        incarnation: Incarnation([1; 16]),
        events_seen: 0,
        log: LogPosition::NONE,
        grants,
        ended: vec![],
    })
}
