//! Recording events and their invocations.

use std::collections::HashSet;

use super::Batch;
use super::invoke::{Handling, small};
use crate::event::{Event, Origin, Standing};
use crate::id::Digest;
use crate::id::{EventId, PluginName, ProjectName};
use crate::store::numbers;
use crate::store::postgres::db::{Columns as _, Failure, Result, params};
use crate::store::postgres::line::Line;
use crate::store::postgres::rows::{self, event_columns};
use crate::store::postgres::work::Answer;
use crate::store::{Acceptance, Accepted, Again, StoreError};

/// An event that was there before.
pub(super) struct Known {
    pub(super) row: i64,
    pub(super) generation: u32,
    pub(super) standing: u8,
    /// Whether its payload was let go.
    pub(super) is_bare: bool,
}

type Answered = std::result::Result<Answer, StoreError>;

impl Batch<'_> {
    pub(super) async fn accept(&mut self, batch: &[Acceptance]) -> Result<Answered> {
        for asked in batch {
            if let Err(full) = self.has_room(&asked.event.project, &asked.plugins).await? {
                return Ok(Err(full));
            }
        }
        let mut keyed = Vec::with_capacity(batch.len());
        for asked in batch {
            keyed.push((asked, self.memory.names.project(self.db, &asked.event.project).await?, rows::dedup_key(&asked.dedup_key)));
        }
        // Of the same key twice the first is new, as its row is written first.
        let new = self
            .db
            .rows(
                "INSERT INTO seen (project, key, event) SELECT * FROM unnest ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING event",
                params![
                    keyed.iter().map(|(_, project, _)| *project).collect::<Vec<i64>>(),
                    keyed.iter().map(|(_, _, key)| key.clone()).collect::<Vec<_>>(),
                    keyed.iter().map(|(asked, _, _)| asked.event.id.as_bytes().to_vec()).collect::<Vec<_>>()
                ],
            )
            .await?;
        let mut new: HashSet<EventId> = new.iter().map(|row| rows::event_id(row, 0)).collect::<Result<_>>()?;
        let mut accepted = Vec::with_capacity(batch.len());
        for (asked, project, key) in keyed {
            accepted.push(if new.remove(&asked.event.id) {
                self.record(asked, project, key).await?
            } else {
                self.accept_again(asked, project, key).await?
            });
        }
        Ok(Ok(Answer::Accepted(accepted)))
    }

    /// Records an event that is not there.
    async fn record(&mut self, asked: &Acceptance, project: i64, key: Vec<u8>) -> Result<Accepted> {
        let standing = if asked.standing == Standing::Accepted && !self.is_fresh(asked, project).await? {
            Standing::Superseded
        } else {
            asked.standing
        };
        let row = self.insert_event(&asked.event, project, (standing, Some(key)));
        if let Some(text) = &asked.snapshot {
            self.keep_snapshot(asked.event.id, 0, &Digest::of(text.as_bytes()), text).await?;
        }
        if standing == Standing::Accepted {
            self.set_newest(asked, project).await?;
            self.invoke(&handling(asked, row, asked.event.origin, 0), &asked.plugins, false).await?;
        }
        Ok(if standing == Standing::Superseded { Accepted::Superseded(asked.event.id) } else { Accepted::New(asked.event.id) })
    }

    async fn accept_again(&mut self, asked: &Acceptance, project: i64, key: Vec<u8>) -> Result<Accepted> {
        let row = self.db.first("SELECT event FROM seen WHERE project = $1 AND key = $2", params![project, key]).await?;
        let id = rows::event_id(&row.ok_or_else(|| Failure::Row("a dedup key is gone that was there".to_owned()))?, 0)?;
        if asked.again == Again::Never || asked.standing != Standing::Accepted {
            return Ok(Accepted::Repeat(id));
        }
        let Some(known) = self.known(id).await? else {
            // Only its key was left: the platform says again all there is to say.
            let event = asked.event.id;
            let sql = "UPDATE seen SET event = $3 WHERE project = $1 AND key = $2";
            self.execute(sql, params![project, key, event.as_bytes().as_slice()]).await?;
            return self.record(asked, project, key).await;
        };
        let mut plugins = Vec::with_capacity(asked.plugins.len());
        for plugin in &asked.plugins {
            let scope = self.memory.names.scope(self.db, &asked.event.project, plugin).await?;
            if !self.waits_for(known.row, scope).await? {
                plugins.push(plugin.clone());
            }
        }
        if plugins.is_empty() && !asked.plugins.is_empty() {
            return Ok(Accepted::FoldedIn(id));
        }
        if !self.is_fresh(asked, project).await? {
            return Ok(Accepted::Superseded(id));
        }
        self.set_newest(asked, project).await?;
        let generation = known.generation.saturating_add(1);
        let standing = numbers::standing_number(Standing::Accepted);
        self.execute(
            "UPDATE event SET generation = $2, standing = $3, payload = CASE WHEN payload = '' THEN $4 ELSE payload END WHERE id = $1",
            params![known.row, i64::from(generation), small(standing), asked.event.payload.as_bytes()],
        )
        .await?;
        self.counters.set_aside -= i64::from(known.standing != standing);
        self.invoke(&handling(asked, known.row, Origin::Rerun, generation), &plugins, true).await?;
        Ok(Accepted::Rerun(id))
    }

    pub(super) async fn join(&mut self, events: &[EventId], plugin: &PluginName, origin: Origin) -> Result<Answered> {
        if let Err(full) = self.check_room() {
            return Ok(Err(full));
        }
        let mut joined = 0;
        for id in events {
            joined += u32::from(self.join_one(*id, plugin, origin).await?);
        }
        Ok(Ok(Answer::Joined(joined)))
    }

    async fn join_one(&mut self, id: EventId, plugin: &PluginName, origin: Origin) -> Result<bool> {
        const HAD: &str = "SELECT 1 FROM run WHERE event = $1 AND scope = $2 \
             UNION ALL SELECT 1 FROM dead_letter WHERE event = $1 AND scope = $2 LIMIT 1";
        let Some(event) = self.event(id).await? else { return Ok(false) };
        let (Some(known), Some(root)) = (self.known(id).await?, self.known(event.root).await?) else { return Ok(false) };
        let scope = self.memory.names.scope(self.db, &event.project, plugin).await?;
        if known.is_bare
            || root.is_bare
            || known.standing != numbers::standing_number(Standing::Accepted)
            || self.db.exists(HAD, params![known.row, scope]).await?
            || self.waits_for(known.row, scope).await?
        {
            return Ok(false);
        }
        // What the platform said is kept under the event from outside.
        let generation = root.generation;
        let handling = Handling { event: known.row, project: &event.project, task: event.task.as_deref(), origin, generation };
        self.invoke(&handling, std::slice::from_ref(plugin), false).await?;
        Ok(true)
    }

    /// Whether an event waits for a plugin.
    pub(super) async fn waits_for(&mut self, event: i64, scope: i64) -> Result<bool> {
        self.flush().await?;
        self.db.exists("SELECT 1 FROM invocation WHERE event = $1 AND member = $2 AND NOT doomed LIMIT 1", params![event, scope]).await
    }

    /// The error when no further invocation of one of `plugins` may wait: one plugin that waits or is held has three quarters of the room, so
    /// that the hooks of other projects still find some.
    async fn has_room(&mut self, project: &ProjectName, plugins: &[PluginName]) -> Result<std::result::Result<(), StoreError>> {
        let max = self.shared.waiting_max - self.shared.waiting_max / 4;
        for plugin in plugins {
            let scope = self.memory.names.scope(self.db, project, plugin).await?;
            if !self.waited.contains_key(&scope) {
                let row = self.db.first("SELECT waiting FROM scope WHERE id = $1", params![scope]).await?;
                self.waited.insert(scope, row.map_or(Ok(0), |row| row.at(0))?);
            }
            let before = self.waited.get(&scope).copied().unwrap_or(0);
            let more = self.waiting.get(&(Line::Invocations, scope)).copied().unwrap_or(0);
            let waiting = usize::try_from(before + more).unwrap_or(0);
            if waiting >= max {
                return Ok(Err(StoreError::Full { waiting, max }));
            }
        }
        Ok(self.check_room())
    }

    /// How many invocations wait, with what this transaction adds.
    pub(super) fn invocations_waiting(&self) -> usize {
        let more: i64 = self.waiting.iter().filter(|((line, _), _)| *line == Line::Invocations).map(|(_, more)| more).sum();
        usize::try_from(self.counters.waiting + more).unwrap_or(0)
    }

    /// The error when no further invocation may wait.
    fn check_room(&self) -> std::result::Result<(), StoreError> {
        let (waiting, max) = (self.invocations_waiting(), self.shared.waiting_max);
        if waiting >= max { Err(StoreError::Full { waiting, max }) } else { Ok(()) }
    }

    pub(super) async fn known(&mut self, id: EventId) -> Result<Option<Known>> {
        self.flush().await?;
        let sql = "SELECT id, generation, standing, payload = '' FROM event WHERE uuid = $1";
        let Some(row) = self.db.first(sql, params![id.as_bytes().as_slice()]).await? else { return Ok(None) };
        Ok(Some(Known { row: row.at(0)?, generation: row.number(1)?, standing: rows::small(&row, 2)?, is_bare: row.at(3)? }))
    }

    /// An event that is there.
    pub(super) async fn event(&mut self, id: EventId) -> Result<Option<Event>> {
        const SQL: &str = concat!("SELECT ", event_columns!(), " FROM event e JOIN project p ON p.id = e.project WHERE e.uuid = $1");
        self.flush().await?;
        let row = self.db.first(SQL, params![id.as_bytes().as_slice()]).await?;
        row.map(|row| Ok(rows::event(&row, 0)?.0)).transpose()
    }

    /// Whether no newer revision of the task was there before, in an event of the same kind: that a newer answer came in says
    /// nothing to those who only want to hear that the task is completed.
    async fn is_fresh(&self, asked: &Acceptance, project: i64) -> Result<bool> {
        let (Some(freshness), Some(task)) = (&asked.freshness, &asked.event.task) else { return Ok(true) };
        let newer = "SELECT 1 FROM newest WHERE project = $1 AND task = $2 AND kind = $3 AND freshness > $4";
        let kind = asked.event.kind.as_str();
        Ok(!self.db.exists(newer, params![project, task.as_bytes(), kind, freshness.as_bytes()]).await?)
    }

    async fn set_newest(&self, asked: &Acceptance, project: i64) -> Result<()> {
        if let (Some(freshness), Some(task)) = (&asked.freshness, &asked.event.task) {
            self.execute(
                "INSERT INTO newest (project, task, kind, freshness) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (project, task, kind) DO UPDATE SET freshness = excluded.freshness",
                params![project, task.as_bytes(), asked.event.kind.as_str(), freshness.as_bytes()],
            )
            .await?;
        }
        Ok(())
    }
}

fn handling(asked: &Acceptance, event: i64, origin: Origin, generation: u32) -> Handling<'_> {
    Handling { event, project: &asked.event.project, task: asked.event.task.as_deref(), origin, generation }
}
