//! The host's functions, in this crate's words.

use super::bindings::crowdhook::plugin::{badges, crowd, email, events, files, http, log, results, state, tasks};
use super::bindings::{self, Failure as Wire};
use crate::badges::Badge;
use crate::crowd::{Answer, ProjectInfo, Task, WorkerInfo};
use crate::email::{Message, Recipient};
use crate::http::{Header, Request, Response};
use crate::log::Level;
use crate::state::Entry;
use crate::tasks::NewTask;
use crate::{Event, Failure, Json, Origin, Result};

pub(crate) fn get_project() -> Result<ProjectInfo> {
    let project = crowd::get_project().map_err(heard)?;
    Ok(ProjectInfo { title: project.title, url: project.url, platform_id: project.platform_id, extra: Json::from_text(project.extra) })
}

pub(crate) fn find_worker(id: &str) -> Result<Option<WorkerInfo>> {
    let worker = crowd::find_worker(id).map_err(heard)?;
    Ok(worker.map(|worker| WorkerInfo { id: worker.id, name: worker.name }))
}

pub(crate) fn event_task() -> Result<Task> {
    crowd::event_task().map(task).map_err(heard)
}

pub(crate) fn event_answers() -> Result<Vec<Answer>> {
    crowd::event_answers().map(answers).map_err(heard)
}

pub(crate) fn find_task(id: &str) -> Result<Option<Task>> {
    Ok(crowd::find_task(id).map_err(heard)?.map(task))
}

pub(crate) fn list_answers(task_id: &str, after: Option<&str>) -> Result<Vec<Answer>> {
    crowd::list_answers(task_id, after).map(answers).map_err(heard)
}

pub(crate) fn find_task_result(task_id: &str) -> Result<Option<Json>> {
    Ok(crowd::find_task_result(task_id).map_err(heard)?.map(Json::from_text))
}

pub(crate) fn state_get(key: &str) -> Result<Option<String>> {
    state::get(key).map_err(heard)
}

pub(crate) fn state_set(key: &str, value: &str) -> Result<()> {
    state::set(key, value).map_err(heard)
}

pub(crate) fn state_remove(key: &str) -> Result<()> {
    state::remove(key).map_err(heard)
}

pub(crate) fn state_increment(key: &str, by: i32) -> Result<()> {
    state::increment(key, by).map_err(heard)
}

