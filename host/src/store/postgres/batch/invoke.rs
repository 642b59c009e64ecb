//! Rows of events and of invocations, written many at a time.

use std::collections::HashSet;

use super::Batch;
use crate::event::{Event, Origin, Standing};
use crate::id::{PluginName, ProjectName};
use crate::store::numbers;
use crate::store::postgres::counters;
use crate::store::postgres::db::{Result, params};
use crate::store::postgres::line::Line;
use crate::store::postgres::rows;

/// What the invocations of an event have in common.
pub(super) struct Handling<'a> {
    pub(super) event: i64,
    pub(super) project: &'a ProjectName,
    pub(super) task: Option<&'a str>,
    pub(super) origin: Origin,
    pub(super) generation: u32,
}

/// An event that is to be written.
pub(super) struct EventRow {
    id: i64,
    project: i64,
    event: Event,
    standing: i16,
    dedup: Option<Vec<u8>>,
}

/// An invocation that is to be written.
pub(super) struct InvocationRow {
    id: i64,
    member: i64,
    lane: Option<Vec<u8>>,
    yields: bool,
    event: i64,
    origin: i16,
    generation: i64,
    rerun: bool,
}

/// A number that stands for a word, as it stands in a row.
pub(super) fn small(number: u8) -> i16 {
    i16::from(number)
}

impl Batch<'_> {
    /// Has an event written, and gives its row.
    pub(super) fn insert_event(&mut self, event: &Event, project: i64, (standing, dedup): (Standing, Option<Vec<u8>>)) -> i64 {
        let id = counters::next(&mut self.counters.event);
        self.counters.set_aside += i64::from(standing != Standing::Accepted);
        let standing = small(numbers::standing_number(standing));
        self.events.push(EventRow { id, project, event: event.clone(), standing, dedup });
        id
    }

    /// Has an invocation written for each of `plugins`. Only for an event that was there before is it looked up whether a plugin has
    /// handled it.
    pub(super) async fn invoke(&mut self, handling: &Handling<'_>, plugins: &[PluginName], again: bool) -> Result<()> {
        const HANDLED: &str = "SELECT 1 FROM run WHERE event = $1 AND scope = $2 AND done LIMIT 1";
        for plugin in plugins {
            let member = self.memory.names.scope(self.db, handling.project, plugin).await?;
            let rerun = again && self.db.exists(HANDLED, params![handling.event, member]).await?;
            if again {
                let gone = "DELETE FROM dead_letter WHERE event = $1 AND scope = $2";
                self.counters.dead -= self.execute(gone, params![handling.event, member]).await?;
            }
            let id = counters::next(&mut self.counters.invocation);
            self.invocations.push(InvocationRow {
                id,
                member,
                lane: rows::lane(handling.task),
                yields: numbers::yields(handling.origin),
                event: handling.event,
                origin: small(numbers::origin_number(handling.origin)),
                generation: handling.generation.into(),
                rerun,
            });
            self.came(Line::Invocations, member);
        }
        Ok(())
    }

    /// Writes what is to be written, before anybody looks for it.
    pub(super) async fn flush(&mut self) -> Result<()> {
        if !self.events.is_empty() {
            let events = std::mem::take(&mut self.events);
            self.write_events(&events).await?;
        }
        if !self.invocations.is_empty() {
            let invocations = std::mem::take(&mut self.invocations);
            self.write_invocations(&invocations).await?;
        }
        Ok(())
    }

    async fn write_events(&self, events: &[EventRow]) -> Result<()> {
        fn all<T>(events: &[EventRow], column: impl Fn(&EventRow) -> T) -> Vec<T> {
            events.iter().map(column).collect()
        }
        self.execute(
            "INSERT INTO event (id, uuid, project, platform, kind, task, occurred_at, received_at, origin, standing, emitted_by, root, depth, \
             dedup, payload) SELECT * FROM unnest ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
            params![
                all(events, |row| row.id),
                all(events, |row| row.event.id.as_bytes().to_vec()),
                all(events, |row| row.project),
                all(events, |row| small(numbers::platform_number(row.event.platform))),
                all(events, |row| row.event.kind.as_str().to_owned()),
                all(events, |row| row.event.task.as_ref().map(|task| task.as_bytes().to_vec())),
                all(events, |row| row.event.occurred_at.as_millisecond()),
                all(events, |row| row.event.received_at.as_millisecond()),
                all(events, |row| small(numbers::origin_number(row.event.origin))),
                all(events, |row| row.standing),
                all(events, |row| row.event.emitted_by.as_ref().map(|plugin| plugin.as_str().to_owned())),
                all(events, |row| (row.event.root != row.event.id).then(|| row.event.root.as_bytes().to_vec())),
                all(events, |row| i64::from(row.event.depth)),
                all(events, |row| row.dedup.clone()),
                all(events, |row| row.event.payload.as_bytes().to_vec())
            ],
        )
        .await
        .map(|_| ())
    }

    async fn write_invocations(&self, invocations: &[InvocationRow]) -> Result<()> {
        fn all<T>(invocations: &[InvocationRow], column: impl Fn(&InvocationRow) -> T) -> Vec<T> {
            invocations.iter().map(column).collect()
        }
        // One statement does not see what it writes itself.
        let mut lanes = HashSet::new();
        let first: Vec<bool> = all(invocations, |row| row.lane.clone().map(|lane| (row.member, lane)))
            .into_iter()
            .map(|lane| lane.is_none_or(|lane| lanes.insert(lane)))
            .collect();
        self.execute(
            "INSERT INTO invocation (id, member, lane, head, yields, event, origin, generation, rerun) \
             SELECT u.id, u.member, u.lane, u.first AND (u.lane IS NULL OR NOT EXISTS (SELECT 1 FROM invocation i WHERE i.member = u.member \
             AND i.lane = u.lane)), u.yields, u.event, u.origin, u.generation, u.rerun \
             FROM unnest ($1, $2, $3, $4, $5, $6, $7, $8, $9) AS u (id, member, lane, first, yields, event, origin, generation, rerun)",
            params![
                all(invocations, |row| row.id),
                all(invocations, |row| row.member),
                all(invocations, |row| row.lane.clone()),
                first,
                all(invocations, |row| row.yields),
                all(invocations, |row| row.event),
                all(invocations, |row| row.origin),
                all(invocations, |row| row.generation),
                all(invocations, |row| row.rerun)
            ],
        )
        .await
        .map(|_| ())
    }
}
