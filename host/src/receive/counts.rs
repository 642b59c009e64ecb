//! What came in and what became of it, counted since the start.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::answer::Refused;
use crate::event::Standing;
use crate::store::Accepted;

/// The counters.
#[derive(Debug, Default)]
pub struct Counts {
    accepted: AtomicU64,
    repeated: AtomicU64,
    rerun: AtomicU64,
    folded: AtomicU64,
    ignored: AtomicU64,
    unreadable: AtomicU64,
    superseded: AtomicU64,
    refused: [AtomicU64; Refused::ALL.len()],
    handshakes_failed: AtomicU64,
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

/// The counters at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// New events that go to plugins.
    pub accepted: u64,
    /// Events that had come before.
    pub repeated: u64,
    /// Events that are handled again, since the platform's owner asked for it.
    pub rerun: u64,
    /// The same, while the first still waited.
    pub folded: u64,
    /// Verified, but of an unknown kind.
    pub ignored: u64,
    /// Verified, but not to be parsed.
    pub unreadable: u64,
    /// Older than what was stored for their task.
    pub superseded: u64,
    /// Requests that were refused, by reason; all reasons, in a fixed order. `handshake` are connections without a request.
    pub refused: Vec<(&'static str, u64)>,
}

impl Report {
    /// How many requests were refused for this reason.
    #[must_use]
    pub fn refused_for(&self, reason: &str) -> u64 {
        self.refused.iter().find(|(name, _)| *name == reason).map_or(0, |(_, count)| *count)
    }
}

impl Counts {
    /// The counters as they are now.
    #[must_use]
    pub fn report(&self) -> Report {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let handshake = ("handshake", read(&self.handshakes_failed));
        let requests = Refused::ALL.iter().zip(&self.refused).map(|(refused, count)| (refused.name(), read(count)));
        Report {
            accepted: read(&self.accepted),
            repeated: read(&self.repeated),
            rerun: read(&self.rerun),
            folded: read(&self.folded),
            ignored: read(&self.ignored),
            unreadable: read(&self.unreadable),
            superseded: read(&self.superseded),
            refused: requests.chain([handshake]).collect(),
        }
    }

    /// Counts one event of `standing` that the store took as `accepted`.
    pub(super) fn event(&self, standing: Standing, accepted: Accepted) {
        let counter = match (accepted, standing) {
            (Accepted::Repeat(_), _) => &self.repeated,
            (Accepted::Rerun(_), _) => &self.rerun,
            (Accepted::FoldedIn(_), _) => &self.folded,
            (Accepted::Superseded(_), _) | (_, Standing::Superseded) => &self.superseded,
            (_, Standing::Ignored) => &self.ignored,
            (_, Standing::Unreadable) => &self.unreadable,
            (Accepted::New(_), Standing::Accepted | Standing::Unconfirmed) => &self.accepted,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a connection that came to no end of its handshake.
    pub(super) fn handshake_failed(&self) {
        self.handshakes_failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one refused request.
    pub(super) fn refused(&self, refused: Refused) {
        if let Some(counter) = self.refused.get(refused as usize) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }
}
