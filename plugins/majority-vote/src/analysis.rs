//! The analysis: what is saved as the task's result, what is told to other plugins, what is remembered.
//!
//! The shape is `wit/analysis.schema.json`. What is saved leaves out who answered what, since results are readable by all.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::run;
use crate::size;
use crate::summary;
use crate::verdict::Verdict;
use crate::vote::{Outcome, Part};

mod answers;

/// The verdict on a task, without what it was made from: what other plugins are told of once.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Remembered {
    /// How often a verdict on this task was emitted.
    pub revision: u64,
    /// The answer; null while undecided. With questions an object.
    pub answer: Value,
    /// Whether there is an answer to every question.
    pub decided: bool,
    /// Whether there is a tie in any question.
    pub tie: bool,
    /// The tied values by question, as far as they fit.
    pub tied: BTreeMap<String, Vec<Value>>,
}

/// The outcome of a vote, put together for all questions.
#[derive(Debug)]
pub struct Analysis<'a> {
    outcome: &'a Outcome<'a>,
    answer: Value,
    decided: bool,
    tie: bool,
    tied: BTreeMap<String, Vec<Value>>,
}

impl<'a> Analysis<'a> {
    /// Puts an outcome together.
    ///
    /// # Errors
    ///
    /// The answer is larger than [`size::ANSWER_MAX`], in words for the operator.
    pub fn new(outcome: &'a Outcome<'a>) -> Result<Self, String> {
        let parts = &outcome.parts;
        let answer = if outcome.by_question {
            let answers = parts.iter().map(|part| (part.name.clone(), part.verdict.answer.clone()));
            Value::Object(answers.collect())
        } else {
            parts.first().map_or(Value::Null, |part| part.verdict.answer.clone())
        };
        let bytes = size::of(&answer);
        if bytes > size::ANSWER_MAX {
            return Err(format!(
                "the answer is {bytes} bytes of JSON, and at most {} can be saved: vote on a part of it with `pointer`",
                size::ANSWER_MAX
            ));
        }
        let mut budget = size::TIED_MAX;
        let tied = parts.iter().filter(|part| part.verdict.tie).map(|part| {
            let fitting = part.verdict.tied.iter().filter(|value| size::take(&mut budget, value));
            (part.name.clone(), fitting.cloned().collect())
        });
        Ok(Self {
            outcome,
            tied: tied.collect(),
            answer,
            decided: !parts.is_empty() && parts.iter().all(|part| part.verdict.decided),
            tie: parts.iter().any(|part| part.verdict.tie),
        })
    }

    /// Whether this is the verdict that was emitted last.
    #[must_use]
    pub fn is(&self, last: &Remembered) -> bool {
        self.decided == last.decided && self.tie == last.tie && self.answer == last.answer && self.tied == last.tied
    }

    /// What to remember once this was emitted as the revision `revision`.
    #[must_use]
    pub fn remembered(&self, revision: u64) -> Remembered {
        Remembered { revision, answer: self.answer.clone(), decided: self.decided, tie: self.tie, tied: self.tied.clone() }
    }

    /// What to save as the result of the task.
    #[must_use]
    pub fn saved(&self, revision: u64) -> Value {
        let mut budget = size::SUMMARY_MAX;
        let (summary, counts, left_out) = if self.outcome.by_question {
            let mut summaries = Map::new();
            let mut counts = Map::new();
            let mut left_out = 0;
            for part in &self.outcome.parts {
                summaries.insert(part.name.clone(), summary::describe(&part.tally, &mut budget));
                let (of_part, out) = summary::value_counts(&part.tally, &mut budget);
                counts.insert(part.name.clone(), of_part);
                left_out += out;
            }
            (summaries.into(), counts.into(), left_out)
        } else {
            let tally = &self.only().map(|part| part.tally.clone()).unwrap_or_default();
            let summary = summary::describe(tally, &mut budget);
            let (counts, left_out) = summary::value_counts(tally, &mut budget);
            (summary, counts, left_out)
        };
        let mut saved = Map::new();
        saved.insert("summary".to_owned(), summary);
        saved.insert("analysis".to_owned(), counts);
        if left_out > 0 {
            saved.insert("analysis_left_out".to_owned(), left_out.into());
        }
        self.write_verdict(&mut saved, None);
        saved.insert("revision".to_owned(), revision.into());
        Value::Object(saved)
    }

