//! Recording what the platform said, which of its projects a name stands for, and how far something has come.

use super::Batch;
use crate::id::{Digest, EventId, ProjectName};
use crate::store::Binding;
use crate::store::postgres::db::{Columns as _, Failure, Result, params};

impl Batch<'_> {
    pub(super) async fn keep_snapshot(&self, root: EventId, generation: u32, digest: &Digest, text: &str) -> Result<()> {
        let content = self.content(digest, text).await?;
        let before = self
            .db
            .rows(
                "SELECT content FROM snapshot WHERE root = $1 AND generation = $2 AND content <> $3",
                params![root.as_bytes().as_slice(), i64::from(generation), content],
            )
            .await?;
        self.execute(
            "INSERT INTO snapshot (root, generation, content) VALUES ($1, $2, $3) \
             ON CONFLICT (root, generation) DO UPDATE SET content = excluded.content",
            params![root.as_bytes().as_slice(), i64::from(generation), content],
        )
        .await?;
        for row in before {
            // What another host heard of the platform at the same time.
            self.drop_contents(&[row.at(0)?]).await?;
        }
        Ok(())
    }

    /// The row of a text, which is kept once.
    pub(super) async fn content(&self, digest: &Digest, text: &str) -> Result<i64> {
        let digest = digest.0.as_slice();
        if let Some(row) = self.db.first("SELECT id FROM content WHERE digest = $1", params![digest]).await? {
            return row.at(0);
        }
        let sql = "INSERT INTO content (digest, body) VALUES ($1, $2) RETURNING id";
        let row = self.db.first(sql, params![digest, text.as_bytes()]).await?;
        row.ok_or_else(|| Failure::Row("a text that was written was not given back".to_owned()))?.at(0)
    }

    pub(super) async fn mark(&mut self, project: &ProjectName, name: &str, value: Option<&str>) -> Result<()> {
        let project = self.memory.names.project(self.db, project).await?;
        match value {
            Some(value) => {
                let sql = "INSERT INTO mark (project, name, value) VALUES ($1, $2, $3) \
                     ON CONFLICT (project, name) DO UPDATE SET value = excluded.value";
                self.execute(sql, params![project, name, value.as_bytes()]).await?;
            }
            None => {
                self.execute("DELETE FROM mark WHERE project = $1 AND name = $2", params![project, name]).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn rebind(&mut self, project: &ProjectName, to: &Binding) -> Result<()> {
        let project = self.memory.names.project(self.db, project).await?;
        self.execute(
            "INSERT INTO binding (project, address, platform_id) VALUES ($1, $2, $3) \
             ON CONFLICT (project) DO UPDATE SET address = excluded.address, platform_id = excluded.platform_id",
            params![project, to.address, to.platform_id],
        )
        .await
        .map(|_| ())
    }

    pub(super) async fn bind(&mut self, project: &ProjectName, to: &Binding) -> Result<Binding> {
        let number = self.memory.names.project(self.db, project).await?;
        let bound = self.db.first("SELECT address, platform_id FROM binding WHERE project = $1", params![number]).await?;
        match bound {
            Some(row) => Ok(Binding { address: row.at(0)?, platform_id: row.at(1)? }),
            None => {
                self.rebind(project, to).await?;
                Ok(to.clone())
            }
        }
    }
}
