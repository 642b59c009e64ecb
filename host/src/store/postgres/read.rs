//! What is read: each by one statement in one trip to the server, which sees the last commit and waits for no writer.

use tokio_postgres::Row;

use super::PostgresStore;
use super::connect::Reading;
use super::counters::Counters;
use super::db::{Columns as _, Failure, Param, Result, params};
use super::rows::{self, event_columns};
use super::{dead, scan};
use crate::clock::{self, Clock};
use crate::event::{Event, Standing};
use crate::id::{BadgeId, DeliveryId, EventId, PluginName, ProjectName, Scope};
use crate::store::numbers;
use crate::store::{
    Backlog, DeadLetter, DeliveryRecord, KeptBadge, KeptResult, Quarantine, Run, StateEntry, Vitals, WantedBadges, WantedDead,
};

/// Deliveries of one event that are given at a time.
const DELIVERIES_MAX: i64 = 1_000;

/// The number of a scope, by the names of its project and its plugin.
const SCOPE: &str = "(SELECT s.id FROM scope s JOIN project p ON p.id = s.project WHERE p.name = $1 AND s.plugin = $2)";

/// The number of a project, by its name.
const PROJECT: &str = "(SELECT id FROM project WHERE name = $1)";

/// The columns of a badge.
const BADGE: &str = "SELECT b.uuid, b.worker, b.shown, s.plugin, b.event, b.awarded_at, b.revoked_at, b.reason \
     FROM badge b JOIN scope s ON s.id = b.scope WHERE";

