//! What is to become of a delivery whose attempt did not get through. Pure.

use std::time::Duration;

use crate::backoff::Backoff;
use crate::clock::{self, Timestamp};
use crate::config::Limits;
use crate::platform::PlatformError;
use crate::store::DeliveryOutcome;

/// A delivery that waits for somebody to mend a file or a key is attempted again after this.
const MENDED_WAIT: Duration = Duration::from_secs(60);

/// Why an attempt did not get through.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Trouble {
    /// Not now. With a time, the other side or our own pace has named it, and the attempt does not count.
    Later { after: Option<Duration>, why: String },
    /// Not before somebody has mended a key or a file: it waits, uncounted.
    Unmended { why: String },
    /// Never: the other side has refused it, and nothing has happened there.
    Refused { why: String },
}

impl From<PlatformError> for Trouble {
    fn from(error: PlatformError) -> Self {
        match error {
            PlatformError::Later { after, why } => Self::Later { after, why },
            PlatformError::Unconfirmed { why } => Self::Later { after: None, why },
            PlatformError::KeyRefused { why } => Self::Unmended { why },
            PlatformError::Refused { why } | PlatformError::Missing { why } => Self::Refused { why },
        }
    }
}

/// One attempt, as far as the verdict on it goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    /// Its number, from 1.
    pub(super) number: u32,
    /// Whether one before it may have had its effect.
    pub(super) may_have_happened: bool,
}

/// The verdict on an attempt.
pub(super) fn of(trouble: Trouble, attempt: Attempt, limits: &Limits, now: Timestamp) -> DeliveryOutcome {
    match trouble {
        Trouble::Later { after: Some(after), why } => {
            DeliveryOutcome::Later { due: clock::after(now, after.max(Duration::from_millis(100))), counts: false, reason: why }
        }
        Trouble::Later { after: None, why } => {
            if attempt.number >= limits.delivery_attempts_max {
                let reason = format!("attempt {} of {}: {why}", attempt.number, limits.delivery_attempts_max);
                return DeliveryOutcome::Dead { reason, may_have_happened: true };
            }
            DeliveryOutcome::Later {
                due: clock::after(now, Backoff::DELIVERY.beginning(limits.delivery_wait).wait(attempt.number)),
                counts: true,
                reason: why,
            }
        }
        Trouble::Unmended { why } => {
            DeliveryOutcome::Later { due: clock::after(now, limits.delivery_wait.max(MENDED_WAIT)), counts: false, reason: why }
        }
        Trouble::Refused { why } => DeliveryOutcome::Dead { reason: why, may_have_happened: attempt.may_have_happened },
    }
}
