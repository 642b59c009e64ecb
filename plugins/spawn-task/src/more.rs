//! How many answers a task should have.

use crowdhook_texts::{Context, Facts};
use serde_json::Value;

use crate::settings::{More, Wanted};

/// What an analysis leads to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Nothing: the condition does not hold, or answers that were asked for are still to come.
    Nothing,
    /// Nothing: there are as many as may be asked for.
    AtCap,
    /// Ask for so many in all.
    Raise(u32),
}

/// How many answers to ask for.
///
/// Counted from the answers that there are, so that a repeat asks for the same; and only of a task that is completed, since another one gets answers anyway.
///
/// # Errors
///
/// A value is missing or of the wrong kind, in words for the operator.
pub fn more(settings: &More, facts: &Facts) -> Result<Outcome, String> {
    let holds = settings.when.holds(&Context::new(facts)).map_err(|error| format!("`more_answers.when`: {error}"))?;
    let Some(task) = facts.task.as_ref().filter(|task| holds && task.completed) else {
        return Ok(Outcome::Nothing);
    };
    let answers = answers(facts).ok_or("the analysis does not list its answers")?;
    let wanted = match settings.wanted {
        Wanted::Add(add) => answers.saturating_add(add),
        Wanted::To(to) => to,
    };
    let wanted = wanted.min(settings.cap);
    if wanted > answers.max(task.redundancy) {
        return Ok(Outcome::Raise(wanted));
    }
    Ok(if answers >= wanted { Outcome::AtCap } else { Outcome::Nothing })
}

/// How many answers there are, those among them that do not count.
fn answers(facts: &Facts) -> Option<u32> {
    let analysis = facts.analysis.as_ref()?;
    let listed = analysis.get("answers")?.as_array()?.len();
    let left_out = analysis.get("answers_left_out").and_then(Value::as_u64).unwrap_or(0);
    u32::try_from(u64::try_from(listed).ok()?.checked_add(left_out)?).ok()
}

#[cfg(test)]
mod tests;
