//! Delivery `sealed` from end to end: the application's keys stand on its own domain, the vault takes
//! them from there, and what it seals opens for the application and for nobody else.

mod reading;
mod server_and_all;
mod signed_requests;
mod who_asks;

use harness::{Answer, Ask, Developer, Device, Reply, Site, World, receipt};
use serde_json::Value;
use sync_server::service::app_keys::{AppKeys, app_identity, well_known_document};
use vault_core::{Category::Receipts, Error, GrantId, Selection, Voucher, wire::json::of_fields};
use vault_open::KeyPair;

const DOMAIN: &str = "shop.example";

/// A server, an application with keys on its own domain, and a vault with receipts that is linked.
struct Stage {
    world: World,
    site: Site,
    keys: KeyPair,
    shop: Developer,
    device: Device,
    subject: String,
}

fn registered(keys: &KeyPair) -> AppKeys {
    AppKeys {
        signing: keys.signing.public(),
        sealing: Some(keys.sealing.public()),
    }
}

impl Stage {
    async fn new(seed: u64) -> Self {
        let mut world = World::new(seed).await;
        let keys = KeyPair::from_bytes(world.dice.bytes(), world.dice.bytes());
        let website = format!("https://{DOMAIN}/welcome");
        let shop = world.signing_developer("Shop", &website, registered(&keys)).await;
        let document = well_known_document(&app_identity(world.server(), shop.app).unwrap());
        let site = Site::of(DOMAIN, Reply::Json(document));
        let device = world.device().await;
        for (brand, cost) in [("Chandlery & Sons", "12.90"), ("Farm Shop Podgorica", "3.45")] {
            let put = device
                .vault
                .put(receipt(world.clocks.time(), brand, cost, "card"));
            put.unwrap();
        }
        let subject = device.link(&shop).await;
        Self {
            world,
            site,
            keys,
            shop,
            device,
            subject,
        }
    }

    fn ask(&self) -> Ask {
        Ask::for_fields(Receipts, &["brand", "total_cost"]).sealed()
    }

    /// Asks, signed by the application's key.
    async fn asked(&self) {
        let answer = self
            .shop
            .ask_signed(&self.ask(), &self.subject, &self.keys.signing)
            .await;
        assert_eq!(answer.status, 202, "{}", answer.json);
        self.device.sync().await;
    }

    fn voucher(&self) -> Voucher {
        self.device.pending().expect("a request waits").voucher
    }

    fn ask_domain(&self) {
        self.device.vault.ask_domains(&self.site.documents()).unwrap();
    }

    fn approve(&self) -> Result<GrantId, Error> {
        let request = self.device.pending().expect("a request waits").request;
        self.device
            .vault
            .approve(request.id, &Selection::everything(&request))
    }

    /// A sealed grant with all that it covers at the server.
    async fn granted(&self) -> GrantId {
        self.asked().await;
        self.ask_domain();
        let grant = self.approve().unwrap();
        self.device.sync().await;
        grant
    }

    async fn read(&self) -> Answer {
        let answer = self.shop.read(&self.subject, Receipts).await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        answer
    }
}

/// What the vault holds, as the grant shows it.
fn shown(device: &Device) -> Vec<String> {
    let mut shown: Vec<String> = device
        .records(Receipts)
        .into_iter()
        .map(|record| {
            let mut fields = record.fields;
            fields.retain(|path, _| path == "brand" || path == "total_cost");
            of_fields(&fields).to_string()
        })
        .collect();
    shown.sort();
    shown
}

fn fields_of(opened: &Value) -> Vec<String> {
    let mut fields: Vec<String> = opened["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["fields"].to_string())
        .collect();
    fields.sort();
    fields
}
