//! PYBOSSA's rows → the host's words. Pure. Values that people made pass through as they were written.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;

use super::call::number;
use crate::clock::Timestamp;
use crate::platform::fields::Fields;
use crate::platform::{Answer, ProjectInfo, ResultRow, Task, WorkerInfo};

/// The body is not what PYBOSSA answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// A task row with what is embedded in it.
#[derive(Debug, PartialEq)]
pub(super) struct TaskRow {
    pub(super) task: Task,
    pub(super) project: String,
    /// Oldest first; none when the server embeds none.
    pub(super) answers: Option<Vec<Answer>>,
    pub(super) result: Embedded,
}

/// A task's newest result row, as its task row tells it.
#[derive(Debug, PartialEq)]
pub(super) enum Embedded {
    There(ResultFacts),
    None,
    /// The server does not tell, or tells an older one.
    NotTold,
}

/// A result row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ResultFacts {
    pub(super) row: ResultRow,
    pub(super) number: u64,
    pub(super) task: String,
    pub(super) project: String,
    /// The answers that completed the task.
    pub(super) answers: Vec<u64>,
    newest: bool,
}

/// A list of task rows.
pub(super) fn tasks(body: &[u8]) -> Result<Vec<TaskRow>, Unreadable> {
    list(body)?.iter().map(task).collect()
}

/// The id of the one task row that a call answered with.
pub(super) fn task_id(body: &[u8]) -> Result<String, Unreadable> {
    Fields::parse(text(body)?).map_err(|_| Unreadable)?.id("id").ok_or(Unreadable)
}

/// A list of task runs, oldest first.
pub(super) fn answers(body: &[u8]) -> Result<Vec<Answer>, Unreadable> {
    in_order(&list(body)?)
}

/// A list of result rows.
pub(super) fn results(body: &[u8]) -> Result<Vec<ResultFacts>, Unreadable> {
    list(body)?.iter().map(result_row).collect()
}

/// One result row.
pub(super) fn result(body: &[u8]) -> Result<ResultFacts, Unreadable> {
    result_row(&Fields::parse(text(body)?).map_err(|_| Unreadable)?)
}

/// What may be shown of a user: the full name where PYBOSSA shows it to everybody, else the nickname.
pub(super) fn worker(body: &[u8], id: &str) -> Result<WorkerInfo, Unreadable> {
    let fields = Fields::parse(text(body)?).map_err(|_| Unreadable)?;
    let name = ["fullname", "name"].iter().find_map(|name| fields.text(name).filter(|text| !text.is_empty()));
    Ok(WorkerInfo { id: id.to_owned(), name })
}

/// The address of the user `id`, where the key that asked may know it: then the row bears its id as well.
pub(super) fn address(body: &[u8], id: &str) -> Result<Option<String>, Unreadable> {
    let fields = Fields::parse(text(body)?).map_err(|_| Unreadable)?;
    match fields.id("id") {
        Some(told) if told != id => Err(Unreadable),
        _ => Ok(fields.text("email_addr").filter(|address| !address.is_empty())),
    }
}

/// The project of this short name from a list of none or one.
pub(super) fn project(body: &[u8], address: &str, short_name: &str) -> Result<Option<ProjectInfo>, Unreadable> {
    let rows = list(body)?;
    let Some(row) = rows.iter().find(|row| row.text("short_name").as_deref() == Some(short_name)) else { return Ok(None) };
    // Its owners alone are shown these; they are the very ones who may write.
    let owners_view = row.has("secret_key") || row.has("webhook");
    let known = ["id", "short_name", "name", "info", "secret_key", "webhook", "link", "links"];
    let mut extra = row.rest(|name| known.contains(&name) || is_secret(name));
    if let Some(info) = row.json("info").and_then(|info| serde_json::from_str(info).ok()) {
        let first = extra.len() == 2;
        extra.pop();
        extra.push_str(if first { "\"info\":" } else { ",\"info\":" });
        extra.push_str(&without_secrets(info).to_string());
        extra.push('}');
    }
    Ok(Some(ProjectInfo {
        id: row.id("id").ok_or(Unreadable)?,
        short_name: Some(short_name.to_owned()),
        title: row.text("name").unwrap_or_else(|| short_name.to_owned()),
        url: Some(format!("{address}/project/{short_name}")),
        extra,
        key_may_write: Some(owners_view),
    }))
}

