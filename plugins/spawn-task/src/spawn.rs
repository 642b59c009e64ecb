//! The task that an analysis leads to: what it shows, how deep it is in a chain, and whether the day has room for it.

use crowdhook_texts::{Context, Facts};
use serde_json::{Map, Value, json};

use crate::settings::{MARK, Spawn};

/// What an analysis leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Nothing: the condition does not hold.
    Nothing,
    /// Nothing: the task is itself the last of a chain of spawned tasks.
    TooDeep,
    /// A task whose `info` is this JSON.
    Task(String),
}

/// What an analysis leads to.
///
/// # Errors
///
/// A value is missing or of the wrong kind, in words for the operator.
pub fn spawn(settings: &Spawn, facts: &Facts) -> Result<Outcome, String> {
    let context = Context::new(facts);
    if !settings.when.holds(&context).map_err(|error| format!("`spawn.when`: {error}"))? {
        return Ok(Outcome::Nothing);
    }
    let depth = depth(facts).saturating_add(1);
    if depth > u64::from(settings.depth_max) {
        return Ok(Outcome::TooDeep);
    }
    let mut info = Map::new();
    for (name, template) in &settings.info {
        let value = template.fill(&context).map_err(|error| format!("`spawn.info.{name}`: {error}"))?;
        info.insert(name.clone(), value);
    }
    info.insert(MARK.to_owned(), json!({ "depth": depth, "project": facts.event.project, "task": facts.event.task_id }));
    Ok(Outcome::Task(Value::Object(info).to_string()))
}

/// How many spawned tasks there are in the chain that led to this one, itself among them; 0 for a task of people's own.
fn depth(facts: &Facts) -> u64 {
    let info = facts.task.as_ref().map(|task| &task.info);
    let mark = info.and_then(|info| info.get(MARK)).and_then(|mark| mark.get("depth"));
    mark.and_then(Value::as_u64).unwrap_or(0)
}

/// So that each task leads to one.
#[must_use]
pub fn once(task: &str) -> String {
    format!("spawn/{task}")
}

/// Under which key it is kept that a task has been counted, so that a repeat is not counted again.
#[must_use]
pub fn counted_key(task: &str) -> String {
    format!("spawned/{task}")
}

/// Under which key it is kept how many tasks were created for the events of the day of this moment.
#[must_use]
pub fn day_key(occurred_at: &str) -> String {
    format!("day/{}", day(occurred_at))
}

/// `2026-11-21` of `2026-11-21T19:29:25.000Z`.
fn day(occurred_at: &str) -> &str {
    occurred_at.split_once('T').map_or(occurred_at, |(day, _)| day)
}

/// The day's count with one more task, which an operator who asks for it by a replay gets in any case.
///
/// `before` is what is kept under [`day_key`].
///
/// # Errors
///
/// The day has no room, in words for the operator.
pub fn count(before: Option<&str>, settings: &Spawn, occurred_at: &str, replay: bool) -> Result<String, String> {
    let before: u32 = before.and_then(|text| text.parse().ok()).unwrap_or(0);
    if before >= settings.per_day && !replay {
        let (day, per_day) = (day(occurred_at), settings.per_day);
        return Err(format!(
            "{before} tasks were created for the events of {day} already, and `spawn.per_day` is {per_day}: replay this event to create its \
             task all the same, or write a larger `per_day`"
        ));
    }
    Ok(before.saturating_add(1).to_string())
}

#[cfg(test)]
mod tests;
