//! The analysis as it is written: its members in their order, borrowed from where they are.

use std::borrow::Cow;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;

use crate::summary::{Counts, Description};

/// What is saved as the result of the task.
#[derive(Serialize)]
pub(super) struct Saved<'a> {
    pub(super) summary: PerPart<'a, Description<'a>>,
    pub(super) analysis: PerPart<'a, Counts<'a>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) analysis_left_out: usize,
    #[serde(flatten)]
    pub(super) verdict: Said<'a>,
    pub(super) revision: u64,
}

/// What other plugins are told, but for the answers.
#[derive(Serialize)]
pub(super) struct Emitted<'a> {
    #[serde(flatten)]
    pub(super) verdict: Said<'a>,
    pub(super) revision: u64,
    pub(super) previous: Option<Previous<'a>>,
}

/// The verdict that was emitted before.
#[derive(Serialize)]
pub(super) struct Previous<'a> {
    pub(super) revision: u64,
    pub(super) answer: &'a Value,
    pub(super) decided: bool,
    pub(super) tie: bool,
}

/// A verdict: on the whole, or on one question.
#[derive(Serialize)]
pub(super) struct Said<'a> {
    pub(super) answer: &'a Value,
    pub(super) votes: usize,
    pub(super) total: usize,
    pub(super) agreement: f64,
    pub(super) tie: bool,
    pub(super) decided: bool,
    pub(super) reason: Cow<'a, str>,
    #[serde(flatten)]
    pub(super) detail: Detail<'a>,
}

/// What a verdict says beyond itself.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Detail<'a> {
    /// Where it is on one value.
    Value {
        tied: &'a [Value],
        #[serde(flatten)]
        tally: Option<Tally<'a>>,
    },
    /// Where it is on several questions.
    Questions { questions: Members<'a, Said<'a>> },
}

/// The votes by value, as far as they fit.
#[derive(Serialize)]
pub(super) struct Tally<'a> {
    pub(super) tally: Vec<Votes<'a>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) tally_left_out: usize,
}

/// The votes for one value.
#[derive(Serialize)]
pub(super) struct Votes<'a> {
    pub(super) value: &'a Value,
    pub(super) votes: usize,
    pub(super) weight: f64,
}

/// Something that there is once, or once for each question.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum PerPart<'a, T> {
    Once(Option<T>),
    ByQuestion(Members<'a, T>),
}

impl<'a, T> PerPart<'a, T> {
    /// Of each part, by its name.
    pub(super) fn new(by_question: bool, parts: Vec<(&'a str, T)>) -> Self {
        if by_question { Self::ByQuestion(Members(parts)) } else { Self::Once(parts.into_iter().next().map(|(_, of_part)| of_part)) }
    }
}

/// The members of a JSON object in their order. No name is there twice.
#[derive(Clone, Default)]
pub(super) struct Members<'a, T>(pub(super) Vec<(&'a str, T)>);

impl<T: Serialize> Serialize for Members<'_, T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}
