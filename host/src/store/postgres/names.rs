//! The small numbers that stand for names in rows, as the writer knows them. They are never given to another name, so what one host has
//! learnt stays true whatever others do, for as long as the server is the same: they are learnt anew with each connection.

use std::collections::HashMap;

use super::db::{Columns as _, Db, Result, params};
use crate::id::{PluginName, ProjectName, Scope};

/// As many digests are remembered; beyond that all are forgotten and asked from the database again.
const VERSIONS_MAX: usize = 4_096;

/// Names and their numbers, as far as they were needed.
#[derive(Debug, Default)]
pub(super) struct Names {
    projects: HashMap<ProjectName, i64>,
    scopes: HashMap<Scope, i64>,
    outlets: HashMap<(i64, String), i64>,
    versions: HashMap<String, i64>,
    /// Whether something was learnt that is not committed yet.
    pub(super) changed: bool,
}

impl Names {
    /// The number of a project that is known.
    pub(super) async fn known_project(&mut self, db: Db<'_>, name: &ProjectName) -> Result<Option<i64>> {
        if let Some(number) = self.projects.get(name) {
            return Ok(Some(*number));
        }
        let row = db.first("SELECT id FROM project WHERE name = $1", params![name.as_str()]).await?;
        let number = row.map(|row| row.at(0)).transpose()?;
        if let Some(number) = number {
            self.projects.insert(name.clone(), number);
        }
        Ok(number)
    }

    /// The number of a project, given to it now when it has none.
    pub(super) async fn project(&mut self, db: Db<'_>, name: &ProjectName) -> Result<i64> {
        if let Some(number) = self.known_project(db, name).await? {
            return Ok(number);
        }
        let row = db.rows("INSERT INTO project (name) VALUES ($1) RETURNING id", params![name.as_str()]).await?;
        let number = only(&row)?;
        self.projects.insert(name.clone(), number);
        self.changed = true;
        Ok(number)
    }

    /// The number of a scope that is known.
    pub(super) async fn known_scope(&mut self, db: Db<'_>, scope: &Scope) -> Result<Option<i64>> {
        if let Some(number) = self.scopes.get(scope) {
            return Ok(Some(*number));
        }
        let Some(project) = self.known_project(db, &scope.project).await? else { return Ok(None) };
        let row = db.first("SELECT id FROM scope WHERE project = $1 AND plugin = $2", params![project, scope.plugin.as_str()]).await?;
        let number = row.map(|row| row.at(0)).transpose()?;
        if let Some(number) = number {
            self.scopes.insert(scope.clone(), number);
        }
        Ok(number)
    }

    /// The number of a plugin in a project, given to it now when it has none.
    pub(super) async fn scope(&mut self, db: Db<'_>, project: &ProjectName, plugin: &PluginName) -> Result<i64> {
        let scope = Scope { project: project.clone(), plugin: plugin.clone() };
        if let Some(number) = self.known_scope(db, &scope).await? {
            return Ok(number);
        }
        let project = self.project(db, project).await?;
        let row = db.rows("INSERT INTO scope (project, plugin) VALUES ($1, $2) RETURNING id", params![project, plugin.as_str()]).await?;
        let number = only(&row)?;
        self.scopes.insert(scope, number);
        self.changed = true;
        Ok(number)
    }

    /// The number of a connection of a project, given to it now when it has none.
    pub(super) async fn outlet(&mut self, db: Db<'_>, project: i64, connection: &str) -> Result<i64> {
        let key = (project, connection.to_owned());
        if let Some(number) = self.outlets.get(&key) {
            return Ok(*number);
        }
        const SQL: &str = "INSERT INTO outlet (project, connection) VALUES ($1, $2) \
             ON CONFLICT (project, connection) DO UPDATE SET connection = excluded.connection RETURNING id";
        let number = only(&db.rows(SQL, params![project, connection]).await?)?;
        self.outlets.insert(key, number);
        self.changed = true;
        Ok(number)
    }

    /// The number of a digest of a component or of settings, given to it now when it has none.
    pub(super) async fn version(&mut self, db: Db<'_>, digest: Option<&str>) -> Result<Option<i64>> {
        let Some(digest) = digest else { return Ok(None) };
        if let Some(number) = self.versions.get(digest) {
            return Ok(Some(*number));
        }
        const SQL: &str =
            "INSERT INTO version (digest) VALUES ($1) ON CONFLICT (digest) DO UPDATE SET digest = excluded.digest RETURNING id";
        let number = only(&db.rows(SQL, params![digest]).await?)?;
        if self.versions.len() >= VERSIONS_MAX {
            self.versions.clear();
        }
        self.versions.insert(digest.to_owned(), number);
        self.changed = true;
        Ok(Some(number))
    }
}

fn only(rows: &[tokio_postgres::Row]) -> Result<i64> {
    rows.first().ok_or_else(|| super::db::Failure::Row("a row that was written was not given back".to_owned()))?.at(0)
}
