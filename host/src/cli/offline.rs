//! Where no host runs: the store of the data folder, opened to be read.

use std::path::Path;
use std::sync::Arc;

use super::output;
use super::report::Advice;
use crate::config::Host;
use crate::store::Store;
use crate::store::sqlite::SqliteStore;

/// The store of a host that does not run, and a note that says so. `why` is what made us think that none runs.
///
/// # Errors
///
/// When nothing has been stored yet, or the store cannot be read.
pub(super) fn store(host: &Host, why: &str) -> anyhow::Result<Arc<dyn Store>> {
    let store = open(&host.data)?;
    output::note(&format!("{why}; this is read from the store in `{}`", host.data.display()));
    Ok(store)
}

fn open(data: &Path) -> anyhow::Result<Arc<dyn Store>> {
    let help = "start the host with `crowdhook serve` and ask again";
    match SqliteStore::open_read_only(data) {
        Ok(store) => Ok(Arc::new(store)),
        Err(error) => Err(Advice::new(format!("the store cannot be read without a host: {error}"), help).into()),
    }
}
