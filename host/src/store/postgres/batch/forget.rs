//! Forgetting a person: the id goes from whatever is kept of a project, a bounded number of rows in each commit. What stood in a row before
//! is gone from the tables' files once PostgreSQL has vacuumed them.
//!
//! Events first: what waits is run meanwhile, and writes what it reads there into all the rest.

use serde::{Deserialize, Serialize};

use super::Batch;
use crate::id::{Digest, ProjectName};
use crate::store::keep::Round;
use crate::store::postgres::db::{Columns as _, Param, Result, params};
use crate::store::{ForgetStep, Forgotten, StateChange, replace};

/// Where a round goes on: behind this, in this order.
#[derive(Debug, Serialize, Deserialize)]
enum At {
    /// An event.
    Event(i64),
    /// An entry of plugins' state.
    State(i64, String),
    /// A once key.
    Once(i64, String),
    /// A revision of a task result.
    Result(String, i64),
    /// All results: the worker's badges, which an index finds, go in one step.
    Badges,
    /// A task's analysis.
    Analysis(String),
}

/// Where a round begins.
const BEGINNING: At = At::Event(0);

/// How many rows changed, and where to go on.
type Step = (i64, Option<At>);

impl Batch<'_> {
    pub(super) async fn forget_worker(
        &mut self,
        project: &ProjectName,
        forgotten: &Forgotten,
        after: Option<&str>,
        limit: u32,
    ) -> Result<ForgetStep> {
        let Some(project) = self.memory.names.known_project(self.db, project).await? else { return Ok(ForgetStep::default()) };
        let (round, at) = Round::told(after, BEGINNING);
        let (changed, next) = match at {
            At::Event(row) => self.forget_in_events(project, forgotten, row, limit).await?,
            At::State(scope, key) => self.forget_in_state(project, forgotten, (scope, &key), limit).await?,
            At::Once(scope, key) => self.forget_in_once(project, forgotten, (scope, &key), limit).await?,
            At::Result(task, revision) => self.forget_in_results(project, forgotten, (&task, revision), limit).await?,
            At::Badges => {
                let badges = "DELETE FROM badge WHERE project = $1 AND worker = $2";
                let gone = self.execute(badges, params![project, forgotten.worker.as_bytes()]).await?;
                (gone, Some(At::Analysis(String::new())))
            }
            At::Analysis(task) => self.forget_in_analyses(project, forgotten, &task, limit).await?,
        };
        Ok(round.step(u32::try_from(changed).unwrap_or(u32::MAX), next, BEGINNING))
    }

    async fn forget_in_state(&mut self, project: i64, forgotten: &Forgotten, (scope, after): (i64, &str), limit: u32) -> Result<Step> {
        let Some(scope) = self.scope_from(project, scope).await? else { return Ok((0, Some(At::Once(0, String::new())))) };
        let sql = "SELECT key, value FROM state WHERE scope = $1 AND key > $2 ORDER BY key LIMIT $3";
        let entries = self.db.rows(sql, params![scope, after.as_bytes(), i64::from(limit)]).await?;
        let next = match entries.last() {
            Some(last) if entries.len() == limit as usize => At::State(scope, last.text(0)?),
            _ => At::State(scope.saturating_add(1), String::new()),
        };
        let mut changed = 0;
        for entry in &entries {
            let (key, value) = (entry.text(0)?, entry.text(1)?);
            let change = if key.split('/').any(|part| part == forgotten.worker) {
                StateChange::Remove(key)
            } else if let Some(value) = replace::in_text(&value, forgotten) {
                StateChange::Set(key, value)
            } else {
                continue;
            };
            self.change(scope, &change).await?;
            changed += 1;
        }
        Ok((changed, Some(next)))
    }

    async fn forget_in_once(&self, project: i64, forgotten: &Forgotten, (scope, after): (i64, &str), limit: u32) -> Result<Step> {
        let Some(scope) = self.scope_from(project, scope).await? else { return Ok((0, Some(At::Result(String::new(), 0)))) };
        let sql = "SELECT key FROM once WHERE scope = $1 AND key > $2 ORDER BY key LIMIT $3";
        let keys = self.db.rows(sql, params![scope, after.as_bytes(), i64::from(limit)]).await?;
        let next = match keys.last() {
            Some(last) if keys.len() == limit as usize => At::Once(scope, last.text(0)?),
            _ => At::Once(scope.saturating_add(1), String::new()),
        };
        let mut changed = 0;
        for key in &keys {
            let key = key.text(0)?;
            if let Some(new) = replace::in_key(&key, forgotten) {
                self.spend(scope, Some(new.as_bytes())).await?;
                changed += self.execute("DELETE FROM once WHERE scope = $1 AND key = $2", params![scope, key.as_bytes()]).await?;
            }
        }
        Ok((changed, Some(next)))
    }

    /// The first plugin of the project whose number is not below this one.
    async fn scope_from(&self, project: i64, scope: i64) -> Result<Option<i64>> {
        let sql = "SELECT id FROM scope WHERE project = $1 AND id >= $2 ORDER BY id LIMIT 1";
        self.db.first(sql, params![project, scope]).await?.map(|row| row.at(0)).transpose()
    }

    async fn forget_in_results(&self, project: i64, forgotten: &Forgotten, (task, revision): (&str, i64), limit: u32) -> Result<Step> {
        let sql = "SELECT task, revision, info FROM task_result WHERE project = $1 AND (task, revision) > ($2, $3) \
             ORDER BY task, revision LIMIT $4";
        let results = self.db.rows(sql, params![project, task.as_bytes(), revision, i64::from(limit)]).await?;
        let next = match results.last() {
            Some(last) if results.len() == limit as usize => At::Result(last.text(0)?, last.at(1)?),
            _ => At::Badges,
        };
        let mut changed = 0;
        for result in &results {
            if let Some(info) = replace::in_text(&result.text(2)?, forgotten) {
                let sql = "UPDATE task_result SET info = $4 WHERE project = $1 AND task = $2 AND revision = $3";
                let (task, revision): (&[u8], i64) = (result.at(0)?, result.at(1)?);
                changed += self.execute(sql, params![project, task, revision, info.as_bytes()]).await?;
            }
        }
        Ok((changed, Some(next)))
    }

    /// Last, since analyses are counted behind the events: what is counted after this is of events that do not name the worker any more.
    async fn forget_in_analyses(&self, project: i64, forgotten: &Forgotten, after: &str, limit: u32) -> Result<Step> {
        let sql = "SELECT task, analysis FROM analysed WHERE project = $1 AND task > $2 ORDER BY task LIMIT $3";
        let analyses = self.db.rows(sql, params![project, after.as_bytes(), i64::from(limit)]).await?;
        let next = match analyses.last() {
            Some(last) if analyses.len() == limit as usize => Some(At::Analysis(last.text(0)?)),
            _ => None,
        };
        self.execute(
            "INSERT INTO worker (project, worker, answers, agreeing) \
             SELECT project, $3, answers, agreeing FROM worker WHERE project = $1 AND worker = $2 ON CONFLICT (project, worker) \
             DO UPDATE SET answers = worker.answers + excluded.answers, agreeing = worker.agreeing + excluded.agreeing",
            params![project, forgotten.worker.as_bytes(), forgotten.alias.as_bytes()],
        )
        .await?;
        let gone = "DELETE FROM worker WHERE project = $1 AND worker = $2";
        let mut changed = self.execute(gone, params![project, forgotten.worker.as_bytes()]).await?;
        for row in &analyses {
            if let Some(analysis) = replace::in_text(&row.text(1)?, forgotten) {
                let sql = "UPDATE analysed SET analysis = $3 WHERE project = $1 AND task = $2";
                changed += self.execute(sql, params![project, row.at::<&[u8]>(0)?, analysis.as_bytes()]).await?;
            }
        }
        Ok((changed, next))
    }

    async fn forget_in_events(&self, project: i64, forgotten: &Forgotten, after: i64, limit: u32) -> Result<Step> {
        // Events of other projects are looked at too, so that a step has an end, but nothing of them is read.
        let sql = "SELECT id, uuid, CASE WHEN project = $3 THEN payload END FROM event WHERE id > $1 ORDER BY id LIMIT $2";
        let events = self.db.rows(sql, params![after, i64::from(limit), project]).await?;
        let next = match events.last() {
            Some(last) if events.len() == limit as usize => At::Event(last.at(0)?),
            _ => At::State(0, String::new()),
        };
        let mut changed = 0;
        for event in &events {
            let Some(payload) = event.text_or_none(2)? else { continue };
            let (row, uuid): (i64, &[u8]) = (event.at(0)?, event.at(1)?);
            let mut is_changed = false;
            if let Some(payload) = replace::in_text(&payload, forgotten) {
                self.execute("UPDATE event SET payload = $2 WHERE id = $1", params![row, payload.as_bytes()]).await?;
                is_changed = true;
            }
            for column in ["read", "log"] {
                is_changed |= self.forget_in_column(("run", column), params![row], |text| replace::in_text(text, forgotten)).await?;
            }
            for table in ["delivery", "delivered"] {
                is_changed |= self.forget_in_column((table, "effect"), params![uuid], |text| replace::in_text(text, forgotten)).await?;
                is_changed |= self.forget_in_column((table, "once"), params![uuid], |key| replace::in_key(key, forgotten)).await?;
            }
            is_changed |= self.forget_in_snapshots(uuid, forgotten).await?;
            changed += i64::from(is_changed);
        }
        Ok((changed, Some(next)))
    }

    /// Replaces the id in a column, in those rows of the table that are about `event`.
    async fn forget_in_column(
        &self,
        (table, column): (&str, &str),
        event: &[Param<'_>],
        replace: impl Fn(&str) -> Option<String>,
    ) -> Result<bool> {
        let select = format!("SELECT id, {column} FROM {table} WHERE event = $1 AND {column} IS NOT NULL");
        let mut changed = false;
        for row in self.db.rows(&select, event).await? {
            if let Some(text) = replace(&row.text(1)?) {
                let update = format!("UPDATE {table} SET {column} = $2 WHERE id = $1");
                self.execute(&update, params![row.at::<i64>(0)?, text.as_bytes()]).await?;
                changed = true;
            }
        }
        Ok(changed)
    }

    /// A text may be the snapshot of several events: each that names the worker gets one of its own.
    async fn forget_in_snapshots(&self, root: &[u8], forgotten: &Forgotten) -> Result<bool> {
        let sql = "SELECT s.generation, s.content, c.body FROM snapshot s JOIN content c ON c.id = s.content WHERE s.root = $1";
        let mut changed = false;
        for row in self.db.rows(sql, params![root]).await? {
            let Some(text) = replace::in_text(&row.text(2)?, forgotten) else { continue };
            let new = self.content(&Digest::of(text.as_bytes()), &text).await?;
            let sql = "UPDATE snapshot SET content = $3 WHERE root = $1 AND generation = $2";
            self.execute(sql, params![root, row.at::<i64>(0)?, new]).await?;
            self.drop_contents(&[row.at(1)?]).await?;
            changed = true;
        }
        Ok(changed)
    }
}
