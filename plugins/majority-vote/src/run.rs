//! One task from its answers to what is to be saved, told and remembered.

use serde::Serialize;

use crate::analysis::{Analysis, Remembered};
use crate::ballot::Answer;
use crate::settings::{Emit, Settings};
use crate::vote;

/// What is to be done about a task.
#[derive(Clone, Debug, PartialEq)]
pub struct Todo {
    /// What to save as the task's result, as JSON text.
    pub save: String,
    /// What to tell other plugins and to remember; none when they know it already.
    pub tell: Option<Tell>,
}

/// What is to be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Tell {
    /// The payload of `task.analysed`, as JSON text.
    pub payload: String,
    /// What to keep in the plugin's state, as JSON text.
    pub remember: String,
}

/// Under which key the last verdict on a task that was emitted is kept.
#[must_use]
pub fn state_key(task_id: &str) -> String {
    format!("verdict/{task_id}")
}

/// Votes on a task. `last` is what [`Tell::remember`] was the last time.
///
/// What was remembered and cannot be read (by a version of this plugin that wrote something else) counts as nothing: the
/// verdict is told again.
///
/// # Errors
///
/// The task cannot be voted on, in words for the operator: too many questions, or too large an answer.
pub fn run(answers: &[Answer], settings: &Settings, last: Option<&str>) -> Result<Todo, String> {
    let outcome = vote::count(answers, settings)?;
    let analysis = Analysis::new(&outcome)?;
    let last: Option<Remembered> = last.and_then(|text| serde_json::from_str(text).ok());
    let known = last.as_ref().is_some_and(|last| analysis.is(last));
    let before = last.as_ref().map_or(0, |last| last.revision);
    if known && settings.emit == Emit::Changes {
        return Ok(Todo { save: text(&analysis.saved(before))?, tell: None });
    }
    let revision = before + 1;
    let remember = text(&analysis.remembered(revision))?;
    Ok(Todo { save: text(&analysis.saved(revision))?, tell: Some(Tell { payload: analysis.emitted(revision, last.as_ref())?, remember }) })
}

/// JSON as text. `Value::to_string` says the same and takes twice as long.
pub(crate) fn text(json: &impl Serialize) -> Result<String, String> {
    serde_json::to_string(json).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
