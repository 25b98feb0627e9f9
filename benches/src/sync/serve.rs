//! A server in a process of its own, so that its memory can be told from the devices'.

use std::path::Path;

use super::stage;

/// Serves until the process is ended, and says where.
#[expect(
    clippy::print_stdout,
    reason = "whoever started it reads the port and the key"
)]
pub(crate) fn serve(folder: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let running = stage::server(folder).await?;
        println!("{} {}", running.quic_addr.port(), running.server_key_fingerprint);
        std::future::pending::<()>().await;
        running.stop().await;
        Ok(())
    })
}
