//! What the store tells nobody but tests. The one place outside of `store` that knows a table, and that of SQLite's file alone.

use std::collections::HashSet;
use std::path::Path;

use crowdhook::event::{Event, Standing};
use crowdhook::id::{EventId, PluginName};
use crowdhook::store::browse::{DeliveryState, Place, WantedDeliveries, WantedEvents};
use crowdhook::store::{Run, Store};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::types::Type;

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

/// The ids of all events, oldest first.
async fn ids(store: &dyn Store) -> Vec<EventId> {
    let (mut ids, mut before) = (Vec::new(), None);
    loop {
        let page = store.browse().events(&WantedEvents::default(), Place { before, limit: 1_000 }).await.unwrap();
        ids.extend(page.rows.into_iter().map(|listed| listed.id));
        before = page.next;
        if before.is_none() {
            ids.reverse();
            return ids;
        }
    }
}

/// All events, oldest first.
pub async fn events(store: &dyn Store) -> Vec<Kept> {
    let mut all = Vec::new();
    for id in ids(store).await {
        let (event, standing) = store.event(id).await.unwrap().unwrap();
        all.push(Kept { event, standing, runs: store.runs(id).await.unwrap() });
    }
    all
}

/// Project and task of all events that came from outside.
pub async fn tasks(store: &dyn Store) -> HashSet<(String, String)> {
    let mut tasks = HashSet::new();
    for id in ids(store).await {
        let (event, _) = store.event(id).await.unwrap().unwrap();
        if event.depth == 0 {
            tasks.insert((event.project.to_string(), event.task.unwrap_or_default()));
        }
    }
    tasks
}

/// Why each delivery that has been attempted still waits, by the order in which they were asked for.
pub async fn waiting_deliveries(store: &dyn Store) -> Vec<String> {
    let wanted = WantedDeliveries { state: Some(DeliveryState::Waiting), ..WantedDeliveries::default() };
    let page = store.browse().deliveries(&wanted, Place { before: None, limit: 1_000 }).await.unwrap();
    page.rows.into_iter().rev().map(|listed| listed.note).filter(|note| !note.is_empty()).collect()
}

/// Every text in a data folder, whatever table it stands in, with those that are kept packed.
pub fn texts(data: &Path) -> Vec<String> {
    let db = open(data);
    let mut tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut texts = Vec::new();
    for table in tables {
        let mut statement = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            texts.extend((0..columns).filter_map(|column| match row.get_ref(column).unwrap() {
                ValueRef::Text(text) => Some(String::from_utf8(text.to_vec()).unwrap()),
                ValueRef::Blob(bytes) => unpacked(bytes),
                _ => None,
            }));
        }
    }
    texts
}

/// The same of a schema of PostgreSQL's, by what [`Folder::texts`](super::folder::Folder::texts) knows of it.
pub async fn texts_of_schema(address: &str, schema: &str) -> Vec<String> {
    let (client, connection) = tokio_postgres::connect(address, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let tables = client.query_typed("SELECT tablename::TEXT FROM pg_tables WHERE schemaname = $1", &[(&schema, Type::TEXT)]).await.unwrap();
    let mut texts = Vec::new();
    for table in tables {
        let rows = client.simple_query(&format!("SELECT * FROM \"{schema}\".\"{}\"", table.get::<_, &str>(0))).await.unwrap();
        for row in rows {
            let SimpleQueryMessage::Row(row) = row else { continue };
            texts.extend((0..row.len()).filter_map(|column| row.get(column)).flat_map(|said| match said.strip_prefix("\\x") {
                Some(hex) => {
                    let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
                    vec![unpacked(&bytes).unwrap_or_default(), String::from_utf8(bytes).unwrap_or_default()]
                }
                None => vec![said.to_owned()],
            }));
        }
    }
    texts
}

/// The text that `bytes` are packed of, when they are.
fn unpacked(bytes: &[u8]) -> Option<String> {
    let (length, _) = bytes.split_first_chunk()?;
    // Ids and digests are no lengths.
    let sensible = u32::from_le_bytes(*length) < 16 * 1024 * 1024;
    String::from_utf8(sensible.then(|| lz4_flex::decompress_size_prepended(bytes).ok())??).ok()
}

/// How many pages the store has, those that hold nothing now among them.
pub fn pages(data: &Path) -> i64 {
    open(data).query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap()
}
