//! What the crowd was asked and what it answered, in one shape for every platform. Read-only, and only the project's own.
//!
//! Every function may fail with [`Failure::Retry`] (the platform is unreachable or rations calls) and with [`Failure::Reject`] (it refuses
//! the project's key): pass both on by `?`.

use serde_json::Value;

use crate::host;
use crate::{Failure, Json, Result};

/// One thing put to people.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Task {
    /// The platform's id.
    pub id: String,
    /// How many answers the platform collects before it calls the task completed.
    pub redundancy: u32,
    /// Whether the platform calls it completed.
    pub completed: bool,
    /// Whether it is a test question, whose right answer was known beforehand.
    pub gold: bool,
    /// The right answer of a test question, where the platform tells it.
    pub gold_answer: Option<Json>,
    /// What people were shown, any JSON.
    pub info: Json,
    /// What the platform says beyond this, a JSON object with its own names.
    pub extra: Json,
}

/// One person's answer to one task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The platform's id.
    pub id: String,
    /// The task it answers.
    pub task_id: String,
    /// The platform's id of the person, the same in all of the person's answers; none when they answered anonymously.
    pub worker: Option<String>,
    /// What they answered, any JSON.
    pub value: Json,
    /// When it was given, as RFC 3339 in UTC; none when the platform does not say.
    pub submitted_at: Option<String>,
    /// How far the platform trusts this person, 0 to 1; none when it has no such notion.
    pub trust: Option<f64>,
    /// Whether the platform itself sets this answer aside. Most plugins skip these.
    pub set_aside: bool,
    /// What the platform says beyond this, a JSON object with its own names.
    pub extra: Json,
}

impl From<Value> for Answer {
    fn from(value: Value) -> Self {
        Self { value: value.into(), ..Self::default() }
    }
}

/// The project as people know it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProjectInfo {
    /// Its title.
    pub title: String,
    /// Where volunteers find it; none where there is no such page.
    pub url: Option<String>,
    /// The platform's id or short name of it.
    pub platform_id: String,
    /// What the platform says beyond this, a JSON object with its own names.
    pub extra: Json,
}

/// A person who answers, as far as others may know.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkerInfo {
    /// The platform's id of the person, as in [`Answer::worker`].
    pub id: String,
    /// The name they chose to show; none where there is none. Never an address.
    pub name: Option<String>,
}

/// The event's project.
///
/// # Errors
///
/// As of every function of this module.
pub fn get_project() -> Result<ProjectInfo> {
    host::get_project()
}

/// What may be shown of a worker; none when the platform knows or tells nothing.
///
/// # Errors
///
/// As of every function of this module.
pub fn find_worker(id: &str) -> Result<Option<WorkerInfo>> {
    host::find_worker(id)
}

/// The task of the event that is being handled.
///
/// # Errors
///
/// [`Failure::Reject`] when the event is about no single task, or the platform no longer has it.
pub fn event_task() -> Result<Task> {
    host::event_task()
}

/// All answers to that task so far, oldest first, up to 1000; [`event_answers_up_to`] reads more.
///
/// # Errors
///
/// [`Failure::OverLimit`] for more than 1000 answers, or more than 8 MiB of them: none is ever left out.
pub fn event_answers() -> Result<Vec<Answer>> {
    host::event_answers()
}

/// All answers to a task, the event's own, each made into what the plugin keeps of it: beyond the host's 1000 they are read page by page.
///
/// # Errors
///
/// [`Failure::Reject`] for a task with more than `max` answers, since the sandbox's memory has to hold all of them.
pub fn event_answers_up_to<T>(max: usize, task_id: &str, mut keep: impl FnMut(Answer) -> T) -> Result<Vec<T>> {
    match event_answers() {
        Ok(answers) => return Ok(answers.into_iter().map(keep).collect()),
        Err(Failure::OverLimit(_)) => {}
        Err(failure) => return Err(failure),
    }
    let (mut answers, mut after) = (Vec::new(), None);
    loop {
        let page = list_answers(task_id, after.as_deref())?;
        let Some(last) = page.last() else { return Ok(answers) };
        after = Some(last.id.clone());
        answers.extend(page.into_iter().map(&mut keep));
        if answers.len() > max {
            return Err(Failure::Reject(format!("task `{task_id}` has more than {max} answers, which is more than this plugin reads")));
        }
    }
}

/// Any task of the project; none when there is no such task.
///
/// # Errors
///
/// As of every function of this module.
pub fn find_task(id: &str) -> Result<Option<Task>> {
    host::find_task(id)
}

/// Some answers to any task of the project, oldest first: up to 100 after the answer with the id `after`, or from the first one. An empty
/// list is the end.
///
/// # Errors
///
/// As of every function of this module.
pub fn list_answers(task_id: &str, after: Option<&str>) -> Result<Vec<Answer>> {
    host::list_answers(task_id, after)
}

/// The result of a task of this project: the one that a plugin saved last, else what the platform has. What this call of `handle` asks for
/// by [`results::save`](crate::results::save) does not show here yet.
///
/// # Errors
///
/// As of every function of this module.
pub fn find_task_result(task_id: &str) -> Result<Option<Json>> {
    host::find_task_result(task_id)
}
