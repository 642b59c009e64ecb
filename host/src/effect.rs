//! What a plugin asks the host to do. Recorded when the invocation completes, done afterwards.

use serde::{Deserialize, Serialize};

/// A key under which an effect of one plugin in one project happens once. 1 to 200 bytes.
pub type OnceKey = String;

/// Something to be done outside, after commit.
///
/// Stored as JSON with the delivery, so a released variant keeps its name and its fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "kebab-case")]
pub enum Effect {
    /// Save `info` as the task result of `task`, in the place of what is there.
    SaveResult {
        /// The platform's id of the task.
        task: String,
        /// The platform's id of the row to write, as the snapshot had it; none where the platform has no place for it.
        result: Option<String>,
        /// Any JSON, as text.
        info: String,
    },
}

impl Effect {
    /// The interface that asks for this effect, which is also the word that grants it.
    #[must_use]
    pub fn interface(&self) -> &'static str {
        match self {
            Self::SaveResult { .. } => "results",
        }
    }

    /// The task that this is about: deliveries of one (connection, task) leave in order.
    #[must_use]
    pub fn task(&self) -> Option<&str> {
        match self {
            Self::SaveResult { task, .. } => Some(task),
        }
    }
}
