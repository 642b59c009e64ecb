//! Recording events and their invocations.

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params};

use super::{Batch, Move};
use crate::event::{Event, Origin, Standing};
use crate::id::{EventId, PluginName, ProjectName};
use crate::store::agenda::Entry;
use crate::store::sqlite::counters;
use crate::store::sqlite::read;
use crate::store::sqlite::rows::{self, Packed};
use crate::store::sqlite::work::{Answer, Incoming};
use crate::store::{Accepted, Again, StoreError};

/// An event that was there before.
pub(super) struct Known {
    pub(super) row: i64,
    pub(super) generation: u32,
    pub(super) standing: u8,
    /// Whether its payload was let go.
    pub(super) is_bare: bool,
}

/// What the invocations of an event have in common.
pub(super) struct Handling<'a> {
    pub(super) event: i64,
    pub(super) project: &'a ProjectName,
    pub(super) task: Option<&'a str>,
    pub(super) origin: Origin,
    pub(super) generation: u32,
}

impl Batch<'_> {
    pub(super) fn accept(&mut self, batch: &[Incoming]) -> rusqlite::Result<Result<Answer, StoreError>> {
        for incoming in batch {
            if let Err(full) = self.has_room(&incoming.asked.event.project, &incoming.asked.plugins)? {
                return Ok(Err(full));
            }
        }
        let accepted = batch.iter().map(|incoming| self.accept_one(incoming)).collect::<rusqlite::Result<_>>()?;
        Ok(Ok(Answer::Accepted(accepted)))
    }

    fn accept_one(&mut self, incoming: &Incoming) -> rusqlite::Result<Accepted> {
        let asked = &incoming.asked;
        let project = self.names.project(self.db, &asked.event.project)?;
        let key = rows::dedup_key(&asked.dedup_key);
        let is_new = self.execute(
            "INSERT INTO seen (project, key, event) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![project, key, asked.event.id.as_bytes()],
        )? == 1;
        if !is_new {
            return self.accept_again(incoming, project, &key);
        }
        self.record(incoming, project, &key)
    }

    /// Records an event that is not there.
    fn record(&mut self, incoming: &Incoming, project: u32, key: &Value) -> rusqlite::Result<Accepted> {
        let asked = &incoming.asked;
        let standing =
            if asked.standing == Standing::Accepted && !self.is_fresh(incoming, project)? { Standing::Superseded } else { asked.standing };
        let row = self.insert_event(&asked.event, project, (standing, Some(key)), &incoming.payload)?;
        if let Some((digest, body)) = &incoming.snapshot {
            self.keep_snapshot(asked.event.id, 0, digest, body)?;
        }
        if standing == Standing::Accepted {
            self.set_newest(incoming, project)?;
            let handling = self.handling(incoming, row, asked.event.origin, 0);
            self.invoke(&handling, &asked.plugins, false)?;
        }
        Ok(if standing == Standing::Superseded { Accepted::Superseded(asked.event.id) } else { Accepted::New(asked.event.id) })
    }

    fn accept_again(&mut self, incoming: &Incoming, project: u32, key: &Value) -> rusqlite::Result<Accepted> {
        let asked = &incoming.asked;
        let id = self
            .db
            .prepare_cached("SELECT event FROM seen WHERE project = ?1 AND key = ?2")?
            .query_row(params![project, key], |row| rows::event_id(row, 0))?;
        if asked.again == Again::Never || asked.standing != Standing::Accepted {
            return Ok(Accepted::Repeat(id));
        }
        let Some(known) = self.known(id)? else {
            // Only its key was left: the platform says again all there is to say.
            let id = asked.event.id.as_bytes();
            self.execute("UPDATE seen SET event = ?3 WHERE project = ?1 AND key = ?2", params![project, key, id])?;
            return self.record(incoming, project, key);
        };
        let mut plugins = Vec::with_capacity(asked.plugins.len());
        for plugin in &asked.plugins {
            let scope = self.names.scope_number(self.db, &asked.event.project, plugin)?;
            if !self.waits_for(known.row, scope)? {
                plugins.push(plugin.clone());
            }
        }
        if plugins.is_empty() && !asked.plugins.is_empty() {
            return Ok(Accepted::FoldedIn(id));
        }
        if !self.is_fresh(incoming, project)? {
            return Ok(Accepted::Superseded(id));
        }
        self.execute("UPDATE event SET payload = ?2 WHERE id = ?1 AND payload = ''", params![known.row, incoming.payload])?;
        self.set_newest(incoming, project)?;
        let generation = known.generation.saturating_add(1);
        let standing = rows::standing_number(Standing::Accepted);
        self.execute("UPDATE event SET generation = ?2, standing = ?3 WHERE id = ?1", params![known.row, generation, standing])?;
        self.counters.set_aside -= i64::from(known.standing != standing);
        let handling = self.handling(incoming, known.row, Origin::Rerun, generation);
        self.invoke(&handling, &plugins, true)?;
        Ok(Accepted::Rerun(id))
    }

    pub(super) fn join(&mut self, events: &[EventId], plugin: &PluginName, origin: Origin) -> rusqlite::Result<Result<Answer, StoreError>> {
        if let Err(full) = self.check_room() {
            return Ok(Err(full));
        }
        let mut joined = 0;
        for id in events {
            joined += u32::from(self.join_one(*id, plugin, origin)?);
        }
        Ok(Ok(Answer::Joined(joined)))
    }

    fn join_one(&mut self, id: EventId, plugin: &PluginName, origin: Origin) -> rusqlite::Result<bool> {
        let Some((event, _)) = read::event(self.db, self.names, id)? else { return Ok(false) };
        let (Some(known), Some(root)) = (self.known(id)?, self.known(event.root)?) else { return Ok(false) };
        let scope = self.names.scope_number(self.db, &event.project, plugin)?;
        let ran = self.db.prepare_cached("SELECT 1 FROM run WHERE event = ?1 AND scope = ?2")?.exists(params![known.row, scope])?;
        if ran
            || self.is_dead(known.row, scope)?
            || self.waits_for(known.row, scope)?
            || known.is_bare
            || root.is_bare
            || known.standing != rows::standing_number(Standing::Accepted)
        {
            return Ok(false);
        }
        // What the platform said is kept under the event from outside.
        let generation = root.generation;
        let handling = Handling { event: known.row, project: &event.project, task: event.task.as_deref(), origin, generation };
        self.invoke(&handling, std::slice::from_ref(plugin), false)?;
        Ok(true)
    }

    /// Whether an event waits for a plugin.
    pub(super) fn waits_for(&self, event: i64, scope: u32) -> rusqlite::Result<bool> {
        self.db.prepare_cached("SELECT 1 FROM invocation WHERE event = ?1 AND scope = ?2")?.exists(params![event, scope])
    }

    fn is_dead(&self, event: i64, scope: u32) -> rusqlite::Result<bool> {
        self.db.prepare_cached("SELECT 1 FROM dead_letter WHERE event = ?1 AND scope = ?2")?.exists(params![event, scope])
    }

    /// The error when no further invocation of one of `plugins` may wait: one plugin that waits or is held has three quarters of the room, so
    /// that the hooks of other projects still find some.
    fn has_room(&mut self, project: &ProjectName, plugins: &[PluginName]) -> rusqlite::Result<Result<(), StoreError>> {
        let max = self.shared.waiting_max - self.shared.waiting_max / 4;
        for plugin in plugins {
            let scope = self.names.scope_number(self.db, project, plugin)?;
            let waiting = self.shared.invocations().len_of(self.names.member(scope));
            if waiting >= max {
                return Ok(Err(StoreError::Full { waiting, max }));
            }
        }
        Ok(self.check_room())
    }

    /// The error when no further invocation may wait.
    pub(super) fn check_room(&self) -> Result<(), StoreError> {
        let waiting = self.shared.invocations().len() + self.added();
        let max = self.shared.waiting_max;
        if waiting >= max { Err(StoreError::Full { waiting, max }) } else { Ok(()) }
    }

    fn handling<'a>(&self, incoming: &'a Incoming, event: i64, origin: Origin, generation: u32) -> Handling<'a> {
        let asked = &incoming.asked.event;
        Handling { event, project: &asked.project, task: asked.task.as_deref(), origin, generation }
    }

    pub(super) fn known(&self, id: EventId) -> rusqlite::Result<Option<Known>> {
        self.db
            .prepare_cached("SELECT id, generation, standing, payload = '' FROM event WHERE uuid = ?1")?
            .query_row([id.as_bytes()], |row| {
                Ok(Known { row: row.get(0)?, generation: row.get(1)?, standing: row.get(2)?, is_bare: row.get(3)? })
            })
            .optional()
    }

    /// Whether no newer revision of the task was there before, in an event of the same kind: that a newer answer came in says
    /// nothing to those who only want to hear that the task is completed.
    fn is_fresh(&self, incoming: &Incoming, project: u32) -> rusqlite::Result<bool> {
        let event = &incoming.asked.event;
        let (Some(freshness), Some(task)) = (&incoming.asked.freshness, &event.task) else { return Ok(true) };
        let newer = self
            .db
            .prepare_cached("SELECT 1 FROM newest WHERE project = ?1 AND task = ?2 AND kind = ?3 AND freshness > ?4")?
            .exists(params![project, task, event.kind.as_str(), freshness])?;
        Ok(!newer)
    }

    fn set_newest(&self, incoming: &Incoming, project: u32) -> rusqlite::Result<()> {
        let event = &incoming.asked.event;
        if let (Some(freshness), Some(task)) = (&incoming.asked.freshness, &event.task) {
            self.execute(
                "INSERT INTO newest (project, task, kind, freshness) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (project, task, kind) DO UPDATE SET freshness = excluded.freshness",
                params![project, task, event.kind.as_str(), freshness],
            )?;
        }
        Ok(())
    }

    /// Writes an event and gives its row.
    pub(super) fn insert_event(
        &mut self,
        event: &Event,
        project: u32,
        (standing, dedup): (Standing, Option<&Value>),
        payload: &Packed,
    ) -> rusqlite::Result<i64> {
        let row = counters::next(&mut self.counters.event);
        self.counters.set_aside += i64::from(standing != Standing::Accepted);
        self.execute(
            "INSERT INTO event (id, uuid, project, platform, kind, task, occurred_at, received_at, origin, standing, emitted_by, root, \
             depth, generation, dedup, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 0, ?14, ?15)",
            params![
                row,
                event.id.as_bytes(),
                project,
                rows::platform_number(event.platform),
                event.kind.as_str(),
                event.task,
                event.occurred_at.as_millisecond(),
                event.received_at.as_millisecond(),
                rows::origin_number(event.origin),
                rows::standing_number(standing),
                event.emitted_by.as_ref().map(PluginName::as_str),
                (event.root != event.id).then(|| event.root.as_bytes()),
                event.depth,
                dedup,
                payload
            ],
        )?;
        Ok(row)
    }

    /// Writes an invocation for each of `plugins`. Only for an event that was there before is it looked up whether a
    /// plugin has handled it.
    pub(super) fn invoke(&mut self, handling: &Handling<'_>, plugins: &[PluginName], again: bool) -> rusqlite::Result<()> {
        for plugin in plugins {
            let scope = self.names.scope_number(self.db, handling.project, plugin)?;
            let rerun = again
                && self
                    .db
                    .prepare_cached("SELECT 1 FROM run WHERE event = ?1 AND scope = ?2 AND done = 1")?
                    .exists(params![handling.event, scope])?;
            if again {
                let gone = self.execute("DELETE FROM dead_letter WHERE event = ?1 AND scope = ?2", params![handling.event, scope])?;
                self.counters.dead -= i64::try_from(gone).unwrap_or(0);
            }
            let id = counters::next(&mut self.counters.invocation);
            self.execute(
                "INSERT INTO invocation (event, id, scope, origin, generation, rerun, due, attempts, traps, parked_times, parked_since) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, 0, 0, NULL)",
                params![handling.event, id, scope, rows::origin_number(handling.origin), handling.generation, rerun],
            )?;
            let member = self.names.member(scope);
            let lane = handling.task.map(|task| self.shared.invocations().lane(member, task));
            self.news.invocations.push(Move::Insert(Entry {
                id,
                about: handling.event,
                member,
                lane,
                due: 0,
                yields: rows::yields(handling.origin),
                is_known: false,
            }));
            self.ending.added += 1;
        }
        Ok(())
    }
}
