//! The host's functions outside of a sandbox: they read what a trial says, and write down what is asked for.

use std::cell::RefCell;

use super::{Effect, Emitted, World};
use crate::badges::Badge;
use crate::crowd::{Answer, ProjectInfo, Task, WorkerInfo};
use crate::email::Message;
use crate::http::{Header, Request, Response};
use crate::log::Level;
use crate::state::Entry;
use crate::tasks::NewTask;
use crate::{Failure, Json, Result};

/// Which functions a trial can let fail.
pub(super) const FUNCTIONS: [&str; 23] = [
    "crowd::get_project",
    "crowd::find_worker",
    "crowd::event_task",
    "crowd::event_answers",
    "crowd::find_task",
    "crowd::list_answers",
    "crowd::find_task_result",
    "state::get",
    "state::set",
    "state::remove",
    "state::increment",
    "state::scan",
    "http::fetch",
    "http::send",
    "results::save",
    "tasks::create",
    "tasks::raise_redundancy",
    "email::send",
    "files::write",
    "files::append",
    "badges::award",
    "badges::revoke",
    "events::emit",
];

/// The most answers of one page, and of all at once.
const PAGE: usize = 100;
const AT_ONCE: usize = 1000;

/// What was asked for so far.
#[derive(Debug, Default)]
pub(super) struct Running {
    pub(super) world: World,
    pub(super) effects: Vec<Effect>,
    pub(super) events: Vec<Emitted>,
    pub(super) log: Vec<(Level, String)>,
}

thread_local! {
    /// The trial of this thread: tests run side by side.
    static RUNNING: RefCell<Option<Running>> = const { RefCell::new(None) };
}

/// Runs something in this world, and says what became of both.
pub(super) fn with<T>(world: World, run: impl FnOnce() -> T) -> (T, Running) {
    /// Takes the world away in any case, so that a plugin that panics leaves none behind.
    struct Ends;
    impl Drop for Ends {
        fn drop(&mut self) {
            RUNNING.take();
        }
    }
    let nested = RUNNING.replace(Some(Running { world, ..Running::default() })).is_some();
    assert!(!nested, "a trial runs within another one");
    let ends = Ends;
    let came_out = run();
    let running = RUNNING.take().unwrap_or_default();
    drop(ends);
    (came_out, running)
}

/// Answers a call of this function, unless the trial lets it fail.
fn called<T>(function: &str, answer: impl FnOnce(&mut Running) -> Result<T>) -> Result<T> {
    in_trial(|running| match running.world.failing.get(function) {
        Some(failure) => Err(failure.clone()),
        None => answer(running),
    })
}

fn in_trial<T>(answer: impl FnOnce(&mut Running) -> T) -> T {
    RUNNING.with_borrow_mut(|running| {
        answer(running.as_mut().expect("there is no host here: call this within `crowdhook_plugin::testing::Trial::run`"))
    })
}

fn ask(function: &str, effect: Effect) -> Result<()> {
    called(function, |running| {
        running.effects.push(effect);
        Ok(())
    })
}

pub(crate) fn get_project() -> Result<ProjectInfo> {
    called("crowd::get_project", |running| Ok(running.world.project.clone()))
}

pub(crate) fn find_worker(id: &str) -> Result<Option<WorkerInfo>> {
    called("crowd::find_worker", |running| Ok(running.world.workers.iter().find(|worker| worker.id == id).cloned()))
}

pub(crate) fn event_task() -> Result<Task> {
    called("crowd::event_task", |running| {
        let id = running.world.event_task_id()?;
        running.world.task(&id).ok_or_else(|| Failure::reject("the platform no longer has the task"))
    })
}

pub(crate) fn event_answers() -> Result<Vec<Answer>> {
    called("crowd::event_answers", |running| {
        let id = running.world.event_task_id()?;
        let answers: Vec<Answer> = running.world.answers_to(&id).cloned().collect();
        if answers.len() > AT_ONCE {
            return Err(Failure::OverLimit(format!("the task has more than {AT_ONCE} answers: read them by `list-answers`")));
        }
        Ok(answers)
    })
}

pub(crate) fn find_task(id: &str) -> Result<Option<Task>> {
    called("crowd::find_task", |running| Ok(running.world.task(id)))
}

pub(crate) fn list_answers(task_id: &str, after: Option<&str>) -> Result<Vec<Answer>> {
    called("crowd::list_answers", |running| {
        let answers = running.world.answers_to(task_id);
        let Some(after) = after else { return Ok(answers.take(PAGE).cloned().collect()) };
        Ok(answers.skip_while(|answer| answer.id != after).skip(1).take(PAGE).cloned().collect())
    })
}

pub(crate) fn find_task_result(task_id: &str) -> Result<Option<Json>> {
    called("crowd::find_task_result", |running| Ok(running.world.results.get(task_id).cloned()))
}

