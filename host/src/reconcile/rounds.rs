//! How far results count as read, and when a project counts as completed. Pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::turns::CameTo;
use crate::clock::{self, Timestamp};
use crate::platform::Completed;

/// PYBOSSA gives a result row its id before it commits it, so one with a smaller id may show later than one with a greater. Rows of the
/// last minutes, by its own clock, are therefore read again.
const COMMITS_WITHIN: Duration = Duration::from_secs(300);

/// A result row that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) result: u64,
    /// When it was made; none where PYBOSSA does not tell.
    pub(super) at: Option<Timestamp>,
}

impl Read {
    pub(super) fn of(completed: &Completed) -> Option<Self> {
        Some(Self { result: completed.result.as_ref()?.id.parse().ok()?, at: completed.at })
    }
}

/// The last row before which none can show any more; none when there is no such row among these. All up to `sure` are such rows,
/// whatever PYBOSSA says of their times: they may all be of the same minute, of none, or of a clock that was set back.
pub(super) fn settled(read: &[Read], sure: u64) -> Option<u64> {
    let newest = read.iter().filter_map(|read| read.at).max();
    let is_old = |at: Option<Timestamp>| newest.is_some_and(|newest| at.is_none_or(|at| clock::between(at, newest) > COMMITS_WITHIN));
    let mut rows: Vec<&Read> = read.iter().collect();
    rows.sort_by_key(|read| read.result);
    let old = rows.into_iter().take_while(|read| read.result <= sure || is_old(read.at));
    old.last().map(|read| read.result)
}

/// The row up to which all rows show to a look that begins `now`, since a look that is long ago came to it; 0 for none.
pub(super) fn sure(came_to: Option<CameTo>, now: Instant) -> u64 {
    came_to.filter(|came_to| now.duration_since(came_to.at) > COMMITS_WITHIN).map_or(0, |came_to| came_to.row)
}

/// How far looks came, after one that began `began`, ended `now`, and saw these rows: the earlier one counts until it is long ago.
pub(super) fn came_to(before: Option<CameTo>, (began, now): (Instant, Instant), read: &[Read]) -> Option<CameTo> {
    let last = read.iter().map(|read| read.result).max();
    match before {
        Some(before) if sure(Some(before), began) == 0 => Some(before),
        _ => last.map(|row| CameTo { row, at: now }),
    }
}

/// How often a project was completed, and whether it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rounds {
    /// How often it was seen to be completed while the host looked.
    pub(super) completed: u32,
    open: bool,
    /// The newest task of when it was completed last.
    last_task: u64,
    /// Whether the last completion has its event.
    #[serde(default = "yes")]
    pub(super) told: bool,
    /// Whether something was completed since, and the platform could not be asked whether it was the last.
    #[serde(default)]
    unasked: bool,
}

/// For what was kept when nobody noted it.
fn yes() -> bool {
    true
}

impl Rounds {
    /// Whether the platform is to be asked: not for a project that is completed and has got no task since, as far as `seen` tells.
    pub(super) fn may_change(self, seen: Option<u64>) -> bool {
        self.open || self.unasked || seen.is_none_or(|seen| seen > self.last_task)
    }

    /// What the platform says now, after what was known before. A project that was completed when it was first looked at was so before
    /// anybody here could hear of it. One that is completed again has got more tasks since.
    pub(super) fn after(before: Option<Self>, open: bool, last_task: u64) -> Self {
        match before {
            None => Self { completed: 0, open, last_task, told: true, unasked: false },
            Some(before) if open => Self { open, unasked: false, ..before },
            // Its tasks were deleted: that completes nothing.
            Some(before) if last_task == 0 => Self { open, unasked: false, ..before },
            Some(before) if before.open || last_task > before.last_task => Self {
                completed: before.completed.saturating_add(1),
                open,
                last_task: last_task.max(before.last_task),
                told: false,
                unasked: false,
            },
            Some(before) => Self { unasked: false, ..before },
        }
    }

    /// Of a project that could not be asked about at the first look, and of which something was completed since: it was not completed then.
    pub(super) fn begun_open() -> Self {
        Self { completed: 0, open: true, last_task: 0, told: true, unasked: false }
    }

    /// The same, to be asked about whatever the next look sees.
    pub(super) fn unasked(self) -> Self {
        Self { unasked: true, ..self }
    }

    /// The same with the event of its last completion.
    pub(super) fn told(self) -> Self {
        Self { told: true, ..self }
    }

    /// As it is kept.
    pub(super) fn text(self) -> String {
        serde_json::json!(self).to_string()
    }
}

#[cfg(test)]
mod tests;
