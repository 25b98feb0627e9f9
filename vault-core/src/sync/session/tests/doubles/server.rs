//! A server that keeps what it is sent in memory. Its statements and its log stand beside the tests of theirs.

use std::collections::BTreeMap;

use vault_wire::{
    catalogue::{Category, Precision},
    entry::{Body, Entry},
    frame::{
        DeliveredRequest, Entries, EntriesAck, Event, Frame, Hello, KeptStatement, Reconcile, Rejection,
        ServerKeys, ServerLimits, Standing, StatementAck, StatementOutcome, Welcome,
    },
    grant_key::{GrantKey, SealingSecretKey},
    id::{AppId, GrantId, RequestId, Slot, StateId, SubjectId},
    purpose::Purpose,
    reconcile::{self, Item, Set, Span, Summary},
    request::{AppIdentity, ConsentRequest, Vouched, Wording},
    signature::SecretKey,
    terms::{Delivery, Detail, Duration, Terms, TimeRange},
    time::Timestamp,
    value::Value,
};

use super::super::{super::Session, log::KeptLog};
use crate::error::Error;

/// A server that keeps what it is sent, in memory.
pub(in super::super) struct Server {
    pub(in super::super) keys: (SecretKey, SealingSecretKey),
    pub(in super::super) state: StateId,
    pub(in super::super) notices: Vec<Event>,
    pub(in super::super) log: KeptLog,
    /// The statements that it accepted.
    pub(in super::super) chain: Vec<KeptStatement>,
    pub(in super::super) generation: u32,
    pub(in super::super) grant_key: Option<GrantKey>,
    pub(in super::super) held: BTreeMap<Slot, Entry>,
    /// Revisions of slots that were emptied.
    pub(in super::super) deleted: BTreeMap<Slot, u64>,
    pub(in super::super) withdrawn: bool,
    /// How many entry frames reached it.
    pub(in super::super) batches: usize,
    /// Every byte that reached it.
    pub(in super::super) heard: Vec<u8>,
}

impl Server {
    pub(in super::super) fn new() -> Self {
        Self {
            keys: (
                SecretKey::from_seed(&[1; 32]),
                SealingSecretKey::from_seed(&[2; 32]),
            ),
            state: StateId([3; 16]),
            notices: Vec::new(),
            log: KeptLog::default(),
            chain: Vec::new(),
            generation: 0,
            grant_key: None,
            held: BTreeMap::new(),
            deleted: BTreeMap::new(),
            withdrawn: false,
            batches: 0,
            heard: Vec::new(),
        }
    }

    pub(in super::super) fn ask(&mut self) {
        let text = || "text".to_owned();
        let app = AppIdentity {
            id: AppId([4; 16]),
            display_name: text(),
            brand_name: text(),
            controller: text(),
            country: "SI".into(),
            website: text(),
            privacy_policy_url: text(),
            support_contact: text(),
            vouched: Vouched::ByServer,
            sealing_key: None,
            signing_key: None,
        };
        let detail = Detail {
            category: Category::Receipts,
            fields: [("brand".to_owned(), Precision::Exact)].into(),
            time_range: TimeRange::default(),
        };
        let terms = Terms {
            purpose: Purpose::Personalisation,
            details: vec![detail],
            duration: Duration::UntilWithdrawn,
            data_life: None,
            frequency: None,
            delivery: Delivery::Server,
        };
        let wording = Wording {
            purpose_text: text(),
            benefit: text(),
            recipients: vec![],
            storage_locations: vec![],
            notice: None,
        };
        let now = Timestamp::from_unix_ms(1_800_000_000_000);
        let request = ConsentRequest::new(RequestId([5; 16]), SubjectId([6; 16]), app, terms, wording, now);
        let delivered = DeliveredRequest {
            bytes: request.to_bytes(),
            signature: None,
            delivery_nonce: [8; 16],
        };
        self.notices.push(Event::Request(delivered));
    }

    /// Serves a session until neither side has more to say, or until the connection is cut after so
    /// many frames of the device were answered.
    pub(in super::super) fn serve(&mut self, session: &mut Session, cut_after: usize) -> Result<(), Error> {
        let mut answered = 0;
        loop {
            let Some(frame) = session.next_frame()? else {
                if session.has_more_to_look_at() {
                    continue;
                }
                assert!(session.is_settled(), "the session neither speaks nor is settled");
                return Ok(());
            };
            let answers = self.hear(frame);
            if answered == cut_after {
                // The server has it; the answer is lost with the connection.
                return Ok(());
            }
            answered += 1;
            for answer in answers {
                session.receive(answer)?;
            }
        }
    }

    pub(in super::super) fn hear(&mut self, frame: Frame) -> Vec<Frame> {
        self.heard.extend(vault_wire::frame::encode(&frame));
        match frame {
            Frame::Hello(hello) => self.welcome(&hello),
            Frame::EventsSeen(_) => vec![],
            Frame::Statement(submitted) => self.take(*submitted),
            Frame::Entries(entries) => vec![Frame::EntriesAck(self.keep(entries))],
            Frame::Reconcile(asked) => {
                let mut holding = Holding(self.items().into_iter().collect());
                let message = reconcile::answer(&mut holding, &asked.message).unwrap();
                vec![Frame::Reconciled(Reconcile { message, ..asked })]
            }
            other => panic!("a device does not say {other:?}"),
        }
    }

