//! Which call a request is, and the reply to it. No sockets here: a request is a value.

use std::net::IpAddr;

use http::Method;
use serde_json::{Value, json};

use super::super::python;
use super::errors::ApiError;
use super::query::Arguments;
use super::ratelimit::{Counts, RateLimit, Standing};
use super::read::{self, Reader};
use super::state::{State, Viewer};
use super::table::Table;
use super::webhook::Job;
use super::{Endpoint, write};

const BAD_REQUEST: &str =
    r#"{"code":400,"description":"The browser (or proxy) sent a request that this server could not understand.","template":"400.html"}"#;
const INTERNAL_ERROR: &str = r#"{"code":500,"description":"The server encountered an internal error and was unable to complete your request.","template":"500.html"}"#;
const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";

/// A request, read.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) arguments: Arguments,
    pub(super) authorization: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) host: String,
    pub(super) body: String,
    pub(super) caller: IpAddr,
}

/// What is answered, before faults.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) body: String,
    /// Where the caller stands; pages outside the API do not count.
    pub(super) standing: Option<Standing>,
}

impl Reply {
    pub(super) fn html(status: u16, title: &str) -> Self {
        let body = format!(
            "<!DOCTYPE html>\n<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n\
             <p>This is the practice PYBOSSA.</p>\n</body>\n</html>\n"
        );
        Self { status, content_type: HTML, body, standing: None }
    }

    pub(super) fn error(error: &ApiError, action: &Method, target: &str, standing: Option<Standing>) -> Self {
        let body = python::dumps(&error.body(action.as_str(), target));
        Self { status: error.status, content_type: JSON, body, standing }
    }
}

