//! Saving the answer made of the answers.

use serde::Serialize;

use crate::{Json, Result, host};

/// Asks for `info` to be saved as the result of a task of this project, in the place of what is there. Of several saves for one task that
/// of the latest commit stays.
///
/// # Errors
///
/// [`Failure::OverLimit`](crate::Failure::OverLimit) beyond 256 KiB, or what else the host answers.
pub fn save(task_id: &str, info: &(impl Serialize + ?Sized)) -> Result<()> {
    host::results_save(task_id, Json::of(info)?)
}

/// The same for text that is JSON already, which is passed on as it is.
///
/// # Errors
///
/// As of [`save`], and [`Failure::Invalid`](crate::Failure::Invalid) for text that is no JSON.
pub fn save_text(task_id: &str, info: impl Into<String>) -> Result<()> {
    host::results_save(task_id, Json::from_text(info))
}
