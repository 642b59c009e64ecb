//! Giving the crowd more to do.

use crate::{Json, Result, host};

/// A task to be created.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewTask {
    /// The name in Crowdhook of the project to create it in; none for the event's own.
    pub project: Option<String>,
    /// What people are shown, any JSON, at most 256 KiB.
    pub info: Json,
    /// Answers wanted; none for the platform's default.
    pub redundancy: Option<u32>,
    /// 0 to 1, higher is served sooner; none for the platform's default.
    pub priority: Option<f64>,
    /// What the platform takes beyond this, a JSON object with its own names.
    pub extra: Json,
}

/// Asks for a task to be created, after commit. Give a `once` key, for instance `follow-up/<task id>`: platforms have no other means of
/// telling a repeat.
///
/// # Errors
///
/// What the host answers: a project that this one's file does not name, say.
pub fn create(task: NewTask, once: Option<&str>) -> Result<()> {
    host::tasks_create(task, once)
}

/// Asks for more answers to a task of this project, after commit: `redundancy` in all, at most 1000. Only ever raises.
///
/// # Errors
///
/// What the host answers.
pub fn raise_redundancy(task_id: &str, redundancy: u32) -> Result<()> {
    host::tasks_raise_redundancy(task_id, redundancy)
}
