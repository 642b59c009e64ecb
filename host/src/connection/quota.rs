//! How many calls the operator lets go through a connection in a window of time. Pure: the time comes as a value.

use std::collections::VecDeque;
use std::time::Duration;

use crate::clock::{Timestamp, after, between};
use crate::config::Rate;

/// The calls of the last window. However calls come, no window of that length holds more than the rate says.
#[derive(Clone, Debug)]
pub(super) struct Quota {
    rate: Rate,
    begun: VecDeque<Timestamp>,
}

impl Quota {
    pub(super) fn new(rate: Rate) -> Self {
        Self { rate, begun: VecDeque::new() }
    }

    /// Whether a call may leave now; else how long to wait, never zero. Counts nothing.
    pub(super) fn look(&mut self, now: Timestamp) -> Result<(), Duration> {
        while self.begun.front().is_some_and(|first| after(*first, self.rate.per) <= now) {
            self.begun.pop_front();
        }
        match self.begun.front() {
            Some(first) if self.begun.len() >= self.rate.calls as usize => Err(between(now, after(*first, self.rate.per))),
            _ => Ok(()),
        }
    }

    /// Counts a call that [`Quota::look`] let through.
    pub(super) fn begin(&mut self, now: Timestamp) {
        self.begun.push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        crate::clock::from_millis(1_800_000_000_000 + millis)
    }

    #[test]
    fn no_window_holds_more_calls_than_the_rate_says() {
        let mut quota = Quota::new(Rate { calls: 2, per: Duration::from_secs(10) });
        let mut ask = |millis: i64| {
            let looked = quota.look(at(millis)).map_err(|wait| wait.as_millis());
            if looked.is_ok() {
                quota.begin(at(millis));
            }
            looked
        };
        assert_eq!(ask(0), Ok(()));
        assert_eq!(ask(4_000), Ok(()));
        assert_eq!(ask(4_001), Err(5_999));
        assert_eq!(ask(9_999), Err(1));
        assert_eq!(ask(10_000), Ok(()));
        assert_eq!(ask(10_001), Err(3_999));
        assert_eq!(ask(14_000), Ok(()));
        assert_eq!(ask(100_000), Ok(()));
    }
}
