//! What is to be recorded of a run, decided from how it ended. Pure.

use std::time::Duration;

use crate::backoff::Backoff;
use crate::clock::{self, Timestamp};
use crate::config::Limits;
use crate::platform::PlatformError;
use crate::store::{Claimed, Outcome};

/// The platform is asked so many times and once more before it counts as not confirming, however long that was ago.
const CONFIRM_TRIES_MIN: u32 = 5;

/// What is to be recorded, the word for it in the run's record, and why.
#[derive(Debug)]
pub(super) struct Judgement {
    pub(super) outcome: Outcome,
    pub(super) word: &'static str,
    pub(super) reason: String,
}

/// The plugin asked to be called again later.
pub(super) fn retry(claimed: &Claimed, limits: &Limits, now: Timestamp, why: String) -> Judgement {
    if claimed.attempt >= limits.attempts_max {
        let reason = format!("gave up after attempt {} of {}: {why}", claimed.attempt, limits.attempts_max);
        return Judgement { outcome: Outcome::Dead, word: "retry", reason };
    }
    let due = clock::after(now, Backoff::INVOCATION.beginning(limits.retry_wait).wait(claimed.attempt));
    Judgement { outcome: Outcome::Retry { due, trapped: false }, word: "retry", reason: why }
}

/// The plugin trapped, or ran into a limit.
pub(super) fn trapped(claimed: &Claimed, limits: &Limits, now: Timestamp, why: String) -> Judgement {
    let traps = claimed.traps + 1;
    if traps >= limits.traps_max || claimed.attempt >= limits.attempts_max {
        let reason = format!("gave up after {traps} traps: {why}");
        return Judgement { outcome: Outcome::Dead, word: "trapped", reason };
    }
    let due = clock::after(now, Backoff::INVOCATION.beginning(limits.retry_wait).wait(traps));
    Judgement { outcome: Outcome::Retry { due, trapped: true }, word: "trapped", reason: why }
}

/// The plugin says that this will never work.
pub(super) fn rejected(why: String) -> Judgement {
    Judgement { outcome: Outcome::Dead, word: "rejected", reason: why }
}

/// Something that is no fault of the plugin was missing.
pub(super) fn parked(claimed: &Claimed, limits: &Limits, now: Timestamp, after: Option<Duration>, why: String) -> Judgement {
    let backoff = Backoff::PARKED.beginning(limits.park_wait).wait(claimed.parked_times + 1);
    let due = clock::after(now, after.map_or(backoff, |after| after.max(Duration::from_millis(100))));
    Judgement { outcome: Outcome::Parked { due }, word: "parked", reason: why }
}

/// The platform gave no snapshot.
pub(super) fn without_snapshot(claimed: &Claimed, limits: &Limits, now: Timestamp, error: PlatformError) -> Judgement {
    match error {
        PlatformError::Later { after, why } => parked(claimed, limits, now, after, why),
        // A wrong key is the project's trouble and not the plugin's: it waits until someone has mended it.
        PlatformError::KeyRefused { why } | PlatformError::Refused { why } => {
            parked(claimed, limits, now, Some(Backoff::PARKED.longest), why)
        }
        PlatformError::Unconfirmed { why } => {
            let waited = clock::between(claimed.event.received_at, now);
            // A host that was down, or a clock that was wrong, must not be what an event is set aside for.
            if waited < limits.confirm_within || claimed.parked_times < CONFIRM_TRIES_MIN {
                return parked(claimed, limits, now, None, why);
            }
            let reason = format!("not confirmed within {} s: {why}", limits.confirm_within.as_secs());
            Judgement { outcome: Outcome::Unconfirmed, word: "unconfirmed", reason }
        }
        PlatformError::Missing { why } => rejected(why),
    }
}

#[cfg(test)]
mod tests;
