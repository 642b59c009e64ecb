//! What is remembered of a task: what each worker's answer came to, by the latest analysis.
//!
//! A value in the plugin's state has room for some 1500 workers, so what goes beyond is kept on further pages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::outcome::{Moment, Outcome, Outcomes};

/// How many bytes of outcomes one page holds, about: below the host's 64 KiB for one value.
const PAGE_BYTES_MAX: usize = 48_000;

/// What an outcome takes besides the worker's id.
const ENTRY_BYTES: usize = 28;

/// What a task came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    /// Of the analysis that said it; 0 before the first one.
    pub revision: u64,
    /// By worker.
    pub outcomes: Outcomes,
}

/// One page of a ledger as it is kept.
#[derive(Deserialize, Serialize)]
pub struct Page {
    /// Of the analysis.
    revision: u64,
    /// How many pages there are, this one among them.
    pub pages: usize,
    /// By worker, under the name by which the host knows whom to forget.
    #[serde(rename = "workers")]
    outcomes: BTreeMap<String, Kept>,
}

/// An outcome as it is kept: 0 unjudged, 1 wrong, 2 right, and 4 more where it was a test question; then the moment.
#[derive(Clone, Copy, Deserialize, Serialize)]
struct Kept(u8, Option<Moment>);

const WRONG: u8 = 1;
const RIGHT: u8 = 2;
const GOLD: u8 = 4;

impl From<Outcome> for Kept {
    fn from(outcome: Outcome) -> Self {
        let right = match outcome.right {
            None => 0,
            Some(false) => WRONG,
            Some(true) => RIGHT,
        };
        Self(right | if outcome.gold { GOLD } else { 0 }, outcome.at)
    }
}

impl From<Kept> for Outcome {
    fn from(Kept(code, at): Kept) -> Self {
        let right = match code & (WRONG | RIGHT) {
            RIGHT => Some(true),
            WRONG => Some(false),
            _ => None,
        };
        Self { right, gold: code & GOLD != 0, at }
    }
}

/// Under which key a page of a task's ledger is kept; the first page is 0.
#[must_use]
pub fn key(task: &str, page: usize) -> String {
    if page == 0 { format!("task/{task}") } else { format!("task-page/{page}/{task}") }
}

impl Ledger {
    /// The pages, as JSON text. There is always a first one.
    ///
    /// # Errors
    ///
    /// Never, as far as we know: numbers and texts can always be written.
    pub fn pages(&self) -> Result<Vec<String>, serde_json::Error> {
        let mut pages = vec![BTreeMap::new()];
        let mut bytes = 0;
        for (worker, outcome) in &self.outcomes {
            bytes += worker.len() + ENTRY_BYTES;
            if bytes > PAGE_BYTES_MAX {
                pages.push(BTreeMap::new());
                bytes = worker.len() + ENTRY_BYTES;
            }
            if let Some(page) = pages.last_mut() {
                page.insert(worker.clone(), Kept::from(*outcome));
            }
        }
        let many = pages.len();
        let page = |outcomes| serde_json::to_string(&Page { revision: self.revision, pages: many, outcomes });
        pages.into_iter().map(page).collect()
    }

    /// Takes in one page.
    pub fn add(&mut self, page: Page) {
        self.revision = page.revision;
        self.outcomes.extend(page.outcomes.into_iter().map(|(worker, kept)| (worker, kept.into())));
    }
}

#[cfg(test)]
mod tests;
