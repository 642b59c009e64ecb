//! What is read: each by one statement on a connection of its own, which sees the last commit and waits for no writer.
//!
//! A read keeps the thread of its caller for some ten microseconds, which is less than handing it to another thread costs.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};

use super::counters::Counters;
use super::names::Names;
use super::rows::{self, EVENT_COLUMNS, Unpacked, event_columns};
use super::scan::scan;
use crate::event::{Event, Standing};
use crate::id::{BadgeId, EventId, InvocationId, PluginName};
use crate::store::{Binding, Claimed, ClaimedDelivery, DeliveryRecord, KeptBadge, KeptResult, Lease, Run, StateEntry, WantedBadges};

/// So many may read at a time; others wait for one of them.
const READERS: usize = 4;

/// Memory for pages of each reader, in KiB: the rest is found in the system's cache.
const CACHE_KIB: i64 = 1_024;

/// Deliveries of one event that are given at a time.
const DELIVERIES_MAX: u32 = 1_000;

/// Statements that each connection keeps compiled.
const STATEMENTS_KEPT: usize = 64;

/// The connections that read.
pub(super) struct Readers {
    /// None once they are closed.
    connections: Vec<Mutex<Option<Connection>>>,
    next: AtomicUsize,
}

impl Readers {
    /// Opens the connections on a file that is there.
    pub(super) fn open(file: &Path) -> rusqlite::Result<Self> {
        let connections = (0..READERS).map(|_| open(file).map(|db| Mutex::new(Some(db)))).collect::<Result<_, _>>()?;
        Ok(Self { connections, next: AtomicUsize::new(0) })
    }

    /// Reads with a connection that is free, or else waits for one.
    pub(super) fn with<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let connection = self.take()?;
        read(connection.as_ref().ok_or(rusqlite::Error::InvalidQuery)?)
    }

    /// Apart from [`Readers::with`], which is compiled anew for each read.
    fn take(&self) -> rusqlite::Result<MutexGuard<'_, Option<Connection>>> {
        if let Some(free) = self.connections.iter().find_map(|connection| connection.try_lock().ok()) {
            return Ok(free);
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed) % READERS;
        let connection = self.connections.get(number).ok_or(rusqlite::Error::InvalidQuery)?;
        Ok(connection.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// As [`Readers::with`], for several statements: they see the same commit, and it is looked up once.
    pub(super) fn with_snapshot<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        self.with(|db| {
            db.prepare_cached("BEGIN")?.execute([])?;
            let result = read(db);
            let ended = db.prepare_cached("COMMIT").and_then(|mut end| end.execute([]));
            result.and_then(|value| ended.map(|_| value))
        })
    }

    /// Closes the connections, each when its read has ended. The one that closes last removes the log, which only a writer can.
    pub(super) fn close(&self) {
        for connection in &self.connections {
            drop(connection.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
    }
}

fn open(file: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    keep_statements(&db)?;
    Ok(db)
}

/// What both kinds of connections have in common.
pub(super) fn keep_statements(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(super::BUSY_WAIT)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    // Else a statement that compares a column with a parameter is compiled again each time the parameter changes, for a
    // better guess that these look-ups by key have no use for: it costs more than running them.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(|_| ())
}

/// The invocation `(event, id)` with its event; none when it is gone.
pub(super) fn claimed(db: &Connection, names: &Names, event: i64, lease: Lease<InvocationId>) -> rusqlite::Result<Option<Claimed>> {
    const SQL: &str = concat!(
        "SELECT ",
        event_columns!(),
        ", i.scope, i.origin, i.generation, i.rerun, i.attempts, i.traps, i.parked_times, i.parked_since, \
         CASE WHEN e.root IS NULL THEN e.derived ELSE (SELECT r.derived FROM event r WHERE r.uuid = e.root) END \
         FROM invocation i JOIN event e ON e.id = i.event WHERE i.event = ?1 AND i.id = ?2"
    );
    let read = |row: &Row<'_>| {
        let at = EVENT_COLUMNS;
        let (mut event, _) = rows::event(row, 0, names)?;
        event.origin = rows::origin(row, at + 1)?;
        let parked_since: Option<i64> = row.get(at + 7)?;
        Ok(Claimed {
            lease,
            event,
            plugin: plugin(names, row, at)?,
            generation: row.get(at + 2)?,
            rerun: row.get(at + 3)?,
            attempt: row.get::<_, u32>(at + 4)?.saturating_add(1),
            traps: row.get(at + 5)?,
            parked_times: row.get(at + 6)?,
            derived: row.get::<_, Option<u32>>(at + 8)?.unwrap_or(0),
            parked_since: parked_since.map(crate::clock::from_millis),
        })
    };
    db.prepare_cached(SQL)?.query_row(params![event, lease.id.0], read).optional()
}

