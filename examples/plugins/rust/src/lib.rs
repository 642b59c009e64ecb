//! A vote with a condition: saves what enough people agree on as the result of a task, and says in the log why where they do not.

use crowdhook_plugin::{Event, Plugin, Result, crowd, log, results};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a project may set. The settings' schema is made of this, with these words.
#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// The member of the answers that is voted on, where answers are JSON objects. Left out: the whole answer.
    question: Option<String>,
    /// The share of the counted answers that has to agree.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    agreement: f64,
    /// How many answers have to count.
    #[schemars(range(min = 1))]
    minimum: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { question: None, agreement: 0.5, minimum: 1 }
    }
}

/// What is saved.
#[derive(Serialize)]
struct TaskResult<'a> {
    answer: &'a Value,
    votes: usize,
    total: usize,
}

struct Vote;

impl Plugin for Vote {
    type Settings = Settings;
    const HANDLES: &[&str] = &["task.completed"];
    const NEEDS: &[&str] = &["results"];

    fn handle(event: &Event, settings: &Settings) -> Result<()> {
        let answers = crowd::event_answers()?;
        let counted = answers.iter().filter(|answer| !answer.set_aside);
        let values: Vec<Value> = counted.filter_map(|answer| said(answer.value.value(), settings.question.as_deref())).collect();
        match vote(&values, settings) {
            Ok(result) => results::save(event.task()?, &result),
            Err(why) => {
                log::info(format!("No result: {why}"));
                Ok(())
            }
        }
    }
}

crowdhook_plugin::plugin!(Vote);

/// What an answer says to the question; none where it says nothing.
fn said(answer: Value, question: Option<&str>) -> Option<Value> {
    let value = match question {
        Some(question) => answer.get(question)?.clone(),
        None => answer,
    };
    (!value.is_null()).then_some(value)
}

/// What most values agree on, or why there is no such thing.
fn vote<'a>(values: &'a [Value], settings: &Settings) -> Result<TaskResult<'a>, String> {
    let total = values.len();
    if total < settings.minimum {
        return Err(format!("{total} answers count, and at least {} have to", settings.minimum));
    }
    let mut tally: Vec<(&Value, usize)> = Vec::new();
    for value in values {
        match tally.iter_mut().find(|(known, _)| *known == value) {
            Some((_, votes)) => *votes += 1,
            None => tally.push((value, 1)),
        }
    }
    tally.sort_by_key(|(_, votes)| std::cmp::Reverse(*votes));
    match tally.as_slice() {
        [] => Err("no answer counts".to_owned()),
        [(_, most), (_, second), ..] if most == second => Err(format!("several values have {most} of {total} votes each")),
        [(_, votes), ..] if (*votes as f64) < settings.agreement * total as f64 => {
            Err(format!("{votes} of {total} agree, and a share of {} has to", settings.agreement))
        }
        [(answer, votes), ..] => Ok(TaskResult { answer, votes: *votes, total }),
    }
}

#[cfg(test)]
mod tests;
