//! What the store tells nobody but tests: which events it holds. The one place outside of `store` that knows a table.

use std::path::Path;

use crowdhook::event::{Event, Standing};
use crowdhook::id::{EventId, PluginName};
use crowdhook::store::{Run, Store};
use rusqlite::{Connection, OpenFlags};

/// One event, its standing, and its runs.
#[derive(Debug)]
pub struct Kept {
    pub event: Event,
    pub standing: Standing,
    pub runs: Vec<(PluginName, Run)>,
}

impl Kept {
    /// How the runs ended, in order, those of all plugins.
    pub fn outcomes(&self) -> Vec<&str> {
        self.runs.iter().map(|(_, run)| run.outcome.as_str()).collect()
    }

    /// How the runs of one plugin ended, in order.
    pub fn outcomes_of(&self, plugin: &str) -> Vec<&str> {
        self.runs.iter().filter(|(of, _)| of.as_str() == plugin).map(|(_, run)| run.outcome.as_str()).collect()
    }

    /// Why the last run ended as it did.
    pub fn reason(&self) -> &str {
        self.runs.last().map_or("", |(_, run)| &run.reason)
    }
}

fn open(data: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(data.join("crowdhook.db"), flags).unwrap()
}

/// The ids of all events in a data folder, oldest first.
fn ids(data: &Path) -> Vec<EventId> {
    let db = open(data);
    let mut statement = db.prepare("SELECT uuid FROM event ORDER BY id").unwrap();
    let ids = statement.query_map([], |row| row.get::<_, [u8; 16]>(0)).unwrap();
    ids.map(|id| EventId::from_bytes(id.unwrap())).collect()
}

/// All events in a data folder, oldest first, as `store` shows them.
pub async fn events(data: &Path, store: &dyn Store) -> Vec<Kept> {
    let mut all = Vec::new();
    for id in ids(data) {
        let (event, standing) = store.event(id).await.unwrap().unwrap();
        all.push(Kept { event, standing, runs: store.runs(id).await.unwrap() });
    }
    all
}

/// Why each delivery that has been attempted still waits, by the order in which they were asked for.
pub fn waiting_deliveries(data: &Path) -> Vec<String> {
    let db = open(data);
    let mut statement = db.prepare("SELECT reason FROM delivery WHERE reason <> '' ORDER BY id").unwrap();
    let reasons = statement.query_map([], |row| row.get(0)).unwrap();
    reasons.map(Result::unwrap).collect()
}
