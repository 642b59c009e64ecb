//! How far a backfill is: a bar on a terminal, else a line for each page, and with `--json` for each wait alone; nothing of it on standard
//! output.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::summary::Summary;
use crate::backfill::{Progress, Report};
use crate::cli::output;

/// Where a task is between the first and the last one is known by their ids: PYBOSSA does not tell how many are completed.
const BAR: &str = "{bar:30} {percent:>3} %  {msg}";

/// What is shown while it runs.
pub(super) struct Shown {
    to: To,
    begun: Instant,
    /// A task that this run came to, and when: the rest goes as fast as what was done since.
    from: Option<(u64, Instant)>,
}

enum To {
    Terminal(ProgressBar),
    Lines,
    Nobody,
}

impl Shown {
    pub(super) fn new(json: bool) -> Self {
        let to = match (std::io::stderr().is_terminal(), json) {
            (true, _) => To::Terminal(bar()),
            (false, false) => To::Lines,
            (false, true) => To::Nobody,
        };
        Self { to, begun: Instant::now(), from: None }
    }

    /// Tells of a page.
    pub(super) fn page(&mut self, report: &Report, summary: &Summary) {
        let Some(progress) = &report.progress else { return };
        let resumed = report.resumed && summary.pages == 1;
        let (from, since) =
            *self.from.get_or_insert_with(|| if resumed { (progress.at, Instant::now()) } else { (progress.first, self.begun) });
        if resumed {
            self.say("goes on where an earlier run came; `--restart` begins anew");
        }
        let (made, word) = (summary.made, summary.made_word());
        let text =
            format!("{} tasks, {made} {word}{}{}", summary.looked, rate(summary.looked, self.begun), left(progress, from, since.elapsed()));
        match &self.to {
            To::Terminal(bar) => {
                bar.set_length(progress.last.saturating_sub(progress.first).max(1));
                bar.set_position(progress.at.saturating_sub(progress.first));
                bar.set_message(text);
            }
            To::Lines => line(&format!("{:>3} %  {text}", percent(progress))),
            To::Nobody => {}
        }
    }

    /// Tells that there is nothing to do for a while, and why: to programs too, since whoever started them wonders why nothing happens.
    pub(super) fn wait(&self, wait: Duration, why: &str) {
        let seconds = u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX);
        let text = format!("waits {}: {}", output::span(seconds), output::plain(why));
        match self.to {
            To::Nobody => line(&text),
            To::Terminal(_) | To::Lines => self.say(&text),
        }
    }

    /// Takes the bar away: the summary says the rest.
    pub(super) fn end(&self) {
        if let To::Terminal(bar) = &self.to {
            bar.finish_and_clear();
        }
    }

    fn say(&self, text: &str) {
        match &self.to {
            To::Terminal(bar) => bar.println(text),
            To::Lines => line(text),
            To::Nobody => {}
        }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new(1);
    bar.set_style(ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

fn line(text: &str) {
    // Nobody is left to tell when standard error is gone.
    writeln!(std::io::stderr(), "{text}").ok();
}

fn percent(progress: &Progress) -> u64 {
    let whole = progress.last.saturating_sub(progress.first).max(1);
    (progress.at.saturating_sub(progress.first).saturating_mul(100) / whole).min(100)
}

fn rate(looked: usize, begun: Instant) -> String {
    let elapsed = begun.elapsed().as_millis().max(1);
    let per_s = (looked as u128).saturating_mul(1000) / elapsed;
    format!(", {per_s} tasks/s")
}

/// The time left, if the rest goes as fast as what was done since task `from`.
fn left(progress: &Progress, from: u64, elapsed: Duration) -> String {
    let (done, rest) = (progress.at.saturating_sub(from), progress.last.saturating_sub(progress.at));
    if done == 0 || rest == 0 {
        return String::new();
    }
    let left_ms = elapsed.as_millis().saturating_mul(u128::from(rest)) / u128::from(done);
    let left_s = u64::try_from(left_ms.div_ceil(1000)).unwrap_or(u64::MAX);
    format!(", {} left", output::span(left_s))
}

#[cfg(test)]
mod tests;