pub(crate) fn state_get(key: &str) -> Result<Option<String>> {
    called("state::get", |running| Ok(running.world.state.get(key).cloned()))
}

pub(crate) fn state_set(key: &str, value: &str) -> Result<()> {
    called("state::set", |running| {
        running.world.state.insert(key.to_owned(), value.to_owned());
        Ok(())
    })
}

pub(crate) fn state_remove(key: &str) -> Result<()> {
    called("state::remove", |running| {
        running.world.state.remove(key);
        Ok(())
    })
}

pub(crate) fn state_increment(key: &str, by: i32) -> Result<()> {
    called("state::increment", |running| {
        let value = running.world.state.entry(key.to_owned()).or_insert_with(|| "0".to_owned());
        let number: i64 = value.parse().map_err(|_| Failure::Invalid(format!("`{key}` holds no whole number")))?;
        *value = number.saturating_add(by.into()).to_string();
        Ok(())
    })
}

pub(crate) fn state_scan(prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<Entry>> {
    called("state::scan", |running| {
        let entries = running.world.state.iter();
        let wanted = entries.filter(|(key, _)| key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after));
        let limit = usize::try_from(limit).unwrap_or(PAGE).min(PAGE);
        Ok(wanted.take(limit).map(|(key, value)| Entry { key: key.clone(), value: value.clone() }).collect())
    })
}

pub(crate) fn http_fetch(connection: &str, path: &str, _headers: &[Header]) -> Result<Response> {
    called("http::fetch", |running| {
        let response = running.world.responses.get(&(connection.to_owned(), path.to_owned())).cloned();
        response.ok_or_else(|| Failure::Retry(format!("the trial has no `response` of `{connection}` to GET {path}")))
    })
}

pub(crate) fn http_send(connection: &str, request: Request, once: Option<&str>) -> Result<()> {
    ask("http::send", Effect::SendRequest { connection: connection.to_owned(), request, once: once.map(str::to_owned) })
}

pub(crate) fn results_save(task_id: &str, info: Json) -> Result<()> {
    ask("results::save", Effect::SaveResult { task_id: task_id.to_owned(), info })
}

pub(crate) fn tasks_create(task: NewTask, once: Option<&str>) -> Result<()> {
    ask("tasks::create", Effect::CreateTask { task, once: once.map(str::to_owned) })
}

pub(crate) fn tasks_raise_redundancy(task_id: &str, redundancy: u32) -> Result<()> {
    ask("tasks::raise_redundancy", Effect::RaiseRedundancy { task_id: task_id.to_owned(), redundancy })
}

pub(crate) fn email_send(message: Message, once: Option<&str>) -> Result<()> {
    ask("email::send", Effect::SendEmail { message, once: once.map(str::to_owned) })
}

pub(crate) fn files_write(folder: &str, path: &str, content: &[u8]) -> Result<()> {
    ask("files::write", Effect::WriteFile { folder: folder.to_owned(), path: path.to_owned(), content: content.to_vec() })
}

pub(crate) fn files_append(folder: &str, path: &str, text: &str, header: Option<&str>, once: Option<&str>) -> Result<()> {
    let [folder, path, text] = [folder, path, text].map(str::to_owned);
    let [header, once] = [header, once].map(|text| text.map(str::to_owned));
    ask("files::append", Effect::AppendFile { folder, path, text, header, once })
}

pub(crate) fn badges_award(worker: &str, badge: Badge) -> Result<()> {
    ask("badges::award", Effect::Award { worker: worker.to_owned(), badge })
}

pub(crate) fn badges_revoke(worker: &str, badge_id: &str, reason: &str) -> Result<()> {
    let [worker, badge_id, reason] = [worker, badge_id, reason].map(str::to_owned);
    ask("badges::revoke", Effect::Revoke { worker, badge_id, reason })
}

pub(crate) fn events_emit(kind: &str, task_id: Option<&str>, payload: Json, once: Option<&str>) -> Result<()> {
    let event = Emitted { kind: kind.to_owned(), task_id: task_id.map(str::to_owned), payload, once: once.map(str::to_owned) };
    called("events::emit", |running| {
        running.events.push(event);
        Ok(())
    })
}

pub(crate) fn log_write(level: Level, message: &str, _fields: &[(&str, &str)]) {
    in_trial(|running| running.log.push((level, message.to_owned())));
}

impl World {
    fn event_task_id(&self) -> Result<String> {
        self.task_id.clone().ok_or_else(|| Failure::reject("the event is about no single task"))
    }

    fn task(&self, id: &str) -> Option<Task> {
        self.tasks.iter().find(|task| task.id == id).cloned()
    }

    fn answers_to<'a>(&'a self, task_id: &'a str) -> impl Iterator<Item = &'a Answer> {
        self.answers.iter().filter(move |answer| answer.task_id == task_id)
    }
}
