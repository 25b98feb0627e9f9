//! A server in a process of its own, which a test can kill at any moment: the test binary starts
//! itself again.

use std::{
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use serde_json::{Value, json};
use sync_server::{
    Running,
    clock::SystemClock,
    config::Config,
    entropy::Entropy,
    service::admin::{NewApp, create_account, create_api_key, create_app},
};
use vault_core::{ServerAddress, ServerKeyPin};

use crate::Developer;

/// Folder, HTTPS address and QUIC address of a server that this process is to be.
const ASKED: &str = "VAULT_TEST_SERVER";
/// What the line begins with that says where the server is.
const READY: &str = "SERVER READY ";

/// A server in a process of its own.
#[derive(Debug)]
pub struct Process {
    child: Child,
    ready: Value,
}

impl Process {
    /// Starts the test binary again, as a server, by the one test in it that calls
    /// [`serve_if_asked`]. At the given addresses, if there are any.
    pub fn start(entry_test: &str, folder: &Path, addresses: Option<(SocketAddr, SocketAddr)>) -> Self {
        let any_port: SocketAddr = ([127, 0, 0, 1], 0).into();
        let (https, devices) = addresses.unwrap_or((any_port, any_port));
        let asked = json!({ "folder": folder, "https": https, "devices": devices });
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", entry_test, "--nocapture"])
            .env(ASKED, asked.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines
            .find_map(|line| {
                line.unwrap()
                    .split_once(READY)
                    .map(|(_, ready)| serde_json::from_str(ready).unwrap())
            })
            .expect("the server starts");
        Self { child, ready }
    }

    /// Where developers and where vaults reach it.
    pub fn addresses(&self) -> (SocketAddr, SocketAddr) {
        let address = |name: &str| self.text(name).parse().unwrap();
        (address("https"), address("devices"))
    }

    /// Where vaults reach it, as a vault is told.
    pub fn address(&self) -> ServerAddress {
        self.text("devices").parse().unwrap()
    }

    /// The key that vaults trust.
    pub fn pin(&self) -> ServerKeyPin {
        self.text("pin").parse().unwrap()
    }

    /// A developer with a key of this server.
    pub fn developer(&self) -> Developer {
        let origin = format!("https://localhost:{}", self.addresses().0.port());
        Developer::new(
            self.text("app").parse().unwrap(),
            self.text("key"),
            origin,
            self.text("ca"),
        )
    }

    /// SIGKILL: it does nothing more, not even what it was about to write.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn text(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves until the process is killed or its parent ends, if this process was started as a server.
/// Returns at once if it was not.
pub fn serve_if_asked() {
    let Ok(asked) = std::env::var(ASKED) else { return };
    let asked: Value = serde_json::from_str(&asked).unwrap();
    let address = |name: &str| asked[name].as_str().unwrap().parse().unwrap();
    let config = Config {
        https: address("https"),
        devices: address("devices"),
        ..Config::default()
    }
    .beneath(Path::new(asked["folder"].as_str().unwrap()));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let running = runtime.block_on(sync_server::start(
        config,
        Arc::new(SystemClock),
        Entropy::from_system(),
    ));
    let running = running.unwrap();
    let ready = runtime.block_on(ready(&running));
    let mut out = std::io::stdout();
    writeln!(out, "\n{READY}{ready}").unwrap();
    out.flush().unwrap();
    // The parent holds the other end of this pipe for as long as it lives.
    let _ = std::io::stdin().lines().next();
}

async fn ready(running: &Running) -> Value {
    let server = &running.server;
    let account = create_account(server, "Acme").await.unwrap();
    let app = NewApp {
        name: "Acme".to_owned(),
        controller: "Acme GmbH".to_owned(),
        country: "DE".to_owned(),
        ..NewApp::default()
    };
    let app = create_app(server, account, app).await.unwrap();
    let key = create_api_key(server, app, "test", &["*".to_owned()], None)
        .await
        .unwrap();
    json!({
        "https": running.https_addr.to_string(),
        "devices": running.quic_addr.to_string(),
        "pin": running.server_key_fingerprint,
        "ca": running.ca_certificate_pem,
        "app": app.to_string(),
        "key": *key.key,
    })
}
