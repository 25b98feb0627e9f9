//! What the tests of this folder show.

use std::{convert::Infallible, io, sync::Arc};

use jiff::tz::TimeZone;
use vault_core::{
    Activity, AppId, Category, ErasureProof, Grant, GrantId, GrantState, InboxRequest, ManualClock,
    Precision, Preview, PreviewedRecord, Record, RecordId, RequestId, RequestState, Timestamp, Value,
    Voucher,
    wire::{
        frame::{Closed, DeliveredRequest, Event},
        id::{ErasureId, LogId, ReadId, StateId, SubjectId, VaultId},
        log::{Frontier, LogHead, LogProof, leaf},
        purpose::Purpose,
        receipt::{Erasure, ReadReceipt, RefusedReads},
        request::{AppIdentity, ConsentRequest, Recipient, Vouched, Wording},
        signature::SecretKey,
        terms::{DataLife, Delivery, Detail, Duration, Frequency, Period, Terms, TimeRange},
    },
};

use super::{Page, Screen};

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// A file: no width, no colours, UTC, 2026-11-21 at noon.
pub(crate) fn screen() -> Screen {
    Screen {
        width: None,
        colour: false,
        zone: TimeZone::UTC,
        clock: Arc::new(ManualClock::new(now())),
    }
}

/// A terminal of some columns.
pub(crate) fn narrow(width: u16) -> Screen {
    Screen {
        width: Some(width),
        ..screen()
    }
}

/// A terminal with colours.
pub(crate) fn painted() -> Screen {
    Screen {
        colour: true,
        ..narrow(80)
    }
}

/// A reader in Slovenia.
pub(crate) fn ljubljana() -> Screen {
    Screen {
        zone: TimeZone::get("Europe/Ljubljana").unwrap(),
        ..screen()
    }
}