/// A delivery that waits; none when it is gone.
pub(super) fn claimed_delivery(db: &Connection, names: &Names, lease: Lease<i64>) -> rusqlite::Result<Option<ClaimedDelivery>> {
    let read = |row: &Row<'_>| {
        let effect: Unpacked = row.get(3)?;
        let number: u32 = row.get(1)?;
        let effect = serde_json::from_str(&effect.0).map_err(|error| conversion(3, error))?;
        Ok(ClaimedDelivery {
            lease,
            id: rows::delivery_id(row, 0)?,
            scope: names.scope(number).cloned().ok_or(rusqlite::Error::IntegralValueOutOfRange(1, number.into()))?,
            connection: row.get(2)?,
            effect,
            event: rows::event_id(row, 4)?,
            attempt: row.get::<_, u32>(5)?.saturating_add(1),
            requested_at: rows::time(row, 6)?,
            in_doubt: row.get(7)?,
        })
    };
    db.prepare_cached("SELECT uuid, scope, connection, effect, event, attempts, requested_at, in_doubt FROM delivery WHERE id = ?1")?
        .query_row([lease.id], read)
        .optional()
}

/// An event and its standing.
pub(super) fn event(db: &Connection, names: &Names, id: EventId) -> rusqlite::Result<Option<(Event, Standing)>> {
    db.prepare_cached(concat!("SELECT ", event_columns!(), " FROM event e WHERE e.uuid = ?1"))?
        .query_row([id.as_bytes()], |row| rows::event(row, 0, names))
        .optional()
}

/// The newest events of a project, or those that came before one of them.
pub(super) fn latest_events(
    db: &Connection,
    names: &Names,
    project: u32,
    before: Option<EventId>,
    limit: u32,
) -> rusqlite::Result<Vec<(Event, Standing)>> {
    const SQL: &str = concat!(
        "SELECT ",
        event_columns!(),
        " FROM event e WHERE e.project = ?1 AND (?2 IS NULL OR e.id < (SELECT id FROM event WHERE uuid = ?2)) ORDER BY e.id DESC LIMIT ?3"
    );
    let before = before.map(|id| *id.as_bytes());
    db.prepare_cached(SQL)?.query_map(params![project, before, limit], |row| rows::event(row, 0, names))?.collect()
}

/// The events that plugins emitted because of `root`, in their order.
pub(super) fn derived(db: &Connection, names: &Names, root: EventId) -> rusqlite::Result<Vec<Event>> {
    db.prepare_cached(concat!("SELECT ", event_columns!(), " FROM event e WHERE e.root = ?1 ORDER BY e.id"))?
        .query_map([root.as_bytes()], |row| Ok(rows::event(row, 0, names)?.0))?
        .collect()
}

/// The runs of an event, oldest first.
pub(super) fn runs(db: &Connection, names: &Names, event: EventId) -> rusqlite::Result<Vec<(PluginName, Run)>> {
    let mut statement = db.prepare_cached(
        "SELECT r.scope, c.digest, s.digest, r.started_at, r.duration_ms, r.cpu_ms, r.outcome, r.reason, r.log, r.read, r.memory_bytes \
         FROM run r LEFT JOIN version c ON c.id = r.component LEFT JOIN version s ON s.id = r.settings \
         WHERE r.event = (SELECT id FROM event WHERE uuid = ?1) ORDER BY r.id",
    )?;
    let text = |row: &Row<'_>, column: usize, empty: &str| {
        Ok::<_, rusqlite::Error>(row.get::<_, Option<Unpacked>>(column)?.map_or_else(|| empty.to_owned(), |text| text.0))
    };
    let rows = statement.query_map([event.as_bytes()], |row| {
        let run = Run {
            component: row.get(1)?,
            settings: row.get(2)?,
            started_at: rows::time(row, 3)?,
            duration_ms: row.get(4)?,
            cpu_ms: row.get(5)?,
            outcome: row.get(6)?,
            reason: row.get(7)?,
            log: text(row, 8, "[]")?,
            read: text(row, 9, "{}")?,
            memory_bytes: rows::bytes(row, 10)?,
        };
        Ok((plugin(names, row, 0)?, run))
    })?;
    rows.collect()
}

