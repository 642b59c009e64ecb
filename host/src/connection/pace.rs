//! How fast one endpoint of a service may be called, learnt from its answers. Pure: the time comes as a value.
//!
//! A service that rations its calls says with each answer how many are left in this window of time. While plenty are left,
//! calls go as they come. Below a share of the limit the rest is spread over the rest of the window, so that work slows down
//! instead of running into a wall and standing still; and the last few are never used, because the service counts calls that
//! we cannot see: those of another program at the same address.

use std::time::Duration;

use super::advice::{Advice, Ration};
use crate::clock::{Timestamp, after, between};

/// When less than one in so many calls of the limit is left, the rest is spread.
const SLOW_BELOW_ONE_IN: u64 = 5;
/// One in so many calls of the limit is never used, and at least one.
const RESERVE_ONE_IN: u32 = 100;
/// Windows whose ends lie no further apart are the same one: ends are told in whole seconds, by another clock.
const SAME_WINDOW: Duration = Duration::from_secs(2);

/// The pace of one endpoint.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pace {
    ration: Option<Ration>,
    closed_until: Option<Timestamp>,
    started: Option<Timestamp>,
    under_way: u32,
    /// Callers told to wait since a call last began: each is told a turn of its own, so that they do not all come back at once.
    waiting: u32,
}

impl Pace {
    /// Lets a call leave now and counts it as under way; else says how long to wait.
    ///
    /// # Errors
    ///
    /// The wait, never zero, and no longer than to the end of the window.
    pub fn admit(&mut self, now: Timestamp) -> Result<(), Duration> {
        if let Some(until) = self.closed_until.filter(|until| now < *until) {
            return Err(between(now, until));
        }
        self.closed_until = None;
        self.ration = self.ration.filter(|ration| now < ration.resets_at);
        if let Some(ration) = self.ration {
            self.within(ration, now)?;
        }
        self.started = Some(now);
        self.under_way += 1;
        self.waiting = 0;
        Ok(())
    }

    fn within(&mut self, ration: Ration, now: Timestamp) -> Result<(), Duration> {
        let rest = between(now, ration.resets_at);
        let left = ration.remaining.saturating_sub(self.under_way);
        let usable = left.saturating_sub(reserve(ration.limit));
        if usable == 0 {
            return Err(rest);
        }
        if u64::from(left) * SLOW_BELOW_ONE_IN >= u64::from(ration.limit) {
            return Ok(());
        }
        let gap = rest / usable;
        let Some(next) = self.started.map(|started| after(started, gap)).filter(|next| now < *next) else { return Ok(()) };
        let turn = between(now, next).saturating_add(gap.saturating_mul(self.waiting));
        self.waiting = self.waiting.saturating_add(1);
        Err(turn.min(rest))
    }

    /// Counts an answer. Gives how long the service asks to wait before the next call; none when it does not.
    pub fn answered(&mut self, now: Timestamp, advice: &Advice) -> Option<Duration> {
        self.unanswered();
        if let Some(told) = advice.ration {
            self.ration = Some(match self.ration {
                // Answers may overtake each other: within a window, only ever fewer are left.
                Some(known) if near(known.resets_at, told.resets_at) => Ration { remaining: known.remaining.min(told.remaining), ..known },
                Some(known) if told.resets_at < known.resets_at => known,
                _ => told,
            });
        }
        let until = after(now, advice.wait?);
        self.closed_until = self.closed_until.max(Some(until));
        advice.wait
    }

    /// Counts a call that ended without an answer.
    pub fn unanswered(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }
}

/// How many calls of a window are never used.
fn reserve(limit: u32) -> u32 {
    (limit / RESERVE_ONE_IN).max(1)
}

fn near(a: Timestamp, b: Timestamp) -> bool {
    between(a, b) <= SAME_WINDOW && between(b, a) <= SAME_WINDOW
}

#[cfg(test)]
mod tests;