/// What is written on a screen.
pub(crate) fn shown(screen: &Screen, write: impl FnOnce(&mut Page<'_>) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut Page::new(&mut out, screen)).unwrap();
    String::from_utf8(out).unwrap()
}

fn app(name: &str) -> AppIdentity {
    AppIdentity {
        id: AppId([3; 16]),
        display_name: name.into(),
        brand_name: "Acme".into(),
        controller: "Acme GmbH".into(),
        country: "DE".into(),
        website: "https://acme.example".into(),
        privacy_policy_url: "https://acme.example/privacy".into(),
        support_contact: "help@acme.example".into(),
        vouched: Vouched::ByServer,
        sealing_key: None,
        signing_key: None,
    }
}

fn detail(category: Category, fields: &[(&str, Precision)]) -> Detail {
    Detail {
        category,
        fields: fields
            .iter()
            .map(|(path, precision)| ((*path).to_owned(), *precision))
            .collect(),
        time_range: TimeRange::default(),
    }
}

fn asked() -> Terms {
    let receipts = [
        ("brand", Precision::Exact),
        ("purchase_location.city", Precision::Exact),
        ("purchased_at", Precision::Day),
    ];
    let locations = [
        ("lat", Precision::Grid1km),
        ("lon", Precision::Grid1km),
        ("observed_at", Precision::Exact),
    ];
    Terms {
        purpose: Purpose::Personalisation,
        details: vec![
            detail(Category::Receipts, &receipts),
            detail(Category::Locations, &locations),
        ],
        duration: Duration::TimeBound(now().plus_ms(30 * 86_400_000)),
        data_life: Some(DataLife { days: 30 }),
        frequency: Some(Frequency {
            max_reads: 4,
            per: Period::Day,
        }),
        delivery: Delivery::Server,
    }
}

/// A request for receipts and locations, made half a minute ago.
pub(crate) fn consent_request() -> ConsentRequest {
    let recipient = Recipient {
        name: "Acme Analytics".into(),
        role: "processor".into(),
        country: "DE".into(),
    };
    let wording = Wording {
        purpose_text: "Suit offers to what you buy.".into(),
        benefit: "5 % off".into(),
        recipients: vec![recipient],
        storage_locations: vec!["EU".into()],
        notice: None,
    };
    let id = RequestId([1; 16]);
    let made = now().plus_ms(-30_000);
    let mut request = ConsentRequest::new(
        id,
        SubjectId([2; 16]),
        app("Acme Rewards"),
        asked(),
        wording,
        made,
    );
    request.binding_code = "7KQ".into();
    request
}

/// The same in the inbox.
pub(crate) fn inbox_request() -> InboxRequest {
    InboxRequest {
        request: consent_request(),
        received_at: now().plus_ms(-29_000),
        state: RequestState::Pending,
        amendment: None,
        voucher: Voucher::Server,
    }
}

/// A grant that answers it.
pub(crate) fn grant(state: GrantState, undelivered: bool) -> Grant {
    Grant {
        id: GrantId([4; 16]),
        app: app("Acme Rewards"),
        request: RequestId([1; 16]),
        state,
        terms: asked(),
        created_at: now().plus_ms(-7_200_000),
        expires_at: asked().duration.expires_at(),
        amends: None,
        superseded_by: None,
        ended_at: (state != GrantState::Active).then(|| now().plus_ms(-60_000)),
        undelivered,
    }
}

/// A receipt in a vault.
pub(crate) fn receipt(brand: &str, total: &str) -> Record {
    let text = |text: &str| Value::Text(text.to_owned());
    Record {
        id: RecordId([5; 16]),
        category: Category::Receipts,
        occurred_at: Some("2026-03-04T09:12:00Z".parse().unwrap()),
        fields: [
            ("brand", text(brand)),
            ("purchase_location.city", text("Ljubljana")),
            ("total_cost", Value::Decimal(total.parse().unwrap())),
        ]
        .map(|(path, value)| (path.to_owned(), value))
        .into(),
        source: "import:csv".into(),
        created_at: now(),
        updated_at: now(),
        seq: 1,
    }
}

/// A preview of 1,200 receipts and no locations.
pub(crate) fn preview() -> Preview {
    let fields = [
        ("brand", Value::Text("Green Basket".into())),
        ("purchased_at", Value::Date("2026-03-04".parse().unwrap())),
    ];
    Preview {
        records: 1_200,
        by_category: [(Category::Receipts, 1_200)].into(),
        payload_bytes: 50_000,
        sealed_bytes: 96_000,
        sample: vec![PreviewedRecord {
            category: Category::Receipts,
            fields: fields.map(|(path, value)| (path.to_owned(), value)).into(),
            payload: vec![0x01, 0xfe],
        }],
    }
}

/// One notice of each kind, latest first.
pub(crate) fn notices() -> Vec<Activity> {
    let refused = RefusedReads {
        at: now().plus_ms(-120_000),
        app: AppId([9; 16]),
        app_name: "Snoop".into(),
        category: Category::Health,
        attempts: 3,
    };
    let read = ReadReceipt {
        id: ReadId([6; 16]),
        at: now().plus_ms(-180_000),
        app: AppId([3; 16]),
        grant: GrantId([4; 16]),
        purpose: Purpose::Personalisation,
        category: Category::Receipts,
        fields: vec!["brand".into(), "purchased_at".into()],
        records: 120,
    };
    let delivered = DeliveredRequest {
        bytes: consent_request().to_bytes(),
        signature: None,
        delivery_nonce: [0; 16],
    };
    let request = RequestId([1; 16]);
    let how = Closed::Expired;
    let (subject, at) = (SubjectId([2; 16]), now().plus_ms(-240_000));
    let app = app("Acme Rewards");
    let events = [
        (Some("Snoop"), Event::RefusedReads(refused)),
        (Some("Acme Rewards"), Event::Read(read)),
        (None, Event::RequestClosed { request, how }),
        (None, Event::Request(delivered)),
        (Some("Acme Rewards"), Event::Linked { app, subject, at }),
    ];
    let numbered = events.into_iter().zip((1..=5).rev());
    let activity = |((app_name, event), number): ((Option<&str>, Event), u64)| Activity {
        number,
        app_name: app_name.map(str::to_owned),
        event,
    };
    numbered.map(activity).collect()
}

/// The proof that a grant was erased, a minute ago.
pub(crate) fn erasure(grant: GrantId) -> ErasureProof {
    let at = now().plus_ms(-60_000);
    let erasure = Erasure::new(
        ErasureId([7; 16]),
        grant,
        [0; 32],
        1_200,
        1,
        at,
        None,
        StateId([8; 16]),
    );
    let key = SecretKey::from_seed(&[1; 32]);
    let signed = erasure.sign(&key, |notice| Ok::<_, Infallible>(alone_in_log(notice, &key, at)));
    ErasureProof {
        erasure,
        signed: signed.unwrap(),
    }
}

/// Proof that a notice is all there is in a log.
fn alone_in_log(notice: &Event, key: &SecretKey, at: Timestamp) -> LogProof {
    let (vault, mut frontier) = (VaultId([9; 16]), Frontier::default());
    frontier.push(leaf(notice));
    LogProof {
        head: LogHead::of(vault, LogId::first_of(vault), 0, &frontier, at).sign(key),
        index: 0,
        path: Vec::new(),
    }
}
