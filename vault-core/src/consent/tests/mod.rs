//! Deciding, narrowing and withdrawing, without any server.

use std::sync::Arc;

use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use vault_file::{NewSlot, RawKey};
use vault_wire::{
    acceptance::Acceptance,
    catalogue::{Category, Precision},
    frame::{Closed, DeliveredRequest, Event},
    grant_key::SealingSecretKey,
    id::{AppId, GrantId, RequestId, StateId, SubjectId, VaultId},
    limits::REQUEST_LIFETIME_MS,
    payload::Payload,
    purpose::Purpose,
    request::{AppIdentity, ConsentRequest, Vouched, Wording},
    signature::SecretKey,
    statement::{Event as Said, Statement},
    terms::{Delivery, Detail, Duration, Terms, TimeRange},
    time::Timestamp,
    value::Value,
};

mod blocking;
mod changes;
mod receipts;

use super::*;
use crate::{
    clock::ManualClock,
    entropy::Randomness,
    error::Error,
    host::Host,
    records::{NewRecord, RecordWriter, allow},
    store::Store,
};

pub(super) const ID: RequestId = RequestId([5; 16]);
pub(super) const NOW: Timestamp = Timestamp::from_unix_ms(1_800_000_000_000);

pub(super) struct Fixture {
    pub(super) store: Store,
    pub(super) clock: Arc<ManualClock>,
    request: ConsentRequest,
    _folder: tempfile::TempDir,
}

/// A vault with five receipts and one request for brand, cost and day of purchase.
pub(super) fn fixture() -> Fixture {
    fixture_of(asked())
}

/// The same with another request.
fn fixture_of(request: ConsentRequest) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(NOW));
    let randomness = Randomness::new(ChaCha20Rng::seed_from_u64(1));
    let host = Host {
        clock: clock.clone(),
        randomness,
        options: vault_file::Options::default(),
        anchor: None,
    };
    let file = Store::create_file(
        &folder.path().join("a.vault"),
        &[NewSlot::RawKey(&RawKey::new(&[1; 32]))],
        &host,
    )
    .unwrap();
    let store = Store::create(file, host).unwrap();
    allow(&store, Category::Receipts).unwrap();
    store
        .update(|transaction| {
            let mut writer = RecordWriter::begin(&store, transaction)?;
            for day in 1..=5 {
                let record = NewRecord::new(Category::Receipts)
                    .at(NOW.plus_ms(-day * 86_400_000))
                    .with("brand", Value::Text(format!("brand {day}")))
                    .with("total_cost", Value::Decimal("9.90".parse().unwrap()))
                    .with("payment_method", Value::Text("card".into()));
                writer.put(record)?;
            }
            writer.finish()
        })
        .unwrap();
    deliver(&store, &Event::Request(delivered(&request)));
    Fixture {
        store,
        clock,
        request,
        _folder: folder,
    }
}

