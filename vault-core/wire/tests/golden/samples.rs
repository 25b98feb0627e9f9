//! The values behind the pinned bytes: the same as in `tests/vectors/samples.py`, built through the
//! public API.

use std::convert::Infallible;

use vault_wire::{
    acceptance::{Acceptance, Proof, SignedAcceptance},
    catalogue::{Category, Precision},
    certificate::{Certificate, Role, SignedCertificate},
    digest,
    frame::Event as Notified,
    grant_key::{GrantKey, SealingSecretKey},
    id::{AppId, ErasureId, GrantId, LogId, RecordId, RequestId, StateId, SubjectId, VaultId},
    labels,
    log::{Frontier, LogHead, LogProof, SignedHead, leaf},
    payload::Payload,
    purpose::Purpose,
    receipt::{Erasure, SignedErasure},
    recovery::{
        Escrow, RecoveryProof, RecoverySecret, Revocation, SignedEscrow, SignedRevocation, VaultSecrets,
    },
    request::{AppIdentity, ConsentRequest, Notice, Recipient, Required, Vouched, Wording},
    signature::SecretKey,
    statement::{Event, Extent, SignedStatement, Statement},
    terms::{DataLife, Delivery, Detail, Duration, Frequency, Period, Terms, TimeRange},
    time::{Date, Timestamp},
    value::Value,
};

use crate::{documents, sealing::Always};

pub(crate) const NOON: Timestamp = Timestamp::from_unix_ms(1_795_262_400_000);
pub(crate) const RECORD: RecordId = RecordId([0x11; 16]);
pub(crate) const VAULT_SECRET: [u8; 32] = [0x08; 32];
pub(crate) const GRANT_KEY: [u8; 32] = [0x09; 32];
pub(crate) const SECOND_GRANT_KEY: [u8; 32] = [0x24; 32];
/// What the code `000G-40R4-0M30-E209-185G-R38E-1W81-24GK-R` gives.
pub(crate) const CODE_SIGNING: &str = "e1877e597358e200f9465ff309f707e0b6a719dd1a802442feb20cc76a81ab55";
pub(crate) const CODE_SEALING: &str = "db6eb90f5761ecf25ec066d18057afeff2f375cf6d651ab9ad5f94f93f749eb1";
pub(crate) const SUBJECT: SubjectId = SubjectId([0x12; 16]);
pub(crate) const APP: AppId = AppId([0x13; 16]);
pub(crate) const REQUEST: RequestId = RequestId([0x14; 16]);
pub(crate) const STATE: StateId = StateId([0x15; 16]);
pub(crate) const DELIVERY_NONCE: [u8; 16] = [0x19; 16];

pub(crate) fn hex(bytes: &[u8]) -> String {
    vault_wire::json::hex(bytes)
}

