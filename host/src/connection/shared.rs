//! A rate that several hosts keep together: each takes a few calls at a time out of what all of them may make, and uses them at once.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::clock::{Timestamp, after};
use crate::config::Rate;
use crate::id::ProjectName;

/// While nobody knows what is left, it is asked again after this.
const ASK_AGAIN: Duration = Duration::from_secs(2);

/// Who counts the calls of all hosts.
#[async_trait]
pub trait Ledger: Debug + Send + Sync {
    /// Takes calls through `connection` of `project`, of which all hosts together may make as many as `rate` says.
    ///
    /// # Errors
    ///
    /// [`NoCalls`]: how long to wait for some, or why nobody knows.
    async fn take(&self, project: &ProjectName, connection: &str, rate: Rate) -> Result<Taken, NoCalls>;
}

/// Calls that were taken, and count as made whether they are made or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// How many.
    pub calls: u32,
    /// For how long they may begin.
    pub lasts: Duration,
}

/// Why no call was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoCalls {
    /// Those of this window are used up; some are free again after this.
    UsedUp(Duration),
    /// Who counts them does not answer, for this reason.
    Unknown(String),
}

/// One connection's part of a rate.
#[derive(Clone, Debug)]
pub(super) struct Together {
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) project: ProjectName,
    pub(super) connection: String,
    pub(super) rate: Rate,
}

impl Together {
    /// Takes some; else says how long to wait and what to tell people, a rest of a sentence that begins with the connection.
    pub(super) async fn take(&self) -> Result<Taken, (Duration, String)> {
        let taken = self.ledger.take(&self.project, &self.connection, self.rate).await;
        taken.map_err(|none| match none {
            NoCalls::UsedUp(wait) => (wait, "has had the calls that its `calls` and `per_s` allow to all hosts together".to_owned()),
            NoCalls::Unknown(why) => (ASK_AGAIN, format!("waits, since nobody knows how many calls other hosts made: {why}")),
        })
    }
}

/// What is left of what was taken.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stock {
    left: u32,
    until: Option<Timestamp>,
}

impl Stock {
    /// Whether a call may leave now.
    pub(super) fn has_one(&self, now: Timestamp) -> bool {
        self.left > 0 && self.until.is_some_and(|until| now < until)
    }

    /// Adds what was taken at `now`, before it was asked for.
    pub(super) fn add(&mut self, taken: Taken, now: Timestamp) {
        let until = after(now, taken.lasts);
        // What is about to run out is not mixed with what is new: the earlier end holds for all of it.
        let known = self.until.filter(|_| self.has_one(now));
        self.left = taken.calls.saturating_add(if known.is_some() { self.left } else { 0 });
        self.until = Some(known.map_or(until, |known| known.min(until)));
    }

    /// Counts a call that [`Stock::has_one`] let through.
    pub(super) fn use_one(&mut self) {
        self.left = self.left.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_is_used_in_time_or_not_at_all() {
        let at = |millis: i64| crate::clock::from_millis(1_800_000_000_000 + millis);
        let mut stock = Stock::default();
        assert!(!stock.has_one(at(0)));
        stock.add(Taken { calls: 2, lasts: Duration::from_secs(1) }, at(0));
        stock.use_one();
        assert!(stock.has_one(at(999)) && !stock.has_one(at(1_000)));
        stock.add(Taken { calls: 1, lasts: Duration::from_secs(1) }, at(500));
        assert!(stock.has_one(at(999)) && !stock.has_one(at(1_000)), "the earlier end holds");
        stock.add(Taken { calls: 1, lasts: Duration::from_secs(1) }, at(2_000));
        stock.use_one();
        assert!(!stock.has_one(at(2_001)), "what ran out is gone");
    }
}
