//! The calls that change something, with PYBOSSA's order of checks.
//!
//! A POST looks at the payload's keys before it looks at who asks; a PUT the other way round.

use serde_json::{Map, Value, json};

use super::super::python;
use super::Refused;
use super::errors::ApiError;
use super::state::{State, Viewer};
use super::table::{PROJECT, Row, TASK, Table};
use super::webhook::Job;

/// What a POST made: the row as answered, and the webhook that it set off.
pub(super) type Made = (Value, Option<Job>);

/// Creates a row from the payload `text`.
pub(super) fn post(state: &mut State, table: &'static Table, viewer: &Viewer, text: &str) -> Result<Made, ApiError> {
    if matches!(table.endpoint, "user" | "projectstats") {
        return Err(ApiError::method_not_allowed());
    }
    let data = payload(table, text)?;
    known_keys(table, &data)?;
    match table.endpoint {
        "task" => post_task(state, viewer, data).map(|task| (task, None)),
        "taskrun" => post_answer(state, viewer, data),
        "project" => post_project(state, viewer, data).map(|project| (project, None)),
        _ => Err(ApiError::denied(viewer.is_anonymous())),
    }
}

fn post_task(state: &mut State, viewer: &Viewer, data: Map<String, Value>) -> Result<Value, ApiError> {
    if viewer.is_anonymous() {
        return Err(ApiError::denied(true));
    }
    let project = data.get("project_id").and_then(Value::as_i64);
    let project = project.filter(|id| state.projects.contains_key(id)).ok_or_else(ApiError::no_such_project)?;
    if !state.may_change(viewer, project) {
        return Err(ApiError::denied(false));
    }
    let mut checked = Row::new(&TASK, json!({}));
    let mut cells = Map::new();
    for (key, value) in data {
        if let Some(column) = TASK.column(&key) {
            checked.write(column, value)?;
            cells.insert(key, checked.get(column.name).clone());
        }
    }
    Ok(Value::Object(state.insert_task(cells).dictize()))
}

fn post_answer(state: &mut State, viewer: &Viewer, mut data: Map<String, Value>) -> Result<Made, ApiError> {
    let task = data.get("task_id").and_then(Value::as_i64).unwrap_or_default();
    let row = state.tasks.get(&task).ok_or_else(|| ApiError::forbidden("Invalid task_id"))?;
    if data.get("project_id").and_then(Value::as_i64) != Some(row.int("project_id")) {
        return Err(ApiError::forbidden("Invalid project_id"));
    }
    let who = viewer.who();
    let Some(created) = state.stamped(&who, task) else {
        return Err(ApiError::forbidden("You must request a task first!"));
    };
    let allows_anonymous = |project: &Row| project.is("allow_anonymous_contributors");
    if viewer.is_anonymous() && !state.projects.get(&row.int("project_id")).is_some_and(allows_anonymous) {
        return Err(ApiError::denied(true));
    }
    data.retain(|key, _| !matches!(key.as_str(), "user_id" | "user_ip"));
    match state.answer(task, who, &created, data) {
        Ok((run, job)) => Ok((Value::Object(run.dictize()), job)),
        Err(Refused::AnsweredAlready) => Err(ApiError::denied(viewer.is_anonymous())),
        Err(_) => Err(ApiError::forbidden("Invalid task_id")),
    }
}

fn post_project(state: &mut State, viewer: &Viewer, data: Map<String, Value>) -> Result<Value, ApiError> {
    let owner = viewer.user.ok_or_else(|| ApiError::denied(true))?;
    let mut cells = data;
    cells.retain(|key, _| !matches!(key.as_str(), "owner_id" | "owners_ids"));
    let project = state.draft_project(owner, cells);
    for column in ["name", "short_name"] {
        if project.get(column).is_null() {
            return Err(ApiError::wrong_type(&PROJECT, column));
        }
        if state.projects.values().any(|other| other.get(column) == project.get(column)) {
            return Err(ApiError::duplicate(&PROJECT, column, &parameters(&project)));
        }
    }
    let shown = project.dictize();
    state.insert_project(project);
    Ok(Value::Object(shown))
}