impl PostgresStore {
    async fn all(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>> {
        self.readers.rows(sql, params).await
    }

    async fn first(&self, sql: &str, params: &[Param<'_>]) -> Result<Option<Row>> {
        Ok(self.all(sql, params).await?.into_iter().next())
    }

    pub(super) async fn read_counters(&self) -> Result<Counters> {
        let reading = self.readers.look().await?;
        let counters = Counters::load(reading.db()).await?;
        reading.end().await?;
        Ok(counters)
    }

    pub(super) async fn read_state(&self, scope: &Scope, key: &str) -> Result<Option<StateEntry>> {
        let sql = format!("SELECT version, value FROM state WHERE scope = {SCOPE} AND key = $3");
        let row = self.first(&sql, params![scope.project.as_str(), scope.plugin.as_str(), key.as_bytes()]).await?;
        row.map(|row| Ok(StateEntry { key: key.to_owned(), version: row.at(0)?, value: row.text(1)? })).transpose()
    }

    pub(super) async fn read_states(&self, scope: &Scope, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<StateEntry>> {
        let reading = self.readers.look().await?;
        let sql = "SELECT s.id FROM scope s JOIN project p ON p.id = s.project WHERE p.name = $1 AND s.plugin = $2";
        let number = reading.db().first(sql, params![scope.project.as_str(), scope.plugin.as_str()]).await?;
        let found = match number {
            Some(row) => scan::entries(reading.db(), (row.at(0)?, prefix, after, limit)).await?,
            None => Vec::new(),
        };
        reading.end().await?;
        Ok(found)
    }

    pub(super) async fn read_state_bytes(&self, scope: &Scope) -> Result<u64> {
        let sql = format!("SELECT state_bytes FROM scope WHERE id = {SCOPE}");
        let row = self.first(&sql, params![scope.project.as_str(), scope.plugin.as_str()]).await?;
        row.map_or(Ok(0), |row| rows::count(&row, 0))
    }

    pub(super) async fn read_task_result(&self, project: &ProjectName, task: &str) -> Result<Option<KeptResult>> {
        let sql = format!(
            "SELECT s.plugin, r.revision, r.info FROM task_result r JOIN scope s ON s.id = r.scope \
             WHERE r.project = {PROJECT} AND r.task = $2 ORDER BY r.revision DESC LIMIT 1"
        );
        let row = self.first(&sql, params![project.as_str(), task.as_bytes()]).await?;
        let kept = |row: Row| {
            Ok(KeptResult { task: task.to_owned(), plugin: rows::parsed(&row, 0)?, revision: row.number(1)?, info: row.text(2)? })
        };
        row.map(kept).transpose()
    }

    /// The snapshot of a generation, or of the highest.
    pub(super) async fn read_snapshot(&self, root: EventId, generation: Option<u32>) -> Result<Option<String>> {
        let sql = "SELECT c.body FROM snapshot s JOIN content c ON c.id = s.content WHERE s.root = $1 AND ($2 IS NULL OR s.generation = $2) \
             ORDER BY s.generation DESC LIMIT 1";
        let row = self.first(sql, params![root.as_bytes().as_slice(), generation.map(i64::from)]).await?;
        row.map(|row| row.text(0)).transpose()
    }

    pub(super) async fn read_seen(&self, project: &ProjectName, keys: &[String]) -> Result<Vec<Option<EventId>>> {
        let sql = format!(
            "SELECT s.event FROM unnest ($2) WITH ORDINALITY AS k (key, number) LEFT JOIN seen s ON s.project = {PROJECT} AND s.key = k.key \
             ORDER BY k.number"
        );
        let keys: Vec<Vec<u8>> = keys.iter().map(|key| rows::dedup_key(key)).collect();
        let found = self.all(&sql, params![project.as_str(), keys]).await?;
        let id = |row: &Row| row.at::<Option<&[u8]>>(0)?.map(|_| rows::event_id(row, 0)).transpose();
        found.iter().map(id).collect()
    }

    pub(super) async fn read_mark(&self, project: &ProjectName, name: &str) -> Result<Option<String>> {
        let sql = format!("SELECT value FROM mark WHERE project = {PROJECT} AND name = $2");
        self.first(&sql, params![project.as_str(), name]).await?.map(|row| row.text(0)).transpose()
    }

    pub(super) async fn read_event(&self, id: EventId) -> Result<Option<(Event, Standing)>> {
        const SQL: &str = concat!("SELECT ", event_columns!(), " FROM event e JOIN project p ON p.id = e.project WHERE e.uuid = $1");
        self.first(SQL, params![id.as_bytes().as_slice()]).await?.map(|row| rows::event(&row, 0)).transpose()
    }

    pub(super) async fn read_latest_events(
        &self,
        project: &ProjectName,
        before: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<(Event, Standing)>> {
        const SQL: &str = concat!(
            "SELECT ",
            event_columns!(),
            " FROM event e JOIN project p ON p.id = e.project WHERE e.project = (SELECT id FROM project WHERE name = $1) \
             AND ($2 IS NULL OR e.id < (SELECT id FROM event WHERE uuid = $2)) ORDER BY e.id DESC LIMIT $3"
        );
        let before = before.map(|id| id.as_bytes().to_vec());
        let found = self.all(SQL, params![project.as_str(), before, i64::from(limit)]).await?;
        found.iter().map(|row| rows::event(row, 0)).collect()
    }

    pub(super) async fn read_derived(&self, root: EventId) -> Result<Vec<Event>> {
        const SQL: &str =
            concat!("SELECT ", event_columns!(), " FROM event e JOIN project p ON p.id = e.project WHERE e.root = $1 ORDER BY e.id");
        let found = self.all(SQL, params![root.as_bytes().as_slice()]).await?;
        found.iter().map(|row| Ok(rows::event(row, 0)?.0)).collect()
    }

    pub(super) async fn read_runs(&self, event: EventId) -> Result<Vec<(PluginName, Run)>> {
        const SQL: &str = "SELECT o.plugin, c.digest, s.digest, r.started_at, r.duration_ms, r.cpu_ms, r.outcome, r.reason, r.log, r.read, \
             r.memory_bytes FROM run r JOIN scope o ON o.id = r.scope LEFT JOIN version c ON c.id = r.component \
             LEFT JOIN version s ON s.id = r.settings WHERE r.event = (SELECT id FROM event WHERE uuid = $1) ORDER BY r.id";
        let read = |row: &Row| {
            let run = Run {
                component: row.at(1)?,
                settings: row.at(2)?,
                started_at: rows::time(row, 3)?,
                duration_ms: row.number(4)?,
                cpu_ms: row.number(5)?,
                outcome: row.at(6)?,
                reason: row.text(7)?,
                log: row.text_or_none(8)?.unwrap_or_else(|| "[]".to_owned()),
                read: row.text_or_none(9)?.unwrap_or_else(|| "{}".to_owned()),
                memory_bytes: row.at::<Option<i64>>(10)?.and_then(|bytes| u64::try_from(bytes).ok()),
            };
            Ok((rows::parsed(row, 0)?, run))
        };
        self.all(SQL, params![event.as_bytes().as_slice()]).await?.iter().map(read).collect()
    }

    pub(super) async fn read_deliveries(&self, event: EventId) -> Result<Vec<DeliveryRecord>> {
        const SQL: &str = "SELECT d.uuid, s.plugin, o.connection, d.effect, d.attempts, d.requested_at, d.ending, d.at, d.note FROM \
             (SELECT id, uuid, scope, member, effect, attempts, requested_at, 0::SMALLINT AS ending, due AS at, reason AS note \
             FROM delivery WHERE event = $1 AND NOT doomed \
             UNION ALL SELECT id, uuid, scope, member, effect, attempts, requested_at, ending, ended_at, note FROM delivered WHERE event = $1) d \
             JOIN scope s ON s.id = d.scope JOIN outlet o ON o.id = d.member ORDER BY d.id LIMIT $2";
        let read = |row: &Row| {
            let at: i64 = row.at(7)?;
            Ok(DeliveryRecord {
                id: row.uuid(0).map(DeliveryId::from_bytes)?,
                plugin: rows::parsed(row, 1)?,
                connection: row.at(2)?,
                effect: rows::json(row, 3)?,
                attempts: row.number(4)?,
                requested_at: rows::time(row, 5)?,
                standing: numbers::delivery_state(rows::small(row, 6)?).as_str(),
                at: (at > 0).then(|| clock::from_millis(at)),
                note: row.text(8)?,
            })
        };
        self.all(SQL, params![event.as_bytes().as_slice(), DELIVERIES_MAX]).await?.iter().map(read).collect()
    }

    pub(super) async fn read_badges(&self, project: &ProjectName, wanted: WantedBadges<'_>) -> Result<Vec<KeptBadge>> {
        // What is not asked for does not stand in the statement, so that each is served by an index.
        let which = match (wanted.worker, wanted.badge) {
            (Some(_), Some(_)) => "AND b.worker = $2 AND b.badge = $3",
            (Some(_), None) => "AND b.worker = $2",
            (None, Some(_)) => "AND b.badge = $3",
            (None, None) => "",
        };
        let (than, order) = if wanted.newest_first { ("<", "DESC") } else { (">", "ASC") };
        let sql = format!(
            "{BADGE} b.project = {PROJECT} {which} \
             AND ($4 IS NULL OR b.id {than} (SELECT id FROM badge WHERE uuid = $4)) ORDER BY b.id {order} LIMIT $5"
        );
        let (worker, badge) = (wanted.worker.map(str::as_bytes), wanted.badge.map(str::as_bytes));
        let after = wanted.after.map(|id| id.as_bytes().to_vec());
        let found = self.all(&sql, params![project.as_str(), worker, badge, after, i64::from(wanted.limit)]).await?;
        found.iter().map(kept_badge).collect()
    }

    pub(super) async fn read_badge(&self, project: &ProjectName, id: BadgeId) -> Result<Option<KeptBadge>> {
        let sql = format!("{BADGE} b.project = {PROJECT} AND b.uuid = $2");
        let row = self.first(&sql, params![project.as_str(), id.as_bytes().as_slice()]).await?;
        row.map(|row| kept_badge(&row)).transpose()
    }

    pub(super) async fn read_dead_letters(&self, wanted: &WantedDead, limit: u32) -> Result<Vec<DeadLetter>> {
        let reading = self.readers.look().await?;
        let letters = dead::letters(reading.db(), wanted, limit).await?;
        reading.end().await?;
        Ok(letters)
    }

    pub(super) async fn read_quarantined(&self) -> Result<Vec<Quarantine>> {
        let reading = self.readers.look().await?;
        let held = dead::quarantined(reading.db()).await?;
        reading.end().await?;
        Ok(held)
    }

    pub(super) async fn read_vitals(&self) -> Result<Vitals> {
        const OLDEST: &str = "SELECT (SELECT e.received_at FROM invocation i JOIN event e ON e.id = i.event WHERE NOT i.doomed \
             ORDER BY i.event LIMIT 1), (SELECT requested_at FROM delivery WHERE NOT doomed ORDER BY id LIMIT 1)";
        // Nobody but PostgreSQL's own machine knows how much room there is.
        const SIZE: &str = "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::BIGINT FROM pg_class c \
             WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')";
        let gone = || Failure::Row("a row is gone that is always there".to_owned());
        let reading = self.readers.look().await?;
        let oldest = reading.db().first(OLDEST, &[]).await?.ok_or_else(gone)?;
        let size = reading.db().first(SIZE, &[]).await?.ok_or_else(gone)?;
        let counters = Counters::load(reading.db()).await?;
        let vitals = Vitals {
            invocations: self.backlog(&reading, "invocation", (counters.waiting, oldest.at(0)?)).await?,
            deliveries: self.backlog(&reading, "delivery", (counters.deliveries_waiting, oldest.at(1)?)).await?,
            waiting_max: self.shared.waiting_max,
            database_bytes: rows::count(&size, 0)?,
            log_bytes: 0,
            free_bytes: None,
        };
        reading.end().await?;
        Ok(vitals)
    }

    async fn backlog(&self, reading: &Reading<'_>, table: &str, (waiting, oldest): (i64, Option<i64>)) -> Result<Backlog> {
        let sql = format!(
            "SELECT (SELECT count(*) FROM {table} WHERE leased_until IS NOT NULL AND NOT doomed), (SELECT count(*) FROM {table} \
             WHERE head AND leased_until IS NULL AND due > coalesce($1, (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT))"
        );
        let now = matches!(self.shared.clock, Clock::Manual(_)).then(|| self.shared.clock.now().as_millisecond());
        let row = reading.db().first(&sql, params![now]).await?;
        let row = row.ok_or_else(|| Failure::Row("nothing was counted".to_owned()))?;
        let (leased, later): (usize, usize) = (row.number(0)?, row.number(1)?);
        let all = usize::try_from(waiting).unwrap_or(0);
        Ok(Backlog { queued: all.saturating_sub(leased + later), later, leased, oldest: oldest.map(clock::from_millis) })
    }
}

fn kept_badge(row: &Row) -> Result<KeptBadge> {
    let revoked_at: Option<i64> = row.at(6)?;
    let reason = row.text(7)?;
    Ok(KeptBadge {
        id: row.uuid(0).map(BadgeId::from_bytes)?,
        worker: row.text(1)?,
        badge: rows::json(row, 2)?,
        plugin: rows::parsed(row, 3)?,
        event: rows::event_id(row, 4)?,
        awarded_at: rows::time(row, 5)?,
        revoked: revoked_at.map(|at| (clock::from_millis(at), reason)),
    })
}
