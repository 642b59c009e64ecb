//! The only place that tells the time, so that tests can.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

pub use jiff::Timestamp;

/// Tells what time it is.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that stands still until a test moves it. Milliseconds since 1970.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock for tests, standing at `now`.
    #[must_use]
    pub fn manual(now: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(now.as_millisecond())))
    }

    /// The time, to the millisecond.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that tells the time")]
    pub fn now(&self) -> Timestamp {
        let millis = match self {
            Self::System => Timestamp::now().as_millisecond(),
            Self::Manual(millis) => millis.load(Ordering::Acquire),
        };
        from_millis(millis)
    }

    /// Moves a manual clock forward; does nothing to the machine's.
    pub fn advance(&self, by: Duration) {
        if let Self::Manual(millis) = self {
            millis.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::AcqRel);
        }
    }
}

/// The moment `millis` milliseconds after 1970; the nearest there is when that lies outside of years 1 to 9999.
#[must_use]
pub fn from_millis(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(if millis < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// `moment` and `wait` later; the last moment there is when that lies beyond it.
#[must_use]
pub fn after(moment: Timestamp, wait: Duration) -> Timestamp {
    let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
    from_millis(moment.as_millisecond().saturating_add(wait))
}

/// `moment` and `span` earlier; the first moment there is when that lies before it.
#[must_use]
pub fn before(moment: Timestamp, span: Duration) -> Timestamp {
    let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    from_millis(moment.as_millisecond().saturating_sub(span))
}

/// How long from `earlier` to `later`; zero when that is not later.
#[must_use]
pub fn between(earlier: Timestamp, later: Timestamp) -> Duration {
    let millis = later.as_millisecond().saturating_sub(earlier.as_millisecond());
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// RFC 3339 in UTC with milliseconds, as plugins and the admin API see every time: later moments sort later.
#[must_use]
pub fn rfc3339(moment: Timestamp) -> String {
    format!("{moment:.3}")
}
