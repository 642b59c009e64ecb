//! Forgetting a project with all that is kept of it, a bounded number of rows in each commit.

use super::Batch;
use super::prune::Old;
use crate::id::ProjectName;
use crate::store::postgres::db::{Columns as _, Result, params};
use crate::store::postgres::line::Line;

/// What is kept by project and is no event.
const BY_PROJECT: [&str; 9] = ["task_result", "seen", "newest", "badge", "analysed", "agreement", "worker", "mark", "binding"];
/// What is kept by plugin of a project.
const BY_SCOPE: [&str; 3] = ["state", "once", "quarantine"];

impl Batch<'_> {
    /// Gives how many rows went; 0 when nothing is left.
    pub(super) async fn forget_project(&mut self, project: &ProjectName, limit: u32) -> Result<u32> {
        let Some(project) = self.memory.names.known_project(self.db, project).await? else { return Ok(0) };
        let limit = i64::from(limit);
        let gone = |gone: i64| u32::try_from(gone).unwrap_or(u32::MAX);
        let events = self.db.rows("SELECT id, uuid FROM event WHERE project = $1 LIMIT $2", params![project, limit]).await?;
        for event in &events {
            self.forget_event(event.at(0)?, event.at(1)?).await?;
        }
        if !events.is_empty() {
            return Ok(gone(i64::try_from(events.len()).unwrap_or(i64::MAX)));
        }
        for table in BY_PROJECT {
            let sql = format!("DELETE FROM {table} WHERE ctid = ANY (ARRAY (SELECT ctid FROM {table} WHERE project = $1 LIMIT $2))");
            let went = self.execute(&sql, params![project, limit]).await?;
            if went > 0 {
                return Ok(gone(went));
            }
        }
        for table in BY_SCOPE {
            let sql = format!(
                "DELETE FROM {table} WHERE ctid = ANY (ARRAY (SELECT ctid FROM {table} \
                 WHERE scope IN (SELECT id FROM scope WHERE project = $1) LIMIT $2))"
            );
            let went = self.execute(&sql, params![project, limit]).await?;
            if went > 0 {
                return Ok(gone(went));
            }
        }
        self.execute("UPDATE scope SET state_bytes = 0 WHERE project = $1", params![project]).await?;
        Ok(0)
    }

    /// Lets go an event, whatever waits for it.
    async fn forget_event(&mut self, row: i64, uuid: &[u8]) -> Result<()> {
        for waiting in self.db.rows("SELECT id FROM invocation WHERE event = $1", params![row]).await? {
            self.remove(Line::Invocations, waiting.at(0)?).await?;
        }
        for leaving in self.db.rows("SELECT id FROM delivery WHERE event = $1", params![uuid]).await? {
            self.remove(Line::Deliveries, leaving.at(0)?).await?;
        }
        self.drop_events(&Old::one(row, uuid)).await.map(|_| ())
    }
}