/// The deliveries that the handling of an event has led to, ended or not.
pub(super) fn deliveries(db: &Connection, names: &Names, event: EventId) -> rusqlite::Result<Vec<DeliveryRecord>> {
    let mut statement = db.prepare_cached(
        "SELECT id, uuid, scope, connection, effect, attempts, requested_at, 0 AS ending, due AS at, reason AS note \
         FROM delivery WHERE event = ?1 \
         UNION ALL SELECT id, uuid, scope, connection, effect, attempts, requested_at, ending, ended_at, note \
         FROM delivered WHERE event = ?1 ORDER BY id LIMIT ?2",
    )?;
    let rows = statement.query_map(params![event.as_bytes(), DELIVERIES_MAX], |row| {
        let effect: Unpacked = row.get(4)?;
        let at: i64 = row.get(8)?;
        Ok(DeliveryRecord {
            id: rows::delivery_id(row, 1)?,
            plugin: plugin(names, row, 2)?,
            connection: row.get(3)?,
            effect: serde_json::from_str(&effect.0).map_err(|error| conversion(4, error))?,
            attempts: row.get(5)?,
            requested_at: rows::time(row, 6)?,
            standing: rows::delivery_state(row.get(7)?).as_str(),
            at: (at > 0).then(|| crate::clock::from_millis(at)),
            note: row.get(9)?,
        })
    })?;
    rows.collect()
}

/// Badges of a project.
pub(super) fn badges(db: &Connection, names: &Names, project: u32, wanted: &WantedBadges<'_>) -> rusqlite::Result<Vec<KeptBadge>> {
    let after = wanted.after.map(|id| *id.as_bytes());
    let mut statement = db.prepare_cached(&badges_sql(wanted))?;
    let rows = statement.query_map(params![project, wanted.worker, wanted.badge, after, wanted.limit], |row| kept_badge(names, row))?;
    rows.collect()
}

/// What is not asked for does not stand in the statement, so that each is served by an index.
pub(super) fn badges_sql(wanted: &WantedBadges<'_>) -> String {
    let (which, by) = match (wanted.worker, wanted.badge) {
        (Some(_), Some(_)) => ("AND worker = ?2 AND badge = ?3", "id"),
        // Few, which are sorted: for the order of `id` alone SQLite would rather walk through all badges of the project.
        (Some(_), None) => ("AND worker = ?2", "+id"),
        (None, Some(_)) => ("AND badge = ?3", "id"),
        (None, None) => ("", "id"),
    };
    let (than, order) = if wanted.newest_first { ("<", "DESC") } else { (">", "ASC") };
    format!(
        "SELECT uuid, worker, shown, scope, event, awarded_at, revoked_at, reason FROM badge WHERE project = ?1 {which} \
         AND (?4 IS NULL OR id {than} (SELECT id FROM badge WHERE uuid = ?4)) ORDER BY {by} {order} LIMIT ?5"
    )
}

/// One badge of a project.
pub(super) fn badge(db: &Connection, names: &Names, project: u32, id: BadgeId) -> rusqlite::Result<Option<KeptBadge>> {
    db.prepare_cached(
        "SELECT uuid, worker, shown, scope, event, awarded_at, revoked_at, reason FROM badge WHERE uuid = ?2 AND project = ?1",
    )?
    .query_row(params![project, id.as_bytes()], |row| kept_badge(names, row))
    .optional()
}

fn kept_badge(names: &Names, row: &Row<'_>) -> rusqlite::Result<KeptBadge> {
    let revoked_at: Option<i64> = row.get(6)?;
    let reason: String = row.get(7)?;
    Ok(KeptBadge {
        id: row.get(0).map(BadgeId::from_bytes)?,
        worker: row.get(1)?,
        badge: serde_json::from_str(row.get_ref(2)?.as_str()?).map_err(|error| conversion(2, error))?,
        plugin: plugin(names, row, 3)?,
        event: rows::event_id(row, 4)?,
        awarded_at: rows::time(row, 5)?,
        revoked: revoked_at.map(|at| (crate::clock::from_millis(at), reason)),
    })
}

/// The newest task result of a task.
pub(super) fn task_result(db: &Connection, names: &Names, project: u32, task: &str) -> rusqlite::Result<Option<KeptResult>> {
    let read = |row: &Row<'_>| {
        Ok(KeptResult { task: task.to_owned(), plugin: plugin(names, row, 0)?, revision: row.get(1)?, info: row.get::<_, Unpacked>(2)?.0 })
    };
    db.prepare_cached("SELECT scope, revision, info FROM task_result WHERE project = ?1 AND task = ?2 ORDER BY revision DESC LIMIT 1")?
        .query_row(params![project, task], read)
        .optional()
}

