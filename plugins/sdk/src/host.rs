//! What most plugins say to the host and ask of it, in the sandbox.

use crate::bindings::crowdhook::plugin::{crowd, log};
use crate::bindings::{self, Failure};
use crate::problem::Problem;

/// The problems of settings, as `check-settings` answers them.
#[must_use]
pub fn problems(found: Vec<Problem>) -> Vec<bindings::Problem> {
    found.into_iter().map(|problem| bindings::Problem { at: problem.at, message: problem.message }).collect()
}

/// The failure of a `handle` that was given settings with problems. `check-settings` says them before any event, so this is seen by those
/// only who run a plugin without it.
#[must_use]
pub fn unfit(found: Vec<Problem>) -> Failure {
    let all: Vec<String> = found.into_iter().map(|problem| format!("{}: {}", problem.at, problem.message)).collect();
    Failure::Reject(format!("settings: {}", all.join("; ")))
}

/// All answers to the event's task, oldest first, each made into what the plugin keeps of it: beyond the host's 1000 they are read page by page.
///
/// # Errors
///
/// What the host answers, passed on; `reject` for a task with more than `max` answers, since the sandbox's memory has to hold all of them.
pub fn answers<T>(task_id: &str, max: usize, mut keep: impl FnMut(crowd::Answer) -> T) -> Result<Vec<T>, Failure> {
    match crowd::event_answers() {
        Ok(answers) => return Ok(answers.into_iter().map(keep).collect()),
        Err(Failure::OverLimit(_)) => {}
        Err(failure) => return Err(failure),
    }
    let (mut answers, mut after) = (Vec::new(), None);
    loop {
        let page = crowd::list_answers(task_id, after.as_deref())?;
        let Some(last) = page.last() else { return Ok(answers) };
        after = Some(last.id.clone());
        answers.extend(page.into_iter().map(&mut keep));
        if answers.len() > max {
            return Err(Failure::Reject(format!("task `{task_id}` has more than {max} answers, which is more than this plugin reads")));
        }
    }
}

/// Writes a line about a task into the host's log.
pub fn note(level: log::Level, message: &str, task_id: &str) {
    let task = log::Field { name: "task".to_owned(), value: task_id.to_owned() };
    log::write(level, message, &[task]);
}
