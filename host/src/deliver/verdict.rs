//! What is to become of a delivery whose attempt did not get through. Pure.

use std::time::Duration;

use crate::backoff::Backoff;
use crate::clock::{self, Timestamp};
use crate::config::Limits;
use crate::platform::PlatformError;
use crate::store::DeliveryOutcome;

/// A delivery whose key was refused is attempted again after this.
const KEY_WAIT: Duration = Duration::from_secs(60);

/// The verdict on attempt number `attempt`.
pub(super) fn of(error: PlatformError, attempt: u32, limits: &Limits, now: Timestamp) -> DeliveryOutcome {
    match error {
        // The platform named a time, or our own pace did: the attempt is not the delivery's fault and does not count.
        PlatformError::Later { after: Some(after), why } => {
            DeliveryOutcome::Later { due: clock::after(now, after.max(Duration::from_millis(100))), counts: false, reason: why }
        }
        PlatformError::Later { after: None, why } | PlatformError::Unconfirmed { why } => {
            if attempt >= limits.delivery_attempts_max {
                let reason = format!("attempt {attempt} of {}: {why}", limits.delivery_attempts_max);
                return DeliveryOutcome::Dead { reason };
            }
            DeliveryOutcome::Later {
                due: clock::after(now, Backoff::DELIVERY.beginning(limits.delivery_wait).wait(attempt)),
                counts: true,
                reason: why,
            }
        }
        // The result is made and kept; it waits until someone has mended the key.
        PlatformError::KeyRefused { why } => {
            DeliveryOutcome::Later { due: clock::after(now, limits.delivery_wait.max(KEY_WAIT)), counts: false, reason: why }
        }
        PlatformError::Refused { why } | PlatformError::Missing { why } => DeliveryOutcome::Dead { reason: why },
    }
}
