//! Recording what became of a run.

use rusqlite::{OptionalExtension, params};

use super::accept::Handling;
use super::{Batch, Move};
use crate::effect::Effect;
use crate::event::Standing;
use crate::id::{DeliveryId, EventId, InvocationId};
use crate::store::agenda::Entry;
use crate::store::sqlite::counters;
use crate::store::sqlite::rows;
use crate::store::sqlite::scan::scan;
use crate::store::sqlite::work::{EffectRow, EmittedRow, Ending, RunRow};
use crate::store::{Finished, Lease, StateChange, StateRead, StateVersion};

/// How a superseded delivery ended; the numbers of the others are in `deliver`.
pub(super) const SUPERSEDED: u8 = 3;

/// The invocation that is being finished.
pub(super) struct Finishing {
    event: i64,
    pub(super) id: i64,
    pub(super) scope: u32,
    pub(super) project: u32,
    pub(super) uuid: EventId,
    generation: u32,
    pub(super) attempts: u32,
    parked_times: u32,
    /// Whether what it leads to lets others go before, as it did itself.
    yields: bool,
}

impl Batch<'_> {
    pub(super) fn finish(&mut self, held: Lease<InvocationId>, ending: &Ending, run: &RunRow) -> rusqlite::Result<Finished> {
        let id = held.id.0;
        let holder = self.shared.invocations().holds(id, held.generation);
        let Some((event, member)) = holder.filter(|_| !self.has_ended(held)) else { return Ok(Finished::LeaseLost) };
        let Some(this) = self.finishing(event, id, member.number)? else {
            // It was given up meanwhile: what stands behind it need not wait for the end of the lease.
            self.news.invocations.push(Move::Remove(id));
            return Ok(Finished::LeaseLost);
        };
        if let Ending::Done { reads, .. } = ending
            && !self.still_so(this.scope, reads)?
        {
            return Ok(Finished::Conflict);
        }
        self.ending.invocations.insert(id, held.generation);
        match ending {
            Ending::Done { changes, effects, events, .. } => {
                changes.iter().try_for_each(|change| self.change(this.scope, change))?;
                effects.iter().try_for_each(|effect| self.ask_for(&this, effect))?;
                events.iter().try_for_each(|event| self.emit(&this, event))?;
                self.execute("DELETE FROM invocation WHERE event = ?1 AND id = ?2", [event, id])?;
                self.news.invocations.push(Move::Remove(id));
            }
            Ending::Retry { due, trapped } => {
                let due = due.as_millisecond();
                self.execute(
                    "UPDATE invocation SET due = ?3, attempts = attempts + 1, traps = traps + ?4, parked_times = 0, parked_since = NULL \
                     WHERE event = ?1 AND id = ?2",
                    params![event, id, due, trapped],
                )?;
                self.news.invocations.push(Move::Again(id, due));
            }
            Ending::Parked { due } => {
                let due = due.as_millisecond();
                self.execute(
                    "UPDATE invocation SET due = ?3, parked_times = parked_times + 1, parked_since = ifnull(parked_since, ?4) \
                     WHERE event = ?1 AND id = ?2",
                    params![event, id, due, self.now],
                )?;
                self.news.invocations.push(Move::PutBack(id, due));
            }
            Ending::Dead => {
                self.bury(&this, this.attempts.saturating_add(1), &run.run.reason)?;
                self.news.invocations.push(Move::Remove(id));
            }
            Ending::Unconfirmed => self.set_unconfirmed(&this)?,
        }
        // An invocation may be parked each minute for days: the first time says why it waits, the others would only fill the disk.
        if !matches!(ending, Ending::Parked { .. }) || this.parked_times == 0 {
            self.record_run(&this, matches!(ending, Ending::Done { .. }), run)?;
        }
        Ok(Finished::Recorded)
    }

    pub(super) fn finishing(&self, event: i64, id: i64, scope: u32) -> rusqlite::Result<Option<Finishing>> {
        self.db
            .prepare_cached(
                "SELECT i.generation, i.attempts, i.parked_times, e.uuid, i.origin FROM invocation i JOIN event e ON e.id = i.event WHERE i.event = ?1 AND i.id = ?2",
            )?
            .query_row([event, id], |row| {
                Ok(Finishing {
                    event,
                    id,
                    scope,
                    project: self.names.member(scope).group,
                    generation: row.get(0)?,
                    attempts: row.get(1)?,
                    parked_times: row.get(2)?,
                    uuid: rows::event_id(row, 3)?,
                    yields: rows::yields(rows::origin(row, 4)?),
                })
            })
            .optional()
    }

    /// Whether everything that was read is as it was.
    fn still_so(&self, scope: u32, reads: &[StateRead]) -> rusqlite::Result<bool> {
        for read in reads {
            let same = match read {
                StateRead::Key { key, version } => {
                    let now: Option<StateVersion> = self
                        .db
                        .prepare_cached("SELECT version FROM state WHERE scope = ?1 AND key = ?2")?
                        .query_row(params![scope, key], |row| row.get(0))
                        .optional()?;
                    now.unwrap_or(0) == *version
                }
                StateRead::Range { prefix, after, limit, seen } => {
                    let now = scan(self.db, (scope, prefix, after.as_deref(), *limit), |row| {
                        Ok((row.get::<_, String>(0)?, row.get::<_, StateVersion>(1)?))
                    })?;
                    now == *seen
                }
            };
            if !same {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn change(&mut self, scope: u32, change: &StateChange) -> rusqlite::Result<()> {
        let (key, value) = match change {
            StateChange::Set(key, value) => (key, value.clone()),
            StateChange::Increment(key, by) => {
                let old: Option<String> = self
                    .db
                    .prepare_cached("SELECT value FROM state WHERE scope = ?1 AND key = ?2")?
                    .query_row(params![scope, key], |row| row.get(0))
                    .optional()?;
                let old: i64 = old.and_then(|text| text.parse().ok()).unwrap_or(0);
                (key, old.saturating_add(*by).to_string())
            }
            StateChange::Remove(key) => {
                let gone = self.entry_bytes(scope, key)?;
                self.execute("DELETE FROM state WHERE scope = ?1 AND key = ?2", params![scope, key])?;
                self.grow(scope, -gone);
                return Ok(());
            }
        };
        let gone = self.entry_bytes(scope, key)?;
        let version = counters::next(&mut self.counters.version);
        self.execute(
            "INSERT INTO state (scope, key, version, value) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (scope, key) DO UPDATE SET version = excluded.version, value = excluded.value",
            params![scope, key, version, value],
        )?;
        self.grow(scope, i64::try_from(key.len() + value.len()).unwrap_or(i64::MAX) - gone);
        Ok(())
    }

    fn entry_bytes(&self, scope: u32, key: &str) -> rusqlite::Result<i64> {
        let bytes: Option<i64> = self
            .db
            .prepare_cached("SELECT octet_length(key) + octet_length(value) FROM state WHERE scope = ?1 AND key = ?2")?
            .query_row(params![scope, key], |row| row.get(0))
            .optional()?;
        Ok(bytes.unwrap_or(0))
    }

    fn grow(&mut self, scope: u32, by: i64) {
        *self.state_grew.entry(scope).or_default() += by;
    }

    /// Whether a once key is spent for the first time; it is from now on.
    pub(super) fn spend(&self, scope: u32, once: Option<&String>) -> rusqlite::Result<bool> {
        let Some(key) = once else { return Ok(true) };
        self.execute("INSERT INTO once (scope, key) VALUES (?1, ?2) ON CONFLICT DO NOTHING", params![scope, key]).map(|rows| rows == 1)
    }

    fn ask_for(&mut self, this: &Finishing, EffectRow { asked, json }: &EffectRow) -> rusqlite::Result<()> {
        if !self.spend(this.scope, asked.once.as_ref())? {
            return Ok(());
        }
        // Effects that are more than a delivery, or none at all, stand here.
        match &asked.effect {
            Effect::SaveResult { task, info, .. } => {
                self.keep_result(this, task, info)?;
                self.supersede(this.project, task)?;
            }
            Effect::AwardBadge { worker, badge } => self.award(this, worker, badge)?,
            Effect::RevokeBadge { worker, badge, reason } => self.revoke(this, worker, badge, reason)?,
            _ => {}
        }
        let Some(connection) = &asked.connection else { return Ok(()) };
        let id = counters::next(&mut self.counters.delivery);
        self.execute(
            "INSERT INTO delivery (id, uuid, project, scope, connection, task, saves, effect, event, attempts, due, requested_at, once, yields) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, 0, ?10, ?11, ?12)",
            params![
                id,
                DeliveryId::new().as_bytes(),
                this.project,
                this.scope,
                connection,
                asked.task,
                matches!(asked.effect, Effect::SaveResult { .. }),
                json,
                this.uuid.as_bytes(),
                self.now,
                asked.once,
                this.yields
            ],
        )?;
        let member = self.names.connection(this.project, connection);
        let lane = asked.task.as_deref().map(|task| self.shared.deliveries().lane(member, task));
        self.news.deliveries.push(Move::Insert(Entry {
            id,
            about: this.event,
            member,
            lane,
            due: 0,
            yields: this.yields,
            is_known: false,
        }));
        Ok(())
    }

    fn keep_result(&self, this: &Finishing, task: &str, info: &str) -> rusqlite::Result<()> {
        let newest: Option<u32> = self
            .db
            .prepare_cached("SELECT revision FROM task_result WHERE project = ?1 AND task = ?2 ORDER BY revision DESC LIMIT 1")?
            .query_row(params![this.project, task], |row| row.get(0))
            .optional()?;
        self.execute(
            "INSERT INTO task_result (project, task, revision, scope, event, info) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![this.project, task, newest.unwrap_or(0).saturating_add(1), this.scope, this.event, rows::Packed::of(info.to_owned())],
        )
        .map(|_| ())
    }

    /// Drops deliveries of older results of `task`. One that is under way keeps its place in the order until it ends.
    fn supersede(&mut self, project: u32, task: &str) -> rusqlite::Result<()> {
        let ids: Vec<i64> = self
            .db
            .prepare_cached("SELECT id FROM delivery WHERE project = ?1 AND task = ?2 AND saves = 1 ORDER BY id")?
            .query_map(params![project, task], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for id in ids {
            self.end_delivery(id, (SUPERSEDED, 0), "a newer result of the task was saved before it left", false)?;
            self.news.deliveries.push(Move::RemoveAfterLease(id));
        }
        Ok(())
    }

    fn emit(&mut self, this: &Finishing, emitted: &EmittedRow) -> rusqlite::Result<()> {
        if !self.spend(this.scope, emitted.once.as_ref())? {
            return Ok(());
        }
        let event = &emitted.event;
        if event.root == this.uuid {
            self.execute("UPDATE event SET derived = derived + 1 WHERE id = ?1", [this.event])?;
        } else {
            self.execute("UPDATE event SET derived = derived + 1 WHERE uuid = ?1", [event.root.as_bytes()])?;
        }
        let project = self.names.project(self.db, &event.project)?;
        let row = self.insert_event(event, project, (Standing::Accepted, None), &emitted.payload)?;
        let handling = Handling {
            event: row,
            project: &event.project,
            task: event.task.as_deref(),
            origin: event.origin,
            generation: this.generation,
        };
        self.invoke(&handling, &emitted.plugins, false)
    }

    /// Makes a dead letter of an invocation, after so many attempts. Its place in the agenda is the caller's to end.
    pub(super) fn bury(&mut self, this: &Finishing, attempts: u32, reason: &str) -> rusqlite::Result<()> {
        self.counters.dead += 1;
        self.execute(
            "INSERT INTO dead_letter (event, scope, attempts, died_at, reason, generation) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![this.event, this.scope, attempts, self.now, reason, this.generation],
        )?;
        self.execute("DELETE FROM invocation WHERE event = ?1 AND id = ?2", [this.event, this.id]).map(|_| ())
    }

    fn set_unconfirmed(&mut self, this: &Finishing) -> rusqlite::Result<()> {
        let ids: Vec<i64> = self
            .db
            .prepare_cached("DELETE FROM invocation WHERE event = ?1 RETURNING id")?
            .query_map([this.event], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for id in ids {
            // Whoever holds one of them.
            self.ending.invocations.insert(id, u64::MAX);
            self.news.invocations.push(Move::Remove(id));
        }
        let accepted = rows::standing_number(Standing::Accepted);
        let unconfirmed = rows::standing_number(Standing::Unconfirmed);
        let changed =
            self.execute("UPDATE event SET standing = ?2 WHERE id = ?1 AND standing = ?3", params![this.event, unconfirmed, accepted])?;
        self.counters.set_aside += i64::try_from(changed).unwrap_or(0);
        self.execute(
            "DELETE FROM seen WHERE (project, key) = (SELECT project, dedup FROM event WHERE id = ?1) AND event = ?2",
            params![this.event, this.uuid.as_bytes()],
        )
        .map(|_| ())
    }

    fn record_run(&mut self, this: &Finishing, done: bool, RunRow { run, log, read }: &RunRow) -> rusqlite::Result<()> {
        let component = self.names.version(self.db, run.component.as_deref())?;
        let settings = self.names.version(self.db, run.settings.as_deref())?;
        let id = counters::next(&mut self.counters.runs);
        self.execute(
            "INSERT INTO run (event, id, scope, done, component, settings, started_at, duration_ms, cpu_ms, outcome, reason, log, read, memory_bytes) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            params![
                this.event,
                id,
                this.scope,
                done,
                component,
                settings,
                run.started_at.as_millisecond(),
                run.duration_ms,
                run.cpu_ms,
                run.outcome,
                run.reason,
                log,
                read,
                run.memory_bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX))
            ],
        )
        .map(|_| ())
    }
}
