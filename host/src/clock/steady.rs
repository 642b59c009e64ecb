//! A clock that does not jump. Pure: it is told what the machine's clocks say.

use std::time::Duration;

/// The machine's clock is followed by at most one part in so many: a clock that was set by an hour is caught up with in two.
const FOLLOWED_BY: u64 = 2;
/// Whoever is further from the machine's clock than this is told so.
const FAR: i64 = 60_000_000;

/// Goes on at the speed of a clock that nobody sets, and draws near to one that somebody does. It never goes back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steady {
    /// What it showed last: microseconds since 1970.
    shown: i64,
    /// The time since boot at which it did.
    seen: Duration,
    is_far: bool,
}

/// What there is to tell the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// The machine's clock was set, and is ahead by so many seconds, behind where it is negative.
    Set(i64),
    /// It is caught up with.
    CaughtUp,
}

impl Steady {
    /// Begins with what the machine's clock says.
    pub(super) fn new(uptime: Duration, wall: i64) -> Self {
        Self { shown: wall, seen: uptime, is_far: false }
    }

    /// The time, in microseconds since 1970, when the machine has been up for `uptime` and its clock says `wall`.
    pub(super) fn tell(&mut self, uptime: Duration, wall: i64) -> (i64, Option<News>) {
        let passed = micros(uptime.saturating_sub(self.seen));
        self.seen = self.seen.max(uptime);
        let leeway = passed / FOLLOWED_BY.cast_signed();
        let gap = wall.saturating_sub(self.shown.saturating_add(passed));
        self.shown = self.shown.saturating_add(passed).saturating_add(gap.clamp(-leeway, leeway));
        let left = wall.saturating_sub(self.shown);
        let news = match (self.is_far, left.saturating_abs() > FAR) {
            (false, true) => Some(News::Set(left / 1_000_000)),
            (true, false) => Some(News::CaughtUp),
            _ => None,
        };
        self.is_far = left.saturating_abs() > FAR;
        (self.shown, news)
    }
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
