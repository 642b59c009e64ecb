//! Who was right on a task.
//!
//! Made from the analysis, which says whether an answer counts and agrees, and from the answers themselves, which say when
//! they were given and what they say where the analysis had no room for it.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::gold;
use crate::settings::Right;

/// What `task.analysed` says, as far as it matters here.
#[derive(Clone, Debug, Deserialize)]
pub struct Analysis {
    /// Which analysis of this task it is; of two the larger one holds.
    pub revision: u64,
    /// The decided answer; null while undecided.
    pub answer: Value,
    /// The answers that fitted into it, oldest first.
    pub answers: Vec<Listed>,
    /// How many did not fit.
    pub answers_left_out: u64,
}

/// One answer as the analysis has it.
#[derive(Clone, Debug, Deserialize)]
pub struct Listed {
    /// The platform's id of the answer.
    pub id: String,
    /// Who gave it; none when they did so anonymously.
    pub worker: Option<String>,
    /// What was answered; null where it was too large.
    #[serde(default)]
    pub value: Value,
    /// Whether it counts.
    pub counted: bool,
    /// Whether it agrees with the answer; none while that is undecided.
    pub agrees: Option<bool>,
}

/// One answer as the platform has it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The platform's id of the answer.
    pub id: String,
    /// Who gave it; none when they did so anonymously.
    pub worker: Option<String>,
    /// What was answered; none where it is no JSON.
    pub value: Option<Value>,
    /// When it was given, where the platform says so.
    pub at: Option<Moment>,
    /// Whether the platform itself does not count it.
    pub set_aside: bool,
}

/// A moment in UTC as its digits, `20261121192925000`: later moments are larger numbers.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Moment(pub u64);

impl Moment {
    /// Reads RFC 3339 with milliseconds in UTC, as the host writes it; none for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.strip_suffix('Z')?.chars().filter(char::is_ascii_digit).collect();
        (digits.len() == 17).then(|| digits.parse().ok().map(Self)).flatten()
    }
}

/// What one worker's answer to one task came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Outcome {
    /// Whether it is right; none when nobody can say (yet).
    pub right: Option<bool>,
    /// Whether it was compared with the right answer of a test question.
    pub gold: bool,
    /// When it was given, where the platform says so.
    pub at: Option<Moment>,
}

/// The outcomes of one task, by worker.
pub type Outcomes = BTreeMap<String, Outcome>;

/// Who was right on a task.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// By worker. Who answered anonymously is left out, and so is who has no answer that counts.
    pub outcomes: Outcomes,
    /// How many answers that the analysis had no room for could not be judged by their value.
    pub unknown: usize,
}

/// Says who was right on a task: of several answers of one worker, the last one that counts says it.
///
/// `gold` is the right answer where the task is a test question and it is known.
///
/// Answers that the analysis had no room for are judged by what it says of the same value, or by the answer itself; they
/// speak for workers of whom no listed answer counts.
#[must_use]
pub fn judge(analysis: &Analysis, answers: &[Answer], gold: Option<&Value>, right: Right) -> Judged {
    let rule = match (right, gold) {
        (Right::Gold | Right::Both, Some(gold)) => Rule::Gold(gold),
        (Right::Gold, None) => Rule::Nobody,
        (Right::Decided, _) | (Right::Both, None) => Rule::Agrees,
    };
    let by_id: HashMap<&str, &Answer> = answers.iter().map(|answer| (answer.id.as_str(), answer)).collect();
    let mut outcomes = Outcomes::new();
    for listed in analysis.answers.iter().filter(|listed| listed.counted) {
        let Some(worker) = &listed.worker else { continue };
        let known = by_id.get(listed.id.as_str());
        let value = known.and_then(|answer| answer.value.as_ref()).unwrap_or(&listed.value);
        let at = known.and_then(|answer| answer.at);
        outcomes.insert(worker.clone(), rule.outcome(listed.agrees, value, at));
    }
    let mut judged = Judged { outcomes, unknown: 0 };
    if analysis.answers_left_out > 0 {
        add_left_out(&mut judged, analysis, answers, &rule);
    }
    judged
}

/// By what an answer is judged.
enum Rule<'a> {
    /// The analysis.
    Agrees,
    /// The right answer of a test question.
    Gold(&'a Value),
    /// Nothing: there is no right answer to compare with.
    Nobody,
}

impl Rule<'_> {
    fn outcome(&self, agrees: Option<bool>, value: &Value, at: Option<Moment>) -> Outcome {
        let (right, gold) = match self {
            Self::Agrees => (agrees, false),
            Self::Gold(gold) => (Some(gold::fits(gold, value)), true),
            Self::Nobody => (None, false),
        };
        Outcome { right, gold, at }
    }
}

fn add_left_out(judged: &mut Judged, analysis: &Analysis, answers: &[Answer], rule: &Rule<'_>) {
    let listed: HashMap<&str, &Listed> = analysis.answers.iter().map(|listed| (listed.id.as_str(), listed)).collect();
    let mut agrees: HashMap<String, bool> = HashMap::new();
    if !analysis.answer.is_null() {
        agrees.insert(analysis.answer.to_string(), true);
    }
    for line in &analysis.answers {
        if let (Some(known), false) = (line.agrees, line.value.is_null()) {
            agrees.insert(line.value.to_string(), known);
        }
    }
    let mut found = Outcomes::new();
    for answer in answers.iter().filter(|answer| !answer.set_aside && !listed.contains_key(answer.id.as_str())) {
        let (Some(worker), Some(value)) = (&answer.worker, &answer.value) else { continue };
        if judged.outcomes.contains_key(worker) {
            continue;
        }
        let outcome = rule.outcome(agrees.get(&value.to_string()).copied(), value, answer.at);
        found.insert(worker.clone(), outcome);
    }
    let undecided = analysis.answer.is_null();
    judged.unknown = found.values().filter(|outcome| outcome.right.is_none() && !undecided && matches!(rule, Rule::Agrees)).count();
    judged.outcomes.extend(found);
}

#[cfg(test)]
mod tests;
