//! What PYBOSSA's `webhook` job posts: one object with ids, unsigned. The ids are taken and nothing else is believed; whether
//! the task is really completed is asked of the platform before a plugin runs.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use sha1::{Digest as _, Sha1};

use super::{OtherProject, id, redact, set_aside, unreadable};
use crate::clock::Timestamp;
use crate::config::Project;
use crate::event::{EventKind, Normalised, Standing};
use crate::id::hex;
use crate::platform::Completed;

/// The only event that PYBOSSA knows.
const TASK_COMPLETED: &str = "task_completed";

pub(super) fn normalise(project: &Project, query: Option<&str>, body: &[u8]) -> Result<Normalised, OtherProject> {
    let Ok(mut payload) = serde_json::from_slice::<Map<String, Value>>(body) else {
        return Ok(unreadable(project, &hash(body), Map::new(), &String::from_utf8_lossy(body)));
    };
    if is_of_other_project(project, &payload) {
        return Err(OtherProject);
    }
    redact::object(&mut payload);
    let event = payload.get("event").and_then(Value::as_str);
    if event.is_some_and(|event| event != TASK_COMPLETED) {
        return Ok(set_aside(Standing::Ignored, &hash(body), payload));
    }
    let names_project = payload.contains_key("project_short_name") || payload.contains_key("project_id");
    let (Some(task), Some(result), true, true) = (id(payload.get("task_id")), id(payload.get("result_id")), event.is_some(), names_project)
    else {
        return Ok(unreadable(project, &hash(body), Map::new(), &String::from_utf8_lossy(body)));
    };
    // Whoever reads the payload later finds numbers, however they came.
    payload.insert("task_id".to_owned(), task.into());
    payload.insert("result_id".to_owned(), result.into());
    Ok(Normalised {
        standing: Standing::Accepted,
        kind: EventKind::TASK_COMPLETED,
        task: Some(task.to_string()),
        occurred_at: payload.get("fired_at").and_then(Value::as_str).and_then(fired_at),
        dedup_key: dedup_key(task, result),
        freshness: None,
        rerun: is_rerun(query),
        payload: Value::Object(payload).to_string(),
    })
}

/// A task completes again with another result. The digits are padded, so that keys of one project come in the order
/// of the store's index, which then grows at its end.
fn dedup_key(task: u64, result: u64) -> String {
    format!("{}/{task:012}/{result:012}", EventKind::TASK_COMPLETED)
}

/// What the hook would have brought. PYBOSSA's own `create_webhooks` gives such events no time either.
pub(super) fn completed_task(project: &Project, platform_id: &str, completed: &Completed) -> Option<Normalised> {
    let task: u64 = completed.task.parse().ok()?;
    let result: u64 = completed.result.as_ref()?.id.parse().ok()?;
    let payload = json!({
        "event": TASK_COMPLETED,
        "project_short_name": project.platform.project,
        "project_id": platform_id.parse::<u64>().ok()?,
        "task_id": task,
        "result_id": result,
        "fired_at": null,
    });
    Some(Normalised {
        standing: Standing::Accepted,
        kind: EventKind::TASK_COMPLETED,
        task: Some(task.to_string()),
        occurred_at: completed.at,
        dedup_key: dedup_key(task, result),
        freshness: None,
        rerun: false,
        payload: payload.to_string(),
    })
}

/// PYBOSSA has no event for this.
pub(super) fn completed_project(project: &Project, platform_id: &str, round: u32) -> Normalised {
    let payload = json!({ "project_short_name": project.platform.project, "project_id": id(Some(&platform_id.into())), "round": round });
    Normalised {
        standing: Standing::Accepted,
        kind: EventKind::PROJECT_COMPLETED,
        task: None,
        occurred_at: None,
        dedup_key: format!("{}/{round:012}", EventKind::PROJECT_COMPLETED),
        freshness: None,
        rerun: false,
        payload: payload.to_string(),
    }
}

/// The short name decides. Where the project's file has an id in its place, the id does.
fn is_of_other_project(project: &Project, payload: &Map<String, Value>) -> bool {
    let own = project.platform.project.as_str();
    let by_name = payload.get("project_short_name").map(|name| name.as_str() == Some(own));
    let by_id = match own.parse::<u64>() {
        Ok(own) => payload.get("project_id").map(|_| id(payload.get("project_id")) == Some(own)),
        Err(_) => None,
    };
    match (by_name, by_id) {
        (Some(true), _) | (_, Some(true)) => false,
        // An id alone says nothing to a project that is known by its name; the platform is asked later.
        (None, None) => false,
        _ => true,
    }
}

/// The owner asked for it again: an argument in the address, `?rerun=True`; the body does not say so.
fn is_rerun(query: Option<&str>) -> bool {
    let Some(query) = query else { return false };
    form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == "rerun" && (value.eq_ignore_ascii_case("true") || value == "1"))
}

/// `YYYY-MM-DD HH:MM:SS` in UTC, with no zone.
fn fired_at(text: &str) -> Option<Timestamp> {
    let civil: DateTime = text.parse().ok()?;
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// Tells one body from another where there are no ids to do so.
fn hash(body: &[u8]) -> String {
    hex(Sha1::digest(body).as_slice())
}
