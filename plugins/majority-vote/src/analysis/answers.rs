//! The list of answers in an emitted analysis: who answered what, whether it counted, whether it agrees.

use serde_json::{Map, Value, json};

use crate::size;
use crate::vote::Outcome;

/// Room for `,"answers_left_out":` and its number.
const AROUND: usize = 64;

/// Writes `answers`, and `answers_left_out`, into an analysis that is otherwise whole.
///
/// A value beyond [`size::LISTED_VALUE_MAX`] is null, with `"cut": true` beside it. Then the lines are written oldest first
/// until the analysis has [`size::EMITTED_MAX`] bytes; the rest is left out and counted.
pub(super) fn write(analysis: &mut Map<String, Value>, outcome: &Outcome<'_>) {
    let mut lines = lines(outcome);
    let so_far: usize = analysis
        .iter()
        .map(|(name, value)| name.len() + 4 + size::of(value))
        .sum();
    let mut room = size::EMITTED_MAX.saturating_sub(so_far + AROUND);
    let mut fitting = 0;
    for line in &lines {
        let Some(left) = room.checked_sub(size::of(line) + 1) else {
            break;
        };
        room = left;
        fitting += 1;
    }
    let left_out = lines.len() - fitting;
    lines.truncate(fitting);
    analysis.insert("answers".to_owned(), lines.into());
    analysis.insert("answers_left_out".to_owned(), left_out.into());
}

/// What one question makes of one answer.
#[derive(Clone, Default)]
struct Standing {
    /// Whether it counts in any question.
    counted: bool,
    /// Whether it agrees with all decided questions in which it counts; none when there are none.
    agrees: Option<bool>,
    /// The same by question.
    questions: Map<String, Value>,
    /// Why it does not count.
    why_not: Option<String>,
}

fn lines(outcome: &Outcome<'_>) -> Vec<Value> {
    let mut standings = vec![Standing::default(); outcome.answers.len()];
    for part in &outcome.parts {
        for vote in &part.votes {
            let chosen = vote.choices.iter().map(|choice| choice.key.as_str());
            let agrees = part.verdict.agrees(chosen, part.rules);
            if let Some(standing) = standings.get_mut(vote.answer) {
                standing.counted = true;
                standing.agrees = match (standing.agrees, agrees) {
                    (Some(so_far), Some(here)) => Some(so_far && here),
                    (so_far, here) => so_far.or(here),
                };
                if outcome.by_question {
                    standing.questions.insert(part.name.clone(), agrees.into());
                }
            }
        }
        for (answer, why_not) in &part.silent {
            if let Some(standing) = standings.get_mut(*answer) {
                standing.why_not.get_or_insert_with(|| why_not.to_string());
            }
        }
    }
    let answers = outcome.answers.iter().zip(&outcome.admitted).zip(standings);
    answers
        .map(|((answer, admitted), standing)| {
            let why_not = match admitted {
                Err(why_not) => Some(why_not.to_string()),
                Ok(_) if standing.counted => None,
                Ok(_) => standing
                    .why_not
                    .or_else(|| Some("it answers no question".to_owned())),
            };
            let value = answer.value.as_ref();
            let cut = value.is_some_and(|value| size::of(value) > size::LISTED_VALUE_MAX);
            let mut line = json!({
                "id": answer.id,
                "worker": answer.worker,
                "value": if cut { None } else { value },
                "counted": standing.counted,
                "weight": admitted.as_ref().copied().unwrap_or(0.0),
                "agrees": standing.agrees,
                "why_not": why_not,
            });
            if let Value::Object(line) = &mut line {
                if cut {
                    line.insert("cut".to_owned(), true.into());
                }
                if outcome.by_question {
                    line.insert("questions".to_owned(), standing.questions.into());
                }
            }
            line
        })
        .collect()
}
