//! `events`: telling other plugins.

use super::super::bindings::crowdhook::plugin::events::Host;
use super::super::guest::{Derived, Guest};
use super::effects::{check_id, check_once};
use super::{Failure, check_object};
use crate::event::EventKind;

const PAYLOAD_BYTES_MAX: usize = 256 << 10;
/// How many emitted events may lie between an event and the one from outside.
const DEPTH_MAX: u8 = 8;
/// How many events one from outside may lead to. Calls side by side may go beyond it by what each of them emits.
const DERIVED_MAX: usize = 1000;

impl Host for Guest {
    fn emit(&mut self, kind: String, task_id: Option<String>, payload: String, once: Option<String>) -> Result<(), Failure> {
        let limits = self.limits;
        let handling = self.handling()?;
        handling.granted("events")?;
        let kind: EventKind = kind.parse().map_err(Failure::Invalid)?;
        if kind.is_reserved() {
            return Err(Failure::Invalid(format!("only the host makes events of the kind `{kind}`")));
        }
        check_object("`payload`", &payload, PAYLOAD_BYTES_MAX)?;
        check_once(once.as_ref())?;
        task_id.as_ref().map_or(Ok(()), |id| check_id("task-id", id))?;
        if handling.event.depth >= DEPTH_MAX {
            return Err(Failure::OverLimit(format!("an event may be emitted because of an emitted event only {DEPTH_MAX} deep")));
        }
        if handling.derived + handling.asked.events.len() >= DERIVED_MAX {
            return Err(Failure::OverLimit(format!("one event from outside may lead to {DERIVED_MAX} events")));
        }
        handling.note_down(limits, payload.len())?;
        handling.asked.events.push(Derived { kind, task: task_id, payload, once });
        Ok(())
    }
}
