//! What a backfill did, added up over its pages, and what it left out and why.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::backfill::{Reason, Report, Skipped};
use crate::cli::output;
use crate::id::ProjectName;

/// So many tasks are named for each reason; the others are counted.
const TASKS_NAMED_MAX: usize = 10;

/// The sum of all pages.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    pub(super) project: String,
    pub(super) dry_run: bool,
    /// Tasks looked at.
    pub(super) looked: usize,
    /// Events made, or that would be.
    pub(super) made: usize,
    /// Tasks that were handled before.
    pub(super) known: usize,
    /// Tasks left out.
    pub(super) skipped: Vec<Skipped>,
    /// The last task looked at.
    pub(super) at: Option<u64>,
    /// Whether all was looked at.
    pub(super) done: bool,
    /// What else to know.
    pub(super) notes: Vec<String>,
    #[serde(skip)]
    pub(super) pages: usize,
}

impl Summary {
    pub(super) fn of(project: &ProjectName, dry_run: bool) -> Self {
        let project = project.to_string();
        Self { project, dry_run, looked: 0, made: 0, known: 0, skipped: Vec::new(), at: None, done: false, notes: Vec::new(), pages: 0 }
    }

    pub(super) fn add(&mut self, report: &Report) {
        if report.wait_ms.is_some() {
            return;
        }
        self.pages += 1;
        self.looked += report.found;
        self.made += report.made;
        self.known += report.known;
        self.skipped.extend_from_slice(&report.skipped);
        self.at = report.progress.as_ref().map(|progress| progress.at).or(self.at);
        self.done = report.done;
        self.notes.extend(report.note.clone());
    }

    /// What became of the tasks that are counted as made.
    pub(super) fn made_word(&self) -> &'static str {
        if self.dry_run { "to be handled" } else { "handed to plugins" }
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        if self.looked > 0 || self.notes.is_empty() {
            let known = format!("{} handled here before", self.known);
            text +=
                &format!("{} completed tasks: {} {}, {known}, {} left out\n", self.looked, self.made, self.made_word(), self.skipped.len());
        }
        let mut reasons: BTreeMap<(Reason, &str), Vec<&str>> = BTreeMap::new();
        for skipped in &self.skipped {
            let why = if skipped.reason == Reason::Odd { skipped.why.as_str() } else { skipped.reason.why() };
            reasons.entry((skipped.reason, why)).or_default().push(skipped.task.as_deref().unwrap_or("without an id"));
        }
        for ((_, why), tasks) in reasons {
            text += &format!("  {} left out: {}\n    tasks {}\n", tasks.len(), output::plain(why), output::plain(&named(&tasks)));
        }
        for note in &self.notes {
            text += &format!("{}\n", output::plain(note));
        }
        text
    }
}

fn named(tasks: &[&str]) -> String {
    let first: Vec<&str> = tasks.iter().take(TASKS_NAMED_MAX).copied().collect();
    match tasks.len() - first.len() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

#[cfg(test)]
mod tests;
