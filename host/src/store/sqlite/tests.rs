//! SQLite keeps what every engine keeps; beside it, what is its own: the folder, the lock, the schema and crashes.

use std::sync::Arc;

use super::{Options, SqliteStore};
use crate::store::Store;
use crate::store::conformance::{Open, suite};

suite!(super::fresh);

/// A folder of the test's own that goes with it.
pub(super) fn fresh() -> Open {
    let folder = tempfile::tempdir().unwrap();
    Box::new(move |clock, waiting_max| {
        let options = Options { waiting_max, clock: clock.clone() };
        Arc::new(SqliteStore::open(folder.path(), options).unwrap()) as Arc<dyn Store>
    })
}
