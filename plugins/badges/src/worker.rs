//! What is remembered of one worker, and which badges it amounts to.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::history::History;
use crate::outcome::Outcome;
use crate::settings::{Badge, Kind};

/// What is remembered of one worker.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Worker {
    /// Tasks answered, right or wrong.
    pub answered: u32,
    /// Tasks answered right.
    pub right: u32,
    /// Test questions answered right.
    pub gold: u32,
    /// The badges that they have.
    pub held: BTreeSet<String>,
    /// Whether one of their badges found no room yet.
    pub owed: bool,
    /// What streaks are made of.
    pub history: History,
}

/// What is to be done about one badge of one worker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Due<'a> {
    /// They have earned it and have it not.
    Award(&'a Badge),
    /// They have it, no longer earn it, and the project takes it back.
    Revoke(&'a Badge),
}

impl Worker {
    /// Takes the difference between what the worker's answer to `task` came to before and what it comes to now.
    pub fn change(&mut self, task: &str, before: Option<&Outcome>, after: Option<&Outcome>) {
        if before == after {
            return;
        }
        let answered = |outcome: Option<&Outcome>| u32::from(outcome.is_some());
        let right = |outcome: Option<&Outcome>| u32::from(outcome.is_some_and(|outcome| outcome.right == Some(true)));
        let gold = |outcome: Option<&Outcome>| u32::from(outcome.is_some_and(|outcome| outcome.gold && outcome.right == Some(true)));
        let differ = |count: u32, of: &dyn Fn(Option<&Outcome>) -> u32| (count + of(after)).saturating_sub(of(before));
        self.answered = differ(self.answered, &answered);
        self.right = differ(self.right, &right);
        self.gold = differ(self.gold, &gold);
        self.history.change(task, before, after);
    }

    /// How far the worker has come towards badges of this kind.
    #[must_use]
    pub fn count(&self, kind: Kind) -> u32 {
        match kind {
            Kind::RightAnswers => self.right,
            Kind::Streak => self.history.longest(),
            Kind::FirstContribution => self.answered,
            Kind::Gold => self.gold,
        }
    }

    /// What is to be done about the worker's badges, in the order in which the project names them.
    ///
    /// A badge that the project no longer names stays with who has it.
    #[must_use]
    pub fn due<'a>(&self, badges: &'a [Badge]) -> Vec<Due<'a>> {
        let due = |badge: &'a Badge| match (self.count(badge.kind) >= badge.at(), self.held.contains(&badge.id)) {
            (true, false) => Some(Due::Award(badge)),
            (false, true) if badge.take_back => Some(Due::Revoke(badge)),
            _ => None,
        };
        badges.iter().filter_map(due).collect()
    }

    /// What a badge was given for, as people may see it: a JSON object.
    #[must_use]
    pub fn evidence(&self, badge: &Badge) -> String {
        let name = match badge.kind {
            Kind::RightAnswers => "right_answers",
            Kind::Streak => "streak",
            Kind::FirstContribution => "answers",
            Kind::Gold => "test_questions",
        };
        serde_json::json!({ name: self.count(badge.kind) }).to_string()
    }
}

#[cfg(test)]
mod tests;
