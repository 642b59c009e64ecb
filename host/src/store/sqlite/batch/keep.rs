//! Recording what the platform said, which of its projects a name stands for, and how far something has come.

use rusqlite::{OptionalExtension, params};

use super::Batch;
use crate::id::{Digest, EventId, ProjectName};
use crate::store::Binding;
use crate::store::sqlite::read;
use crate::store::sqlite::rows::Packed;

impl Batch<'_> {
    pub(super) fn keep_snapshot(&self, root: EventId, generation: u32, digest: &Digest, body: &Packed) -> rusqlite::Result<()> {
        let content = self.content(digest, body)?;
        let before: Option<i64> = self
            .db
            .prepare_cached("SELECT content FROM snapshot WHERE root = ?1 AND generation = ?2 AND content <> ?3")?
            .query_row(params![root.as_bytes(), generation, content], |row| row.get(0))
            .optional()?;
        self.execute(
            "INSERT INTO snapshot (root, generation, content) VALUES (?1, ?2, ?3) \
             ON CONFLICT (root, generation) DO UPDATE SET content = excluded.content",
            params![root.as_bytes(), generation, content],
        )?;
        before.map_or(Ok(()), |before| self.drop_content(before).map(|_| ()))
    }

    /// The row of a text, which is kept once.
    pub(super) fn content(&self, digest: &Digest, body: &Packed) -> rusqlite::Result<i64> {
        let known: Option<i64> =
            self.db.prepare_cached("SELECT id FROM content WHERE digest = ?1")?.query_row([digest.0], |row| row.get(0)).optional()?;
        if let Some(row) = known {
            return Ok(row);
        }
        self.execute("INSERT INTO content (digest, body) VALUES (?1, ?2)", params![digest.0, body])?;
        Ok(self.db.last_insert_rowid())
    }

    pub(super) fn mark(&mut self, project: &ProjectName, name: &str, value: Option<&str>) -> rusqlite::Result<()> {
        let project = self.names.project(self.db, project)?;
        match value {
            Some(value) => self.execute(
                "INSERT INTO mark (project, name, value) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (project, name) DO UPDATE SET value = excluded.value",
                params![project, name, value],
            ),
            None => self.execute("DELETE FROM mark WHERE project = ?1 AND name = ?2", params![project, name]),
        }
        .map(|_| ())
    }

    pub(super) fn rebind(&mut self, project: &ProjectName, to: &Binding) -> rusqlite::Result<()> {
        let project = self.names.project(self.db, project)?;
        self.execute(
            "INSERT OR REPLACE INTO binding (project, address, platform_id) VALUES (?1, ?2, ?3)",
            params![project, to.address, to.platform_id],
        )
        .map(|_| ())
    }

    pub(super) fn bind(&mut self, project: &ProjectName, to: &Binding) -> rusqlite::Result<Binding> {
        let project = self.names.project(self.db, project)?;
        if let Some(bound) = read::binding(self.db, project)? {
            return Ok(bound);
        }
        self.execute(
            "INSERT INTO binding (project, address, platform_id) VALUES (?1, ?2, ?3)",
            params![project, to.address, to.platform_id],
        )?;
        Ok(to.clone())
    }
}
