//! The frames behind the pinned bytes: every type, and every form of those that have several.

use vault_wire::{
    catalogue::Category,
    entry::{ContentTag, Entry, Fingerprint},
    frame::{
        Challenge, Closed, DeliveredRequest, Entries, EntriesAck, EscrowKept, Event, EventsSeen, Frame,
        GrantPosition, Hello, KeptStatement, LinkCode, LinkOpen, LogLeaves, LogPosition, Notice, Prove,
        Reconcile, Recover, Recovered, Refusal, Refused, Register, Registered, Rejection, Revoked,
        ServerKeys, ServerLimits, Standing, StatementAck, StatementOutcome, StatementRefusal,
        SubmitStatement, Welcome,
    },
    id::{GrantId, Incarnation, LogId, ReadId, Slot},
    labels,
    log::leaf,
    purpose::Purpose,
    receipt::{ReadReceipt, RefusedReads},
    reconcile::{Item, Set, Span, Summary, answer, question},
};

use crate::{
    frames,
    samples::{
        APP, DELIVERY_NONCE, NOON, REQUEST, STATE, acceptance, app_signing, code, consent_certificate,
        erased, erasure, escrow, grant, linked, log_head, owner, proof, receipts, recovery_proof, request,
        revocation, server_sealing, statement, transport_certificate, vault,
    },
    sealing::{sealed_entry, sealed_grant_key},
};

type Pinned = &'static [&'static str];

/// What the server holds in the samples: the sealed receipt, and another entry.
pub(crate) fn held() -> Vec<Item> {
    let Entry { slot, tag, .. } = sealed_entry();
    let other = Item::new(Slot([0x22; 16]), ContentTag([0x23; 16]));
    vec![other, Item::new(slot, tag)]
}

/// Items in their order, as a set.
pub(crate) struct Held(pub(crate) Vec<Item>);

impl Set for Held {
    type Error = std::convert::Infallible;

    fn summary(&mut self, span: &Span) -> Result<Summary, Self::Error> {
        Ok(self.0.iter().filter(|item| span.contains(item)).collect())
    }

    fn items(&mut self, span: &Span, limit: usize) -> Result<Vec<Item>, Self::Error> {
        let items = self.0.iter().copied().filter(|item| span.contains(item));
        Ok(items.take(limit).collect())
    }
}

pub(crate) fn fingerprint() -> Fingerprint {
    held().iter().collect::<Summary>().fingerprint()
}

/// Every sample with its name in `vectors.json` and its pinned bytes.
pub(crate) fn frames() -> Vec<(&'static str, Frame, Pinned)> {
    [from_device(), from_server(), of_recovery(), notices()].concat()
}

