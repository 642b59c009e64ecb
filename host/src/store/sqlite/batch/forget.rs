//! Forgetting a person: the id goes from whatever is kept of a project.

use rusqlite::params;
use rusqlite::types::Value as Sql;
use serde_json::Value;

use super::Batch;
use crate::event::WORKER_MEMBERS;
use crate::id::{Digest, ProjectName};
use crate::store::sqlite::rows::{Packed, Unpacked};
use crate::store::{Forgotten, Walked};

/// Texts may hold JSON that holds text that holds JSON; beyond this many of them nobody looks.
const DEPTH_MAX: u32 = 4;

impl Batch<'_> {
    pub(super) fn forget_worker(
        &mut self,
        project: &ProjectName,
        forgotten: &Forgotten,
        after: i64,
        limit: u32,
    ) -> rusqlite::Result<Walked> {
        let Some(number) = self.names.known_project(project) else { return Ok(Walked::default()) };
        // What is written over is to be gone from the file too, not only from the tables.
        self.db.pragma_update(None, "secure_delete", true)?;
        let walked = self.forget_in_events(number, forgotten, after, limit);
        self.db.pragma_update(None, "secure_delete", false)?;
        walked
    }

    fn forget_in_events(&mut self, number: u32, forgotten: &Forgotten, after: i64, limit: u32) -> rusqlite::Result<Walked> {
        if after == 0 {
            self.forget_beside_events(number, forgotten)?;
        }
        let events: Vec<(i64, Vec<u8>, Unpacked)> = self
            .db
            .prepare_cached("SELECT id, uuid, payload FROM event WHERE project = ?1 AND id > ?2 ORDER BY id LIMIT ?3")?
            .query_map(params![number, after, limit], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let mut walked = Walked { next: events.last().map(|(row, ..)| *row).filter(|_| events.len() == limit as usize), changed: 0 };
        for (row, uuid, payload) in events {
            let mut changed = false;
            if let Some(payload) = replaced(&payload.0, forgotten) {
                self.execute("UPDATE event SET payload = ?2 WHERE id = ?1", params![row, Packed::of(payload)])?;
                changed = true;
            }
            changed |= self.forget_in("run", "read", ("event", &Sql::Integer(row)), forgotten)?;
            changed |= self.forget_in("run", "log", ("event", &Sql::Integer(row)), forgotten)?;
            changed |= self.forget_in("delivery", "effect", ("event", &Sql::Blob(uuid.clone())), forgotten)?;
            changed |= self.forget_in("delivered", "effect", ("event", &Sql::Blob(uuid.clone())), forgotten)?;
            changed |= self.forget_in_snapshots(&uuid, forgotten)?;
            walked.changed += u32::from(changed);
        }
        Ok(walked)
    }

    fn forget_beside_events(&mut self, project: u32, forgotten: &Forgotten) -> rusqlite::Result<()> {
        self.execute("DELETE FROM badge WHERE project = ?1 AND worker = ?2", params![project, forgotten.worker])?;
        let entries: Vec<(u32, String, i64)> = self
            .db
            .prepare_cached(
                "SELECT t.scope, t.key, octet_length(t.key) + octet_length(t.value) FROM state t JOIN scope s ON s.id = t.scope \
                 WHERE s.project = ?1 AND instr('/' || t.key || '/', '/' || ?2 || '/') > 0",
            )?
            .query_map(params![project, forgotten.worker], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for (scope, key, bytes) in entries {
            self.execute("DELETE FROM state WHERE scope = ?1 AND key = ?2", params![scope, key])?;
            *self.state_grew.entry(scope).or_default() -= bytes;
        }
        self.forget_in("task_result", "info", ("project", &Sql::Integer(project.into())), forgotten).map(|_| ())
    }

    /// Replaces the id in a column of JSON, in the rows of `table` that `of` names.
    fn forget_in(&self, table: &str, column: &str, of: (&str, &Sql), forgotten: &Forgotten) -> rusqlite::Result<bool> {
        let key = if table == "task_result" { "task || '/' || revision" } else { "id" };
        let select = format!("SELECT {key}, {column} FROM {table} WHERE {} = ?1 AND {column} IS NOT NULL", of.0);
        let update = format!("UPDATE {table} SET {column} = ?3 WHERE {} = ?1 AND {key} = ?2", of.0);
        let mut changed = false;
        let texts: Vec<(Sql, Unpacked)> =
            self.db.prepare_cached(&select)?.query_map([of.1], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
        for (key, text) in texts {
            if let Some(text) = replaced(&text.0, forgotten) {
                self.execute(&update, params![of.1, key, Packed::of(text)])?;
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
            let Some(text) = replaced(&text.0, forgotten) else { continue };
            let new = self.content(&Digest::of(text.as_bytes()), &Packed::of(text))?;
            self.execute("UPDATE snapshot SET content = ?3 WHERE root = ?1 AND generation = ?2", params![root, generation, new])?;
            self.execute("DELETE FROM content WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM snapshot WHERE content = ?1)", [content])?;
            changed = true;
        }
        Ok(changed)
    }
}

/// `text` with the alias in the place of the id; none when it does not hold it.
fn replaced(text: &str, forgotten: &Forgotten) -> Option<String> {
    // Parsing all that is kept would take long; most of it does not hold these letters at all.
    if !text.contains(&forgotten.worker) {
        return None;
    }
    let mut value = serde_json::from_str(text).ok()?;
    replace(&mut value, forgotten, DEPTH_MAX).then(|| value.to_string())
}

fn replace(value: &mut Value, forgotten: &Forgotten, depth: u32) -> bool {
    match value {
        Value::Array(values) => {
            let mut changed = false;
            for value in values {
                changed |= replace(value, forgotten, depth);
            }
            changed
        }
        Value::Object(members) => {
            let mut changed = false;
            for (name, value) in members {
                if WORKER_MEMBERS.contains(&name.as_str()) && is(value, &forgotten.worker) {
                    *value = Value::String(forgotten.alias.clone());
                    changed = true;
                } else {
                    changed |= replace(value, forgotten, depth);
                }
            }
            changed
        }
        Value::String(text) if depth > 0 && text.starts_with(['{', '[']) => {
            let Ok(mut inner) = serde_json::from_str(text) else { return false };
            let changed = replace(&mut inner, forgotten, depth - 1);
            if changed {
                *text = inner.to_string();
            }
            changed
        }
        _ => false,
    }
}

/// Whether `value` is this id, written as a text or as a number.
fn is(value: &Value, id: &str) -> bool {
    match value {
        Value::String(text) => text == id,
        Value::Number(number) => number.to_string() == id,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_replaced_where_a_worker_stands_and_nowhere_else() {
        let forgotten = Forgotten { worker: "7".to_owned(), alias: "forgotten-1".to_owned() };
        let cases = [
            (r#"{"worker":"7","task":"7"}"#, Some(r#"{"worker":"forgotten-1","task":"7"}"#)),
            (
                r#"{"answers":[{"user_id":7,"id":7},{"user_id":17}]}"#,
                Some(r#"{"answers":[{"user_id":"forgotten-1","id":7},{"user_id":17}]}"#),
            ),
            (r#"{"extra":"{\"worker_id\":\"7\"}"}"#, Some(r#"{"extra":"{\"worker_id\":\"forgotten-1\"}"}"#)),
            (r#"{"task":"7"}"#, None),
            (r#"{"worker":"8"}"#, None),
            ("7 is no JSON", None),
        ];
        for (text, expected) in cases {
            assert_eq!(replaced(text, &forgotten).as_deref(), expected, "{text}");
        }
    }
}