/// Whether all answers of these ids are there. A server that cuts what it embeds would else go unnoticed.
pub(super) fn holds_all(answers: &[Answer], ids: &[u64]) -> bool {
    let there: std::collections::HashSet<u64> = answers.iter().filter_map(|answer| number(&answer.id)).collect();
    ids.iter().all(|id| there.contains(id))
}

fn text(body: &[u8]) -> Result<&str, Unreadable> {
    std::str::from_utf8(body).map_err(|_| Unreadable)
}

fn list(body: &[u8]) -> Result<Vec<Fields<'_>>, Unreadable> {
    serde_json::from_str(text(body)?).map_err(|_| Unreadable)
}

fn task(row: &Fields<'_>) -> Result<TaskRow, Unreadable> {
    let known = ["id", "state", "n_answers", "calibration", "info", "task_runs", "result", "link", "links"];
    let task = Task {
        id: row.id("id").ok_or(Unreadable)?,
        redundancy: row.count("n_answers").ok_or(Unreadable)?,
        completed: row.text("state").ok_or(Unreadable)? == "completed",
        gold: row.is_set("calibration"),
        gold_answer: None,
        info: row.json("info").unwrap_or("null").to_owned(),
        extra: row.rest(|name| known.contains(&name)),
    };
    let answers = match row.has("task_runs") {
        true => Some(in_order(&row.objects("task_runs").ok_or(Unreadable)?)?),
        false => None,
    };
    let result = match (row.has("result"), row.object("result")) {
        (false, _) => Embedded::NotTold,
        (true, Some(result)) if result.has("id") => match result_row(&result)? {
            result if result.newest => Embedded::There(result),
            _ => Embedded::NotTold,
        },
        (true, _) => Embedded::None,
    };
    Ok(TaskRow { task, project: row.id("project_id").ok_or(Unreadable)?, answers, result })
}

fn in_order(rows: &[Fields<'_>]) -> Result<Vec<Answer>, Unreadable> {
    let mut answers = rows.iter().map(answer).collect::<Result<Vec<_>, _>>()?;
    answers.sort_by_cached_key(|answer| number(&answer.id));
    Ok(answers)
}

fn answer(row: &Fields<'_>) -> Result<Answer, Unreadable> {
    // The address of an anonymous person goes nowhere.
    let known = ["id", "task_id", "user_id", "user_ip", "info", "finish_time", "link", "links"];
    Ok(Answer {
        id: row.id("id").ok_or(Unreadable)?,
        task: row.id("task_id").ok_or(Unreadable)?,
        worker: row.id("user_id"),
        value: row.json("info").unwrap_or("null").to_owned(),
        submitted_at: row.text("finish_time").and_then(|text| moment(&text)),
        trust: None,
        set_aside: false,
        extra: row.rest(|name| known.contains(&name)),
    })
}

fn result_row(row: &Fields<'_>) -> Result<ResultFacts, Unreadable> {
    let id = row.id("id").ok_or(Unreadable)?;
    Ok(ResultFacts {
        number: number(&id).ok_or(Unreadable)?,
        row: ResultRow { id, info: row.json("info").map(str::to_owned) },
        task: row.id("task_id").ok_or(Unreadable)?,
        project: row.id("project_id").ok_or(Unreadable)?,
        answers: row
            .json("task_run_ids")
            .and_then(|ids| Vec::deserialize(&mut serde_json::Deserializer::from_str(ids)).ok())
            .unwrap_or_default(),
        newest: row.json("last_version") != Some("false"),
    })
}

/// PYBOSSA's moments are in UTC and say no zone.
fn moment(text: &str) -> Option<Timestamp> {
    let civil: DateTime = text.parse().ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// Names of what a project's row or `info` holds for its owners only.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["secret", "passwd", "password", "token", "api_key", "auth_key", "onesignal"].iter().any(|word| name.contains(word))
}

/// Takes secrets out of `value`, at every depth.
fn without_secrets(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            fields.retain(|name, _| !is_secret(name));
            for field in fields.values_mut() {
                *field = without_secrets(field.take());
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = without_secrets(item.take());
            }
        }
        _ => {}
    }
    value
}

#[cfg(test)]
mod tests;