fn from_device() -> Vec<(&'static str, Frame, Pinned)> {
    let position = GrantPosition {
        grant: grant(),
        statement: 1,
        last: statement("given").digest(),
        generation: 1,
        count: 2,
        fingerprint: fingerprint(),
    };
    let hello = Hello {
        minor: 0,
        features: 0,
        vault: vault(),
        device: transport_certificate(),
        incarnation: Incarnation([0x16; 16]),
        events_seen: 300,
        log: LogPosition {
            log: LogId::first_of(vault()),
            last: leaf(&erased()),
        },
        grants: vec![position],
        ended: vec![GrantId([0x46; 16]), GrantId([0x47; 16])],
    };
    let register = Register {
        owner_key: owner().public(),
        device: transport_certificate(),
        invite: Some("WELCOME-1".to_owned()),
    };
    let submit = |name, grant_key, proof| {
        Frame::Statement(Box::new(SubmitStatement {
            statement: statement(name),
            certificate: consent_certificate(),
            grant_key,
            proof,
        }))
    };
    let entries = Entries {
        grant: grant(),
        generation: 1,
        statement: 1,
        number: 128,
        entries: vec![sealed_entry(), Entry::delete(Slot([0x21; 16]), 7)],
    };
    let reconcile = Reconcile {
        grant: grant(),
        generation: 1,
        message: question(&mut Held(Vec::new())).unwrap(),
    };
    vec![
        ("HELLO", Frame::Hello(hello), frames::HELLO),
        ("REGISTER", Frame::Register(register), frames::REGISTER),
        ("LINK_OPEN", Frame::LinkOpen(LinkOpen {}), frames::LINK_OPEN),
        (
            "STATEMENT given",
            submit("given", Some(sealed_grant_key()), None),
            frames::SUBMIT_GIVEN,
        ),
        (
            "STATEMENT restored",
            submit("given", Some(sealed_grant_key()), Some(proof())),
            frames::SUBMIT_RESTORED,
        ),
        (
            "STATEMENT withdrawn",
            submit("withdrawn", None, None),
            frames::SUBMIT_WITHDRAWN,
        ),
        ("ENTRIES", Frame::Entries(entries), frames::ENTRIES),
        (
            "EVENTS_SEEN",
            Frame::EventsSeen(EventsSeen { through: 300 }),
            frames::EVENTS_SEEN,
        ),
        ("RECONCILE", Frame::Reconcile(reconcile), frames::RECONCILE),
        (
            "RECOVER",
            Frame::Recover(Recover { key: code().key() }),
            frames::RECOVER,
        ),
        (
            "PROVE",
            Frame::Prove(Prove {
                signature: recovery_proof().sign(&code()),
            }),
            frames::PROVE,
        ),
        ("REVOKE", Frame::Revoke(Box::new(revocation())), frames::REVOKE),
        ("ESCROW", Frame::Escrow(Box::new(escrow())), frames::ESCROW),
    ]
}

fn from_server() -> Vec<(&'static str, Frame, Pinned)> {
    let standings = [
        Standing::Reconcile,
        Standing::Unknown,
        Standing::StatementStale(2),
        Standing::Withdrawn,
        Standing::Expired,
        Standing::Superseded,
        Standing::Behind(3),
        Standing::KeyMissing,
    ];
    let welcome = Welcome {
        minor: 0,
        features: 0,
        state: STATE,
        time: NOON,
        limits: ServerLimits {
            batch_entries: 512,
            credit_bytes: 8_388_608,
        },
        keys: ServerKeys {
            receipts: receipts().public(),
            sealing: server_sealing().public(),
        },
        escrow: 300,
        log: log_head(),
        standings: (0x41..).map(|byte| GrantId([byte; 16])).zip(standings).collect(),
    };
    let leaves = LogLeaves {
        first: 299,
        leaves: vec![leaf(&linked()), leaf(&erased())],
    };
    let link_code = LinkCode {
        code: "7KQ2M9XA".to_owned(),
        expires_at: NOON.plus_ms(600_000),
    };
    let acked = |number, outcome| {
        let grant = grant();
        Frame::StatementAck(Box::new(StatementAck {
            grant,
            number,
            outcome,
        }))
    };
    let reasons = [
        Rejection::NotAuthentic,
        Rejection::OutsideGrant,
        Rejection::TooLarge,
        Rejection::Stale(300),
        Rejection::GrantOver,
    ];
    let entries_ack = EntriesAck {
        grant: grant(),
        generation: 1,
        number: 128,
        rejected: (0x51..).map(|byte| Slot([byte; 16])).zip(reasons).collect(),
    };
    let asked = question(&mut Held(Vec::new())).unwrap();
    let reconciled = Reconcile {
        grant: grant(),
        generation: 1,
        message: answer(&mut Held(held()), &asked).unwrap(),
    };
    let kept = KeptStatement {
        statement: statement("given"),
        certificate: consent_certificate(),
        acceptance: acceptance(),
        request: Some(delivered()),
    };
    let refused = Refused {
        refusal: Refusal::Unavailable,
    };
    vec![
        ("WELCOME", Frame::Welcome(welcome), frames::WELCOME),
        (
            "REGISTERED",
            Frame::Registered(Registered { time: NOON }),
            frames::REGISTERED,
        ),
        ("LINK_CODE", Frame::LinkCode(link_code), frames::LINK_CODE),
        (
            "STATEMENT_ACK accepted",
            acked(1, StatementOutcome::Accepted(acceptance())),
            frames::STATEMENT_ACK_ACCEPTED,
        ),
        (
            "STATEMENT_ACK erased",
            acked(6, StatementOutcome::Erased(erasure())),
            frames::STATEMENT_ACK_ERASED,
        ),
        (
            "STATEMENT_ACK refused",
            acked(1, StatementOutcome::Refused(StatementRefusal::BadGrantKey)),
            frames::STATEMENT_ACK_REFUSED,
        ),
        ("ENTRIES_ACK", Frame::EntriesAck(entries_ack), frames::ENTRIES_ACK),
        ("RECONCILED", Frame::Reconciled(reconciled), frames::RECONCILED),
        ("KEPT", Frame::Kept(Box::new(kept)), frames::KEPT),
        ("LOG_HEAD", Frame::LogHead(log_head()), frames::LOG_HEAD_FRAME),
        ("LOG_LEAVES", Frame::LogLeaves(leaves), frames::LOG_LEAVES),
        ("REFUSED", Frame::Refused(refused), frames::REFUSED),
    ]
}

