//! The analysis: what is saved as the task's result, what is told to other plugins, what is remembered.
//!
//! The shape is `wit/analysis.schema.json`. What is saved leaves out who answered what, since results are readable by all.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::run;
use crate::size;
use crate::summary;
use crate::vote::{Outcome, Part};

use self::written::{Detail, Emitted, Members, PerPart, Previous, Said, Saved, Tally, Votes};

mod answers;
mod written;

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
            let fitting = part.verdict.tied.iter().filter(|value| size::take(&mut budget, size::of(value)));
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
    pub fn saved(&self, revision: u64) -> impl Serialize {
        let mut budget = size::SUMMARY_MAX;
        let (mut summaries, mut counts) = (Vec::new(), Vec::new());
        let mut left_out = 0;
        for part in &self.outcome.parts {
            summaries.push((part.name.as_str(), summary::describe(&part.tally, &mut budget)));
            let (of_part, out) = summary::value_counts(&part.tally, &mut budget);
            counts.push((part.name.as_str(), of_part));
            left_out += out;
        }
        let by_question = self.outcome.by_question;
        Saved {
            summary: PerPart::new(by_question, summaries),
            analysis: PerPart::new(by_question, counts),
            analysis_left_out: left_out,
            verdict: self.said(None),
            revision,
        }
    }

    /// What to tell other plugins, as JSON text.
    ///
    /// # Errors
    ///
    /// None: text and JSON values always serialise.
    pub fn emitted(&self, revision: u64, last: Option<&Remembered>) -> Result<String, String> {
        let mut budget = size::TALLY_MAX;
        let previous = last.map(|last| Previous { revision: last.revision, answer: &last.answer, decided: last.decided, tie: last.tie });
        let mut text = run::text(&Emitted { verdict: self.said(Some(&mut budget)), revision, previous })?;
        // The closing brace comes behind the answers, which are written as they are, since there may be many.
        text.pop();
        answers::write(&mut text, self.outcome);
        Ok(text)
    }

    /// The verdict on the whole, with the tally where there is a budget for it.
    fn said<'s>(&'s self, mut tally_budget: Option<&mut usize>) -> Said<'s> {
        let weakest = self.weakest().map(|part| &part.verdict);
        let detail = if self.outcome.by_question {
            let question = |part: &'s Part<'a>| (part.name.as_str(), self.said_of(part, tally_budget.as_deref_mut()));
            Detail::Questions { questions: Members(self.outcome.parts.iter().map(question).collect()) }
        } else {
            let tally = self.outcome.parts.first().zip(tally_budget).map(|(part, budget)| tally(part, budget));
            Detail::Value { tied: self.tied(""), tally }
        };
        Said {
            answer: &self.answer,
            votes: weakest.map_or(0, |verdict| verdict.votes),
            total: weakest.map_or(0, |verdict| verdict.total),
            agreement: weakest.map_or(0.0, |verdict| verdict.agreement),
            tie: self.tie,
            decided: self.decided,
            reason: self.reason(),
            detail,
        }
    }

    /// The verdict on one of several questions.
    fn said_of<'s>(&'s self, part: &'s Part<'a>, tally_budget: Option<&mut usize>) -> Said<'s> {
        let verdict = &part.verdict;
        Said {
            answer: &verdict.answer,
            votes: verdict.votes,
            total: verdict.total,
            agreement: verdict.agreement,
            tie: verdict.tie,
            decided: verdict.decided,
            reason: verdict.reason.as_str().into(),
            detail: Detail::Value { tied: self.tied(&part.name), tally: tally_budget.map(|budget| tally(part, budget)) },
        }
    }

    /// The tied values of a question, as far as they fit.
    fn tied(&self, question: &str) -> &[Value] {
        self.tied.get(question).map_or(&[], Vec::as_slice)
    }

    /// The question on which people agree least; it speaks for the whole.
    fn weakest(&self) -> Option<&Part<'a>> {
        self.outcome.parts.iter().min_by(|one, other| one.verdict.agreement.total_cmp(&other.verdict.agreement))
    }

    fn reason(&self) -> Cow<'_, str> {
        let parts = &self.outcome.parts;
        if !self.outcome.by_question {
            return parts.first().map_or("", |part| part.verdict.reason.as_str()).into();
        }
        if parts.is_empty() {
            return "no answer counts".into();
        }
        let open: Vec<&str> = parts.iter().filter(|part| !part.verdict.decided).map(|part| part.name.as_str()).collect();
        match open.as_slice() {
            [] => "each question is decided".into(),
            [one] => format!("1 of {} questions is undecided: `{}`", parts.len(), shortened(one)).into(),
            many => format!("{} of {} questions are undecided", many.len(), parts.len()).into(),
        }
    }
}

/// The votes on a question, as far as the budget reaches, which is lowered by the bytes used.
fn tally<'p>(part: &'p Part<'_>, budget: &mut usize) -> Tally<'p> {
    let groups = &part.tally.groups;
    let fitting = groups.iter().filter(|group| size::take(budget, size::of(&group.value)));
    let lines: Vec<_> = fitting.map(|group| Votes { value: &group.value, votes: group.votes, weight: group.weight }).collect();
    Tally { tally_left_out: groups.len() - lines.len(), tally: lines }
}

/// A name that people gave, short enough for a line.
fn shortened(name: &str) -> String {
    name.chars().take(60).collect()
}

#[cfg(test)]
mod tests;
