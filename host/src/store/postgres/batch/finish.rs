//! Recording what became of a run.

use super::Batch;
use super::invoke::{Handling, small};
use crate::effect::Effect;
use crate::event::Standing;
use crate::id::{DeliveryId, EventId, InvocationId};
use crate::store::numbers;
use crate::store::postgres::counters;
use crate::store::postgres::db::{Columns as _, Failure, Result, params};
use crate::store::postgres::line::Line;
use crate::store::postgres::{rows, scan};
use crate::store::{Emitted, Finished, Lease, Outcome, Requested, Run, StateRead};

/// How a superseded delivery ended; the numbers of the others are in `deliver`.
pub(super) const SUPERSEDED: u8 = 3;

/// The invocation that is being finished.
pub(super) struct Finishing {
    pub(super) event: i64,
    pub(super) id: i64,
    pub(super) scope: i64,
    pub(super) project: i64,
    pub(super) uuid: EventId,
    generation: u32,
    pub(super) attempts: u32,
    parked_times: u32,
    /// Whether what it leads to lets others go before, as it did itself.
    yields: bool,
    doomed: bool,
}

/// What [`finishing`] reads.
const FINISHING: &str = "SELECT i.event, i.id, i.member, s.project, e.uuid, i.generation, i.attempts, i.parked_times, i.origin, i.doomed \
     FROM invocation i JOIN event e ON e.id = i.event JOIN scope s ON s.id = i.member";