fn of_recovery() -> Vec<(&'static str, Frame, Pinned)> {
    let recovered = Recovered {
        escrow: escrow(),
        revocation: 1,
    };
    let kept = EscrowKept {
        number: 301,
        kept: false,
    };
    vec![
        (
            "CHALLENGE",
            Frame::Challenge(Challenge { nonce: [0x1c; 32] }),
            frames::CHALLENGE,
        ),
        (
            "RECOVERED",
            Frame::Recovered(Box::new(recovered)),
            frames::RECOVERED,
        ),
        ("REVOKED", Frame::Revoked(Revoked { number: 2 }), frames::REVOKED),
        ("ESCROW_KEPT", Frame::EscrowKept(kept), frames::ESCROW_KEPT),
    ]
}

fn delivered() -> DeliveredRequest {
    DeliveredRequest {
        signature: Some(app_signing().sign(labels::REQUEST, &request())),
        bytes: request(),
        delivery_nonce: DELIVERY_NONCE,
    }
}

fn notices() -> Vec<(&'static str, Frame, Pinned)> {
    let closed = Event::RequestClosed {
        request: REQUEST,
        how: Closed::Superseded,
    };
    let read = ReadReceipt {
        id: ReadId([0x18; 16]),
        at: NOON,
        app: APP,
        grant: grant(),
        purpose: Purpose::ExpenseTracking,
        category: Category::Receipts,
        fields: vec!["brand".to_owned(), "total_cost".to_owned()],
        records: 1_000,
    };
    let refused = RefusedReads {
        at: NOON,
        app: APP,
        app_name: "Spendwise".to_owned(),
        category: Category::Health,
        attempts: 3,
    };
    let stated = Event::Stated {
        grant: grant(),
        number: 1,
        statement: statement("given").digest(),
        at: NOON.plus_ms(60_500),
    };
    [
        (
            "NOTICE request",
            Event::Request(delivered()),
            frames::NOTICE_REQUEST,
        ),
        ("NOTICE request closed", closed, frames::NOTICE_REQUEST_CLOSED),
        ("NOTICE read", Event::Read(read), frames::NOTICE_READ),
        (
            "NOTICE refused reads",
            Event::RefusedReads(refused),
            frames::NOTICE_REFUSED_READS,
        ),
        ("NOTICE linked", linked(), frames::NOTICE_LINKED),
        ("NOTICE stated", stated, frames::NOTICE_STATED),
        ("NOTICE erased", erased(), frames::NOTICE_ERASED),
    ]
    .into_iter()
    .zip(1..)
    .map(|((name, event, pinned), number)| (name, Frame::Notice(Box::new(Notice { number, event })), pinned))
    .collect()
}
