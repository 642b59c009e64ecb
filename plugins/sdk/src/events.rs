//! Telling other plugins.

use serde::Serialize;

use crate::{Json, Result, host};

/// Emits an event that other plugins of the project may handle, once `handle` has returned `Ok`. It is about the task `task_id`, or, when
/// that is none, about the task of the event being handled.
///
/// `kind` is two words with a dot in lower case (`task.analysed`), `payload` a JSON object of at most 256 KiB.
///
/// # Errors
///
/// What the host answers: [`Failure::Invalid`](crate::Failure::Invalid) for a kind that the host alone makes, say.
pub fn emit(kind: &str, task_id: Option<&str>, payload: &(impl Serialize + ?Sized), once: Option<&str>) -> Result<()> {
    host::events_emit(kind, task_id, Json::of(payload)?, once)
}

/// The same for text that is JSON already, which is passed on as it is.
///
/// # Errors
///
/// As of [`emit`], and [`Failure::Invalid`](crate::Failure::Invalid) for text that is no JSON object.
pub fn emit_text(kind: &str, task_id: Option<&str>, payload: impl Into<String>, once: Option<&str>) -> Result<()> {
    host::events_emit(kind, task_id, Json::from_text(payload), once)
}
