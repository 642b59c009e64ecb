//! From the answers to one task to the votes, the tally and the verdict on each question.

use serde_json::Value;

use crate::ballot::{self, Answer, Vote, WhyNot};
use crate::settings::{Rules, Settings, Subject};
use crate::tally::{self, Tally};
use crate::verdict::{self, Verdict};

/// How many questions one task may have when nobody has named them.
pub const QUESTIONS_MAX: usize = 100;

/// Bytes of a question's name when nobody has named them; a member with a longer name is no question.
const NAME_MAX: usize = 100;

/// What the answers to one task come to.
#[derive(Clone, Debug)]
pub struct Outcome<'a> {
    /// The answers, oldest first.
    pub answers: &'a [Answer],
    /// What each of them weighs, or why it does not count at all.
    pub admitted: Vec<Result<f64, WhyNot>>,
    /// One for each question.
    pub parts: Vec<Part<'a>>,
    /// Whether there are questions, even if there is only one.
    pub by_question: bool,
}

/// What the answers to one question come to.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    /// The question's name; empty where the vote is on one value.
    pub name: String,
    /// How it was counted.
    pub rules: &'a Rules,
    /// The votes, and why an answer that counts otherwise has none here; in the order of the answers.
    pub votes: Vec<Vote>,
    /// The answers without a vote here, by their place.
    pub silent: Vec<(usize, WhyNot)>,
    /// The votes by value.
    pub tally: Tally,
    /// What they come to.
    pub verdict: Verdict,
}

/// Counts the answers to a task.
///
/// # Errors
///
/// More than [`QUESTIONS_MAX`] questions, in words for the operator.
pub fn count<'a>(answers: &'a [Answer], settings: &'a Settings) -> Result<Outcome<'a>, String> {
    let admitted = ballot::admit(answers, settings);
    let counted = || {
        let admitted = answers.iter().zip(&admitted).enumerate();
        admitted.filter_map(|(at, (answer, weight))| Some((at, *weight.as_ref().ok()?, answer.value.as_ref()?)))
    };
    let rules = &settings.rules;
    let parts = match &settings.subject {
        Subject::One(pointer) => vec![part(String::new(), pointer, rules, counted())],
        Subject::Named(questions) => {
            questions.iter().map(|question| part(question.name.clone(), &question.pointer, &question.rules, counted())).collect()
        }
        Subject::All(pointer) => {
            let names = names(pointer, counted().map(|(_, _, value)| value))?;
            let at = |name: &str| format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
            let parts = names.into_iter().map(|name| part(name.to_owned(), &at(name), rules, counted()));
            // What everybody left blank (a remark, say) must not keep the whole open.
            parts.filter(|part| part.tally.total > 0).collect()
        }
    };
    Ok(Outcome { answers, by_question: !matches!(settings.subject, Subject::One(_)), parts, admitted })
}

fn part<'a, 'v>(name: String, pointer: &str, rules: &'a Rules, answers: impl Iterator<Item = (usize, f64, &'v Value)>) -> Part<'a> {
    let mut votes = Vec::new();
    let mut silent = Vec::new();
    for (at, weight, value) in answers {
        match ballot::read(at, weight, value, pointer, rules) {
            Ok(vote) => votes.push(vote),
            Err(why_not) => silent.push((at, why_not)),
        }
    }
    let tally = tally::count(&votes);
    let verdict = verdict::decide(&tally, rules);
    Part { name, rules, votes, silent, tally, verdict }
}

/// The names of the members of all answers, in the order in which they first appear.
fn names<'v>(pointer: &str, values: impl Iterator<Item = &'v Value>) -> Result<Vec<&'v str>, String> {
    let mut names: Vec<&str> = Vec::new();
    for value in values {
        let members = value.pointer(pointer).and_then(Value::as_object);
        let short = |name: &&String| name.len() <= NAME_MAX;
        for name in members.into_iter().flat_map(|members| members.keys()).filter(short) {
            if !names.contains(&name.as_str()) {
                if names.len() == QUESTIONS_MAX {
                    return Err(format!("the answers have more than {QUESTIONS_MAX} questions: name those to vote on in `questions`"));
                }
                names.push(name);
            }
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests;
