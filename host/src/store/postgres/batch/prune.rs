//! Letting go what is old, a few hundred events at a time and by few statements, so that nobody waits for it.

use std::collections::HashSet;

use super::Batch;
use super::deliver::DEAD;
use super::invoke::small;
use crate::event::Standing;
use crate::store::numbers;
use crate::store::postgres::db::{Columns as _, Param, Result, params};
use crate::store::{Cutoff, Part, Walked};

/// Events, as far as they matter here: each is at the same place of every list.
#[derive(Default)]
pub(super) struct Old {
    pub(super) rows: Vec<i64>,
    pub(super) uuids: Vec<Vec<u8>>,
}

impl Old {
    /// One event.
    pub(super) fn one(row: i64, uuid: &[u8]) -> Self {
        Self { rows: vec![row], uuids: vec![uuid.to_vec()] }
    }

    /// Those whose rows are none of these.
    fn without(self, rows: &HashSet<i64>) -> Self {
        let (rows, uuids) = self.rows.into_iter().zip(self.uuids).filter(|(row, _)| !rows.contains(row)).unzip();
        Self { rows, uuids }
    }
}

/// The events, and with those that came from outside what they led to; `of` is the event's own row.
const FAMILY: &str = "WITH old (id, uuid) AS (SELECT * FROM unnest($1, $2)), family AS (SELECT id, uuid, id AS of FROM old \
     UNION ALL SELECT e.id, e.uuid, o.id FROM event e JOIN old o ON e.root = o.uuid) ";

/// Something of a family is still to be done.
const WAITS: &str = "EXISTS (SELECT 1 FROM invocation i WHERE i.event = f.id) OR EXISTS (SELECT 1 FROM delivery d WHERE d.event = f.uuid)";

