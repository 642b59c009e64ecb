//! The small numbers that stand for names in rows, and the names again.

use std::collections::HashMap;

use rusqlite::{Connection, params};

use crate::id::{PluginName, ProjectName, Scope};
use crate::store::agenda::Member;

/// As many digests are remembered; beyond that all are forgotten and asked from the database again.
const VERSIONS_MAX: usize = 4_096;

/// Names and their numbers, as far as they are committed or about to be; the writer's own copy runs ahead by one transaction.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    projects: HashMap<ProjectName, u32>,
    scopes: HashMap<Scope, u32>,
    scope_names: HashMap<u32, (u32, Scope)>,
    project_names: HashMap<u32, ProjectName>,
    versions: HashMap<String, i64>,
    /// Numbers that live as long as the process: they only say who takes turns.
    connections: HashMap<(u32, String), u32>,
    /// Whether something was added since the last commit.
    pub(super) changed: bool,
}

impl Names {
    /// Reads what is there. Digests are read when they are met.
    pub(super) fn load(db: &Connection) -> rusqlite::Result<Self> {
        let mut names = Self::default();
        let mut projects = db.prepare("SELECT id, name FROM project")?;
        let mut rows = projects.query([])?;
        while let Some(row) = rows.next()? {
            names.add_project(row.get(0)?, super::rows::parsed(row, 1)?);
        }
        let mut scopes = db.prepare("SELECT id, project, plugin FROM scope")?;
        let mut rows = scopes.query([])?;
        while let Some(row) = rows.next()? {
            let project: u32 = row.get(1)?;
            if let Some(name) = names.project_names.get(&project) {
                let scope = Scope { project: name.clone(), plugin: super::rows::parsed(row, 2)? };
                names.add_scope(row.get(0)?, project, scope);
            }
        }
        Ok(names)
    }

    /// The number of a project that is known.
    pub(super) fn known_project(&self, name: &ProjectName) -> Option<u32> {
        self.projects.get(name).copied()
    }

    /// The number of a scope that is known.
    pub(super) fn known_scope(&self, scope: &Scope) -> Option<u32> {
        self.scopes.get(scope).copied()
    }

    /// The name of project number `number`.
    pub(super) fn project_name(&self, number: u32) -> Option<&ProjectName> {
        self.project_names.get(&number)
    }

    /// The scope of that number.
    pub(super) fn scope(&self, number: u32) -> Option<&Scope> {
        self.scope_names.get(&number).map(|(_, scope)| scope)
    }

    /// Who takes turns for the invocations of a scope.
    pub(super) fn member(&self, scope: u32) -> Member {
        Member { group: self.scope_names.get(&scope).map_or(0, |(project, _)| *project), number: scope }
    }

    /// Who takes turns for the invocations of a project.
    pub(super) fn members(&self, project: u32) -> impl Iterator<Item = Member> {
        let of_project = self.scope_names.iter().filter(move |(_, (group, _))| *group == project);
        of_project.map(move |(scope, _)| Member { group: project, number: *scope })
    }

    /// The number of a project, given to it now when it has none.
    pub(super) fn project(&mut self, db: &Connection, name: &ProjectName) -> rusqlite::Result<u32> {
        if let Some(number) = self.projects.get(name) {
            return Ok(*number);
        }
        db.execute("INSERT INTO project (name) VALUES (?1)", [name.as_str()])?;
        let number = last_row(db)?;
        self.add_project(number, name.clone());
        self.changed = true;
        Ok(number)
    }

    /// The number of a plugin in a project, given to it now when it has none.
    pub(super) fn scope_number(&mut self, db: &Connection, project: &ProjectName, plugin: &PluginName) -> rusqlite::Result<u32> {
        let scope = Scope { project: project.clone(), plugin: plugin.clone() };
        if let Some(number) = self.scopes.get(&scope) {
            return Ok(*number);
        }
        let project = self.project(db, project)?;
        db.execute("INSERT INTO scope (project, plugin) VALUES (?1, ?2)", params![project, plugin.as_str()])?;
        let number = last_row(db)?;
        self.add_scope(number, project, scope);
        self.changed = true;
        Ok(number)
    }

    /// The number of a digest of a component or of settings, given to it now when it has none.
    pub(super) fn version(&mut self, db: &Connection, digest: Option<&str>) -> rusqlite::Result<Option<i64>> {
        let Some(digest) = digest else { return Ok(None) };
        if let Some(number) = self.versions.get(digest) {
            return Ok(Some(*number));
        }
        db.execute("INSERT INTO version (digest) VALUES (?1) ON CONFLICT DO NOTHING", [digest])?;
        let number = db.query_row("SELECT id FROM version WHERE digest = ?1", [digest], |row| row.get(0))?;
        if self.versions.len() >= VERSIONS_MAX {
            self.versions.clear();
        }
        self.versions.insert(digest.to_owned(), number);
        self.changed = true;
        Ok(Some(number))
    }

    /// Who takes turns for the deliveries through a project's connection.
    pub(super) fn connection(&mut self, project: u32, name: &str) -> Member {
        let next = u32::try_from(self.connections.len()).unwrap_or(u32::MAX);
        let number = *self.connections.entry((project, name.to_owned())).or_insert(next);
        self.changed |= number == next;
        Member { group: project, number }
    }

    fn add_project(&mut self, number: u32, name: ProjectName) {
        self.project_names.insert(number, name.clone());
        self.projects.insert(name, number);
    }

    fn add_scope(&mut self, number: u32, project: u32, scope: Scope) {
        self.scope_names.insert(number, (project, scope.clone()));
        self.scopes.insert(scope, number);
    }
}

fn last_row(db: &Connection) -> rusqlite::Result<u32> {
    let number = db.last_insert_rowid();
    u32::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, number))
}