    /// What to tell other plugins, as JSON text.
    ///
    /// # Errors
    ///
    /// None: text and JSON values always serialise.
    pub fn emitted(&self, revision: u64, last: Option<&Remembered>) -> Result<String, String> {
        let mut emitted = Map::new();
        let mut budget = size::TALLY_MAX;
        self.write_verdict(&mut emitted, Some(&mut budget));
        emitted.insert("revision".to_owned(), revision.into());
        let previous = last.map(|last| {
            json!({
                "revision": last.revision,
                "answer": last.answer,
                "decided": last.decided,
                "tie": last.tie,
            })
        });
        emitted.insert("previous".to_owned(), previous.unwrap_or_default());
        let mut text = run::text(&emitted)?;
        // The closing brace comes behind the answers, which are written as they are, since there may be many.
        text.pop();
        answers::write(&mut text, self.outcome);
        Ok(text)
    }

    /// The one part of a vote on one value.
    fn only(&self) -> Option<&Part<'a>> {
        self.outcome.parts.first()
    }

    /// Writes the verdict, and the tally where there is a budget for it.
    fn write_verdict(&self, to: &mut Map<String, Value>, mut tally_budget: Option<&mut usize>) {
        let weakest = self.weakest();
        let put = |to: &mut Map<String, Value>, name: &str, value: Value| {
            to.insert(name.to_owned(), value);
        };
        put(to, "answer", self.answer.clone());
        put(to, "votes", weakest.map_or(0, |part| part.verdict.votes).into());
        put(to, "total", weakest.map_or(0, |part| part.verdict.total).into());
        put(to, "agreement", weakest.map_or(0.0, |part| part.verdict.agreement).into());
        put(to, "tie", self.tie.into());
        put(to, "decided", self.decided.into());
        put(to, "reason", self.reason().into());
        if !self.outcome.by_question {
            put(to, "tied", self.tied.get("").cloned().unwrap_or_default().into());
            if let (Some(part), Some(budget)) = (self.only(), tally_budget) {
                write_tally(to, part, budget);
            }
            return;
        }
        let mut questions = Map::new();
        for part in &self.outcome.parts {
            let mut question = Map::new();
            write_part(&mut question, &part.verdict);
            let tied = self.tied.get(&part.name).cloned().unwrap_or_default();
            put(&mut question, "tied", tied.into());
            if let Some(budget) = tally_budget.as_deref_mut() {
                write_tally(&mut question, part, budget);
            }
            questions.insert(part.name.clone(), question.into());
        }
        put(to, "questions", questions.into());
    }

    /// The question on which people agree least; it speaks for the whole.
    fn weakest(&self) -> Option<&Part<'a>> {
        self.outcome.parts.iter().min_by(|one, other| one.verdict.agreement.total_cmp(&other.verdict.agreement))
    }

    fn reason(&self) -> String {
        let parts = &self.outcome.parts;
        if !self.outcome.by_question {
            return self.only().map(|part| part.verdict.reason.clone()).unwrap_or_default();
        }
        if parts.is_empty() {
            return "no answer counts".to_owned();
        }
        let open: Vec<&str> = parts.iter().filter(|part| !part.verdict.decided).map(|part| part.name.as_str()).collect();
        match open.as_slice() {
            [] => "each question is decided".to_owned(),
            [one] => format!("1 of {} questions is undecided: `{}`", parts.len(), shortened(one)),
            many => format!("{} of {} questions are undecided", many.len(), parts.len()),
        }
    }
}

fn write_part(to: &mut Map<String, Value>, verdict: &Verdict) {
    to.insert("answer".to_owned(), verdict.answer.clone());
    to.insert("votes".to_owned(), verdict.votes.into());
    to.insert("total".to_owned(), verdict.total.into());
    to.insert("agreement".to_owned(), verdict.agreement.into());
    to.insert("tie".to_owned(), verdict.tie.into());
    to.insert("decided".to_owned(), verdict.decided.into());
    to.insert("reason".to_owned(), verdict.reason.clone().into());
}

/// Writes `tally`, and `tally_left_out` where not all of it fits.
fn write_tally(to: &mut Map<String, Value>, part: &Part<'_>, budget: &mut usize) {
    let groups = part.tally.groups.iter();
    let fitting = groups.filter(|group| size::take(budget, &group.value));
    let lines: Vec<Value> = fitting.map(|group| json!({ "value": group.value, "votes": group.votes, "weight": group.weight })).collect();
    let left_out = part.tally.groups.len() - lines.len();
    to.insert("tally".to_owned(), lines.into());
    if left_out > 0 {
        to.insert("tally_left_out".to_owned(), left_out.into());
    }
}

/// A name that people gave, short enough for a line.
fn shortened(name: &str) -> String {
    name.chars().take(60).collect()
}

#[cfg(test)]
mod tests;
