//! Which engine keeps the events: SQLite in the data folder, or PostgreSQL where the settings name a database.

use std::fmt;
use std::sync::Arc;

use anyhow::Context as _;
use async_trait::async_trait;

use crate::clock::Clock;
use crate::config::load::{Env, database_address};
use crate::config::{Address, Host, Problem, Problems, Rate, StoreAt};
use crate::connection::shared::{Ledger, NoCalls, Taken};
use crate::id::ProjectName;
use crate::store::Store;
use crate::store::lock::{Lock, lock};
use crate::store::postgres::{self, Calls, PostgresStore};
use crate::store::sqlite::{self, SqliteStore};
use crate::telemetry::Metrics;

/// A store that a host works with.
pub(super) struct Opened {
    pub(super) store: Arc<dyn Store>,
    /// Who counts calls for all hosts that share it, where several may.
    pub(super) ledger: Option<Arc<dyn Ledger>>,
    /// The data folder, where the store does not hold it itself.
    pub(super) _folder: Option<Lock>,
}

/// Opens the store that `host` names to work with it, which may wait for a database for some seconds.
pub(super) async fn open(host: &Host, clock: Clock, metrics: Metrics) -> anyhow::Result<Opened> {
    let host = host.clone();
    let opening = tokio::task::spawn_blocking(move || open_here(&host, clock, metrics));
    opening.await.context("opening the store ended early")?
}

fn open_here(host: &Host, clock: Clock, metrics: Metrics) -> anyhow::Result<Opened> {
    let waiting_max = host.limits.waiting_max;
    let StoreAt::Database(database) = &host.store else {
        let store = SqliteStore::open(&host.data, sqlite::Options { waiting_max, clock, metrics })?;
        return Ok(Opened { store: Arc::new(store), ledger: None, _folder: None });
    };
    let (Address { url, schema }, _) = database_address(database, &Env::process())?;
    let folder = lock(&host.data)?;
    let name = host.name.clone().unwrap_or_else(machine);
    let store = PostgresStore::open(postgres::Options { address: url, schema, host: name, waiting_max, clock, metrics })?;
    let store = Arc::new(store);
    Ok(Opened { ledger: Some(Arc::new(OfAll(Arc::clone(&store)))), store, _folder: Some(folder) })
}

/// The calls of all hosts, as their database counts them.
struct OfAll(Arc<PostgresStore>);

impl fmt::Debug for OfAll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OfAll(…)")
    }
}

#[async_trait]
impl Ledger for OfAll {
    async fn take(&self, project: &ProjectName, connection: &str, rate: Rate) -> Result<Taken, NoCalls> {
        match self.0.take_calls(project, connection, (rate.calls, rate.per)).await {
            Ok(Calls::Taken { calls, lasts }) => Ok(Taken { calls, lasts }),
            Ok(Calls::UsedUp(wait)) => Err(NoCalls::UsedUp(wait)),
            Err(error) => Err(NoCalls::Unknown(error.to_string())),
        }
    }
}

/// The store that `host` names, to be read only, whether a host is at work on it or not, and where it is, for people.
///
/// # Errors
///
/// When nothing has been stored yet, or it cannot be read.
pub fn read(host: &Host) -> anyhow::Result<(Arc<dyn Store>, String)> {
    match &host.store {
        StoreAt::DataFolder => {
            let store = SqliteStore::open_read_only(&host.data)?;
            Ok((Arc::new(store), format!("the store in `{}`", host.data.display())))
        }
        StoreAt::Database(database) => {
            let (Address { url, schema }, _) = database_address(database, &Env::process())?;
            let store = PostgresStore::open_read_only(&url, schema.as_deref())?;
            let schema = schema.as_deref().unwrap_or(postgres::SCHEMA);
            Ok((Arc::new(store), format!("schema `{schema}` of the store's database")))
        }
    }
}

/// What is wrong with where the store is to be, as far as that shows without connecting to it.
pub(super) fn problems(host: &Host) -> Problems {
    let StoreAt::Database(database) = &host.store else { return Problems::default() };
    match database_address(database, &Env::process()) {
        Err(problems) => problems,
        Ok((Address { url, schema }, warnings)) => match postgres::check(&url, schema.as_deref()) {
            Ok(_) => warnings,
            Err(error) => {
                let help = "`postgres://user@host:5432/database`, with `?host=/run/postgresql` for a socket on this machine";
                Problem { line: database.line, ..Problem::of_file(&database.file, error.to_string(), Some(help.to_owned())) }.into()
            }
        },
    }
}

/// The machine's name.
fn machine() -> String {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let name = String::new();
    if name.is_empty() { "host".to_owned() } else { name }
}
