//! The webhook: the job that posts it, its re-sends, and the rows that remember them.
//!
//! What leaves is what python-requests 2.21.0 sends, byte for byte. What is kept follows
//! `jobs.py`: a row for each answer that could be read, none where the job crashed.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::super::{python, wire};
use super::shared::Post;
use super::state::State;

/// requests gives up on a chain of redirects longer than this.
const REDIRECTS_MAX: usize = 30;
/// A crashed job is put back so often by `check_failed`.
const REQUEUES_MAX: u32 = 2;

/// A post that is to be made.
#[derive(Clone, Debug)]
pub(super) struct Job {
    url: String,
    /// The project whose URL this is; the payload may be another's.
    pub(super) project: i64,
    payload: Value,
    /// The row that a re-send updates.
    row: Option<i64>,
    rerun: bool,
    requeues: u32,
}

impl Job {
    pub(super) fn first(url: &str, project: i64, payload: Value) -> Self {
        Self { url: url.to_owned(), project, payload, row: None, rerun: false, requeues: 0 }
    }

    pub(super) fn rerun(url: &str, project: i64, row: &WebhookRow) -> Self {
        let payload = row.payload.clone();
        Self { url: url.to_owned(), project, payload, row: Some(row.id), rerun: true, requeues: 0 }
    }

    pub(super) fn as_post(&self, posted: Posted) -> Post {
        Post { project_id: self.project, payload: self.payload.clone(), rerun: self.rerun, posted }
    }

    /// The same post once more, unless it has been put back often enough.
    pub(super) fn requeued(mut self) -> Option<Self> {
        self.requeues += 1;
        (self.requeues <= REQUEUES_MAX).then_some(self)
    }
}

/// A row of PYBOSSA's table `webhook`.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookRow {
    /// The row's id.
    pub id: i64,
    /// When the row was made.
    pub created: String,
    /// When the row last changed.
    pub updated: String,
    /// The project whose event this is.
    pub project_id: i64,
    /// What is posted, in the key order of JSONB.
    pub payload: Value,
    /// What the hook answered, wrapped in HTML as PYBOSSA does; nothing before the first post.
    pub response: Option<String>,
    /// The status that the hook answered; none where there was no connection.
    pub response_status_code: Option<u16>,
}

impl WebhookRow {
    /// Whether PYBOSSA's page lists the row as failed: all but a plain 200.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.response_status_code != Some(200)
    }
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    /// The hook answered with something that could be read. Only 200 counts as success.
    Answered {
        /// The status, after redirects.
        status: u16,
        /// The body as text.
        body: String,
    },
    /// Refused, reset, or no such name. A row says so.
    ConnectionError,
    /// The job crashed on an empty or unreadable body. No row remembers it.
    Crashed,
    /// The hook took longer than a job may. No row remembers it.
    TimedOut,
}

/// Makes the post of `job` and follows redirects as requests does.
pub(super) async fn post(job: &Job, job_timeout: Duration) -> Posted {
    let body = python::dumps(&job.payload);
    let url = if job.rerun { with_rerun(&job.url) } else { job.url.clone() };
    // A project whose URL was taken away counts as one that could not be reached.
    if job.url.is_empty() {
        return Posted::ConnectionError;
    }
    let Ok(url) = Url::parse(&url) else {
        return Posted::Crashed;
    };
    let followed = tokio::time::timeout(job_timeout, follow(url, Some(&body), "text/plain")).await;
    match followed {
        Err(_) => Posted::TimedOut,
        Ok(Ok(Some(response))) => match String::from_utf8_lossy(&response.body) {
            body if readable(&body) => Posted::Answered { status: response.status, body: body.into_owned() },
            _ => Posted::Crashed,
        },
        Ok(Ok(None)) => Posted::Crashed,
        Ok(Err(_)) => Posted::ConnectionError,
    }
}

/// Asks for `url` as the project's form does before it saves a webhook. The last status after redirects.
pub(super) async fn probe(url: Url, job_timeout: Duration) -> Option<u16> {
    let answer = tokio::time::timeout(job_timeout, follow(url, None, "*/*")).await;
    answer.ok()?.ok()?.map(|response| response.status)
}

/// One exchange and those it leads to; nothing where the chain is too long or leads nowhere.
async fn follow(mut url: Url, body: Option<&str>, accept: &str) -> std::io::Result<Option<wire::Response>> {
    let mut body = body;
    for _ in 0..=REDIRECTS_MAX {
        let response = wire::exchange(&url, request(&url, body, accept).as_bytes()).await?;
        let location = match response.status {
            301 | 302 | 303 | 307 | 308 => response.header("location"),
            _ => None,
        };
        let Some(location) = location else {
            return Ok(Some(response));
        };
        let Ok(next) = url.join(location) else {
            return Ok(None);
        };
        if matches!(response.status, 301..=303) {
            body = None;
        }
        url = next;
    }
    Ok(None)
}

