//! Opening a data folder: one host at a time, a schema this host knows, and everything that waits loaded.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::log;
use super::names::Names;
use super::read::keep_statements;
use super::rows;
use crate::backoff::Backoff;
use crate::clock::{self, Timestamp};
use crate::store::agenda::{Agenda, Entry};
use crate::store::lock::LockError;

/// The database's file in the data folder.
pub(super) const DATABASE: &str = "crowdhook.db";

/// Its log.
pub(super) const LOG: &str = "crowdhook.db-wal";

/// The schema's versions: number `n` of this list leads to version `n + 1`. Never changed once released, only added to.
pub(super) const MIGRATIONS: [&str; 6] = [
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
    include_str!("migrations/0005.sql"),
    include_str!("migrations/0006.sql"),
];

/// Memory for pages of the writer, in KiB, given back when nothing happens for a while. SQLite looks through all of it after a commit that split a page,
/// which with 64 MiB took 300 µs; what does not find room is in the system's cache.
const CACHE_KIB: i64 = 8_192;

/// The writer folds the log in by itself when it is so many pages long, should the checkpointer not come to it.
const LOG_PAGES: i64 = 4_000;

/// Why a data folder was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder or a file in it cannot be made, read or written.
    #[error("`{}` cannot be used", path.display())]
    Folder {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another host is at work in it, or it cannot be had at all.
    #[error(transparent)]
    NotOurs(#[from] LockError),
    /// There is no store to read.
    #[error("there is no store in `{}`: start the host once, or name its data folder", folder.display())]
    Absent {
        /// The folder.
        folder: PathBuf,
    },
    /// A newer Crowdhook wrote it.
    #[error("the store in `{}` has schema {found}, and this Crowdhook knows up to {known}: use the newer one that wrote it", folder.display())]
    Newer {
        /// The folder.
        folder: PathBuf,
        /// What it has.
        found: usize,
        /// What is known here.
        known: usize,
    },
    /// Opened to be read only, but written by an older Crowdhook.
    #[error("the store in `{}` has schema {found} and not {known}: start the host once to bring it up to date", folder.display())]
    Older {
        /// The folder.
        folder: PathBuf,
        /// What it has.
        found: usize,
        /// What is wanted.
        known: usize,
    },
    /// The database could not be opened or read.
    #[error("the database `{}` cannot be opened", file.display())]
    Database {
        /// Its file.
        file: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
}

/// The schema's version of a store, and the one this host knows.
pub(super) fn version(db: &Connection) -> rusqlite::Result<(usize, usize)> {
    let found: u32 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok((found as usize, MIGRATIONS.len()))
}

/// Opens the connection that writes, and brings the schema up to date.
pub(super) fn open_writer(folder: &Path) -> Result<Connection, OpenError> {
    let log = folder.join(LOG);
    log::renew(&log).map_err(|source| OpenError::Folder { path: log.clone(), source })?;
    let file = folder.join(DATABASE);
    let failed = |source| OpenError::Database { file: file.clone(), source };
    let mut db = Connection::open(&file).map_err(failed)?;
    set_up(&db).map_err(failed)?;
    let (found, known) = version(&db).map_err(failed)?;
    let Some(missing) = MIGRATIONS.get(found..) else { return Err(OpenError::Newer { folder: folder.to_owned(), found, known }) };
    for (number, migration) in (found + 1..).zip(missing) {
        migrate(&mut db, u32::try_from(number).unwrap_or(u32::MAX), migration).map_err(failed)?;
        tracing::info!(schema = number, "Brought the store to schema {number}");
    }
    if !log.exists() {
        // SQLite goes on without one where it cannot be made, says that it has one, and nobody would sync commits.
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN);
        return Err(failed(rusqlite::Error::SqliteFailure(code, Some(format!("`{LOG}` could not be made")))));
    }
    Ok(db)
}

fn set_up(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "page_size", 4_096)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    // Commits are synced by `Log`.
    db.pragma_update(None, "synchronous", "NORMAL")?;
    db.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    keep_statements(db)
}

fn migrate(db: &mut Connection, number: u32, migration: &str) -> rusqlite::Result<()> {
    let transaction = db.transaction()?;
    transaction.execute_batch(migration)?;
    transaction.pragma_update(None, "user_version", number)?;
    transaction.commit()
}

/// The invocations and the deliveries that are not finished, in the order in which they came.
///
/// None is due later than the longest wait there is from `now`: what was put off by a clock that was wrong does not wait for ten years.
pub(super) fn agendas(db: &Connection, names: &mut Names, now: Timestamp) -> rusqlite::Result<(Agenda, Agenda)> {
    let due_max = clock::after(now, Backoff::INVOCATION.longest).as_millisecond();
    let mut invocations = Agenda::default();
    let mut statement = db.prepare(
        "SELECT i.id, i.event, i.scope, i.due, e.task, i.attempts > 0, i.origin FROM invocation i JOIN event e ON e.id = i.event",
    )?;
    let mut rows = statement.query([])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let member = names.member(row.get(2)?);
        let lane = row.get_ref(4)?.as_str_or_null()?.map(|task| invocations.lane(member, task));
        let due = row.get::<_, i64>(3)?.min(due_max);
        let yields = row.get::<_, bool>(5)? || rows::yields(rows::origin(row, 6)?);
        entries.push(Entry { id: row.get(0)?, about: row.get(1)?, member, lane, due, yields, is_known: true });
    }
    // They lie by event, and a re-run is younger than its event.
    entries.sort_unstable_by_key(|entry| entry.id);
    entries.into_iter().for_each(|entry| invocations.insert(entry));
    let mut statement = db.prepare("SELECT scope FROM quarantine")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        invocations.hold(names.member(row.get(0)?));
    }

    let mut deliveries = Agenda::default();
    let mut statement = db.prepare("SELECT id, project, connection, due, task, attempts > 0 OR yields FROM delivery ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let member = names.connection(row.get(1)?, row.get_ref(2)?.as_str()?);
        let lane = row.get_ref(4)?.as_str_or_null()?.map(|task| deliveries.lane(member, task));
        let due = row.get::<_, i64>(3)?.min(due_max);
        deliveries.insert(Entry { id: row.get(0)?, about: 0, member, lane, due, yields: row.get(5)?, is_known: true });
    }
    Ok((invocations, deliveries))
}
