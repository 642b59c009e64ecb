//! PYBOSSA's rows → the host's words. Pure. Values that people made pass through as they were written.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::call::number;
use crate::clock::Timestamp;
use crate::platform::fields::Fields;
use crate::platform::{Answer, ProjectInfo, ResultRow, Task, WorkerInfo};

/// The body is not what PYBOSSA answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// Only owners are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotTold;

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
    /// When it was made: when the task was completed.
    pub(super) made_at: Option<Timestamp>,
    newest: bool,
}

/// One row of a page, with its id as far as it has one; its error says why it is left out.
#[derive(Debug)]
pub(super) struct PageRow<T> {
    pub(super) id: Option<u64>,
    pub(super) row: Result<T, &'static str>,
}

/// A result row with its task and its answers.
#[derive(Debug)]
pub(super) struct CompletionRow {
    pub(super) result: ResultFacts,
    /// None when the server embeds none.
    pub(super) task: Option<Task>,
    /// Oldest first; none when the server embeds none.
    pub(super) answers: Option<Vec<Answer>>,
}

/// A list of task rows.
pub(super) fn tasks(body: &[u8]) -> Result<Vec<TaskRow>, Unreadable> {
    list(body)?.iter().map(task).collect()
}

/// A page of task rows. One that makes no sense spoils none of the others.
pub(super) fn task_page(body: &[u8]) -> Result<Vec<PageRow<TaskRow>>, Unreadable> {
    page(body, |row| task(row).map_err(|Unreadable| "PYBOSSA shows it in a shape that is no task's"))
}

/// A page of result rows. One that makes no sense spoils none of the others.
pub(super) fn completion_page(body: &[u8]) -> Result<Vec<PageRow<CompletionRow>>, Unreadable> {
    page(body, completion)
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

/// The address that the project of this short name calls; the outer none when there is no such project, the inner error when the one
/// who asks is not told.
pub(super) fn hook(body: &[u8], short_name: &str) -> Result<Option<Result<Option<String>, NotTold>>, Unreadable> {
    let rows = list(body)?;
    let row = rows.iter().find(|row| row.text("short_name").as_deref() == Some(short_name));
    Ok(row.map(|row| if row.has("webhook") { Ok(row.text("webhook").filter(|url| !url.is_empty())) } else { Err(NotTold) }))
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

fn page<T>(body: &[u8], read: impl Fn(&Fields<'_>) -> Result<T, &'static str>) -> Result<Vec<PageRow<T>>, Unreadable> {
    let rows: Vec<&RawValue> = serde_json::from_str(text(body)?).map_err(|_| Unreadable)?;
    let row = |json: &RawValue| match Fields::parse(json.get()) {
        Ok(fields) => PageRow { id: fields.id("id").and_then(|id| number(&id)), row: read(&fields) },
        Err(_) => PageRow { id: None, row: Err("PYBOSSA shows something that is no row") },
    };
    Ok(rows.into_iter().map(row).collect())
}

fn completion(row: &Fields<'_>) -> Result<CompletionRow, &'static str> {
    let result = result_row(row).map_err(|Unreadable| "PYBOSSA shows it in a shape that is no result's")?;
    let task = match (row.has("task"), row.object("task")) {
        (false, _) => None,
        (true, Some(task)) => Some(task_facts(&task).map_err(|Unreadable| "PYBOSSA shows its task in a shape that is no task's")?),
        (true, None) => return Err("its task is gone"),
    };
    let answers = task_runs(row).map_err(|Unreadable| "PYBOSSA shows its answers in a shape that is none of theirs")?;
    Ok(CompletionRow { result, task, answers })
}

fn task_facts(row: &Fields<'_>) -> Result<Task, Unreadable> {
    let known = ["id", "state", "n_answers", "calibration", "info", "task_runs", "result", "link", "links"];
    Ok(Task {
        id: row.id("id").ok_or(Unreadable)?,
        redundancy: row.count("n_answers").ok_or(Unreadable)?,
        completed: row.text("state").ok_or(Unreadable)? == "completed",
        gold: row.is_set("calibration"),
        gold_answer: None,
        info: row.json("info").unwrap_or("null").to_owned(),
        extra: row.rest(|name| known.contains(&name)),
    })
}

fn task_runs(row: &Fields<'_>) -> Result<Option<Vec<Answer>>, Unreadable> {
    match row.has("task_runs") {
        true => in_order(&row.objects("task_runs").ok_or(Unreadable)?).map(Some),
        false => Ok(None),
    }
}

fn task(row: &Fields<'_>) -> Result<TaskRow, Unreadable> {
    let task = task_facts(row)?;
    let answers = task_runs(row)?;
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
        made_at: row.text("created").and_then(|text| moment(&text)),
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