    pub(in super::super) fn welcome(&mut self, hello: &Hello) -> Vec<Frame> {
        let held: Summary = self.items().iter().collect();
        let standings = hello.grants.iter().filter_map(|position| {
            let standing = match () {
                () if self.withdrawn => Standing::Withdrawn,
                () if self.chain.is_empty() => Standing::Unknown,
                () if position.statement > self.number() => Standing::StatementStale(self.number()),
                () if !self.is_last(position.statement, &position.last) => Standing::Behind(self.number()),
                () if position.generation > self.generation => return None,
                () if self.grant_key.is_none() => Standing::KeyMissing,
                () if held.fingerprint() != position.fingerprint => Standing::Reconcile,
                () => return None,
            };
            Some((position.grant, standing))
        });
        let standings: Vec<_> = standings.chain(self.unnamed(hello)).collect();
        let behind = standings
            .iter()
            .any(|(_, standing)| matches!(standing, Standing::Behind(_)));
        let named = hello.grants.first().filter(|position| self.has(position));
        let named = named.map_or(0, |position| position.statement);
        let kept = self.kept_after(if behind { named } else { u64::MAX });
        let (head, told) = self.tell(hello);
        let welcome = Welcome {
            minor: 0,
            features: 0,
            state: self.state,
            time: Timestamp::from_unix_ms(0),
            limits: ServerLimits {
                batch_entries: 4,
                credit_bytes: 1 << 20,
            },
            keys: ServerKeys {
                receipts: self.keys.0.public(),
                sealing: self.keys.1.public(),
            },
            escrow: 0,
            log: head,
            standings,
        };
        std::iter::once(Frame::Welcome(welcome))
            .chain(kept)
            .chain(told)
            .collect()
    }

    pub(in super::super) fn keep(&mut self, sent: Entries) -> EntriesAck {
        assert!(
            sent.generation <= self.generation,
            "entries of a generation that the server does not have yet"
        );
        if sent.generation != self.generation || self.is_paused() || self.grant_key.is_none() {
            return EntriesAck {
                grant: sent.grant,
                generation: sent.generation,
                number: sent.number,
                rejected: sent
                    .entries
                    .iter()
                    .map(|entry| (entry.slot, Rejection::GrantOver))
                    .collect(),
            };
        }
        self.batches += 1;
        let mut rejected = Vec::new();
        for entry in sent.entries {
            let before = self.held.get(&entry.slot).map(|held| held.rev);
            let before = before.max(self.deleted.get(&entry.slot).copied());
            if let Some(rev) = before.filter(|rev| *rev >= entry.rev) {
                if self
                    .held
                    .get(&entry.slot)
                    .is_none_or(|held| held.rev != entry.rev || held.tag != entry.tag)
                {
                    rejected.push((entry.slot, Rejection::Stale(rev)));
                }
                continue;
            }
            match entry.body {
                Body::Put { .. } => drop(self.held.insert(entry.slot, entry)),
                Body::Delete => {
                    self.held.remove(&entry.slot);
                    self.deleted.insert(entry.slot, entry.rev);
                }
            }
        }
        EntriesAck {
            grant: sent.grant,
            generation: sent.generation,
            number: sent.number,
            rejected,
        }
    }

    fn items(&self) -> Vec<Item> {
        self.held
            .values()
            .map(|entry| Item::new(entry.slot, entry.tag))
            .collect()
    }

    /// The brands that the server can read, sorted.
    pub(in super::super) fn brands(&self, grant: GrantId) -> Vec<String> {
        let key = self.grant_key.as_ref().unwrap();
        // The double does not keep under which statement an entry came.
        let open = |entry: &Entry| {
            (1..=self.number()).find_map(|statement| {
                let binding = vault_wire::entry::Binding {
                    grant,
                    generation: self.generation,
                    statement,
                };
                entry.open(key, binding).ok()
            })
        };
        let mut brands: Vec<_> = self
            .held
            .values()
            .map(|entry| open(entry).unwrap())
            .map(|payload| match &payload.fields["brand"] {
                Value::Text(brand) if payload.fields.len() == 1 => brand.clone(),
                _ => panic!("more than the brand left the device"),
            })
            .collect();
        brands.sort_unstable();
        brands
    }
}

pub(in super::super) fn ack(grant: GrantId, number: u64, outcome: StatementOutcome) -> Vec<Frame> {
    vec![Frame::StatementAck(Box::new(StatementAck {
        grant,
        number,
        outcome,
    }))]
}

/// Items in their order, as a set.
struct Holding(Vec<Item>);

impl Set for Holding {
    type Error = std::convert::Infallible;

    fn summary(&mut self, span: &Span) -> Result<Summary, Self::Error> {
        Ok(self.0.iter().filter(|item| span.contains(item)).collect())
    }

    fn items(&mut self, span: &Span, limit: usize) -> Result<Vec<Item>, Self::Error> {
        let items = self.0.iter().copied().filter(|item| span.contains(item));
        Ok(items.take(limit).collect())
    }
}
