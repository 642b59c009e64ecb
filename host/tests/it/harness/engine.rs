//! Which engine keeps the events of the hosts under test: SQLite, or with `CROWDHOOK_TEST_STORE=postgres` a schema of their own each in the
//! database of a server that this process starts.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crowdhook::app;
use crowdhook::clock::Clock;
use crowdhook::config::{Host, StoreAt, load};
use crowdhook::store::Store;
use crowdhook::store::postgres::{self, PostgresStore};
use crowdhook::store::sqlite::{self, SqliteStore};
use crowdhook::telemetry::Metrics;
use rustix::process::{Pid, Signal};

use super::patience::until;

/// A server of the tests' own.
#[expect(dead_code, reason = "the tests of the store ask more of it")]
#[path = "../../../src/store/postgres/tests/cluster.rs"]
mod cluster;

pub use cluster::Cluster;

/// Whether hosts keep their events in PostgreSQL.
#[expect(clippy::disallowed_methods, reason = "a test's own switch")]
pub fn is_postgres() -> bool {
    std::env::var("CROWDHOOK_TEST_STORE").is_ok_and(|said| said == "postgres")
}

/// `store` of the settings of one host, as a line: none where events are kept in the data folder.
pub fn store_line() -> String {
    if !is_postgres() {
        return String::new();
    }
    let cluster = Cluster::shared().expect("`CROWDHOOK_TEST_STORE=postgres` wants a PostgreSQL");
    shared_line(cluster)
}

/// How line `number` of a host's settings is told, but for the line that says where the store is.
pub fn at_line(number: usize) -> String {
    format!("crowdhook.toml:{}:", number + usize::from(is_postgres()))
}

/// `store` for hosts that share a schema of this server.
pub fn shared_line(cluster: &Cluster) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("store = \"{}?schema=host_{}\"\n", cluster.address(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// Stops the server in order, and not as a crash does.
pub async fn stop_in_order(cluster: &Cluster) {
    let file = Path::new(&cluster.folder()).join("data/postmaster.pid");
    let number = std::fs::read_to_string(&file).unwrap().lines().next().and_then(|line| line.trim().parse().ok());
    let server = number.and_then(Pid::from_raw).expect("its first line is the number of a process");
    rustix::process::kill_process(server, Signal::INT).unwrap();
    // It takes its file away when all is on disk.
    until("the server has stopped", async || !file.exists()).await;
    tokio::task::block_in_place(|| cluster.stop());
}

/// The store that the settings in `config` name, to be read.
pub fn read(config: &Path) -> Arc<dyn Store> {
    app::store::read(&load::host(Some(config)).unwrap()).unwrap().0
}

/// The same to be worked with, at a time that is said.
pub fn open(config: &Path, clock: Clock) -> Arc<dyn Store> {
    let Host { store, data, .. } = load::host(Some(config)).unwrap();
    let (waiting_max, metrics) = (1_000, Metrics::default());
    match store {
        StoreAt::DataFolder => Arc::new(SqliteStore::open(&data, sqlite::Options { waiting_max, clock, metrics }).unwrap()),
        StoreAt::Database(database) => {
            let (address, _) = load::database_address(&database, &load::Env::of(&[])).unwrap();
            let options =
                postgres::Options { address: address.url, schema: address.schema, host: "before".to_owned(), waiting_max, clock, metrics };
            Arc::new(PostgresStore::open(options).unwrap())
        }
    }
}