impl Batch<'_> {
    pub(super) async fn finish(&mut self, held: Lease<InvocationId>, outcome: &Outcome, run: &Run) -> Result<Finished> {
        let id = held.id.0;
        let generation = i64::try_from(held.generation).unwrap_or(i64::MAX);
        let sql = format!("{FINISHING} WHERE i.id = $1 AND i.lease = $2 AND i.leased_by = $3");
        let Some(this) = self.finishing(&sql, params![id, generation, self.shared.entry.number]).await? else {
            return Ok(Finished::LeaseLost);
        };
        if this.doomed {
            // It was given up meanwhile: what stands behind it need not wait for the end of the lease.
            self.remove(Line::Invocations, id).await?;
            return Ok(Finished::LeaseLost);
        }
        if let Outcome::Done(completion) = outcome
            && !self.still_so(this.scope, &completion.reads).await?
        {
            return Ok(Finished::Conflict);
        }
        match outcome {
            Outcome::Done(completion) => {
                for change in &completion.changes {
                    self.change(this.scope, change).await?;
                }
                for effect in &completion.effects {
                    self.ask_for(&this, effect).await?;
                }
                for event in &completion.events {
                    self.emit(&this, event).await?;
                }
                self.remove(Line::Invocations, id).await?;
            }
            Outcome::Retry { due, trapped } => {
                self.execute(
                    "UPDATE invocation SET attempts = attempts + 1, traps = traps + $2, yields = TRUE, parked_times = 0, \
                     parked_since = NULL WHERE id = $1",
                    params![id, i64::from(*trapped)],
                )
                .await?;
                self.put_back(Line::Invocations, id, self.due(*due)).await?;
            }
            Outcome::Parked { due } => {
                self.execute(
                    "UPDATE invocation SET parked_times = parked_times + 1, parked_since = coalesce(parked_since, $2) WHERE id = $1",
                    params![id, self.now],
                )
                .await?;
                self.put_back(Line::Invocations, id, self.due(*due)).await?;
            }
            Outcome::Dead => {
                self.bury(&this, this.attempts.saturating_add(1), &run.reason).await?;
                self.remove(Line::Invocations, id).await?;
            }
            Outcome::Unconfirmed => self.set_unconfirmed(&this).await?,
        }
        // An invocation may be parked each minute for days: the first time says why it waits, the others would only fill the disk.
        if !matches!(outcome, Outcome::Parked { .. }) || this.parked_times == 0 {
            self.record_run(&this, matches!(outcome, Outcome::Done(_)), run).await?;
        }
        Ok(Finished::Recorded)
    }

    /// An invocation that is not finished, by its number.
    pub(super) async fn unfinished(&self, id: i64) -> Result<Option<Finishing>> {
        self.finishing(&format!("{FINISHING} WHERE i.id = $1 AND NOT i.doomed"), params![id]).await
    }

    async fn finishing(&self, sql: &str, params: &[super::super::db::Param<'_>]) -> Result<Option<Finishing>> {
        let Some(row) = self.db.first(sql, params).await? else { return Ok(None) };
        Ok(Some(Finishing {
            event: row.at(0)?,
            id: row.at(1)?,
            scope: row.at(2)?,
            project: row.at(3)?,
            uuid: rows::event_id(&row, 4)?,
            generation: row.number(5)?,
            attempts: row.number(6)?,
            parked_times: row.number(7)?,
            yields: numbers::yields(rows::origin(&row, 8)?),
            doomed: row.at(9)?,
        }))
    }

    /// Whether everything that was read is as it was.
    async fn still_so(&self, scope: i64, reads: &[StateRead]) -> Result<bool> {
        for read in reads {
            let same = match read {
                StateRead::Key { key, version } => {
                    let sql = "SELECT version FROM state WHERE scope = $1 AND key = $2";
                    let now = self.db.first(sql, params![scope, key.as_bytes()]).await?;
                    now.map_or(Ok(0), |row| row.at::<i64>(0))? == *version
                }
                StateRead::Range { prefix, after, limit, seen } => {
                    let now = scan::versions(self.db, (scope, prefix, after.as_deref(), *limit)).await?;
                    now == *seen
                }
            };
            if !same {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a once key is spent for the first time; it is from now on.
    pub(super) async fn spend(&self, scope: i64, once: Option<&[u8]>) -> Result<bool> {
        let Some(key) = once else { return Ok(true) };
        Ok(self.execute("INSERT INTO once (scope, key) VALUES ($1, $2) ON CONFLICT DO NOTHING", params![scope, key]).await? == 1)
    }

    async fn ask_for(&mut self, this: &Finishing, asked: &Requested) -> Result<()> {
        if !self.spend(this.scope, asked.once.as_ref().map(String::as_bytes)).await? {
            return Ok(());
        }
        // Effects that are more than a delivery, or none at all, stand here.
        let mut saves = None;
        match &asked.effect {
            Effect::SaveResult { task, info, .. } => {
                self.keep_result(this, task, info).await?;
                self.supersede(this.project, task).await?;
                saves = Some(task.as_bytes());
            }
            Effect::AwardBadge { worker, badge } => self.award(this, worker, badge).await?,
            Effect::RevokeBadge { worker, badge, reason } => self.revoke(this, worker, badge, reason).await?,
            _ => {}
        }
        let Some(connection) = &asked.connection else { return Ok(()) };
        let json = serde_json::to_vec(&asked.effect).map_err(|error| Failure::Row(error.to_string()))?;
        let id = counters::next(&mut self.counters.delivery);
        let member = self.memory.names.outlet(self.db, this.project, connection).await?;
        self.execute(
            "INSERT INTO delivery (id, member, lane, head, yields, uuid, scope, task, saves, project, effect, event, once, requested_at) \
             VALUES ($1, $2, $3, $3 IS NULL OR NOT EXISTS (SELECT 1 FROM delivery WHERE member = $2 AND lane = $3), $4, $5, $6, $7, $8, $9, \
             $10, $11, $12, $13)",
            params![
                id,
                member,
                rows::lane(asked.task.as_deref()),
                this.yields,
                DeliveryId::new().as_bytes().as_slice(),
                this.scope,
                asked.task.as_ref().map(String::as_bytes),
                saves,
                this.project,
                json,
                this.uuid.as_bytes().as_slice(),
                asked.once.as_ref().map(String::as_bytes),
                self.now
            ],
        )
        .await?;
        self.came(Line::Deliveries, member);
        Ok(())
    }

    async fn keep_result(&self, this: &Finishing, task: &str, info: &str) -> Result<()> {
        self.execute(
            "INSERT INTO task_result (project, task, revision, scope, event, info) \
             SELECT $1, $2, coalesce(max(revision), 0) + 1, $3, $4, $5 FROM task_result WHERE project = $1 AND task = $2",
            params![this.project, task.as_bytes(), this.scope, this.event, info.as_bytes()],
        )
        .await
        .map(|_| ())
    }

    /// Drops deliveries of older results of `task`. One that is under way keeps its place in the order until it ends.
    async fn supersede(&mut self, project: i64, task: &str) -> Result<()> {
        let sql = "SELECT id FROM delivery WHERE project = $1 AND saves = $2 AND NOT doomed ORDER BY id";
        for row in self.db.rows(sql, params![project, task.as_bytes()]).await? {
            let id = row.at(0)?;
            self.end_delivery(id, (SUPERSEDED, 0), "a newer result of the task was saved before it left", false).await?;
            self.remove_after_lease(Line::Deliveries, id).await?;
        }
        Ok(())
    }

    async fn emit(&mut self, this: &Finishing, emitted: &Emitted) -> Result<()> {
        if !self.spend(this.scope, emitted.once.as_ref().map(String::as_bytes)).await? {
            return Ok(());
        }
        let event = &emitted.event;
        // An event emitted before it by the same run may be its root.
        self.flush().await?;
        self.execute("UPDATE event SET derived = derived + 1 WHERE uuid = $1", params![event.root.as_bytes().as_slice()]).await?;
        let project = self.memory.names.project(self.db, &event.project).await?;
        let row = self.insert_event(event, project, (Standing::Accepted, None));
        let handling = Handling {
            event: row,
            project: &event.project,
            task: event.task.as_deref(),
            origin: event.origin,
            generation: this.generation,
        };
        self.invoke(&handling, &emitted.plugins, false).await
    }

    /// Makes a dead letter of an invocation, after so many attempts. Its place in the line is the caller's to end.
    pub(super) async fn bury(&mut self, this: &Finishing, attempts: u32, reason: &str) -> Result<()> {
        self.counters.dead += 1;
        self.execute(
            "INSERT INTO dead_letter (event, scope, attempts, died_at, reason, generation) VALUES ($1, $2, $3, $4, $5, $6)",
            params![this.event, this.scope, i64::from(attempts), self.now, reason.as_bytes(), i64::from(this.generation)],
        )
        .await
        .map(|_| ())
    }

    async fn set_unconfirmed(&mut self, this: &Finishing) -> Result<()> {
        for row in self.db.rows("SELECT id FROM invocation WHERE event = $1", params![this.event]).await? {
            self.remove(Line::Invocations, row.at(0)?).await?;
        }
        let numbers = [Standing::Unconfirmed, Standing::Accepted].map(|standing| small(numbers::standing_number(standing)));
        let [unconfirmed, accepted] = numbers;
        self.counters.set_aside += self
            .execute("UPDATE event SET standing = $2 WHERE id = $1 AND standing = $3", params![this.event, unconfirmed, accepted])
            .await?;
        self.execute(
            "DELETE FROM seen s USING event e WHERE e.id = $1 AND s.project = e.project AND s.key = e.dedup AND s.event = e.uuid",
            params![this.event],
        )
        .await
        .map(|_| ())
    }

    async fn record_run(&mut self, this: &Finishing, done: bool, run: &Run) -> Result<()> {
        let component = self.memory.names.version(self.db, run.component.as_deref()).await?;
        let settings = self.memory.names.version(self.db, run.settings.as_deref()).await?;
        let id = counters::next(&mut self.counters.runs);
        self.execute(
            "INSERT INTO run (id, event, scope, done, component, settings, started_at, duration_ms, cpu_ms, memory_bytes, outcome, reason, \
             log, read) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            params![
                id,
                this.event,
                this.scope,
                done,
                component,
                settings,
                run.started_at.as_millisecond(),
                i64::from(run.duration_ms),
                i64::from(run.cpu_ms),
                run.memory_bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX)),
                run.outcome,
                run.reason.as_bytes(),
                (run.log != "[]").then_some(run.log.as_bytes()),
                (run.read != "{}").then_some(run.read.as_bytes())
            ],
        )
        .await
        .map(|_| ())
    }
}
