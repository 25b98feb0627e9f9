//! A server with one application and one linked vault.

use std::sync::Arc;

use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use tempfile::TempDir;
use vault_wire::{
    catalogue::{Category, Precision},
    id::{CallId, GrantId, SubjectId},
    purpose::Purpose,
    request::Wording,
    terms::{Delivery, Detail, Duration, Terms, TimeRange},
};

use super::device::Device;
use crate::{
    Server,
    clock::{Clock, ManualClock},
    config::Config,
    entropy::Entropy,
    service::{
        admin::{NewApp, create_account, create_api_key, create_app},
        auth::{Caller, authenticate_key},
        link::link,
        link_code,
        read::{ReadAnswer, ReadError, ReadQuery, read},
        request_consent::{NewRequest, RequestError, request_consent},
        request_view::{RequestView, consent_request},
    },
};

pub(super) struct World {
    pub(super) server: Server,
    pub(super) clock: Arc<ManualClock>,
    pub(super) caller: Caller,
    pub(super) device: Device,
    pub(super) subject: SubjectId,
    pub(super) folder: TempDir,
}

pub(super) fn at_start() -> Arc<ManualClock> {
    Arc::new(ManualClock::at("2026-11-21T08:30:00Z".parse().unwrap()))
}

pub(super) fn config(folder: &TempDir) -> Config {
    Config {
        backups_expire_days: Some(30),
        ..Config::default()
    }
    .beneath(folder.path())
}

pub(super) async fn open(folder: &TempDir, clock: &Arc<ManualClock>, seed: u8) -> Server {
    let entropy = Entropy::new(ChaCha20Rng::from_seed([seed; 32]));
    Server::open(config(folder), Arc::clone(clock) as Arc<dyn Clock>, entropy)
        .await
        .unwrap()
}

impl World {
    pub(super) async fn new() -> Self {
        let (folder, clock) = (tempfile::tempdir().unwrap(), at_start());
        let server = open(&folder, &clock, 1).await;
        Self::with(server, clock, folder).await
    }

    pub(super) async fn with(server: Server, clock: Arc<ManualClock>, folder: TempDir) -> Self {
        let caller = new_caller(&server, "Shop").await;
        let device = Device::enrolled(&server, caller.app, 7).await;
        let code = link_code::open(&server, device.vault).await.unwrap().code;
        let subject = link(&server, &caller, &code).await.unwrap();
        Self {
            server,
            clock,
            caller,
            device,
            subject,
            folder,
        }
    }

    /// Asks for `brand` and `total_cost` of receipts, exact, until withdrawn.
    pub(super) async fn ask(&self) -> RequestView {
        self.try_ask(self.subject, terms()).await.unwrap()
    }

    pub(super) async fn try_ask(
        &self,
        subject: SubjectId,
        terms: Terms,
    ) -> Result<RequestView, RequestError> {
        request_consent(&self.server, &self.caller, new_request(subject, terms)).await
    }

    /// Asks to change a running grant.
    pub(super) async fn amend(&self, grant: GrantId, terms: Terms) -> Result<RequestView, RequestError> {
        let new = NewRequest {
            amends: Some(grant),
            ..new_request(self.subject, terms)
        };
        request_consent(&self.server, &self.caller, new).await
    }

    /// So many milliseconds from now.
    pub(super) fn clock_at(&self, ms: i64) -> vault_wire::time::Timestamp {
        self.clock.now().plus_ms(ms)
    }

    pub(super) fn request(&self, asked: &RequestView) -> RequestView {
        consent_request(&self.server, &self.caller, asked.id).unwrap()
    }

    pub(super) async fn read(&self) -> Result<ReadAnswer, ReadError> {
        self.read_with(query(self.subject)).await
    }

    pub(super) async fn read_with(&self, query: ReadQuery) -> Result<ReadAnswer, ReadError> {
        read(&self.server, &self.caller, query, CallId([1; 16])).await
    }
}

pub(super) fn new_request(subject: SubjectId, terms: Terms) -> NewRequest {
    NewRequest {
        subject,
        terms,
        required: Vec::new(),
        wording: wording(),
        amends: None,
        binding_code: true,
        metadata: None,
    }
}

pub(super) async fn new_caller(server: &Server, name: &str) -> Caller {
    let account = create_account(server, "Acme").await.unwrap();
    let new = NewApp {
        name: name.into(),
        controller: "Acme GmbH".into(),
        country: "DE".into(),
        website: "https://shop.example".into(),
        ..NewApp::default()
    };
    let app = create_app(server, account, new).await.unwrap();
    let key = create_api_key(server, app, "test", &["*".to_owned()], None)
        .await
        .unwrap();
    authenticate_key(server, &key.key).unwrap()
}

pub(super) fn terms() -> Terms {
    Terms {
        purpose: Purpose::Personalisation,
        details: vec![Detail {
            category: Category::Receipts,
            fields: [("brand", Precision::Exact), ("total_cost", Precision::Exact)]
                .map(|(path, precision)| (path.to_owned(), precision))
                .into(),
            time_range: TimeRange::default(),
        }],
        duration: Duration::UntilWithdrawn,
        data_life: None,
        frequency: None,
        delivery: Delivery::Server,
    }
}

pub(super) fn wording() -> Wording {
    Wording {
        purpose_text: "Suit the offers".into(),
        benefit: "Fewer useless ones".into(),
        recipients: Vec::new(),
        storage_locations: vec!["EU".into()],
        notice: None,
    }
}

pub(super) fn query(subject: SubjectId) -> ReadQuery {
    ReadQuery {
        subject,
        category: Category::Receipts,
        purpose: None,
        from: None,
        to: None,
        updated_since: None,
        fields: None,
        after: None,
        limit: 100,
    }
}

pub(super) fn seconds(count: i64) -> i64 {
    count * 1_000
}