/// The row as it goes to the database, for the text of an error.
fn parameters(project: &Row) -> Vec<(&'static str, Value)> {
    let columns = PROJECT.columns.iter().map(|column| column.name).filter(|name| *name != "id");
    let cell = |name| match project.get(name) {
        info if name == "info" => Value::from(python::dumps(info)),
        value => value.clone(),
    };
    columns.map(|name| (name, cell(name))).collect()
}

/// Changes the columns that the payload `text` names; all others stay.
pub(super) fn put(state: &mut State, table: &'static Table, id: i64, viewer: &Viewer, text: &str) -> Result<Value, ApiError> {
    let before = state.row(table, id).ok_or_else(ApiError::not_found)?.clone();
    if !may_update(state, viewer, &before) {
        return Err(ApiError::denied(viewer.is_anonymous()));
    }
    let data = payload(table, text)?;
    known_keys(table, &data)?;
    let mut row = before.clone();
    for (key, value) in data {
        if let Some(column) = table.column(&key) {
            row.write(column, value)?;
        }
    }
    match table.endpoint {
        "project" => row.put("updated", json!(state.iso())),
        // Any change that does not ask for fewer answers opens a completed task again.
        "task" if row.int("n_answers") >= before.int("n_answers") => row.put("state", json!("ongoing")),
        _ => {}
    }
    let shown = row.dictize();
    store(state, row, &before);
    Ok(Value::Object(shown))
}

fn store(state: &mut State, row: Row, before: &Row) {
    let id = row.id();
    match row.table().endpoint {
        "project" => {
            state.projects.insert(id, row);
            state.rename_project(id);
        }
        "task" => {
            state.tasks.insert(id, row);
            state.refile_task(before);
        }
        "user" => {
            state.users.insert(id, row);
            state.reindex_user(id);
        }
        "result" => {
            state.results.insert(id, row);
        }
        _ => {}
    }
}

fn may_update(state: &State, viewer: &Viewer, row: &Row) -> bool {
    match row.table().endpoint {
        "project" => state.may_change(viewer, row.id()),
        "task" | "result" => state.may_change(viewer, row.int("project_id")),
        "user" => viewer.admin || viewer.user == Some(row.id()),
        _ => false,
    }
}

/// Deletes a row. Of all tables only tasks can be deleted here.
pub(super) fn delete(state: &mut State, table: &'static Table, id: i64, viewer: &Viewer) -> Result<(), ApiError> {
    if matches!(table.endpoint, "user" | "projectstats") {
        return Err(ApiError::method_not_allowed());
    }
    let row = state.row(table, id).ok_or_else(ApiError::not_found)?;
    let has_result = state.last_result(id).is_some();
    let allowed = table.endpoint == "task" && state.may_change(viewer, row.int("project_id")) && (viewer.admin || !has_result);
    if !allowed {
        return Err(ApiError::denied(viewer.is_anonymous()));
    }
    state.delete_task(id);
    Ok(())
}

/// The payload as an object without links, none of its keys reserved.
fn payload(table: &Table, text: &str) -> Result<Map<String, Value>, ApiError> {
    let data: Value = serde_json::from_str(text).map_err(|error| ApiError::broken_json(text, &error))?;
    let Value::Object(mut data) = data else {
        return Err(ApiError::not_an_object(&data));
    };
    if data.keys().any(|key| table.reserved.contains(&key.as_str())) {
        return Err(ApiError::reserved());
    }
    data.retain(|key, _| !matches!(key.as_str(), "link" | "links"));
    Ok(data)
}

fn known_keys(table: &Table, data: &Map<String, Value>) -> Result<(), ApiError> {
    match data.keys().find(|key| table.column(key).is_none()) {
        Some(key) => Err(ApiError::unknown_key(table, key)),
        None => Ok(()),
    }
}
