//! The list of answers in an emitted analysis: who answered what, whether it counted, whether it agrees.

use serde::Serialize;
use serde_json::Value;

use super::written::Members;
use crate::size;
use crate::vote::Outcome;

/// Room for `"answers":[],"answers_left_out":` and its number.
const AROUND: usize = 64;

/// Writes `answers` and `answers_left_out` behind the members that are there, `{…`, and closes the object.
///
/// A value beyond [`size::LISTED_VALUE_MAX`] is null, with `"cut": true` beside it. Then the lines are written oldest first
/// until the analysis has [`size::EMITTED_MAX`] bytes; the rest is left out and counted.
pub(super) fn write(analysis: &mut String, outcome: &Outcome<'_>) {
    let lines = lines(outcome);
    let all = lines.len();
    let mut room = size::EMITTED_MAX.saturating_sub(analysis.len() + AROUND);
    let mut written = 0;
    analysis.push_str(",\"answers\":[");
    for line in lines {
        // Text and JSON values always serialise; a line that did not would be counted as left out.
        let Ok(text) = serde_json::to_string(&line) else {
            break;
        };
        let Some(left) = room.checked_sub(text.len() + 1) else {
            break;
        };
        room = left;
        if written > 0 {
            analysis.push(',');
        }
        analysis.push_str(&text);
        written += 1;
    }
    analysis.push_str("],\"answers_left_out\":");
    analysis.push_str(&(all - written).to_string());
    analysis.push('}');
}

/// One answer.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    worker: Option<&'a str>,
    value: Option<&'a Value>,
    #[serde(skip_serializing_if = "is_false")]
    cut: bool,
    counted: bool,
    weight: f64,
    agrees: Option<bool>,
    why_not: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    questions: Option<Members<'a, Option<bool>>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// What the questions make of one answer.
#[derive(Clone, Default)]
struct Standing<'a> {
    /// Whether it counts in any question.
    counted: bool,
    /// Whether it agrees with all decided questions in which it counts; none when there are none.
    agrees: Option<bool>,
    /// The same by question.
    questions: Members<'a, Option<bool>>,
    /// Why it does not count in one of them.
    why_not: Option<String>,
}

fn lines<'a>(outcome: &'a Outcome<'a>) -> Vec<Line<'a>> {
    let answers = outcome.answers.iter().zip(&outcome.admitted).zip(standings(outcome));
    let line = |((answer, admitted), standing): ((&'a crate::ballot::Answer, &_), Standing<'a>)| {
        let why_not = match admitted {
            Err(why_not) => Some(crate::ballot::WhyNot::to_string(why_not)),
            Ok(_) if standing.counted => None,
            Ok(_) => standing.why_not.or_else(|| Some("it answers no question".to_owned())),
        };
        let value = answer.value.as_ref();
        let cut = value.is_some_and(|value| size::of(value) > size::LISTED_VALUE_MAX);
        Line {
            id: &answer.id,
            worker: answer.worker.as_deref(),
            value: value.filter(|_| !cut),
            cut,
            counted: standing.counted,
            weight: admitted.as_ref().copied().unwrap_or(0.0),
            agrees: standing.agrees,
            why_not,
            questions: outcome.by_question.then_some(standing.questions),
        }
    };
    answers.map(line).collect()
}

/// What the questions make of each answer, in the order of the answers.
fn standings<'a>(outcome: &'a Outcome<'a>) -> Vec<Standing<'a>> {
    let mut standings = vec![Standing::default(); outcome.answers.len()];
    for part in &outcome.parts {
        for vote in &part.votes {
            let chosen = vote.choices.iter().map(|choice| choice.key.as_str());
            let agrees = part.verdict.agrees(chosen, part.rules);
            let Some(standing) = standings.get_mut(vote.answer) else {
                continue;
            };
            standing.counted = true;
            standing.agrees = match (standing.agrees, agrees) {
                (Some(so_far), Some(here)) => Some(so_far && here),
                (so_far, here) => so_far.or(here),
            };
            standing.questions.0.push((&part.name, agrees));
        }
        for (answer, why_not) in &part.silent {
            if let Some(standing) = standings.get_mut(*answer) {
                standing.why_not.get_or_insert_with(|| why_not.to_string());
            }
        }
    }
    standings
}