pub(crate) fn state_scan(prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<Entry>> {
    let entries = state::scan(prefix, after, limit).map_err(heard)?;
    Ok(entries.into_iter().map(|entry| Entry { key: entry.key, value: entry.value }).collect())
}

pub(crate) fn http_fetch(connection: &str, path: &str, headers: &[Header]) -> Result<Response> {
    let response = http::fetch(connection, path, &sent(headers.to_vec())).map_err(heard)?;
    let headers = response.headers.into_iter().map(|header| Header { name: header.name, value: header.value }).collect();
    Ok(Response { status: response.status, headers, body: response.body })
}

pub(crate) fn http_send(connection: &str, request: Request, once: Option<&str>) -> Result<()> {
    let request = http::Request { method: request.method, path: request.path, headers: sent(request.headers), body: request.body };
    http::send(connection, &request, once).map_err(heard)
}

pub(crate) fn results_save(task_id: &str, info: Json) -> Result<()> {
    results::save(task_id, info.as_str()).map_err(heard)
}

pub(crate) fn tasks_create(task: NewTask, once: Option<&str>) -> Result<()> {
    let task = tasks::NewTask {
        project: task.project,
        info: task.info.into_text(),
        redundancy: task.redundancy,
        priority: task.priority,
        extra: task.extra.into_text(),
    };
    tasks::create(&task, once).map_err(heard)
}

pub(crate) fn tasks_raise_redundancy(task_id: &str, redundancy: u32) -> Result<()> {
    tasks::raise_redundancy(task_id, redundancy).map_err(heard)
}

pub(crate) fn email_send(message: Message, once: Option<&str>) -> Result<()> {
    let attachments = message.attachments.into_iter();
    let message = email::Message {
        to: recipients(message.to),
        cc: recipients(message.cc),
        bcc: recipients(message.bcc),
        reply_to: message.reply_to,
        subject: message.subject,
        text: message.text,
        html: message.html,
        attachments: attachments
            .map(|file| email::Attachment { name: file.name, media_type: file.media_type, content: file.content })
            .collect(),
        extra: message.extra.into_text(),
    };
    email::send(&message, once).map_err(heard)
}

fn recipients(recipients: Vec<Recipient>) -> Vec<email::Recipient> {
    let recipients = recipients.into_iter().map(|recipient| match recipient {
        Recipient::Address(address) => email::Recipient::Address(address),
        Recipient::Worker(worker) => email::Recipient::Worker(worker),
    });
    recipients.collect()
}

pub(crate) fn files_write(folder: &str, path: &str, content: &[u8]) -> Result<()> {
    files::write(folder, path, content).map_err(heard)
}

pub(crate) fn files_append(folder: &str, path: &str, text: &str, header: Option<&str>, once: Option<&str>) -> Result<()> {
    files::append(folder, path, text, header, once).map_err(heard)
}

pub(crate) fn badges_award(worker: &str, badge: Badge) -> Result<()> {
    let badge = badges::Badge {
        id: badge.id,
        title: badge.title,
        description: badge.description,
        image_url: badge.image_url,
        evidence: badge.evidence.into_text(),
    };
    badges::award(worker, &badge).map_err(heard)
}

pub(crate) fn badges_revoke(worker: &str, badge_id: &str, reason: &str) -> Result<()> {
    badges::revoke(worker, badge_id, reason).map_err(heard)
}

pub(crate) fn events_emit(kind: &str, task_id: Option<&str>, payload: Json, once: Option<&str>) -> Result<()> {
    events::emit(kind, task_id, payload.as_str(), once).map_err(heard)
}

pub(crate) fn log_write(level: Level, message: &str, fields: &[(&str, &str)]) {
    let level = match level {
        Level::Debug => log::Level::Debug,
        Level::Info => log::Level::Info,
        Level::Warn => log::Level::Warn,
        Level::Error => log::Level::Error,
    };
    let fields = fields.iter().map(|&(name, value)| log::Field { name: name.to_owned(), value: value.to_owned() });
    log::write(level, message, &fields.collect::<Vec<_>>());
}

fn sent(headers: Vec<Header>) -> Vec<http::Header> {
    headers.into_iter().map(|header| http::Header { name: header.name, value: header.value }).collect()
}

fn task(task: crowd::Task) -> Task {
    Task {
        id: task.id,
        redundancy: task.redundancy,
        completed: task.completed,
        gold: task.gold,
        gold_answer: task.gold_answer.map(Json::from_text),
        info: Json::from_text(task.info),
        extra: Json::from_text(task.extra),
    }
}

fn answers(answers: Vec<crowd::Answer>) -> Vec<Answer> {
    let answers = answers.into_iter().map(|answer| Answer {
        id: answer.id,
        task_id: answer.task_id,
        worker: answer.worker,
        value: Json::from_text(answer.value),
        submitted_at: answer.submitted_at,
        trust: answer.trust,
        set_aside: answer.set_aside,
        extra: Json::from_text(answer.extra),
    });
    answers.collect()
}

impl From<bindings::Event> for Event {
    fn from(event: bindings::Event) -> Self {
        Self {
            id: event.id,
            kind: event.kind,
            project: event.project,
            platform: event.platform,
            task_id: event.task_id,
            occurred_at: event.occurred_at,
            attempt: event.attempt,
            origin: Origin::from(event.origin.as_str()),
            rerun: event.rerun,
            emitted_by: event.emitted_by,
            payload: Json::from_text(event.payload),
            extra: Json::from_text(event.extra),
        }
    }
}

/// What the host answers. No `From`: as an error, the bindings' type is made a reject like any other.
fn heard(failure: Wire) -> Failure {
    match failure {
        Wire::Retry(why) => Failure::Retry(why),
        Wire::Reject(why) => Failure::Reject(why),
        Wire::NotGranted(why) => Failure::NotGranted(why),
        Wire::Invalid(why) => Failure::Invalid(why),
        Wire::OverLimit(why) => Failure::OverLimit(why),
    }
}

impl From<Failure> for Wire {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Retry(why) => Self::Retry(why),
            Failure::Reject(why) => Self::Reject(why),
            Failure::NotGranted(why) => Self::NotGranted(why),
            Failure::Invalid(why) => Self::Invalid(why),
            Failure::OverLimit(why) => Self::OverLimit(why),
        }
    }
}
