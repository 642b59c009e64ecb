//! What happened, recorded once.

pub(crate) mod workers;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{EventId, PluginName, ProjectName};

/// An event, as it is stored and as plugins receive it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The host's id, never used again.
    pub id: EventId,
    /// The project it belongs to.
    pub project: ProjectName,
    /// Where the project lives.
    pub platform: PlatformKind,
    /// What happened: `task.completed`.
    pub kind: EventKind,
    /// The platform's id of the task that this is about.
    pub task: Option<String>,
    /// When it happened by the sender's clock, else when it was received.
    pub occurred_at: Timestamp,
    /// When the host received or derived it.
    pub received_at: Timestamp,
    /// Why it is here now.
    pub origin: Origin,
    /// The plugin that emitted it; none for an event from outside.
    pub emitted_by: Option<PluginName>,
    /// The event from outside that led to this one; itself for one from outside.
    pub root: EventId,
    /// How many emitted events lie between this one and the one from outside: 0 for that itself.
    pub depth: u8,
    /// What the sender said, a JSON object as text, with secrets taken out. Empty once it was let go.
    pub payload: String,
}

impl Event {
    /// Whether its payload was let go since it was handled: no plugin can be run on it any more.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.payload.is_empty()
    }
}

/// Where a project lives, and so which dialect its hook speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlatformKind {
    /// A PYBOSSA server.
    Pybossa,
    /// Appen, once CrowdFlower, then Figure Eight.
    Appen,
    /// Anything else that posts JSON; the project's file says where things are in it.
    Generic,
}

impl PlatformKind {
    /// The name as it stands in project files and in `event.platform`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pybossa => "pybossa",
            Self::Appen => "appen",
            Self::Generic => "generic",
        }
    }
}

impl FromStr for PlatformKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "pybossa" => Ok(Self::Pybossa),
            "appen" => Ok(Self::Appen),
            "generic" => Ok(Self::Generic),
            other => Err(format!("`{other}` is no platform: write `pybossa`, `appen` or `generic`")),
        }
    }
}

impl fmt::Display for PlatformKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an event is here now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// It just happened, or was missed and found within a day.
    Live,
    /// It happened long ago and is handled for the first time.
    Backfill,
    /// The platform's owner asked for it again.
    Rerun,
    /// An operator asked for it again.
    Replay,
}

impl Origin {
    /// The name as plugins see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Backfill => "backfill",
            Self::Rerun => "rerun",
            Self::Replay => "replay",
        }
    }
}

impl FromStr for Origin {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "live" => Ok(Self::Live),
            "backfill" => Ok(Self::Backfill),
            "rerun" => Ok(Self::Rerun),
            "replay" => Ok(Self::Replay),
            other => Err(format!("`{other}` is no origin")),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What happened, as two words in lower case with a dot between them: `task.completed`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventKind(std::borrow::Cow<'static, str>);

impl EventKind {
    /// A task has all the answers it wants. (PYBOSSA `task_completed`, Appen `unit_complete`.)
    pub const TASK_COMPLETED: Self = Self(std::borrow::Cow::Borrowed("task.completed"));
    /// An answer came in. (Appen `new_judgments`.)
    pub const TASK_ANSWERED: Self = Self(std::borrow::Cow::Borrowed("task.answered"));
    /// The tasks of a project were uploaded and processed. (Appen `job_data_processed`.)
    pub const PROJECT_LOADED: Self = Self(std::borrow::Cow::Borrowed("project.loaded"));
    /// All answers of a project are there. (Appen `job_complete`.)
    pub const PROJECT_COMPLETED: Self = Self(std::borrow::Cow::Borrowed("project.completed"));
    /// What the host stores a request under whose kind or payload it does not know. No plugin ever receives it.
    pub const HOST_UNKNOWN: Self = Self(std::borrow::Cow::Borrowed("host.unknown"));

    /// No kind is longer, in bytes.
    pub const BYTES_MAX: usize = 64;

    /// The kind as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether only the host makes events of this kind, from what platforms send or from what it does itself.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        [&Self::TASK_COMPLETED, &Self::TASK_ANSWERED].contains(&self)
            || ["effect.", "project.", "host."].iter().any(|family| self.0.starts_with(family))
    }

    /// Whether `pattern` names this kind: the kind itself, `task.*` for a family, or `*` for all.
    #[must_use]
    pub fn fits(&self, pattern: &str) -> bool {
        match pattern.strip_suffix('*') {
            Some("") => true,
            Some(family) => family.ends_with('.') && self.0.starts_with(family),
            None => self.0 == pattern,
        }
    }
}

impl FromStr for EventKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let word =
            |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        match text.split_once('.') {
            Some((family, what)) if text.len() <= Self::BYTES_MAX && word(family) && word(what) => Ok(Self(text.to_owned().into())),
            _ => Err(format!(
                "`{}` is no kind of event: write two words in lower case with a dot between them, `task.analysed`, at most {} bytes",
                text.chars().take(80).collect::<String>(),
                Self::BYTES_MAX
            )),
        }
    }
}

impl TryFrom<String> for EventKind {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<EventKind> for String {
    fn from(kind: EventKind) -> Self {
        kind.0.into_owned()
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

/// What a dialect made of one request: an event that has no id and no project yet, and how to tell a repeat.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalised {
    /// What is to be done with it.
    pub standing: Standing,
    /// What happened; [`EventKind::HOST_UNKNOWN`] when it is not to be dispatched.
    pub kind: EventKind,
    /// The platform's id of the task.
    pub task: Option<String>,
    /// When it happened, where the sender says so.
    pub occurred_at: Option<Timestamp>,
    /// Two requests to one project with the same key are the same event.
    pub dedup_key: String,
    /// Orders the revisions of one task: an event whose text sorts before the newest one stored for the task under the
    /// same kind is superseded. None where the platform has no such notion.
    pub freshness: Option<String>,
    /// Whether the sender asks for an event it has sent before to be handled again.
    pub rerun: bool,
    /// What the sender said, a JSON object as text, with secrets taken out.
    pub payload: String,
}

/// What is to be done with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It goes to the plugins that want it.
    Accepted,
    /// Verified, but of a kind the host does not know, or in a list beside events of the project and about another one: kept and counted.
    Ignored,
    /// Verified, but not to be parsed: kept as it came, with an alarm.
    Unreadable,
    /// A newer revision of the same task was stored before: kept, not dispatched.
    Superseded,
    /// The platform did not confirm it within an hour: kept, not dispatched, its dedup key is free again.
    Unconfirmed,
}

impl FromStr for Standing {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Accepted, Self::Ignored, Self::Unreadable, Self::Superseded, Self::Unconfirmed];
        let found = all.into_iter().find(|standing| standing.as_str() == text);
        found.ok_or_else(|| format!("`{text}` is none of `accepted`, `ignored`, `unreadable`, `superseded` and `unconfirmed`"))
    }
}

impl Standing {
    /// The name as people see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Ignored => "ignored",
            Self::Unreadable => "unreadable",
            Self::Superseded => "superseded",
            Self::Unconfirmed => "unconfirmed",
        }
    }
}
