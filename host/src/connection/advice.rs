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
/// How services spell the names of these headers: most of them, X, and the drafts of a standard.
const SPELLINGS: [&str; 3] = ["x-ratelimit-", "x-rate-limit-", "ratelimit-"];
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
    /// When the next window begins, by the clock that never jumps.
    pub resets_at: Timestamp,
}

impl Advice {
    /// Reads the advice of an answer that came at `now`, which the machine's clock, and so perhaps the service, calls `wall`.
    #[must_use]
    pub fn read(status: u16, headers: &HeaderMap, (now, wall): (Timestamp, Timestamp)) -> Self {
        let text = |what: &str| SPELLINGS.iter().find_map(|family| headers.get(format!("{family}{what}"))?.to_str().ok()).map(str::trim);
        let number = |what: &str| text(what)?.parse::<i64>().ok();
        let server_now = headers.get(DATE).and_then(|date| http_date(date.to_str().ok()?));
        let rest = text("reset").and_then(|reset| rest_of_window(reset, server_now, wall)).map(|rest| rest.min(WAIT_MAX));
        let ration = || {
            let limit = u32::try_from(number("limit")?).ok().filter(|limit| *limit > 0)?;
            let remaining = u32::try_from(number("remaining")?.max(0)).ok()?;
            Some(Ration { limit, remaining, resets_at: after(now, rest?) })
        };
        let ration = ration();
        let asked = headers.get(RETRY_AFTER).and_then(|text| retry_after(text.to_str().ok()?, server_now.unwrap_or(wall)));
        let wait = match status {
            429 => Some(asked.or(rest).unwrap_or(WAIT_UNNAMED)),
            _ if status >= 300 => asked,
            _ => None,
        };
        Self { ration, wait: wait.map(|wait| wait.clamp(WAIT_MIN, WAIT_MAX)), down: matches!(status, 502..=504) }
    }
}

/// Until the window that ends at `reset` ends: a moment, as a number or a date, or a number of seconds. The server's own clock is asked first, since the end is told by it; ours where that makes no sense,
/// as when something between us put its own date on the answer.
fn rest_of_window(reset: &str, server_now: Option<Timestamp>, now: Timestamp) -> Option<Duration> {
    let moment = match reset.parse::<i64>() {
        Ok(..0) => return None,
        Ok(seconds @ 0..RESET_MOMENT_MIN) => return Some(Duration::from_secs(seconds.unsigned_abs())),
        Ok(seconds @ RESET_MOMENT_MIN..RESET_SECONDS_MAX) => Timestamp::from_second(seconds).ok()?,
        Ok(millis) => Timestamp::from_millisecond(millis).ok()?,
        Err(_) => reset.parse::<Timestamp>().ok().or_else(|| http_date(reset))?,
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