impl Batch<'_> {
    pub(super) async fn prune(&mut self, cutoff: Cutoff, after: i64, limit: u32) -> Result<Walked> {
        let (before, now) = (cutoff.before.as_millisecond(), cutoff.now.as_millisecond());
        let sql = "SELECT id, uuid, received_at FROM event WHERE id > $1 ORDER BY id LIMIT $2";
        let found = self.db.rows(sql, params![after, i64::from(limit)]).await?;
        let (mut old, mut last) = (Old::default(), None);
        let mut is_end = found.len() < limit as usize;
        for row in &found {
            let received_at: i64 = row.at(2)?;
            // Events lie in the order in which they came: behind this one all are younger.
            if (before..=now).contains(&received_at) {
                is_end = true;
                break;
            }
            last = Some(row.at(0)?);
            if received_at <= now {
                old.rows.push(row.at(0)?);
                old.uuids.push(row.at(1)?);
            }
        }
        let changed = match cutoff.part {
            Part::Bodies => self.prune_bodies(old).await?,
            Part::Details => self.prune_details(old).await?,
            Part::Events => self.prune_events(old).await?,
        };
        Ok(Walked { next: if is_end { None } else { last }, changed: u32::try_from(changed).unwrap_or(u32::MAX) })
    }

    async fn prune_bodies(&self, old: Old) -> Result<usize> {
        let nowhere = [Standing::Ignored, Standing::Unreadable].map(|standing| small(numbers::standing_number(standing)));
        let sql = "SELECT id FROM event WHERE id = ANY ($1) AND standing <> ALL ($2)";
        let handled = self.numbers(sql, params![old.rows, nowhere.to_vec()]).await?;
        Ok(self.empty_payloads(&old.without(&handled)).await?.len())
    }

    async fn prune_details(&self, old: Old) -> Result<usize> {
        // What was given up somebody may replay, on what is kept here.
        let dead = "EXISTS (SELECT 1 FROM dead_letter l WHERE l.event = f.id) \
             OR EXISTS (SELECT 1 FROM delivered e WHERE e.event = f.uuid AND e.ending = $3)";
        let sql = format!("{FAMILY} SELECT DISTINCT f.of FROM family f WHERE {WAITS} OR {dead}");
        let wanted = self.numbers(&sql, params![old.rows, old.uuids, small(DEAD)]).await?;
        let old = old.without(&wanted);
        let mut changed = self.empty_payloads(&old).await?;
        let bare =
            "UPDATE run SET log = NULL, read = NULL WHERE event = ANY ($1) AND (log IS NOT NULL OR read IS NOT NULL) RETURNING event";
        changed.extend(self.numbers(bare, params![old.rows]).await?);
        let ended = "WITH gone AS (DELETE FROM delivered WHERE event = ANY ($1) RETURNING event) \
             SELECT DISTINCT e.id FROM gone JOIN event e ON e.uuid = gone.event";
        changed.extend(self.numbers(ended, params![old.uuids]).await?);
        changed.extend(self.drop_snapshots(&old).await?);
        Ok(changed.len())
    }

    async fn prune_events(&mut self, old: Old) -> Result<usize> {
        let sql = format!("{FAMILY} SELECT DISTINCT f.of FROM family f WHERE {WAITS}");
        let waiting = self.numbers(&sql, params![old.rows, old.uuids]).await?;
        let old = old.without(&waiting);
        let results = "DELETE FROM task_result r USING event e WHERE e.id = ANY ($1) AND r.project = e.project AND r.task = e.task \
             AND r.event = e.id AND r.revision < (SELECT max(revision) FROM task_result n WHERE n.project = r.project AND n.task = r.task)";
        self.execute(results, params![old.rows]).await?;
        self.drop_events(&old).await
    }

    /// Drops events with their runs, snapshots and all that ended. What waits is the caller's to look after. Gives how many there were.
    pub(super) async fn drop_events(&mut self, old: &Old) -> Result<usize> {
        self.drop_snapshots(old).await?;
        self.execute("DELETE FROM run WHERE event = ANY ($1)", params![old.rows]).await?;
        self.counters.dead -= self.execute("DELETE FROM dead_letter WHERE event = ANY ($1)", params![old.rows]).await?;
        let ended = "WITH gone AS (DELETE FROM delivered WHERE event = ANY ($1) RETURNING ending) \
             SELECT count(*) FROM gone WHERE ending = $2";
        let dead = self.db.first(ended, params![old.uuids, small(DEAD)]).await?;
        self.counters.deliveries_dead -= dead.map_or(Ok(0), |row| row.at::<i64>(0))?;
        let gone = self.execute("DELETE FROM event WHERE id = ANY ($1)", params![old.rows]).await?;
        Ok(usize::try_from(gone).unwrap_or(0))
    }

    async fn empty_payloads(&self, old: &Old) -> Result<HashSet<i64>> {
        self.numbers("UPDATE event SET payload = '' WHERE id = ANY ($1) AND payload <> '' RETURNING id", params![old.rows]).await
    }

    /// Drops what the platform said about the events' tasks, and texts that nothing else has. Gives the events that had some.
    async fn drop_snapshots(&self, old: &Old) -> Result<HashSet<i64>> {
        let sql = "WITH gone AS (DELETE FROM snapshot WHERE root = ANY ($1) RETURNING root, content) \
             SELECT e.id, gone.content FROM gone JOIN event e ON e.uuid = gone.root";
        let dropped = self.db.rows(sql, params![old.uuids]).await?;
        let contents: Vec<i64> = dropped.iter().map(|row| row.at(1)).collect::<Result<_>>()?;
        if !contents.is_empty() {
            self.drop_contents(&contents).await?;
        }
        dropped.iter().map(|row| row.at(0)).collect()
    }

    /// Drops texts that are no longer the snapshot of any event.
    pub(super) async fn drop_contents(&self, contents: &[i64]) -> Result<()> {
        let sql = "DELETE FROM content c WHERE id = ANY ($1) AND NOT EXISTS (SELECT 1 FROM snapshot s WHERE s.content = c.id)";
        self.execute(sql, params![contents.to_vec()]).await.map(|_| ())
    }

    /// The numbers in the first column.
    async fn numbers(&self, sql: &str, params: &[Param<'_>]) -> Result<HashSet<i64>> {
        self.db.rows(sql, params).await?.iter().map(|row| row.at(0)).collect()
    }
}
