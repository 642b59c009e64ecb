//! What time a practice platform thinks it is.
//!
//! The real clock by default; a test may stop it and move it by hand, for instance over the
//! end of a rate limit's window.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// The clock of a practice platform.
///
/// Copies of a stopped clock share their hand: moving one moves all.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    stopped_at: Option<Arc<Mutex<Timestamp>>>,
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn real() -> Self {
        Self::default()
    }

    /// A clock that stands still at `timestamp` until [`Clock::advance`] moves it.
    #[must_use]
    pub fn stopped(timestamp: Timestamp) -> Self {
        Self {
            stopped_at: Some(Arc::new(Mutex::new(timestamp))),
        }
    }

    /// Moves a stopped clock forward by `seconds`. The real clock is left alone.
    pub fn advance(&self, seconds: i64) {
        if let Some(hand) = &self.stopped_at {
            let mut hand = hand.lock().unwrap_or_else(PoisonError::into_inner);
            *hand = hand
                .saturating_add(SignedDuration::from_secs(seconds))
                .unwrap_or(*hand);
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        match &self.stopped_at {
            Some(hand) => *hand.lock().unwrap_or_else(PoisonError::into_inner),
            None => Timestamp::now(),
        }
    }

    /// Whole seconds since 1970.
    pub(super) fn unix(&self) -> i64 {
        self.now().as_second()
    }

    /// As Python's `datetime.utcnow().isoformat()`: no zone, microseconds.
    pub(super) fn iso(&self) -> String {
        self.now().strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string()
    }

    /// As PYBOSSA writes `fired_at`: UTC, no zone, whole seconds.
    pub(super) fn fired_at(&self) -> String {
        self.now().strftime("%Y-%m-%d %H:%M:%S").to_string()
    }
}
