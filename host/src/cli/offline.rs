//! The store that the settings name, opened to be read, whether a host runs or not.

use std::sync::Arc;

use super::output;
use super::report::Advice;
use crate::app;
use crate::config::Host;
use crate::store::Store;

/// The store of a host that does not run, and a note that says so. `why` is what made us think that none runs.
///
/// # Errors
///
/// When nothing has been stored yet, or the store cannot be read.
pub(super) fn store(host: &Host, why: &str) -> anyhow::Result<Arc<dyn Store>> {
    let help = "start the host with `crowdhook serve` and ask again";
    let (store, place) =
        app::store::read(host).map_err(|error| Advice::new(format!("the store cannot be read without a host: {error}"), help))?;
    output::note(&format!("{why}; this is read from {place}"));
    Ok(store)
}

/// The store, for who asks no host.
///
/// # Errors
///
/// As [`store`].
pub(super) fn quiet(host: &Host) -> anyhow::Result<Arc<dyn Store>> {
    let help = "the store is in the folder that `data` names in the settings, or in the database that `store` names";
    Ok(app::store::read(host).map_err(|error| Advice::new(error.to_string(), help))?.0)
}
