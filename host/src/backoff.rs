//! How long to wait before the next attempt.

use std::time::Duration;

/// Waits that double from `first` to at most `longest`, each shortened by up to a quarter at random so that what failed
/// together does not come back together.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The wait after the first attempt.
    pub first: Duration,
    /// No wait is longer.
    pub longest: Duration,
}

impl Backoff {
    /// For retries of an invocation: 3, 6, 12 … minutes, at most half a day; ten attempts take about a day.
    pub const INVOCATION: Self = Self { first: Duration::from_secs(180), longest: Duration::from_secs(12 * 3600) };
    /// For what waits for the platform or for room: 1 s, 2 s … a minute.
    pub const PARKED: Self = Self { first: Duration::from_secs(1), longest: Duration::from_secs(60) };
    /// For deliveries: 2 s, 4 s … an hour.
    pub const DELIVERY: Self = Self { first: Duration::from_secs(2), longest: Duration::from_secs(3600) };

    /// The same with another first wait, and never longer than before.
    #[must_use]
    pub fn beginning(self, first: Duration) -> Self {
        Self { first: first.min(self.longest), ..self }
    }

    /// The wait after attempt number `attempt`, which counts from 1.
    #[must_use]
    pub fn wait(self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(30);
        let full = self.first.saturating_mul(1 << doublings).min(self.longest);
        full - full.mul_f64(0.25 * random_share())
    }
}

/// A random number from 0 to 1; 0 where the system has no randomness, which only makes waits a little more alike.
fn random_share() -> f64 {
    getrandom::u32().map_or(0.0, |number| f64::from(number) / f64::from(u32::MAX))
}
