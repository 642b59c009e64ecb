//! Letting go what is old, a few hundred events at a time, so that nobody waits for it.

use rusqlite::{OptionalExtension, params};

use super::Batch;
use super::deliver::DEAD;
use crate::event::Standing;
use crate::store::sqlite::rows;
use crate::store::{Cutoff, Part, Walked};

/// What stands in the place of a payload that was let go.
const NO_PAYLOAD: &str = "";

/// An event, as far as it matters here.
struct Old {
    row: i64,
    uuid: Vec<u8>,
    project: u32,
    task: Option<String>,
    standing: u8,
    is_root: bool,
}

impl Batch<'_> {
    pub(super) fn prune(&mut self, cutoff: Cutoff, after: i64, limit: u32) -> rusqlite::Result<Walked> {
        let (before, now) = (cutoff.before.as_millisecond(), cutoff.now.as_millisecond());
        let mut walked = Walked { next: None, changed: 0 };
        let mut seen = 0;
        for (old, received_at) in self.events_behind(after, limit)? {
            // Events lie in the order in which they came: behind this one all are younger.
            if (before..=now).contains(&received_at) {
                return Ok(Walked { next: None, ..walked });
            }
            (seen, walked.next) = (seen + 1, Some(old.row));
            if received_at > now {
                continue;
            }
            walked.changed += u32::from(match cutoff.part {
                Part::Bodies => self.prune_body(&old)?,
                Part::Details => self.prune_details(&old)?,
                Part::Events => self.prune_event(&old)?,
            });
        }
        Ok(if seen < limit { Walked { next: None, ..walked } } else { walked })
    }

    fn events_behind(&self, after: i64, limit: u32) -> rusqlite::Result<Vec<(Old, i64)>> {
        self.db
            .prepare_cached(
                "SELECT id, uuid, project, task, standing, root IS NULL, received_at FROM event WHERE id > ?1 ORDER BY id LIMIT ?2",
            )?
            .query_map(params![after, limit], |row| {
                let old = Old {
                    row: row.get(0)?,
                    uuid: row.get(1)?,
                    project: row.get(2)?,
                    task: row.get(3)?,
                    standing: row.get(4)?,
                    is_root: row.get(5)?,
                };
                Ok((old, row.get(6)?))
            })?
            .collect()
    }

    fn prune_body(&self, old: &Old) -> rusqlite::Result<bool> {
        let went_nowhere = [Standing::Ignored, Standing::Unreadable].map(rows::standing_number).contains(&old.standing);
        Ok(went_nowhere && self.empty_payload(old)?)
    }

    fn prune_details(&self, old: &Old) -> rusqlite::Result<bool> {
        if self.is_wanted(old)? {
            return Ok(false);
        }
        let mut changed = self.empty_payload(old)?;
        changed |= self
            .execute("UPDATE run SET log = NULL, read = NULL WHERE event = ?1 AND (log IS NOT NULL OR read IS NOT NULL)", [old.row])?
            > 0;
        changed |= self.execute("DELETE FROM delivered WHERE event = ?1", [&old.uuid])? > 0;
        Ok(self.drop_snapshots(old)? || changed)
    }

    fn prune_event(&mut self, old: &Old) -> rusqlite::Result<bool> {
        if self.waits(old)? {
            return Ok(false);
        }
        self.drop_snapshots(old)?;
        self.execute("DELETE FROM run WHERE event = ?1", [old.row])?;
        let dead = self.execute("DELETE FROM dead_letter WHERE event = ?1", [old.row])?;
        self.counters.dead -= i64::try_from(dead).unwrap_or(0);
        let dead = self.execute("DELETE FROM delivered WHERE event = ?1 AND ending = ?2", params![old.uuid, DEAD])?;
        self.counters.deliveries_dead -= i64::try_from(dead).unwrap_or(0);
        self.execute("DELETE FROM delivered WHERE event = ?1", [&old.uuid])?;
        if let Some(task) = &old.task {
            self.execute(
                "DELETE FROM task_result WHERE project = ?1 AND task = ?2 AND event = ?3 \
                 AND revision < (SELECT max(revision) FROM task_result WHERE project = ?1 AND task = ?2)",
                params![old.project, task, old.row],
            )?;
        }
        self.execute("DELETE FROM event WHERE id = ?1", [old.row]).map(|gone| gone == 1)
    }

    /// Whether something is still to be done of the event, or of one that it led to, which is run on what is kept here.
    fn waits(&self, old: &Old) -> rusqlite::Result<bool> {
        for (row, uuid) in self.family(old)? {
            let invocation = self.db.prepare_cached("SELECT 1 FROM invocation WHERE event = ?1")?.exists([row])?;
            if invocation || self.db.prepare_cached("SELECT 1 FROM delivery WHERE event = ?1")?.exists([uuid])? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The same, or may be when somebody replays what was given up.
    fn is_wanted(&self, old: &Old) -> rusqlite::Result<bool> {
        for (row, uuid) in self.family(old)? {
            let dead = self.db.prepare_cached("SELECT 1 FROM dead_letter WHERE event = ?1")?.exists([row])?;
            let undelivered = "SELECT 1 FROM delivered WHERE event = ?1 AND ending = ?2";
            if dead || self.db.prepare_cached(undelivered)?.exists(params![uuid, DEAD])? {
                return Ok(true);
            }
        }
        self.waits(old)
    }

    /// The event and, when it came from outside, those that it led to: rows and ids.
    fn family(&self, old: &Old) -> rusqlite::Result<Vec<(i64, Vec<u8>)>> {
        let mut family = vec![(old.row, old.uuid.clone())];
        if old.is_root {
            let mut derived = self.db.prepare_cached("SELECT id, uuid FROM event WHERE root = ?1")?;
            let derived = derived.query_map([&old.uuid], |row| Ok((row.get(0)?, row.get(1)?)))?;
            family.extend(derived.collect::<rusqlite::Result<Vec<_>>>()?);
        }
        Ok(family)
    }

    fn empty_payload(&self, old: &Old) -> rusqlite::Result<bool> {
        self.execute("UPDATE event SET payload = ?2 WHERE id = ?1 AND payload <> ?2", params![old.row, NO_PAYLOAD]).map(|rows| rows == 1)
    }

    /// Drops what the platform said about the event's task, and texts that nothing else has.
    fn drop_snapshots(&self, old: &Old) -> rusqlite::Result<bool> {
        let mut dropped = false;
        while let Some(content) = self
            .db
            .prepare_cached("SELECT content FROM snapshot WHERE root = ?1 LIMIT 1")?
            .query_row([&old.uuid], |row| row.get::<_, i64>(0))
            .optional()?
            .filter(|_| old.is_root)
        {
            self.execute("DELETE FROM snapshot WHERE root = ?1 AND content = ?2", params![old.uuid, content])?;
            self.drop_content(content)?;
            dropped = true;
        }
        Ok(dropped)
    }

    /// Drops a text that is no longer the snapshot of any event.
    pub(super) fn drop_content(&self, content: i64) -> rusqlite::Result<usize> {
        self.execute("DELETE FROM content WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM snapshot WHERE content = ?1)", [content])
    }
}
