//! Letting go what is old, a few hundred events at a time, so that nobody waits for it.

use super::Batch;
use super::deliver::DEAD;
use super::invoke::small;
use crate::event::Standing;
use crate::store::numbers;
use crate::store::postgres::db::{Columns as _, Result, params};
use crate::store::postgres::rows;
use crate::store::{Cutoff, Part, Walked};

/// An event, as far as it matters here.
struct Old {
    row: i64,
    uuid: Vec<u8>,
    project: i64,
    task: Option<Vec<u8>>,
    standing: u8,
    is_root: bool,
}

/// The event and, when it came from outside, those that it led to.
const FAMILY: &str = "WITH family AS (SELECT $1::BIGINT AS id, $2::BYTEA AS uuid UNION ALL SELECT id, uuid FROM event WHERE root = $2) ";

impl Batch<'_> {
    pub(super) async fn prune(&mut self, cutoff: Cutoff, after: i64, limit: u32) -> Result<Walked> {
        let (before, now) = (cutoff.before.as_millisecond(), cutoff.now.as_millisecond());
        let mut walked = Walked { next: None, changed: 0 };
        let mut seen = 0;
        for (old, received_at) in self.events_behind(after, limit).await? {
            // Events lie in the order in which they came: behind this one all are younger.
            if (before..=now).contains(&received_at) {
                return Ok(Walked { next: None, ..walked });
            }
            (seen, walked.next) = (seen + 1, Some(old.row));
            if received_at > now {
                continue;
            }
            walked.changed += u32::from(match cutoff.part {
                Part::Bodies => self.prune_body(&old).await?,
                Part::Details => self.prune_details(&old).await?,
                Part::Events => self.prune_event(&old).await?,
            });
        }
        Ok(if seen < limit { Walked { next: None, ..walked } } else { walked })
    }

    async fn events_behind(&self, after: i64, limit: u32) -> Result<Vec<(Old, i64)>> {
        let sql = "SELECT id, uuid, project, task, standing, root IS NULL, received_at FROM event WHERE id > $1 ORDER BY id LIMIT $2";
        let found = self.db.rows(sql, params![after, i64::from(limit)]).await?;
        let read = |row: &tokio_postgres::Row| {
            let old = Old {
                row: row.at(0)?,
                uuid: row.at(1)?,
                project: row.at(2)?,
                task: row.at(3)?,
                standing: rows::small(row, 4)?,
                is_root: row.at(5)?,
            };
            Ok((old, row.at(6)?))
        };
        found.iter().map(read).collect()
    }

    async fn prune_body(&self, old: &Old) -> Result<bool> {
        let went_nowhere = [Standing::Ignored, Standing::Unreadable].map(numbers::standing_number).contains(&old.standing);
        Ok(went_nowhere && self.empty_payload(old).await?)
    }

    async fn prune_details(&self, old: &Old) -> Result<bool> {
        if self.is_wanted(old).await? {
            return Ok(false);
        }
        let mut changed = self.empty_payload(old).await?;
        let bare = "UPDATE run SET log = NULL, read = NULL WHERE event = $1 AND (log IS NOT NULL OR read IS NOT NULL)";
        changed |= self.execute(bare, params![old.row]).await? > 0;
        changed |= self.execute("DELETE FROM delivered WHERE event = $1", params![old.uuid]).await? > 0;
        Ok(self.drop_snapshots(old).await? || changed)
    }

    async fn prune_event(&mut self, old: &Old) -> Result<bool> {
        if self.waits(old).await? {
            return Ok(false);
        }
        self.drop_snapshots(old).await?;
        if let Some(task) = &old.task {
            self.execute(
                "DELETE FROM task_result WHERE project = $1 AND task = $2 AND event = $3 \
                 AND revision < (SELECT max(revision) FROM task_result WHERE project = $1 AND task = $2)",
                params![old.project, *task, old.row],
            )
            .await?;
        }
        self.drop_event(old.row, &old.uuid).await
    }

    /// Drops an event with its runs and all that ended. What waits is the caller's to look after.
    pub(super) async fn drop_event(&mut self, row: i64, uuid: &[u8]) -> Result<bool> {
        self.execute("DELETE FROM run WHERE event = $1", params![row]).await?;
        self.counters.dead -= self.execute("DELETE FROM dead_letter WHERE event = $1", params![row]).await?;
        let dead = "DELETE FROM delivered WHERE event = $1 AND ending = $2";
        self.counters.deliveries_dead -= self.execute(dead, params![uuid, small(DEAD)]).await?;
        self.execute("DELETE FROM delivered WHERE event = $1", params![uuid]).await?;
        Ok(self.execute("DELETE FROM event WHERE id = $1", params![row]).await? == 1)
    }

    /// Whether something is still to be done of the event, or of one that it led to, which is run on what is kept here.
    async fn waits(&self, old: &Old) -> Result<bool> {
        let sql = format!(
            "{FAMILY} SELECT 1 FROM family f WHERE EXISTS (SELECT 1 FROM invocation WHERE event = f.id) \
             OR EXISTS (SELECT 1 FROM delivery WHERE event = f.uuid) LIMIT 1"
        );
        self.db.exists(&sql, params![old.row, old.uuid]).await
    }

    /// The same, or may be when somebody replays what was given up.
    async fn is_wanted(&self, old: &Old) -> Result<bool> {
        let sql = format!(
            "{FAMILY} SELECT 1 FROM family f WHERE EXISTS (SELECT 1 FROM dead_letter WHERE event = f.id) \
             OR EXISTS (SELECT 1 FROM delivered WHERE event = f.uuid AND ending = $3) LIMIT 1"
        );
        Ok(self.db.exists(&sql, params![old.row, old.uuid, small(DEAD)]).await? || self.waits(old).await?)
    }

    async fn empty_payload(&self, old: &Old) -> Result<bool> {
        Ok(self.execute("UPDATE event SET payload = '' WHERE id = $1 AND payload <> ''", params![old.row]).await? == 1)
    }

    async fn drop_snapshots(&self, old: &Old) -> Result<bool> {
        Ok(old.is_root && self.drop_snapshots_of(&old.uuid).await?)
    }

    /// Drops what the platform said about an event's task, and texts that nothing else has.
    pub(super) async fn drop_snapshots_of(&self, root: &[u8]) -> Result<bool> {
        let dropped = self.db.rows("DELETE FROM snapshot WHERE root = $1 RETURNING content", params![root]).await?;
        for row in &dropped {
            self.drop_content(row.at(0)?).await?;
        }
        Ok(!dropped.is_empty())
    }

    /// Drops a text that is no longer the snapshot of any event.
    pub(super) async fn drop_content(&self, content: i64) -> Result<()> {
        let sql = "DELETE FROM content WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM snapshot WHERE content = $1)";
        self.execute(sql, params![content]).await.map(|_| ())
    }
}