/// What a path leads to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Route<'a> {
    Table(&'static Table, Option<i64>),
    NewTask(i64),
    WebhookPage(&'a str),
    WebhookRow(&'a str, i64),
    Unknown,
}

impl<'a> Route<'a> {
    pub(super) fn of(path: &'a str) -> Self {
        let parts: Vec<_> = path.split('/').skip(1).collect();
        let found = match parts.as_slice() {
            ["api", endpoint] => read::table(endpoint).map(|table| Self::Table(table, None)),
            ["api", endpoint, id] => read::table(endpoint).zip(number(id)).map(|(table, id)| Self::Table(table, Some(id))),
            ["api", "project", id, "newtask"] => number(id).map(Self::NewTask),
            ["project", short_name, "webhook"] => Some(Self::WebhookPage(short_name)),
            ["project", short_name, "webhook", id] => number(id).map(|id| Self::WebhookRow(short_name, id)),
            _ => None,
        };
        found.unwrap_or(Self::Unknown)
    }

    pub(super) fn endpoint(self) -> Endpoint {
        match self {
            Self::Table(table, _) => Endpoint::of(table),
            Self::NewTask(_) => Endpoint::NewTask,
            Self::WebhookPage(_) | Self::WebhookRow(..) => Endpoint::WebhookPage,
            Self::Unknown => Endpoint::Other,
        }
    }
}

/// Digits only, as Flask's `int` takes them.
fn number(text: &str) -> Option<i64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// Does the call and gives the reply, with the webhooks that are to be posted for it.
pub(super) fn answer(state: &mut State, counts: &mut Counts, rate: Option<RateLimit>, call: &Call) -> (Reply, Vec<Job>) {
    let route = Route::of(&call.path);
    let key = call.authorization.as_deref().or_else(|| call.arguments.get("api_key"));
    let viewer = state.viewer(key, call.caller);
    match route {
        Route::Unknown => return (Reply::html(404, "404 Not Found"), Vec::new()),
        Route::WebhookPage(short_name) => return webhook_page(state, &viewer, call, short_name),
        Route::WebhookRow(short_name, row) => {
            return webhook_row(state, &viewer, call, short_name, row);
        }
        Route::Table(..) | Route::NewTask(_) => {}
    }
    // Before any view runs, Flask itself reads the JSON of a POST that says it is JSON.
    if call.method == Method::POST && call.content_type.as_deref() == Some(JSON) {
        let refusal = match serde_json::from_str::<Value>(&call.body) {
            Err(_) => Some((400, BAD_REQUEST)),
            Ok(Value::Array(_)) => Some((500, INTERNAL_ERROR)),
            Ok(_) => None,
        };
        if let Some((status, body)) = refusal {
            return (Reply { status, content_type: JSON, body: format!("{body}\n"), standing: None }, Vec::new());
        }
    }
    let standing = rate.map(|rate| counts.count(rate, call.caller, route.endpoint(), state.clock.now().as_second()));
    if standing.is_some_and(Standing::refused) {
        return (Reply::error(&ApiError::too_many_requests(), &call.method, &call.path, standing), Vec::new());
    }
    let (target, done) = match route {
        Route::Table(table, id) => (table.endpoint, on_table(state, table, id, &viewer, call)),
        Route::NewTask(project) => ("project", new_task(state, project, &viewer)),
        _ => ("", Err(ApiError::not_found())),
    };
    match done {
        Ok(Done::Shown(value, job)) => {
            let reply = Reply { status: 200, content_type: JSON, body: python::dumps(&value), standing };
            (reply, job.into_iter().collect())
        }
        Ok(Done::Deleted) => (Reply { status: 204, content_type: JSON, body: String::new(), standing }, Vec::new()),
        Err(error) => (Reply::error(&error, &call.method, target, standing), Vec::new()),
    }
}

enum Done {
    Shown(Value, Option<Job>),
    Deleted,
}

fn on_table(state: &mut State, table: &'static Table, id: Option<i64>, viewer: &Viewer, call: &Call) -> Result<Done, ApiError> {
    let shown = |value| Done::Shown(value, None);
    match (call.method.as_str(), id) {
        ("GET", id) => {
            let reader = Reader { state, viewer, arguments: &call.arguments, host: &call.host };
            let value = id.map_or_else(|| reader.list(table), |id| reader.one(table, id));
            if let Some(task) = task_read(state, table, id, call) {
                state.was_read(task);
            }
            value.map(shown)
        }
        ("POST", None) => {
            call.arguments.only_columns(table)?;
            write::post(state, table, viewer, &call.body).map(|(value, job)| Done::Shown(value, job))
        }
        ("PUT", Some(id)) => {
            call.arguments.only_columns(table)?;
            write::put(state, table, id, viewer, &call.body).map(shown)
        }
        ("DELETE", Some(id)) => {
            call.arguments.only_columns(table)?;
            write::delete(state, table, id, viewer).map(|()| Done::Deleted)
        }
        _ => Err(ApiError::method_not_allowed()),
    }
}

/// The one task that a read was about, where it was about one.
fn task_read(state: &State, table: &Table, id: Option<i64>, call: &Call) -> Option<i64> {
    let id = id.or_else(|| call.arguments.id("id"));
    match table.endpoint {
        "task" => id,
        "result" if id.is_some() => {
            let waiting = state.pending.iter().find(|(_, pending)| Some(pending.result_id) == id);
            waiting.map(|(task, _)| *task)
        }
        "result" | "taskrun" => call.arguments.id("task_id"),
        _ => None,
    }
}

fn new_task(state: &mut State, project: i64, viewer: &Viewer) -> Result<Done, ApiError> {
    let row = state.projects.get(&project).ok_or_else(ApiError::not_found)?;
    if viewer.is_anonymous() && !row.is("allow_anonymous_contributors") {
        let message = json!({"error": "This project does not allow anonymous contributors"});
        return Ok(Done::Shown(message, None));
    }
    let who = viewer.who();
    let Some(task) = state.next_task(project, &who).cloned() else {
        return Ok(Done::Shown(json!({}), None));
    };
    state.stamp(who, task.id());
    Ok(Done::Shown(Value::Object(task.dictize()), None))
}

/// The owner's page of webhooks, whose query sends them all, or the failed ones, again.
fn webhook_page(state: &State, viewer: &Viewer, call: &Call, short_name: &str) -> (Reply, Vec<Job>) {
    let Some(project) = state.project_named(short_name) else {
        return (Reply::html(404, "404 Not Found"), Vec::new());
    };
    if call.method != Method::GET {
        return (Reply::html(405, "405 Method Not Allowed"), Vec::new());
    }
    if !(viewer.admin || (viewer.pro && state.may_change(viewer, project.id()))) {
        return (Reply::html(if viewer.is_anonymous() { 401 } else { 403 }, "Forbidden"), Vec::new());
    }
    let (all, failed) = (call.arguments.get("all").is_some(), call.arguments.get("failed").is_some());
    let rows = state.webhooks_of(project.id()).filter(|row| all || (failed && row.failed()));
    let url = project.text("webhook");
    (Reply::html(200, "Webhooks"), rows.map(|row| Job::rerun(url, project.id(), row)).collect())
}

/// Sends one row again, to the URL of the project named in the path.
///
/// As on the real server nobody checks that the row is of that project.
fn webhook_row(state: &State, viewer: &Viewer, call: &Call, short_name: &str, row: i64) -> (Reply, Vec<Job>) {
    let (Some(project), Some(row)) = (state.project_named(short_name), state.webhooks.get(&row)) else {
        return (Reply::html(404, "404 Not Found"), Vec::new());
    };
    if call.method != Method::POST {
        return (Reply::html(405, "405 Method Not Allowed"), Vec::new());
    }
    if !(viewer.admin || viewer.pro) {
        return (Reply::html(if viewer.is_anonymous() { 401 } else { 403 }, "Forbidden"), Vec::new());
    }
    let shown = json!({
        "id": row.id, "created": row.created, "updated": row.updated, "project_id": row.project_id,
        "payload": row.payload, "response": row.response, "response_status_code": row.response_status_code,
    });
    let reply = Reply { status: 200, content_type: JSON, body: python::dumps(&shown), standing: None };
    (reply, vec![Job::rerun(project.text("webhook"), project.id(), row)])
}
