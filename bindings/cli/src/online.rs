//! Running what needs the network.

use std::future::Future;

use crate::failure::Failure;

/// Runs to its end on this thread.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, vault_core::Error>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::NoRuntime)?;
    Ok(runtime.block_on(work)?)
}
