//! What all effects share: room for them, grants, once keys. Each is noted down here and done after commit.

use super::super::guest::{Guest, Handling};
use super::Failure;
use crate::effect::{Effect, OnceKey};
use crate::id::PLATFORM_ID_BYTES_MAX;

/// A once key is no longer.
const ONCE_BYTES_MAX: usize = 200;

impl Guest {
    /// Notes an effect down that the project's file grants, as soon as `check` finds nothing wrong with it. Its size is `bytes`.
    pub(super) fn ask_for(
        &mut self,
        bytes: usize,
        once: Option<OnceKey>,
        effect: Effect,
        check: impl FnOnce(&Handling) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let limits = self.limits;
        let handling = self.handling()?;
        handling.granted(effect.grant())?;
        check(handling)?;
        check_once(once.as_ref())?;
        handling.note_down(limits, bytes)?;
        handling.asked.effects.push((effect, once));
        Ok(())
    }
}

impl Handling {
    /// Makes room for one more effect of `bytes` bytes, if there is any.
    pub(super) fn note_down(&mut self, limits: crate::config::GuestLimits, bytes: usize) -> Result<(), Failure> {
        if self.asked.effects.len() + self.asked.events.len() >= limits.effects {
            return Err(Failure::OverLimit(format!("one call may ask for {} effects", limits.effects)));
        }
        if self.asked.bytes + bytes > limits.effects_bytes {
            return Err(Failure::OverLimit(format!("the effects of one call may have {} bytes together", limits.effects_bytes)));
        }
        self.asked.bytes += bytes;
        Ok(())
    }
}

pub(super) fn check_once(once: Option<&OnceKey>) -> Result<(), Failure> {
    match once {
        Some(key) if !(1..=ONCE_BYTES_MAX).contains(&key.len()) => {
            Err(Failure::Invalid(format!("a once key has 1 to {ONCE_BYTES_MAX} bytes, this one has {}", key.len())))
        }
        _ => Ok(()),
    }
}

/// Refuses what is no id: `what` is the name of the argument.
pub(super) fn check_id(what: &str, id: &str) -> Result<(), Failure> {
    if id.is_empty() || id.len() > PLATFORM_ID_BYTES_MAX || id.chars().any(char::is_control) {
        return Err(Failure::Invalid(format!("`{what}` is no id: 1 to {PLATFORM_ID_BYTES_MAX} bytes of text on one line")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_one_line_that_stores_can_index() {
        for id in ["7".to_owned(), "é 7".to_owned(), "x".repeat(PLATFORM_ID_BYTES_MAX)] {
            assert!(check_id("task-id", &id).is_ok(), "{id}");
        }
        for id in [String::new(), "7\n".to_owned(), "x".repeat(PLATFORM_ID_BYTES_MAX + 1)] {
            assert!(matches!(check_id("task-id", &id), Err(Failure::Invalid(_))), "{id}");
        }
    }
}
