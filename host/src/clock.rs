//! The only place that tells the time, so that tests can.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

pub use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use tracing::{info, warn};

use self::steady::{News, Steady};

mod steady;

/// Tells what time it is.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock, which somebody may set: it is followed, and no jump of it is.
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

    /// The time, to the millisecond, by which everything here waits, ends and grows old. It never goes back.
    ///
    /// When the machine's clock is set, this one follows at half again its speed, or at half of it: nothing falls due at once, and
    /// nothing waits for ten years. After a restart it is as the machine's clock is then.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        from_millis(match self {
            Self::System => steady(),
            Self::Manual(millis) => millis.load(Ordering::Acquire),
        })
    }

    /// The time as the machine has it at this moment, for what others compare with their own clocks.
    #[must_use]
    pub fn wall(&self) -> Timestamp {
        match self {
            Self::System => wall(),
            Self::Manual(_) => self.now(),
        }
    }

    /// Whether this clock is more than a minute away from the machine's: one of the two was wrong when the host started, or is now.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.now().as_millisecond().abs_diff(self.wall().as_millisecond()) > 60_000
    }

    /// Moves a manual clock forward; does nothing to the machine's.
    pub fn advance(&self, by: Duration) {
        if let Self::Manual(millis) = self {
            millis.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::AcqRel);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that tells the time")]
fn wall() -> Timestamp {
    Timestamp::now()
}

/// Milliseconds since 1970 by the one clock of this process that does not jump.
fn steady() -> i64 {
    static STEADY: LazyLock<Mutex<Steady>> = LazyLock::new(|| Mutex::new(Steady::new(uptime(), wall().as_microsecond())));
    let (shown, news) = STEADY.lock().unwrap_or_else(PoisonError::into_inner).tell(uptime(), wall().as_microsecond());
    match news {
        Some(News::Set(seconds)) => warn!(
            "The machine's clock was set by {seconds} s: nothing that waits is hurried or held up, and the times shown draw near to it \
             little by little; a restart takes it as it is"
        ),
        Some(News::CaughtUp) => info!("The times shown are those of the machine's clock again"),
        None => {}
    }
    shown.div_euclid(1_000)
}

/// How long the machine has been up, with the time that it slept where the system counts that.
fn uptime() -> Duration {
    #[cfg(target_os = "linux")]
    let clock = ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    let clock = ClockId::Monotonic;
    Duration::try_from(clock_gettime(clock)).unwrap_or_default()
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

/// The moment that people name: RFC 3339, a date (UTC), or how long ago it was by `now`: `90s`, `15min`, `2h`, `3d`.
///
/// # Errors
///
/// What to write, when it is none of these.
pub fn moment(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    const UNITS: [(&str, u64); 6] = [("min", 60), ("m", 60), ("s", 1), ("h", 3_600), ("d", 86_400), ("w", 604_800)];
    let ago = UNITS.iter().find_map(|(unit, seconds)| {
        let number: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        Some(before(now, Duration::from_secs(number.saturating_mul(*seconds))))
    });
    let read = ago.or_else(|| text.parse().ok()).or_else(|| format!("{text}T00:00:00Z").parse().ok());
    read.ok_or_else(|| format!("`{text}` is no time: write `2026-11-22T10:00:00Z`, `2026-11-22`, or how long ago, `15min`, `2h`, `3d`"))
}

/// RFC 3339 in UTC with milliseconds, as plugins and the admin API see every time: later moments sort later.
#[must_use]
pub fn rfc3339(moment: Timestamp) -> String {
    format!("{moment:.3}")
}
