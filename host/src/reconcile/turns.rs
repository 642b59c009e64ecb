//! When each project is looked at. Pure.

use std::time::Duration;

use tokio::time::Instant;

/// After a hook brought something, whether its project is completed is looked at this much later at the earliest: PYBOSSA posts
/// before it commits.
pub(super) const COMMIT_WAIT: Duration = Duration::from_secs(2);
/// And no more often than this, however many tasks are completed.
const COMPLETION_EVERY: Duration = Duration::from_secs(60);

/// What is to be done for a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Look for what its hook did not bring.
    Look,
    /// See whether it is completed, for its hook brought something.
    Completion,
    Nothing,
}

/// When a project was looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Looked {
    at: Instant,
    /// When its hook had brought something last by the time at which somebody saw whether the project is completed.
    heard: Option<Instant>,
    /// When the hook was the reason to see that.
    completion_at: Option<Instant>,
    /// The end of the last look that nothing cut short. Those who wait for theirs the longest come first, since a platform that rations
    /// its calls may give none to those who come last.
    pub(super) well_at: Option<Instant>,
    /// How far looks came.
    pub(super) came_to: Option<CameTo>,
}

impl Looked {
    /// A look that begins `now`, after whatever was before.
    pub(super) fn again(before: Option<Self>, now: Instant, heard: Option<Instant>) -> Self {
        let (well_at, came_to) = before.map_or((None, None), |before| (before.well_at, before.came_to));
        Self { at: now, heard, completion_at: None, well_at, came_to }
    }

    /// Notes that somebody sees `now` whether the project is completed, since its hook brought something.
    pub(super) fn completion(&mut self, now: Instant, heard: Option<Instant>) {
        (self.heard, self.completion_at) = (heard, Some(now));
    }

    pub(super) fn due(&self, now: Instant, heard: Option<Instant>, every: Duration) -> Due {
        if now >= self.at + every {
            return Due::Look;
        }
        if self.completion_due(heard).is_some_and(|due| now >= due) { Due::Completion } else { Due::Nothing }
    }

    /// When there is something to do next, if the hook brings nothing more.
    pub(super) fn next(&self, heard: Option<Instant>, every: Duration) -> Instant {
        let look = self.at + every;
        self.completion_due(heard).map_or(look, |due| due.min(look))
    }

    fn completion_due(&self, heard: Option<Instant>) -> Option<Instant> {
        let due = heard.filter(|_| heard != self.heard)? + COMMIT_WAIT;
        Some(self.completion_at.map_or(due, |at| due.max(at + COMPLETION_EVERY)))
    }
}

/// The row that a look came to, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CameTo {
    pub(super) row: u64,
    pub(super) at: Instant,
}

#[cfg(test)]
mod tests;
