//! Where no host runs: the store of the data folder, opened to be read.

use std::path::Path;
use std::sync::Arc;

use super::output;
use super::report::Advice;
use crate::config::Host;
use crate::store::Store;

/// The store of a host that does not run, and a note that says so. `why` is what made us think that none runs.
///
/// # Errors
///
/// When nothing has been stored yet, or the store cannot be read.
pub(super) async fn store(host: &Host, why: &str) -> anyhow::Result<Arc<dyn Store>> {
    let store = open(&host.data).await?;
    output::note(&format!("{why}; this is read from the store in `{}`", host.data.display()));
    Ok(store)
}

async fn open(data: &Path) -> anyhow::Result<Arc<dyn Store>> {
    let help = "start the host with `crowdhook serve` and ask again";
    Err(Advice::new(format!("the store in `{}` cannot be read without a host: not wired yet", data.display()), help).into())
}
