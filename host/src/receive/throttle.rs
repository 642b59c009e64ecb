//! Lines of the log that strangers can cause.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// One for each such line.
#[derive(Debug, Default)]
pub(super) struct Throttles {
    /// Events that the store refused.
    pub(super) failures: Throttle,
    /// Events that could not be parsed.
    pub(super) alarms: Throttle,
    /// Connections that could not be accepted.
    pub(super) accept_errors: Throttle,
    /// Connections that had to go since all places were taken.
    pub(super) crowds: Throttle,
}

/// A line of the log that strangers can cause, so it is written at most once in [`Throttle::EVERY`].
#[derive(Debug, Default)]
pub(super) struct Throttle {
    silent: AtomicU64,
    last: std::sync::Mutex<Option<Instant>>,
}

impl Throttle {
    const EVERY: Duration = Duration::from_secs(10);

    /// Calls `write` with how many lines were left out since the last one, or leaves this one out too.
    pub(super) fn log(&self, write: impl FnOnce(u64)) {
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if last.is_some_and(|last| last.elapsed() < Self::EVERY) {
            self.silent.fetch_add(1, Ordering::Relaxed);
            return;
        }
        *last = Some(Instant::now());
        drop(last);
        write(self.silent.swap(0, Ordering::Relaxed));
    }
}