/// The snapshot of (`root`, `generation`).
pub(super) fn snapshot(db: &Connection, root: EventId, generation: u32) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT c.body FROM snapshot s JOIN content c ON c.id = s.content WHERE s.root = ?1 AND s.generation = ?2")?
        .query_row(params![root.as_bytes(), generation], |row| row.get::<_, Unpacked>(0))
        .optional()
        .map(|text| text.map(|text| text.0))
}

/// The snapshot of the highest generation that `root` has one of.
pub(super) fn newest_snapshot(db: &Connection, root: EventId) -> rusqlite::Result<Option<String>> {
    db.prepare_cached(
        "SELECT c.body FROM snapshot s JOIN content c ON c.id = s.content WHERE s.root = ?1 ORDER BY s.generation DESC LIMIT 1",
    )?
    .query_row([root.as_bytes()], |row| row.get::<_, Unpacked>(0))
    .optional()
    .map(|text| text.map(|text| text.0))
}

/// The event that has a dedup key.
pub(super) fn seen(db: &Connection, project: u32, key: &str) -> rusqlite::Result<Option<EventId>> {
    db.prepare_cached("SELECT event FROM seen WHERE project = ?1 AND key = ?2")?
        .query_row(params![project, rows::dedup_key(key)], |row| rows::event_id(row, 0))
        .optional()
}

/// How far something has come in a project.
pub(super) fn mark(db: &Connection, project: u32, name: &str) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT value FROM mark WHERE project = ?1 AND name = ?2")?
        .query_row(params![project, name], |row| row.get(0))
        .optional()
}

/// What a project is bound to.
pub(super) fn binding(db: &Connection, project: u32) -> rusqlite::Result<Option<Binding>> {
    db.prepare_cached("SELECT address, platform_id FROM binding WHERE project = ?1")?
        .query_row([project], |row| Ok(Binding { address: row.get(0)?, platform_id: row.get(1)? }))
        .optional()
}

/// One entry of a plugin's state.
pub(super) fn state(db: &Connection, scope: u32, key: &str) -> rusqlite::Result<Option<StateEntry>> {
    db.prepare_cached("SELECT key, version, value FROM state WHERE scope = ?1 AND key = ?2")?
        .query_row(params![scope, key], state_entry)
        .optional()
}

/// Entries of a plugin's state by prefix.
pub(super) fn states(db: &Connection, scope: u32, prefix: &str, after: Option<&str>, limit: u32) -> rusqlite::Result<Vec<StateEntry>> {
    scan(db, (scope, prefix, after, limit), state_entry)
}

/// How many bytes of keys and values a plugin holds.
pub(super) fn state_bytes(db: &Connection, scope: u32) -> rusqlite::Result<u64> {
    db.prepare_cached("SELECT max(state_bytes, 0) FROM scope WHERE id = ?1")?
        .query_row([scope], |row| row.get::<_, i64>(0))
        .optional()
        .map(|bytes| bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0))
}

/// When the event was received that has waited for the longest, in the order of receipt.
pub(super) fn oldest_invocation(db: &Connection) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT e.received_at FROM invocation i JOIN event e ON e.id = i.event ORDER BY i.event LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()
}

/// When the delivery was asked for that has waited for the longest.
pub(super) fn oldest_delivery(db: &Connection) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT requested_at FROM delivery ORDER BY id LIMIT 1")?.query_row([], |row| row.get(0)).optional()
}

/// The counters of the last commit, how many invocations wait, and how many deliveries.
pub(super) fn totals(db: &Connection) -> rusqlite::Result<(Counters, u64, u64)> {
    let counters = Counters::load(db)?;
    let counted = |sql| db.query_row(sql, [], |row| row.get::<_, i64>(0)).map(|count| u64::try_from(count).unwrap_or(0));
    Ok((counters, counted("SELECT count(*) FROM invocation")?, counted("SELECT count(*) FROM delivery")?))
}

fn state_entry(row: &Row<'_>) -> rusqlite::Result<StateEntry> {
    Ok(StateEntry { key: row.get(0)?, version: row.get(1)?, value: row.get(2)? })
}

fn plugin(names: &Names, row: &Row<'_>, column: usize) -> rusqlite::Result<PluginName> {
    let number: u32 = row.get(column)?;
    let scope = names.scope(number).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, number.into()))?;
    Ok(scope.plugin.clone())
}

fn conversion(column: usize, error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
}
