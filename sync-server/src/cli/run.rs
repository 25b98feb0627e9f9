//! Running the server until it is asked to stop.

use std::{net::SocketAddr, sync::Arc};

use serde_json::json;
use sync_server::{Running, clock::SystemClock, config::Config, entropy::Entropy, start};

use super::{Failure, output::Output};

pub(super) async fn run(config: Config, output: &Output) -> Result<(), Failure> {
    let running = start(config, Arc::new(SystemClock), Entropy::from_system()).await?;
    greet(&running, output)?;
    asked_to_stop().await?;
    tracing::info!("stopping");
    running.stop().await;
    Ok(())
}

fn greet(running: &Running, output: &Output) -> Result<(), Failure> {
    let config = running.server.config();
    let ca = config.config_dir.join("ca.pem");
    let host = config.public_names.first().map_or("localhost", String::as_str);
    let devices = address(host, running.quic_addr);
    let https = address(host, running.https_addr);
    let fingerprint = &running.server_key_fingerprint;
    let mut text = format!(
        "Developers  https://{https}, trusted with curl --cacert {}\n\
         Devices     vault connect {devices} --server-key {fingerprint}",
        ca.display()
    );
    if running.server.keys_are_new() {
        text.push_str(&format!(
            "\n\nThis was the first start: keys and a certificate authority were made in {}.\n\
             Keep a copy of that folder apart from the data.",
            config.config_dir.display(),
        ));
    }
    let object = json!({
        "https": running.https_addr.to_string(),
        "devices": running.quic_addr.to_string(),
        "server_key": fingerprint,
        "ca_certificate": ca.display().to_string(),
        "first_start": running.server.keys_are_new(),
    });
    output.result(&text, &object)
}

fn address(host: &str, bound: SocketAddr) -> String {
    let port = bound.port();
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

#[cfg(unix)]
async fn asked_to_stop() -> Result<(), Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        asked = tokio::signal::ctrl_c() => asked?,
        _ = terminate.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn asked_to_stop() -> Result<(), Failure> {
    Ok(tokio::signal::ctrl_c().await?)
}
