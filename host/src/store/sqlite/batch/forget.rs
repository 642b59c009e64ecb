//! Forgetting a person: the id goes from whatever is kept of a project, a bounded number of rows in each commit.
//!
//! Events first: what waits is run meanwhile, and writes what it reads there into all the rest.

use rusqlite::params;
use rusqlite::types::Value as Sql;
use serde::{Deserialize, Serialize};

use super::Batch;
use crate::id::{Digest, ProjectName};
use crate::store::keep::Round;
use crate::store::sqlite::rows::{Packed, Unpacked};
use crate::store::{ForgetStep, Forgotten, StateChange, replace};

/// Where a round goes on: behind this, in this order.
#[derive(Debug, Serialize, Deserialize)]
enum At {
    /// An event.
    Event(i64),
    /// An entry of plugins' state.
    State(u32, String),
    /// A once key.
    Once(u32, String),
    /// A revision of a task result.
    Result(String, i64),
    /// All results: the worker's badges, which an index finds, go in one step.
    Badges,
    /// A task's analysis.
    Analysis(String),
}

/// Where a round begins.
const BEGINNING: At = At::Event(0);

impl Batch<'_> {
    pub(super) fn forget_worker(
        &mut self,
        project: &ProjectName,
        forgotten: &Forgotten,
        after: Option<&str>,
        limit: u32,
    ) -> rusqlite::Result<ForgetStep> {
        let Some(number) = self.names.known_project(project) else { return Ok(ForgetStep::default()) };
        // What is written over is to be gone from the file too, not only from the tables.
        self.db.pragma_update(None, "secure_delete", true)?;
        let step = self.forget_step(number, forgotten, after, limit);
        self.db.pragma_update(None, "secure_delete", false)?;
        step
    }

    fn forget_step(&mut self, project: u32, forgotten: &Forgotten, after: Option<&str>, limit: u32) -> rusqlite::Result<ForgetStep> {
        let (round, at) = Round::told(after, BEGINNING);
        let (changed, next) = match at {
            At::Event(row) => self.forget_in_events(project, forgotten, row, limit)?,
            At::State(scope, key) => self.forget_in_state(project, forgotten, (scope, &key), limit)?,
            At::Once(scope, key) => self.forget_in_once(project, forgotten, (scope, &key), limit)?,
            At::Result(task, revision) => self.forget_in_results(project, forgotten, (&task, revision), limit)?,
            At::Badges => {
                let badges = "DELETE FROM badge WHERE project = ?1 AND worker = ?2";
                (self.execute(badges, params![project, forgotten.worker])?, Some(At::Analysis(String::new())))
            }
            At::Analysis(task) => self.forget_in_analyses(project, forgotten, &task, limit)?,
        };
        Ok(round.step(u32::try_from(changed).unwrap_or(u32::MAX), next, BEGINNING))
    }

    fn forget_in_state(
        &mut self,
        project: u32,
        forgotten: &Forgotten,
        (scope, after): (u32, &str),
        limit: u32,
    ) -> rusqlite::Result<(usize, Option<At>)> {
        let Some(scope) = self.scope_from(project, scope)? else { return Ok((0, Some(At::Once(0, String::new())))) };
        let entries: Vec<(String, String)> = self
            .db
            .prepare_cached("SELECT key, value FROM state WHERE scope = ?1 AND key > ?2 ORDER BY key LIMIT ?3")?
            .query_map(params![scope, after, limit], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let next = match entries.last() {
            Some((key, _)) if entries.len() == limit as usize => At::State(scope, key.clone()),
            _ => At::State(scope.saturating_add(1), String::new()),
        };
        let mut changed = 0;
        for (key, value) in entries {
            let change = if key.split('/').any(|part| part == forgotten.worker) {
                StateChange::Remove(key)
            } else if let Some(value) = replace::in_text(&value, forgotten) {
                StateChange::Set(key, value)
            } else {
                continue;
            };
            self.change(scope, &change)?;
            changed += 1;
        }
        Ok((changed, Some(next)))
    }

    fn forget_in_once(
        &self,
        project: u32,
        forgotten: &Forgotten,
        (scope, after): (u32, &str),
        limit: u32,
    ) -> rusqlite::Result<(usize, Option<At>)> {
        let Some(scope) = self.scope_from(project, scope)? else { return Ok((0, Some(At::Result(String::new(), 0)))) };
        let keys: Vec<String> = self
            .db
            .prepare_cached("SELECT key FROM once WHERE scope = ?1 AND key > ?2 ORDER BY key LIMIT ?3")?
            .query_map(params![scope, after, limit], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let next = match keys.last() {
            Some(key) if keys.len() == limit as usize => At::Once(scope, key.clone()),
            _ => At::Once(scope.saturating_add(1), String::new()),
        };
        let mut changed = 0;
        for key in keys {
            if let Some(new) = replace::in_key(&key, forgotten) {
                changed += self.execute("UPDATE OR REPLACE once SET key = ?3 WHERE scope = ?1 AND key = ?2", params![scope, key, new])?;
            }
        }
        Ok((changed, Some(next)))
    }

    /// The first plugin of the project whose number is not below this one.
    fn scope_from(&self, project: u32, scope: u32) -> rusqlite::Result<Option<u32>> {
        self.db.prepare_cached("SELECT min(id) FROM scope WHERE project = ?1 AND id >= ?2")?.query_row([project, scope], |row| row.get(0))
    }

    fn forget_in_results(
        &self,
        project: u32,
        forgotten: &Forgotten,
        (task, revision): (&str, i64),
        limit: u32,
    ) -> rusqlite::Result<(usize, Option<At>)> {
        let results: Vec<(String, i64, Unpacked)> = self
            .db
            .prepare_cached(
                "SELECT task, revision, info FROM task_result WHERE project = ?1 AND (task, revision) > (?2, ?3) \
                 ORDER BY task, revision LIMIT ?4",
            )?
            .query_map(params![project, task, revision, limit], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let next = match results.last() {
            Some((task, revision, _)) if results.len() == limit as usize => At::Result(task.clone(), *revision),
            _ => At::Badges,
        };
        let mut changed = 0;
        for (task, revision, info) in results {
            if let Some(info) = replace::in_text(&info.0, forgotten) {
                changed += self.execute(
                    "UPDATE task_result SET info = ?4 WHERE project = ?1 AND task = ?2 AND revision = ?3",
                    params![project, task, revision, Packed::of(info)],
                )?;
            }
        }
        Ok((changed, Some(next)))
    }

    /// Last, since analyses are counted behind the events: what is counted after this is of events that do not name the worker any more.
    fn forget_in_analyses(&self, project: u32, forgotten: &Forgotten, after: &str, limit: u32) -> rusqlite::Result<(usize, Option<At>)> {
        let analyses: Vec<(String, Unpacked)> = self
            .db
            .prepare_cached("SELECT task, analysis FROM analysed WHERE project = ?1 AND task > ?2 ORDER BY task LIMIT ?3")?
            .query_map(params![project, after, limit], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let next = analyses.last().filter(|_| analyses.len() == limit as usize).map(|(task, _)| At::Analysis(task.clone()));
        self.execute(
            "INSERT INTO worker (project, worker, answers, agreeing) \
             SELECT project, ?3, answers, agreeing FROM worker WHERE project = ?1 AND worker = ?2 \
             ON CONFLICT (project, worker) DO UPDATE SET answers = answers + excluded.answers, agreeing = agreeing + excluded.agreeing",
            params![project, forgotten.worker, forgotten.alias],
        )?;
        let mut changed = self.execute("DELETE FROM worker WHERE project = ?1 AND worker = ?2", params![project, forgotten.worker])?;
        for (task, analysis) in analyses {
            if let Some(analysis) = replace::in_text(&analysis.0, forgotten) {
                changed += self.execute(
                    "UPDATE analysed SET analysis = ?3 WHERE project = ?1 AND task = ?2",
                    params![project, task, Packed::of(analysis)],
                )?;
            }
        }
        Ok((changed, next))
    }

    fn forget_in_events(&self, project: u32, forgotten: &Forgotten, after: i64, limit: u32) -> rusqlite::Result<(usize, Option<At>)> {
        // Events of other projects are looked at too, so that a step has an end, but nothing of them is read.
        let events = self
            .db
            .prepare_cached("SELECT id, project, uuid, payload FROM event WHERE id > ?1 ORDER BY id LIMIT ?2")?
            .query_map(params![after, limit], |row| {
                let is_of_project = row.get::<_, u32>(1)? == project;
                let found: Option<(Vec<u8>, Unpacked)> = if is_of_project { Some((row.get(2)?, row.get(3)?)) } else { None };
                Ok((row.get(0)?, found))
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let next = match events.last() {
            Some((row, _)) if events.len() == limit as usize => At::Event(*row),
            _ => At::State(0, String::new()),
        };
        let mut changed = 0;
        for (row, of_project) in events {
            let Some((uuid, payload)) = of_project else { continue };
            let mut is_changed = false;
            if let Some(payload) = replace::in_text(&payload.0, forgotten) {
                self.execute("UPDATE event SET payload = ?2 WHERE id = ?1", params![row, Packed::of(payload)])?;
                is_changed = true;
            }
            for column in ["read", "log"] {
                is_changed |= self.forget_in_column("run", column, &Sql::Integer(row), forgotten)?;
            }
            for table in ["delivery", "delivered"] {
                is_changed |= self.forget_in_column(table, "effect", &Sql::Blob(uuid.clone()), forgotten)?;
                is_changed |= self.forget_in_their_once(table, &uuid, forgotten)?;
            }
            is_changed |= self.forget_in_snapshots(&uuid, forgotten)?;
            changed += usize::from(is_changed);
        }
        Ok((changed, Some(next)))
    }

    /// Replaces the id in a column of JSON, in those rows of `table` that are about `event`.
    fn forget_in_column(&self, table: &str, column: &str, event: &Sql, forgotten: &Forgotten) -> rusqlite::Result<bool> {
        let select = format!("SELECT id, {column} FROM {table} WHERE event = ?1 AND {column} IS NOT NULL");
        let texts: Vec<(i64, Unpacked)> =
            self.db.prepare_cached(&select)?.query_map([event], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
        let mut changed = false;
        for (id, text) in texts {
            if let Some(text) = replace::in_text(&text.0, forgotten) {
                self.execute(&format!("UPDATE {table} SET {column} = ?2 WHERE id = ?1"), params![id, Packed::of(text)])?;
                changed = true;
            }
        }
        Ok(changed)
    }

    fn forget_in_their_once(&self, table: &str, event: &[u8], forgotten: &Forgotten) -> rusqlite::Result<bool> {
        let select = format!("SELECT id, once FROM {table} WHERE event = ?1 AND once IS NOT NULL");
        let keys: Vec<(i64, String)> =
            self.db.prepare_cached(&select)?.query_map([event], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
        let mut changed = false;
        for (id, key) in keys {
            if let Some(key) = replace::in_key(&key, forgotten) {
                self.execute(&format!("UPDATE {table} SET once = ?2 WHERE id = ?1"), params![id, key])?;
                changed = true;
            }
        }
        Ok(changed)
    }

    /// A text may be the snapshot of several events: each that names the worker gets one of its own.
    fn forget_in_snapshots(&self, root: &[u8], forgotten: &Forgotten) -> rusqlite::Result<bool> {
        let texts: Vec<(u32, i64, Unpacked)> = self
            .db
            .prepare_cached("SELECT s.generation, s.content, c.body FROM snapshot s JOIN content c ON c.id = s.content WHERE s.root = ?1")?
            .query_map([root], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let mut changed = false;
        for (generation, content, text) in texts {
            let Some(text) = replace::in_text(&text.0, forgotten) else { continue };
            let new = self.content(&Digest::of(text.as_bytes()), &Packed::of(text))?;
            self.execute("UPDATE snapshot SET content = ?3 WHERE root = ?1 AND generation = ?2", params![root, generation, new])?;
            self.drop_content(content)?;
            changed = true;
        }
        Ok(changed)
    }
}