/// The bytes of one request: a POST where there is a body, else a GET.
fn request(url: &Url, body: Option<&str>, accept: &str) -> String {
    let method = if body.is_some() { "POST" } else { "GET" };
    let mut request = format!(
        "{method} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: python-requests/2.21.0\r\n\
         Accept-Encoding: gzip, deflate\r\nAccept: {accept}\r\nConnection: keep-alive\r\n",
        wire::target(url),
        wire::host(url),
    );
    if let Some(body) = body {
        request.push_str(&format!("Content-type: application/json\r\nContent-Length: {}\r\n", body.len()));
    }
    if !url.username().is_empty() {
        request.push_str(&format!("Authorization: {}\r\n", wire::basic(url)));
    }
    request.push_str("\r\n");
    request.push_str(body.unwrap_or_default());
    request
}

/// `rerun=True` joins a query that is already there.
fn with_rerun(url: &str) -> String {
    let (url, fragment) = url.split_once('#').map_or((url, None), |(url, fragment)| (url, Some(fragment)));
    let joint = if url.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    format!("{url}{joint}rerun=True{fragment}")
}

/// Whether PYBOSSA's HTML reader finds a document in this; the job crashes where not.
fn readable(body: &str) -> bool {
    let body = body.trim();
    let comment_alone = body.starts_with("<!--") && body.ends_with("-->") && body.matches("-->").count() == 1;
    !body.is_empty() && body != "<" && !comment_alone && !body.contains('\0')
}

impl State {
    /// Keeps what became of a job's post.
    pub(super) fn posted(&mut self, job: &Job, posted: &Posted) {
        let (response, status) = match posted {
            Posted::Answered { status, body } => (wrapped(body), Some(*status)),
            Posted::ConnectionError => ("Connection Error".to_owned(), None),
            Posted::Crashed | Posted::TimedOut => return,
        };
        let now = self.iso();
        let id = job.row.unwrap_or_else(|| self.insert_webhook(&job.payload));
        if let Some(row) = self.webhooks.get_mut(&id) {
            row.updated = now;
            row.response = Some(response);
            row.response_status_code = status;
        }
    }

    /// Makes a row for a payload that has not been posted.
    pub(super) fn insert_webhook(&mut self, payload: &Value) -> i64 {
        let id = self.next_id("webhook");
        let project_id = payload.get("project_id").and_then(Value::as_i64).unwrap_or_default();
        let now = self.iso();
        let payload = python::jsonb(payload.clone());
        let row = WebhookRow { id, created: now.clone(), updated: now, project_id, payload, response: None, response_status_code: None };
        self.webhooks.insert(id, row);
        self.of_project.entry(project_id).or_default().webhooks.insert(id);
        id
    }

    pub(super) fn webhooks_of(&self, project: i64) -> impl Iterator<Item = &WebhookRow> {
        self.of_project.get(&project).into_iter().flat_map(|of| &of.webhooks).filter_map(|id| self.webhooks.get(id))
    }

    /// Makes rows, as `create_webhooks` does, for completed tasks that have none. Posts nothing.
    pub(super) fn create_webhooks(&mut self, project: i64) -> usize {
        let Some(row) = self.projects.get(&project) else {
            return 0;
        };
        let short_name = row.text("short_name").to_owned();
        let known: std::collections::HashSet<_> =
            self.webhooks_of(project).filter_map(|row| row.payload.get("task_id")?.as_i64()).collect();
        let tasks = self.of_project.get(&project).into_iter().flat_map(|of| &of.tasks);
        let completed = tasks.filter_map(|task| self.tasks.get(task)).filter(|task| task.text("state") == "completed");
        let missing = completed.map(super::table::Row::id).filter(|task| !known.contains(task));
        let payloads: Vec<_> = missing
            .filter_map(|task| {
                let result = self.last_result(task)?.id();
                Some(serde_json::json!({
                    "event": "task_completed", "project_short_name": short_name, "project_id": project,
                    "task_id": task, "result_id": result, "fired_at": null,
                }))
            })
            .collect();
        for payload in &payloads {
            self.insert_webhook(payload);
        }
        payloads.len()
    }
}

/// The body as readability leaves it. Text is what was recorded; HTML is kept as it came.
fn wrapped(body: &str) -> String {
    let body = body.trim();
    if body.starts_with('<') {
        format!("<html><body><div>{body}</div></body></html>")
    } else {
        format!("<body id=\"readabilityBody\"><p>{body}</p></body>")
    }
}

#[cfg(test)]
mod tests;
