//! Leaves a service alone that is down, and tries it again with one call at a time. Pure: the time comes as a value.

use std::time::Duration;

use crate::clock::{Timestamp, after, between};

/// So many failures in a row, with no success between them, and the service counts as down.
pub const FAILURES_MAX: u32 = 5;
/// How long it is left alone at first; each failed trial doubles this.
pub const OPEN_FIRST: Duration = Duration::from_secs(5);
/// It is never left alone for longer.
pub const OPEN_LONGEST: Duration = Duration::from_secs(60);

/// Whether a service is up, as far as calls have shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Breaker {
    failures: u32,
    down: Option<Down>,
}

#[derive(Clone, Debug, PartialEq)]
struct Down {
    until: Timestamp,
    wait: Duration,
    /// A trial call is under way.
    on_trial: bool,
}

/// How calls to a service go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// They leave.
    #[default]
    Closed,
    /// One leaves, to see whether the service is up again.
    HalfOpen,
    /// None leaves: the service is left alone for a while.
    Open,
}

/// What a call needs to report how it went.
#[derive(Debug, PartialEq, Eq)]
pub struct Pass {
    trial: bool,
}

impl Breaker {
    /// How calls go now.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> State {
        match &self.down {
            None => State::Closed,
            Some(down) if now < down.until => State::Open,
            Some(_) => State::HalfOpen,
        }
    }

    /// Whether a call may leave now; else how long to wait. Changes nothing.
    ///
    /// # Errors
    ///
    /// The wait, never zero.
    pub fn look(&self, now: Timestamp) -> Result<(), Duration> {
        match &self.down {
            Some(down) if now < down.until => Err(between(now, down.until)),
            Some(down) if down.on_trial => Err(OPEN_FIRST),
            _ => Ok(()),
        }
    }

    /// Counts a call as under way that [`Breaker::look`] let through.
    pub fn begin(&mut self, now: Timestamp) -> Pass {
        let trial = match &mut self.down {
            Some(down) if now >= down.until && !down.on_trial => {
                down.on_trial = true;
                true
            }
            _ => false,
        };
        Pass { trial }
    }

    /// The service answered this call, so it is up.
    pub fn succeeded(&mut self, pass: Pass) {
        // What began before the service went down says nothing about now; the trial decides.
        if self.down.is_none() || pass.trial {
            *self = Self::default();
        }
    }

    /// The service did not answer this call, or said that it is down. Gives how long it is left alone, if it is.
    pub fn failed(&mut self, pass: Pass, now: Timestamp) -> Option<Duration> {
        match &mut self.down {
            Some(down) if pass.trial => {
                let wait = down.wait.saturating_mul(2).min(OPEN_LONGEST);
                *down = Down { until: after(now, wait), wait, on_trial: false };
            }
            Some(_) => {}
            None => {
                self.failures += 1;
                if self.failures >= FAILURES_MAX {
                    self.down = Some(Down { until: after(now, OPEN_FIRST), wait: OPEN_FIRST, on_trial: false });
                }
            }
        }
        self.look(now).err()
    }

    /// The caller gave up on this call, which says nothing about the service; another may be the trial.
    pub fn abandoned(&mut self, pass: Pass) {
        if let (true, Some(down)) = (pass.trial, &mut self.down) {
            down.on_trial = false;
        }
    }
}

#[cfg(test)]
mod tests;