pub(super) fn asked() -> ConsentRequest {
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
    let fields = [
        ("brand", Precision::Exact),
        ("total_cost", Precision::Exact),
        ("purchased_at", Precision::Day),
    ];
    let detail = Detail {
        category: Category::Receipts,
        fields: fields
            .map(|(path, precision)| (path.to_owned(), precision))
            .into(),
        time_range: TimeRange::default(),
    };
    let terms = Terms {
        purpose: Purpose::Personalisation,
        details: vec![detail],
        duration: Duration::TimeBound(NOW.plus_ms(1_000_000)),
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
    ConsentRequest::new(ID, SubjectId([6; 16]), app, terms, wording, NOW)
}

fn delivered(request: &ConsentRequest) -> DeliveredRequest {
    DeliveredRequest {
        bytes: request.to_bytes(),
        signature: None,
        delivery_nonce: [8; 16],
    }
}

pub(super) fn deliver(store: &Store, event: &Event) {
    store
        .update(|transaction| keep_notice(store, transaction, event))
        .unwrap();
}

impl Fixture {
    fn everything(&self) -> Selection {
        Selection::everything(&self.request)
    }

    fn statement(&self, grant: GrantId, number: u64) -> Statement {
        let server = SealingSecretKey::from_seed(&[2; 32]).public();
        let sent = submission(&self.store, &self.store.view().unwrap(), grant, number, &server).unwrap();
        sent.certificate.verify(&self.store.identity.owner_key()).unwrap();
        sent.statement.verify().unwrap()
    }

    /// The server has a statement of a grant.
    fn confirm(&self, grant: GrantId, number: u64) {
        let server = SecretKey::from_seed(&[3; 32]);
        let word = Acceptance::new(VaultId([0; 16]), [0; 32], [0; 32], NOW, StateId([0; 16])).sign(&server);
        let confirmed = |transaction: &_| accepted(&self.store, transaction, grant, number, &word);
        self.store.update(confirmed).unwrap();
    }

    /// The server has a statement of a grant, and its word holds.
    fn accept(&self, grant: GrantId, number: u64) {
        let said = self.statement(grant, number);
        let view = self.store.view().unwrap();
        let server = SealingSecretKey::from_seed(&[2; 32]).public();
        let sent = submission(&self.store, &view, grant, number, &server).unwrap();
        let (vault, digest) = (self.store.identity.vault(), sent.statement.digest());
        let key = SecretKey::from_seed(&[3; 32]);
        let word = Acceptance::new(vault, said.request, digest, NOW, StateId([0; 16])).sign(&key);
        let confirmed = |transaction: &_| accepted(&self.store, transaction, grant, number, &word);
        self.store.update(confirmed).unwrap();
    }

    fn exports(&self, grant: GrantId) -> bool {
        let view = self.store.view().unwrap();
        let row = grant_row(&view, grant).unwrap().unwrap();
        Exporter::of(&self.store, &view, grant, &row).unwrap().is_some()
    }

    fn grant(&self) -> Grant {
        grants(&self.store.view().unwrap(), self.store.now())
            .unwrap()
            .remove(0)
    }
}

#[test]
fn approving_signs_a_statement_over_the_exact_request() {
    let fixture = fixture();
    let grant = approve(&fixture.store, ID, &fixture.everything()).unwrap();
    let statement = fixture.statement(grant, 1);
    assert_eq!(
        statement.request,
        ConsentRequest::digest_of(&fixture.request.to_bytes())
    );
    assert_eq!((statement.delivery_nonce, statement.decided_at), ([8; 16], NOW));
    assert!(matches!(statement.event, Said::Given(extent) if extent.terms == fixture.request.terms));
    assert!(fixture.grant().undelivered);
}

#[test]
fn a_request_is_answered_once() {
    let fixture = fixture();
    reject(&fixture.store, ID).unwrap();
    assert!(matches!(
        approve(&fixture.store, ID, &fixture.everything()),
        Err(Error::RequestClosed(RequestState::Rejected))
    ));
    assert!(
        grants(&fixture.store.view().unwrap(), NOW).unwrap().is_empty(),
        "a refusal is no grant"
    );
    let pending = pending_statements(&fixture.store.view().unwrap()).unwrap();
    assert_eq!(fixture.statement(pending[0].0, 1).event, Said::Refused);
}

#[test]
fn an_answer_after_the_request_lapsed_is_refused_on_the_device() {
    let fixture = fixture();
    fixture.clock.advance_ms(REQUEST_LIFETIME_MS);
    assert_eq!(
        request(&fixture.store.view().unwrap(), ID, fixture.store.now())
            .unwrap()
            .state,
        RequestState::Pending
    );
    fixture.clock.advance_ms(1);
    assert_eq!(
        request(&fixture.store.view().unwrap(), ID, fixture.store.now())
            .unwrap()
            .state,
        RequestState::Expired
    );
    assert!(matches!(
        approve(&fixture.store, ID, &fixture.everything()),
        Err(Error::RequestClosed(RequestState::Expired))
    ));
}

#[test]
fn a_cancelled_request_cannot_be_answered() {
    let fixture = fixture();
    deliver(
        &fixture.store,
        &Event::RequestClosed {
            request: ID,
            how: Closed::Cancelled,
        },
    );
    assert!(matches!(
        approve(&fixture.store, ID, &fixture.everything()),
        Err(Error::RequestClosed(RequestState::Cancelled))
    ));
}

#[test]
fn a_selection_can_shrink_and_never_grow() {
    let fixture = fixture();
    let receipts = Category::Receipts;
    let narrowed = fixture
        .everything()
        .only_fields(receipts, &["brand", "purchased_at"])
        .and_then(|s| s.at_precision(receipts, "purchased_at", Precision::Month))
        .and_then(|s| s.until(NOW.plus_ms(10)))
        .unwrap();
    let grant = approve(&fixture.store, ID, &narrowed).unwrap();
    let Said::Given(extent) = fixture.statement(grant, 1).event else {
        panic!("not given")
    };
    assert!(extent.terms.within(&fixture.request.terms) && extent.terms != fixture.request.terms);
    let everything = || fixture.everything();
    assert!(everything().only_fields(receipts, &["payment_method"]).is_err());
    assert!(everything().only_fields(receipts, &["shoe_size"]).is_err());
    assert!(
        everything()
            .at_precision(receipts, "purchased_at", Precision::Exact)
            .is_err()
    );
    assert!(everything().until(NOW.plus_ms(2_000_000)).is_err());
    assert!(everything().without(Category::Health).is_err());
}

#[test]
fn a_selection_that_leaves_nothing_is_a_rejection_and_is_called_so() {
    let fixture = fixture();
    let nothing = fixture.everything().without(Category::Receipts).unwrap();
    assert!(matches!(
        approve(&fixture.store, ID, &nothing),
        Err(Error::InvalidSelection(_))
    ));
}

#[test]
fn the_preview_shows_the_exact_bytes_that_would_be_sealed() {
    let fixture = fixture();
    let selection = fixture
        .everything()
        .only_fields(Category::Receipts, &["brand"])
        .unwrap();
    let shown = preview(&fixture.store, ID, &selection, 3).unwrap();
    assert_eq!((shown.records, shown.sample.len()), (5, 3));
    for record in &shown.sample {
        assert_eq!(
            Payload::from_bytes(&record.payload).unwrap().fields,
            record.fields
        );
        assert_eq!(record.fields.keys().collect::<Vec<_>>(), ["brand"]);
    }
    assert_eq!(shown.payload_bytes, shown.sample[0].payload.len() as u64 * 5);
}

#[test]
fn the_preview_keeps_to_the_selected_time() {
    let fixture = fixture();
    let since = TimeRange {
        from: Some(NOW.plus_ms(-2 * 86_400_000)),
        to: None,
    };
    let selection = fixture
        .everything()
        .within_time(Category::Receipts, since)
        .unwrap();
    assert_eq!(preview(&fixture.store, ID, &selection, 10).unwrap().records, 2);
}

#[test]
fn withdrawing_works_offline_stops_exports_at_once_and_cannot_be_undone() {
    let fixture = fixture();
    let grant = approve(&fixture.store, ID, &fixture.everything()).unwrap();
    assert!(!fixture.exports(grant), "the server does not have the terms yet");
    fixture.confirm(grant, 1);
    assert!(fixture.exports(grant));
    withdraw(&fixture.store, grant).unwrap();
    assert!(!fixture.exports(grant));
    assert!(matches!(withdraw(&fixture.store, grant), Err(Error::GrantOver)));
    assert_eq!(fixture.grant().state, GrantState::Withdrawn);
    let said = fixture.statement(grant, 2);
    assert_eq!((said.event, said.number), (Said::Withdrawn, 2));
}

#[test]
fn a_grant_whose_time_is_over_exports_nothing() {
    let fixture = fixture();
    let grant = approve(&fixture.store, ID, &fixture.everything()).unwrap();
    fixture.confirm(grant, 1);
    assert!(fixture.exports(grant));
    fixture.clock.advance_ms(1_000_000);
    assert!(!fixture.exports(grant));
    assert_eq!(fixture.grant().state, GrantState::Expired);
}

#[test]
fn a_request_that_cannot_be_read_is_passed_over_and_the_notice_kept() {
    let fixture = fixture();
    let garbled = DeliveredRequest {
        bytes: vec![1, 2, 3],
        signature: None,
        delivery_nonce: [0; 16],
    };
    deliver(&fixture.store, &Event::Request(garbled));
    assert_eq!(requests(&fixture.store.view().unwrap(), NOW).unwrap().len(), 1);
    assert_eq!(activities(&fixture.store.view().unwrap(), 9).unwrap().len(), 2);
}
