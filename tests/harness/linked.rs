//! How most stories begin: a server, a vault, and a developer whose application knows its user.

use sync_server::service::holdings::{Holdings, holdings};
use vault_core::{Category::Receipts, GrantId};

use crate::{Answer, Ask, Developer, Device, World, receipt};

/// A vault that is linked to one application, which has not asked for anything yet.
#[derive(Debug)]
pub struct Linked {
    /// The server.
    pub world: World,
    /// The vault.
    pub device: Device,
    /// The developer.
    pub developer: Developer,
    /// The id under which the developer knows the user.
    pub subject: String,
}

impl Linked {
    /// With a vault that holds nothing yet.
    pub async fn new(seed: u64) -> Self {
        Self::with_receipts(seed, &[]).await
    }

    /// With a vault that holds a receipt of each of these brands.
    pub async fn with_receipts(seed: u64, brands: &[&str]) -> Self {
        let mut world = World::new(seed).await;
        let device = world.device().await;
        for brand in brands {
            let record = receipt(world.clocks.time(), brand, "1", "card");
            device.vault.put(record).unwrap();
        }
        let developer = world.developer("Shop").await;
        let subject = device.link(&developer).await;
        Self {
            world,
            device,
            developer,
            subject,
        }
    }

    /// Puts a receipt of this moment.
    pub fn put(&self, brand: &str) {
        let record = receipt(self.world.clocks.time(), brand, "1", "card");
        self.device.vault.put(record).unwrap();
    }

    /// Asks for fields of the receipts.
    pub async fn ask(&self, fields: &[&str]) -> Answer {
        let ask = Ask::for_fields(Receipts, fields);
        self.developer.ask(&ask, &self.subject).await
    }

    /// Asks for fields of the receipts, and has the decision and all that it covers at the server.
    pub async fn grant(&self, fields: &[&str]) -> GrantId {
        self.ask(fields).await;
        self.device.grant(|all| all).await
    }

    /// Reads the receipts.
    pub async fn read(&self) -> Answer {
        self.developer.read(&self.subject, Receipts).await
    }

    /// Reads the receipts with a query, which begins with `?`.
    pub async fn read_with(&self, query: &str) -> Answer {
        self.developer
            .read_with(&self.subject, Receipts, query, None)
            .await
    }

    /// The status with which a read of the receipts is answered.
    pub async fn read_status(&self) -> u16 {
        self.read().await.status
    }

    /// What the server holds of the vault.
    pub fn held(&self) -> Holdings {
        holdings(self.world.server(), self.device.vault.status().unwrap().id).unwrap()
    }
}
