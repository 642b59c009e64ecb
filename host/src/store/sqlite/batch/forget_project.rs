//! Forgetting a project with all that is kept of it, a bounded number of rows in each commit.

use rusqlite::params;

use super::deliver::DEAD;
use super::{Batch, Move};
use crate::id::ProjectName;

/// What is kept by project and is no event: the table, and the rest of its key.
const BY_PROJECT: [(&str, &str); 9] = [
    ("task_result", "task || '/' || revision"),
    ("seen", "key"),
    ("newest", "task || '/' || kind"),
    ("badge", "id"),
    ("analysed", "task"),
    ("agreement", "decided || '/' || tenth"),
    ("worker", "worker"),
    ("mark", "name"),
    ("binding", "project"),
];
/// What is kept by plugin of a project.
const BY_SCOPE: [(&str, &str); 3] = [("state", "key"), ("once", "key"), ("quarantine", "scope")];

impl Batch<'_> {
    /// Gives how many rows went; 0 when nothing is left.
    pub(super) fn forget_project(&mut self, project: &ProjectName, limit: u32) -> rusqlite::Result<u32> {
        let Some(number) = self.names.known_project(project) else { return Ok(0) };
        // What goes is to be gone from the file too, not only from the tables.
        self.db.pragma_update(None, "secure_delete", true)?;
        let step = self.forget_project_step(number, limit);
        self.db.pragma_update(None, "secure_delete", false)?;
        step.map(|gone| u32::try_from(gone).unwrap_or(u32::MAX))
    }

    fn forget_project_step(&mut self, project: u32, limit: u32) -> rusqlite::Result<usize> {
        let events: Vec<(i64, Vec<u8>)> = self
            .db
            .prepare_cached("SELECT id, uuid FROM event WHERE project = ?1 LIMIT ?2")?
            .query_map([project, limit], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for (row, uuid) in &events {
            self.forget_event(*row, uuid)?;
        }
        if !events.is_empty() {
            return Ok(events.len());
        }
        for (table, key) in BY_PROJECT {
            let sql =
                format!("DELETE FROM {table} WHERE project = ?1 AND {key} IN (SELECT {key} FROM {table} WHERE project = ?1 LIMIT ?2)");
            let gone = self.execute(&sql, [project, limit])?;
            if gone > 0 {
                return Ok(gone);
            }
        }
        for (table, key) in BY_SCOPE {
            let sql = format!(
                "DELETE FROM {table} WHERE (scope, {key}) IN (SELECT scope, {key} FROM {table} \
                 WHERE scope IN (SELECT id FROM scope WHERE project = ?1) LIMIT ?2)"
            );
            let gone = self.execute(&sql, [project, limit])?;
            if gone > 0 {
                return Ok(gone);
            }
        }
        self.execute("UPDATE scope SET state_bytes = 0 WHERE project = ?1", [project])?;
        // Should it begin anew, its plugins have their numbers again, and none of them is held any more.
        self.news.invocations.extend(self.names.members(project).map(Move::Release));
        Ok(0)
    }

    /// Lets go an event, whatever waits for it.
    fn forget_event(&mut self, row: i64, uuid: &[u8]) -> rusqlite::Result<()> {
        let waiting: Vec<i64> = self
            .db
            .prepare_cached("SELECT id FROM invocation WHERE event = ?1")?
            .query_map([row], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        self.news.invocations.extend(waiting.into_iter().map(Move::Remove));
        let leaving: Vec<i64> = self
            .db
            .prepare_cached("SELECT id FROM delivery WHERE event = ?1")?
            .query_map([uuid], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        self.news.deliveries.extend(leaving.into_iter().map(Move::Remove));
        self.execute("DELETE FROM invocation WHERE event = ?1", [row])?;
        self.execute("DELETE FROM delivery WHERE event = ?1", [uuid])?;
        self.execute("DELETE FROM run WHERE event = ?1", [row])?;
        let dead = self.execute("DELETE FROM dead_letter WHERE event = ?1", [row])?;
        self.counters.dead -= i64::try_from(dead).unwrap_or(0);
        let dead = self.execute("DELETE FROM delivered WHERE event = ?1 AND ending = ?2", params![uuid, DEAD])?;
        self.counters.deliveries_dead -= i64::try_from(dead).unwrap_or(0);
        self.execute("DELETE FROM delivered WHERE event = ?1", [uuid])?;
        let contents: Vec<i64> = self
            .db
            .prepare_cached("SELECT content FROM snapshot WHERE root = ?1")?
            .query_map([uuid], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        self.execute("DELETE FROM snapshot WHERE root = ?1", [uuid])?;
        for content in contents {
            self.drop_content(content)?;
        }
        self.execute("DELETE FROM event WHERE id = ?1", [row]).map(|_| ())
    }
}
