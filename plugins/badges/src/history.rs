//! The longest run of right answers of one worker, in the order in which the answers were given.
//!
//! Answers become known in any order and what they came to may change, so each is kept with its moment. That has a limit,
//! [`BYTES_MAX`]: what is older is put together into what it came to, and stays as it is from then on.

use serde::{Deserialize, Serialize};

use crate::outcome::{Moment, Outcome};

/// How many bytes the kept answers of one worker may take, about: some 1200 of them where ids of tasks have six digits.
pub const BYTES_MAX: usize = 40_000;

/// What an answer takes besides the task's id: a moment, whether it is right, and punctuation.
const ENTRY_BYTES: usize = 25;

/// One answer: when, to which task, and whether it is right.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Entry(Moment, String, bool);

impl Entry {
    fn place(&self) -> (Moment, &str) {
        (self.0, &self.1)
    }

    fn bytes(&self) -> usize {
        self.1.len() + ENTRY_BYTES
    }
}

/// What a worker's answers came to, as far as streaks need it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct History {
    /// What the answers before the kept ones came to.
    past: Past,
    /// The kept ones, oldest first; of two at the same moment that whose task sorts first.
    recent: Vec<Entry>,
}

/// What was put together.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
struct Past {
    /// The longest run in it.
    longest: u32,
    /// The run at its end.
    run: u32,
    /// Up to which answer it goes.
    until: Option<(Moment, String)>,
}

impl Past {
    fn covers(&self, at: Moment, task: &str) -> bool {
        self.until.as_ref().is_some_and(|(until, last)| (at, task) <= (*until, last.as_str()))
    }
}

impl History {
    /// Takes what the answer to `task` came to before out, and what it comes to now in.
    ///
    /// An answer without a moment, or one that nobody can judge, is not part of any run. Neither is a change to what was put
    /// together already.
    pub fn change(&mut self, task: &str, before: Option<&Outcome>, after: Option<&Outcome>) {
        if let Some((at, _)) = before.and_then(judged) {
            if self.past.covers(at, task) {
                return;
            }
            self.recent.retain(|entry| entry.place() != (at, task));
        }
        if let Some((at, right)) = after.and_then(judged) {
            if self.past.covers(at, task) {
                return;
            }
            let place = self.recent.partition_point(|entry| entry.place() < (at, task));
            self.recent.insert(place, Entry(at, task.to_owned(), right));
        }
        self.fold();
    }

    /// The longest run of right answers.
    #[must_use]
    pub fn longest(&self) -> u32 {
        let (longest, _) = self.recent.iter().fold((self.past.longest, self.past.run), |(longest, run), entry| step(longest, run, entry.2));
        longest
    }

    /// Puts the oldest together until the rest has room.
    fn fold(&mut self) {
        let mut bytes: usize = self.recent.iter().map(Entry::bytes).sum();
        let mut fold = 0;
        for entry in &self.recent {
            if bytes <= BYTES_MAX {
                break;
            }
            bytes -= entry.bytes();
            fold += 1;
        }
        for Entry(at, task, right) in self.recent.drain(..fold) {
            (self.past.longest, self.past.run) = step(self.past.longest, self.past.run, right);
            self.past.until = Some((at, task));
        }
    }
}

/// The longest run and the run at the end, after one more answer.
fn step(longest: u32, run: u32, right: bool) -> (u32, u32) {
    let run = if right { run + 1 } else { 0 };
    (longest.max(run), run)
}

fn judged(outcome: &Outcome) -> Option<(Moment, bool)> {
    Some((outcome.at?, outcome.right?))
}

#[cfg(test)]
mod tests;
