//! Deliveries that were claimed before and of which nothing was sent all the same: what waits for its turn, for a rate or for a key is claimed again and
//! again, and only what may have left is in doubt.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::verdict::Trouble;
use crate::effect::Effect;
use crate::store::Lease;

/// So many are remembered. Beyond that all are forgotten, and count as in doubt.
const UNSENT_MAX: usize = 16_384;

/// Those of this process, each with the generation of its last lease.
#[derive(Default)]
pub(super) struct Unsent(Mutex<HashMap<i64, u64>>);

impl Unsent {
    /// Notes that nothing was sent under this lease, nor under one before.
    pub(super) fn note(&self, lease: Lease<i64>) {
        let mut unsent = self.lock();
        if unsent.len() >= UNSENT_MAX {
            unsent.clear();
        }
        unsent.insert(lease.id, lease.generation);
    }

    /// Whether nothing was sent under all leases before this one. It is not remembered any longer.
    pub(super) fn take(&self, lease: Lease<i64>) -> bool {
        self.lock().remove(&lease.id).is_some_and(|before| before + 1 == lease.generation)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i64, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an attempt that met this trouble has surely sent nothing, or what was sent was turned away unread. A platform does not tell for certain,
/// and a file may have got a part of what was to be added.
pub(super) fn is_unsent(effect: &Effect, trouble: &Trouble) -> bool {
    match effect {
        Effect::SendRequest { .. } | Effect::SendMail { .. } => {
            matches!(trouble, Trouble::Later { after: Some(_), .. } | Trouble::Unmended { .. })
        }
        Effect::WriteFile { .. } | Effect::AppendFile { .. } => matches!(trouble, Trouble::Later { after: Some(_), .. }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_next_claim_is_known_to_come_after_nothing() {
        let unsent = Unsent::default();
        let lease = |generation| Lease { id: 7, generation };
        unsent.note(lease(1));
        assert!(unsent.take(lease(2)) && !unsent.take(lease(2)));
        unsent.note(lease(2));
        assert!(!unsent.take(lease(4)), "somebody else claimed it in between");
    }
}
