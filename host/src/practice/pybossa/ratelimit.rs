//! PYBOSSA's rate limit: fixed windows, counted by caller's address and endpoint.
//!
//! The request that reaches the limit is already refused: a limit of 300 lets 299 through.

use std::collections::HashMap;
use std::net::IpAddr;

use super::Endpoint;

/// Beyond so many counted pairs, those of past windows are forgotten.
const COUNTS_MAX: usize = 1024;

/// How many calls an address may make on one endpoint in one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// The call that is refused: one less than this is usable.
    pub limit: u32,
    /// Length of a window. Windows begin at multiples of it since 1970.
    pub window_s: u32,
}

impl RateLimit {
    /// What a PYBOSSA has that nobody set otherwise: 300 in 900 seconds.
    pub const PYBOSSA: Self = Self { limit: 300, window_s: 900 };
}

/// Where a caller stands, as the `X-RateLimit-` headers say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) limit: u32,
    pub(super) remaining: u32,
    /// When the window ends, in seconds since 1970.
    pub(super) reset: i64,
}

impl Standing {
    pub(super) fn refused(self) -> bool {
        self.remaining == 0
    }
}

/// The counts of all callers.
#[derive(Debug, Default)]
pub(super) struct Counts {
    counts: HashMap<(IpAddr, Endpoint), (i64, u32)>,
}

impl Counts {
    /// Counts one call and says where its caller stands after it.
    pub(super) fn count(&mut self, rate: RateLimit, caller: IpAddr, endpoint: Endpoint, now: i64) -> Standing {
        let standing = Self::standing(rate, 0, now);
        if self.counts.len() >= COUNTS_MAX {
            self.counts.retain(|_, (reset, _)| *reset >= standing.reset);
        }
        let (reset, count) = self.counts.entry((caller, endpoint)).or_default();
        if *reset != standing.reset {
            (*reset, *count) = (standing.reset, 0);
        }
        *count = count.saturating_add(1);
        Self::standing(rate, *count, now)
    }

    /// What a caller with `count` calls in the window of `now` is told.
    pub(super) fn standing(rate: RateLimit, count: u32, now: i64) -> Standing {
        let window = i64::from(rate.window_s.max(1));
        Standing { limit: rate.limit, remaining: rate.limit.saturating_sub(count), reset: (now.div_euclid(window) + 1) * window }
    }
}
