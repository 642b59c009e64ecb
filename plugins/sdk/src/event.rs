//! What happened.

use serde::{Deserialize, Serialize};

use crate::{Failure, Json, Result};

/// What happened. Take facts from [`crowd`](crate::crowd), not from `payload`: anybody may claim anything there.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The host's id of this event: the same on every attempt and replay, never used again.
    pub id: String,
    /// `task.completed`, `task.answered`, `project.loaded`, `project.completed`, or whatever another plugin emits
    /// (`task.analysed`). Only those arrive that [`Plugin::HANDLES`](crate::Plugin::HANDLES) asks for.
    pub kind: String,
    /// The project's name in Crowdhook, not the platform's id of it.
    pub project: String,
    /// Where the project lives: `pybossa`, `appen`.
    pub platform: String,
    /// The platform's id of the task that this is about; none when it is about no single task.
    pub task_id: Option<String>,
    /// When it happened: RFC 3339 in UTC with milliseconds, `2026-11-21T19:29:25.000Z`.
    pub occurred_at: String,
    /// 1 for the first attempt to handle it, 2 for the second, and so on.
    pub attempt: u32,
    /// Why it is here now. A plugin that tells people something should do so for [`Origin::Live`] alone, unless its settings say otherwise.
    pub origin: Origin,
    /// Whether this plugin has handled this event to its end before.
    pub rerun: bool,
    /// The name, in the project's file, of the plugin that emitted it; none for an event that came from outside.
    pub emitted_by: Option<String>,
    /// What the sender said, a JSON object.
    pub payload: Json,
    /// What later hosts say, a JSON object. Unknown members are to be ignored.
    pub extra: Json,
}

impl Event {
    /// The platform's id of the task that this is about.
    ///
    /// # Errors
    ///
    /// [`Failure::Reject`] when it is about no single task.
    pub fn task(&self) -> Result<&str> {
        self.task_id.as_deref().ok_or_else(|| Failure::Reject(format!("a `{}` about no task", self.kind)))
    }
}

/// Why an event is here now. Settings can hold it, and lists of it.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// It just happened, or was missed and found within a day.
    #[default]
    Live,
    /// It happened long ago and is handled for the first time.
    Backfill,
    /// The platform's owner asked again.
    Rerun,
    /// An operator asked again.
    Replay,
    /// Something that this crate does not know yet.
    #[serde(skip)]
    Other,
}

impl Origin {
    /// The host's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Backfill => "backfill",
            Self::Rerun => "rerun",
            Self::Replay => "replay",
            Self::Other => "other",
        }
    }
}

impl From<&str> for Origin {
    fn from(word: &str) -> Self {
        let known = [Self::Live, Self::Backfill, Self::Rerun, Self::Replay];
        known.into_iter().find(|origin| origin.as_str() == word).unwrap_or(Self::Other)
    }
}
