//! A server with everything around it.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sync_server::{
    Running, Server, StartError,
    clock::Clock,
    config::{Config, Enrolment},
    entropy::Entropy,
    service::{
        admin::{NewApp, create_account, create_api_key, create_app},
        app_keys::AppKeys,
    },
};
use tempfile::TempDir;
use vault_core::{Error, RecoveryCode, ServerAddress, ServerKeyPin};

use crate::{Clocks, Developer, Device, Dice, copy_folder, soon};

/// A server in this process, on clocks that stand until the test moves them.
#[derive(Debug)]
pub struct World {
    /// Chance.
    pub dice: Dice,
    /// Time.
    pub clocks: Clocks,
    running: Option<Running>,
    config: Config,
    folder: TempDir,
    devices: usize,
}

impl World {
    /// Starts a server in an empty folder.
    pub async fn new(seed: u64) -> Self {
        Self::with_enrolment(seed, Enrolment::Open).await
    }

    /// Starts a server that enrols as it is told to.
    pub async fn with_enrolment(seed: u64, enrolment: Enrolment) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let any_port = ([127, 0, 0, 1], 0).into();
        let config = Config {
            https: any_port,
            devices: any_port,
            enrolment,
            ..Config::default()
        };
        let mut world = Self {
            dice: Dice::new(seed),
            clocks: Clocks::now(),
            running: None,
            config: config.beneath(folder.path()),
            folder,
            devices: 0,
        };
        world.start().await;
        world
    }

    /// Starts the server again, at the same addresses.
    pub async fn start(&mut self) {
        let running = soon("the start of the server", async {
            loop {
                let clock = Arc::clone(&self.clocks.server) as Arc<dyn Clock>;
                let entropy = Entropy::new(self.dice.generator());
                match sync_server::start(self.config.clone(), clock, entropy).await {
                    Ok(running) => return running,
                    // Meanwhile another program may have taken the port for a moment.
                    Err(StartError::Listen { .. }) => tokio::time::sleep(Duration::from_millis(50)).await,
                    Err(error) => panic!("{error}"),
                }
            }
        })
        .await;
        (self.config.https, self.config.devices) = (running.https_addr, running.quic_addr);
        self.running = Some(running);
    }

    /// Stops the server. Its folders stay.
    pub async fn stop(&mut self) {
        let running = self.running.take().expect("the server runs");
        soon("the end of the server", running.stop()).await;
    }

    /// Keeps a copy of all that a server which has stopped leaves: data, keys and ledger.
    pub async fn back_up(&mut self) {
        self.stop().await;
        copy_folder(self.data_folder(), &self.backup_of_data());
        copy_folder(self.config_folder(), &self.backup_of_config());
        self.start().await;
    }

    /// Sets the data back to the copy. The keys, and the ledger beside them, stay as they are.
    pub async fn set_data_back(&mut self) {
        self.stop().await;
        put_back(&self.backup_of_data(), self.data_folder());
        self.start().await;
    }

    /// Sets everything back to the copy.
    pub async fn set_back(&mut self) {
        self.stop().await;
        put_back(&self.backup_of_data(), self.data_folder());
        put_back(&self.backup_of_config(), self.config_folder());
        self.start().await;
    }

    /// Where the copy of the data is.
    pub fn backup_of_data(&self) -> PathBuf {
        self.place("data-backup")
    }

    fn backup_of_config(&self) -> PathBuf {
        self.place("config-backup")
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("the server runs")
    }

    /// The service.
    pub fn server(&self) -> &Server {
        &self.running().server
    }

    /// Where vaults reach the server.
    pub fn quic(&self) -> SocketAddr {
        self.config.devices
    }

    /// Where developers reach the server.
    pub fn https(&self) -> SocketAddr {
        self.config.https
    }

    /// Where vaults reach the server, as a vault is told.
    pub fn address(&self) -> ServerAddress {
        ServerAddress {
            host: self.quic().ip().to_string(),
            port: self.quic().port(),
        }
    }

    /// The key that vaults trust.
    pub fn pin(&self) -> ServerKeyPin {
        self.running().server_key_fingerprint.parse().unwrap()
    }

    /// The server's sealed data.
    pub fn data_folder(&self) -> &Path {
        &self.config.data_dir
    }

    /// The server's keys.
    pub fn config_folder(&self) -> &Path {
        &self.config.config_dir
    }

    /// A place for a file of the test.
    pub fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A new vault that no server knows.
    pub fn offline_device(&mut self) -> Device {
        self.devices += 1;
        let path = self.place(&format!("{}.vault", self.devices));
        Device::create(&path, self.clocks.vaults.clone(), &mut self.dice)
    }

    /// A new vault, enrolled.
    pub async fn device(&mut self) -> Device {
        let device = self.offline_device();
        self.enrol(&device).await;
        device
    }

    /// A new device of the vault that a recovery code belongs to. It has not synced yet.
    ///
    /// # Errors
    /// Those of the recovery.
    pub async fn recover(&mut self, code: &RecoveryCode) -> Result<Device, Error> {
        self.devices += 1;
        let path = self.place(&format!("{}.vault", self.devices));
        let (address, clock) = (self.address(), self.clocks.vaults.clone());
        let server = (&address, self.pin());
        soon(
            "a recovery",
            Device::recover(&path, clock, &mut self.dice, code, server),
        )
        .await
    }

    /// Enrols a vault.
    pub async fn enrol(&self, device: &Device) {
        let address = self.address();
        soon("enrolment", device.vault.connect(&address, self.pin(), None))
            .await
            .unwrap();
    }

    /// A developer with an account, an application and a key that may call everything.
    pub async fn developer(&self, name: &str) -> Developer {
        self.developer_with(name, &["*"]).await
    }

    /// A developer whose application signs what it asks, under the domain of a website.
    pub async fn signing_developer(&self, name: &str, website: &str, keys: AppKeys) -> Developer {
        self.developer_of(name, &["*"], website, Some(keys)).await
    }

    /// A developer whose key has these scopes.
    pub async fn developer_with(&self, name: &str, scopes: &[&str]) -> Developer {
        self.developer_of(name, scopes, "", None).await
    }

    async fn developer_of(
        &self,
        name: &str,
        scopes: &[&str],
        website: &str,
        keys: Option<AppKeys>,
    ) -> Developer {
        let server = self.server();
        let account = create_account(server, name).await.unwrap();
        let app = NewApp {
            name: name.to_owned(),
            controller: format!("{name} GmbH"),
            country: "DE".to_owned(),
            website: website.to_owned(),
            keys,
            ..NewApp::default()
        };
        let app = create_app(server, account, app).await.unwrap();
        let scopes: Vec<_> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let key = create_api_key(server, app, "test", &scopes, None).await.unwrap();
        let origin = format!("https://localhost:{}", self.https().port());
        Developer::new(app, &key.key, origin, &self.running().ca_certificate_pem)
    }
}

fn put_back(copy: &Path, folder: &Path) {
    fs::remove_dir_all(folder).unwrap();
    copy_folder(copy, folder);
}