/// The bytes behind hexadecimal digits; spaces are passed over.
pub(crate) fn bytes_of(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

pub(crate) fn owner() -> SecretKey {
    SecretKey::from_seed(&[0x01; 32])
}

fn transport() -> SecretKey {
    SecretKey::from_seed(&[0x02; 32])
}

fn consent() -> SecretKey {
    SecretKey::from_seed(&[0x03; 32])
}

pub(crate) fn receipts() -> SecretKey {
    SecretKey::from_seed(&[0x04; 32])
}

pub(crate) fn app_signing() -> SecretKey {
    SecretKey::from_seed(&[0x05; 32])
}

pub(crate) fn server_sealing() -> SealingSecretKey {
    SealingSecretKey::from_seed(&[0x06; 32])
}

pub(crate) fn vault() -> VaultId {
    VaultId::of_owner(&owner().public().0)
}

pub(crate) fn transport_certificate() -> SignedCertificate {
    Certificate::new(vault(), transport().public(), Role::Transport, NOON).sign(&owner())
}

pub(crate) fn consent_certificate() -> SignedCertificate {
    Certificate::new(vault(), consent().public(), Role::Consent(APP), NOON).sign(&owner())
}

fn asked() -> Terms {
    let fields = |fields: &[(&str, Precision)]| {
        let owned = fields
            .iter()
            .map(|(path, precision)| ((*path).to_owned(), *precision));
        owned.collect()
    };
    Terms {
        purpose: Purpose::ExpenseTracking,
        details: vec![
            Detail {
                category: Category::Receipts,
                fields: fields(&[
                    ("brand", Precision::Exact),
                    ("purchased_at", Precision::Day),
                    ("total_cost", Precision::Exact),
                ]),
                time_range: TimeRange {
                    from: Some(NOON.plus_ms(-86_400_000)),
                    to: None,
                },
            },
            Detail {
                category: Category::Locations,
                fields: fields(&[("lat", Precision::Grid1km), ("lon", Precision::Grid1km)]),
                time_range: TimeRange::default(),
            },
        ],
        duration: Duration::TimeBound(NOON.plus_ms(7_776_000_000)),
        data_life: Some(DataLife { days: 30 }),
        frequency: Some(Frequency {
            max_reads: 4,
            per: Period::Day,
        }),
        delivery: Delivery::Server,
    }
}

fn narrowed() -> Terms {
    let mut terms = asked();
    terms.details.truncate(1);
    terms.details[0].fields.remove("total_cost");
    terms.details[0]
        .fields
        .insert("purchased_at".to_owned(), Precision::Month);
    terms.frequency = Some(Frequency {
        max_reads: 2,
        per: Period::Week,
    });
    terms
}

pub(crate) fn app() -> AppIdentity {
    AppIdentity {
        id: APP,
        display_name: "Spendwise".to_owned(),
        brand_name: "Acme".to_owned(),
        controller: "Acme GmbH".to_owned(),
        country: "DE".to_owned(),
        website: "https://acme.example".to_owned(),
        privacy_policy_url: "https://acme.example/privacy".to_owned(),
        support_contact: "help@acme.example".to_owned(),
        vouched: Vouched::ByDomain,
        sealing_key: Some(server_sealing().public()),
        signing_key: Some(app_signing().public()),
    }
}

pub(crate) fn request() -> Vec<u8> {
    let wording = Wording {
        purpose_text: "Show your spending by shop".to_owned(),
        benefit: "A monthly overview".to_owned(),
        recipients: vec![Recipient {
            name: "Acme Analytics".to_owned(),
            role: "processor".to_owned(),
            country: "IE".to_owned(),
        }],
        storage_locations: vec!["EU".to_owned()],
        notice: Some(Notice {
            url: "https://acme.example/notice".to_owned(),
            version: "3".to_owned(),
            language: "en".to_owned(),
            sha256: Some([0x1b; 32]),
        }),
    };
    let mut request = ConsentRequest::new(REQUEST, SUBJECT, app(), asked(), wording, NOON);
    request.required = vec![Required {
        category: Category::Receipts,
        fields: vec!["brand".to_owned(), "purchased_at".to_owned()],
    }];
    request.binding_code = "7KQ".to_owned();
    request.to_bytes()
}

pub(crate) fn grant() -> GrantId {
    GrantId::of_request(&ConsentRequest::digest_of(&request()))
}

fn answer(event: Event) -> Statement {
    let digest = ConsentRequest::digest_of(&request());
    Statement::answer(SUBJECT, APP, digest, event, NOON.plus_ms(60_000), DELIVERY_NONCE)
}

/// One grant's life, and the refusal it might have been.
pub(crate) fn statements() -> Vec<(&'static str, SignedStatement)> {
    let second = || Extent {
        terms: narrowed(),
        generation: 2,
        key: GrantKey::from_bytes(SECOND_GRANT_KEY).commitment(grant(), 2),
    };
    let mut last = answer(Event::Given(Extent {
        terms: asked(),
        generation: 1,
        key: GrantKey::from_bytes(GRANT_KEY).commitment(grant(), 1),
    }));
    let mut chain = vec![("given", last.sign(&consent()))];
    for (name, event) in [
        ("narrowed", Event::Narrowed(second())),
        ("paused", Event::Paused),
        ("resumed", Event::Resumed),
        ("renewed", Event::Renewed(second())),
        ("withdrawn", Event::Withdrawn),
    ] {
        let digest = last.sign(&consent()).digest();
        last = Statement::following(&last, digest, event, last.decided_at.plus_ms(1));
        chain.push((name, last.sign(&consent())));
    }
    chain.push(("refused", answer(Event::Refused).sign(&consent())));
    chain
}

pub(crate) fn statement(wanted: &str) -> SignedStatement {
    let found = statements().into_iter().find(|(name, _)| *name == wanted);
    found.unwrap().1
}

pub(crate) fn erasure() -> SignedErasure {
    let digest = statement("withdrawn").digest();
    let (erased, backups) = (NOON.plus_ms(1_000), NOON.plus_ms(2_592_000_000));
    Erasure::new(
        ErasureId([0x17; 16]),
        grant(),
        digest,
        1_000,
        2,
        erased,
        Some(backups),
        STATE,
    )
    .sign(&receipts(), |notice| {
        let mut log = Frontier::default();
        log.push(leaf(&linked()));
        let path = log.path_of_next();
        log.push(leaf(notice));
        let head = LogHead::of(vault(), LogId::first_of(vault()), 298, &log, NOON).sign(&receipts());
        Ok::<_, Infallible>(LogProof { head, index: 1, path })
    })
    .unwrap()
}

/// An application was linked: the notice before the erasure.
pub(crate) fn linked() -> Notified {
    Notified::Linked {
        app: app(),
        subject: SUBJECT,
        at: NOON,
    }
}

/// The vault is told of the erasure.
pub(crate) fn erased() -> Notified {
    Notified::Erased {
        grant: grant(),
        receipt: digest(labels::ERASURE, &erasure().bytes),
    }
}

pub(crate) fn log_head() -> SignedHead {
    erasure().log.head
}

pub(crate) fn acceptance() -> SignedAcceptance {
    let (asked, given) = (ConsentRequest::digest_of(&request()), statement("given").digest());
    Acceptance::new(vault(), asked, given, NOON.plus_ms(60_500), STATE).sign(&receipts())
}

/// The code of the vectors, from the seeds that it gives.
pub(crate) fn code() -> RecoverySecret {
    let seed = |digits| bytes_of(digits).try_into().unwrap();
    RecoverySecret::from_seeds(&seed(CODE_SIGNING), &seed(CODE_SEALING))
}

pub(crate) fn escrow() -> SignedEscrow {
    let secrets = VaultSecrets {
        owner: *owner().seed(),
        sharing: VAULT_SECRET,
    };
    let code = code().public(&owner().public());
    let holder = code.seal(&secrets, vault(), 300, &mut Always(0x0a)).unwrap();
    Escrow::new(vault(), 300, NOON, vec![holder]).sign(&owner())
}

pub(crate) fn recovery_proof() -> RecoveryProof {
    RecoveryProof::new([0x1c; 32], transport().public(), [0x1d; 32])
}

pub(crate) fn revocation() -> SignedRevocation {
    Revocation::new(vault(), 2, transport().public(), NOON).sign(&owner(), &code())
}

pub(crate) fn proof() -> Proof {
    Proof {
        request: request(),
        request_signature: Some(app_signing().sign(labels::REQUEST, &request())),
        acceptance: acceptance(),
    }
}

pub(crate) fn receipt() -> Payload {
    payload([
        ("brand", Value::Text("Café Acme".to_owned())),
        ("purchased_at", Value::Date(Date::new(2026, 11, 21).unwrap())),
        ("total_cost", Value::Decimal("12.50".parse().unwrap())),
    ])
}

fn every_kind_of_value() -> Payload {
    let item = [
        ("name".to_owned(), Value::Text("tea".to_owned())),
        ("price".to_owned(), Value::Int(2)),
    ];
    let least = "-0.0000000012345678901234567890";
    payload([
        ("a", Value::Null),
        ("b", Value::Bool(true)),
        ("c", Value::Int(-300)),
        ("d", Value::Decimal(least.parse().unwrap())),
        ("e", Value::Float(-0.125)),
        ("f", Value::Text(String::new())),
        ("g", Value::Bytes(vec![0, 255])),
        ("h", Value::Timestamp(Timestamp::from_unix_ms(-1))),
        ("i", Value::Date(Date::new(-44, 3, 15).unwrap())),
        (
            "j",
            Value::Point {
                lat: 46.05,
                lon: 14.5,
            },
        ),
        ("k", Value::List(vec![Value::Map(item.into()), Value::Null])),
        ("l", Value::Map([].into())),
    ])
}

fn payload<const N: usize>(fields: [(&str, Value); N]) -> Payload {
    Payload {
        fields: fields.map(|(path, value)| (path.to_owned(), value)).into(),
    }
}

/// Every document with its bytes as made here and as pinned.
pub(crate) fn documents() -> Vec<(String, Vec<u8>, &'static str)> {
    let document = |name: &str, bytes, pinned| (name.to_owned(), bytes, pinned);
    let mut documents = vec![
        document(
            "certificate of a transport key",
            transport_certificate().bytes,
            documents::TRANSPORT_CERTIFICATE,
        ),
        document(
            "certificate of a consent key",
            consent_certificate().bytes,
            documents::CONSENT_CERTIFICATE,
        ),
        document("consent request", request(), documents::REQUEST),
        document("erasure receipt", erasure().bytes, documents::ERASURE_RECEIPT),
        document("log head", log_head().bytes, documents::LOG_HEAD),
        document("escrow", escrow().bytes, documents::ESCROW_DOCUMENT),
        document("revocation", revocation().bytes, documents::REVOCATION),
        document("acceptance", acceptance().bytes, documents::ACCEPTANCE),
        document(
            "payload receipt",
            receipt().to_bytes(),
            documents::PAYLOAD_RECEIPT,
        ),
        document(
            "payload every kind of value",
            every_kind_of_value().to_bytes(),
            documents::PAYLOAD_EVERY_KIND_OF_VALUE,
        ),
        document("payload empty", payload([]).to_bytes(), documents::PAYLOAD_EMPTY),
    ];
    let pinned = [
        documents::STATEMENT_GIVEN,
        documents::STATEMENT_NARROWED,
        documents::STATEMENT_PAUSED,
        documents::STATEMENT_RESUMED,
        documents::STATEMENT_RENEWED,
        documents::STATEMENT_WITHDRAWN,
        documents::STATEMENT_REFUSED,
    ];
    for ((name, signed), pinned) in statements().into_iter().zip(pinned) {
        documents.push(document(&format!("statement {name}"), signed.bytes, pinned));
    }
    documents
}
