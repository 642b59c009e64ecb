//! What an event claims, and whether what the platform shows bears it out. Pure.
//!
//! PYBOSSA's webhook is unsigned and may be early, late or forged. It speaks of a task and of the result row that was made when the
//! task was completed. A result row is made by nothing else, so a row of that id, task and project proves the completion, even when
//! the owner has since raised the redundancy and so re-opened the task, and even when a newer row has taken its place. An event
//! that names no result, as the host makes them for completed tasks without one, needs the task itself to be completed.

use super::call::number;
use crate::event::Event;
use crate::platform::PlatformError;
use crate::platform::fields::Fields;

/// What an event says, by its ids alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    /// The task that is completed.
    pub(super) task: String,
    /// The result row that was made then.
    result: Option<u64>,
    project: Option<String>,
    short_name: Option<String>,
}

/// What the platform's word means for a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is borne out.
    Confirmed,
    /// A newer result row has taken the place of this one, which must be looked at by itself.
    Superseded(u64),
    /// It does not show so far.
    NotShown,
}

impl Claim {
    /// Reads an event's payload.
    pub(super) fn of(event: &Event) -> Result<Self, PlatformError> {
        let refused = |why: String| PlatformError::Refused { why };
        let task = event.task.clone().ok_or_else(|| refused(format!("event `{}` is about no single task", event.id)))?;
        let payload =
            Fields::parse(&event.payload).map_err(|_| refused(format!("the payload of event `{}` is no JSON object", event.id)))?;
        if number(&task).is_none() || payload.id("task_id").is_some_and(|named| named != task) {
            return Err(refused(format!("event `{}` names no task, or two: ids on PYBOSSA are whole numbers", event.id)));
        }
        let result = match payload.id("result_id") {
            None => None,
            Some(id) => Some(number(&id).ok_or_else(|| refused(format!("event `{}` names a result that cannot be one", event.id)))?),
        };
        Ok(Self { task, result, project: payload.id("project_id"), short_name: payload.text("project_short_name") })
    }

    /// Checks that the event speaks of this project, as far as it names one.
    pub(super) fn is_about(&self, short_name: &str, id: Option<&str>) -> Result<(), PlatformError> {
        let other_name = self.short_name.as_deref().is_some_and(|named| named != short_name);
        let other_id = self.project.as_deref().zip(id).is_some_and(|(named, id)| named != id);
        if other_name || other_id {
            let why = format!("the event about task {} speaks of another project than `{short_name}`", self.task);
            return Err(PlatformError::Unconfirmed { why });
        }
        Ok(())
    }

    /// Compares with what the platform shows: whether the task is completed now, and its newest result row.
    pub(super) fn standing(&self, completed: bool, newest: Option<u64>) -> Standing {
        match (self.result, newest) {
            (None, _) if completed => Standing::Confirmed,
            (Some(claimed), Some(newest)) if claimed == newest => Standing::Confirmed,
            (Some(claimed), Some(newest)) if claimed < newest => Standing::Superseded(claimed),
            _ => Standing::NotShown,
        }
    }

    /// The error for a claim that is not borne out so far.
    pub(super) fn not_shown(&self, address: &str) -> PlatformError {
        let result = self.result.map(|result| format!(" with result {result}")).unwrap_or_default();
        let why = format!("PYBOSSA at `{address}` does not show task {} of this project as completed{result} so far", self.task);
        PlatformError::Unconfirmed { why }
    }
}

#[cfg(test)]
mod tests;
