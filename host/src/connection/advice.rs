//! What an answer says about the calls to come: `X-RateLimit-*`, `Retry-After`, and statuses that mean the same. Pure.

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};

use crate::clock::{Timestamp, after, between};

/// No advice to wait is followed for longer than this: the next call then hears it again.
pub const WAIT_MAX: Duration = Duration::from_secs(3600);
/// The wait after a 429 that names no time.
pub const WAIT_UNNAMED: Duration = Duration::from_secs(60);
/// No wait is shorter: ends of windows are told in whole seconds.
const WAIT_MIN: Duration = Duration::from_secs(1);
/// A smaller `X-RateLimit-Reset` is no moment but a number of seconds from now.
const RESET_MOMENT_MIN: i64 = 1_000_000_000;
/// A larger one is in milliseconds.
const RESET_SECONDS_MAX: i64 = 100_000_000_000;

/// What one answer says about the calls to come.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Advice {
    /// How many calls are left.
    pub ration: Option<Ration>,
    /// No call before this has passed.
    pub wait: Option<Duration>,
    /// Something before the service answered that the service itself is down.
    pub down: bool,
}

/// How many calls are left until when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ration {
    /// Calls of a whole window, one of which may already be refused.
    pub limit: u32,
    /// Calls of it that are left.
    pub remaining: u32,
    /// When the next window begins, by our own clock.
    pub resets_at: Timestamp,
}

impl Advice {
    /// Reads the advice of an answer that came at `now`.
    #[must_use]
    pub fn read(status: u16, headers: &HeaderMap, now: Timestamp) -> Self {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
        let server_now = headers.get(DATE).and_then(|date| http_date(date.to_str().ok()?));
        let ration = || {
            let limit = u32::try_from(number("x-ratelimit-limit")?).ok().filter(|limit| *limit > 0)?;
            let remaining = u32::try_from(number("x-ratelimit-remaining")?.max(0)).ok()?;
            let rest = rest_of_window(number("x-ratelimit-reset")?, server_now, now)?;
            Some(Ration { limit, remaining, resets_at: after(now, rest.min(WAIT_MAX)) })
        };
        let ration = ration();
        let asked = headers.get(RETRY_AFTER).and_then(|text| retry_after(text.to_str().ok()?, server_now.unwrap_or(now)));
        let wait = match status {
            429 => Some(asked.or(ration.map(|ration| between(now, ration.resets_at))).unwrap_or(WAIT_UNNAMED)),
            _ if status >= 300 => asked,
            _ => None,
        };
        Self { ration, wait: wait.map(|wait| wait.clamp(WAIT_MIN, WAIT_MAX)), down: matches!(status, 502..=504) }
    }
}

/// Until the window ends. The server's own clock is asked first, since the end is told by it; ours where that makes no sense,
/// as when something between us put its own date on the answer.
fn rest_of_window(reset: i64, server_now: Option<Timestamp>, now: Timestamp) -> Option<Duration> {
    let moment = match reset {
        ..0 => return None,
        0..RESET_MOMENT_MIN => return Some(Duration::from_secs(reset.unsigned_abs())),
        RESET_MOMENT_MIN..RESET_SECONDS_MAX => Timestamp::from_second(reset).ok()?,
        _ => Timestamp::from_millisecond(reset).ok()?,
    };
    let ours = between(now, moment);
    let theirs = server_now.map(|server_now| between(server_now, moment));
    let makes_sense = |rest: &Duration| !rest.is_zero() && *rest <= WAIT_MAX;
    theirs.filter(makes_sense).or(Some(ours).filter(makes_sense)).or(theirs).or(Some(ours))
}

/// A number of seconds, or a date.
fn retry_after(text: &str, server_now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    match text.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => http_date(text).map(|moment| between(server_now, moment)),
    }
}

/// `Sat, 21 Nov 2026 19:29:25 GMT`; the two older shapes died with the last century.
fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|moment| moment.timestamp())
}

#[cfg(test)]
mod tests;
