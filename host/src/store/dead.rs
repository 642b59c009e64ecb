//! What was given up, and how it is taken up again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{DeliveryId, EventId, PluginName, ProjectName, Scope};

/// Names a dead letter: a number for an invocation, the delivery's id for a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeadLetterId {
    /// An invocation that was given up.
    Invocation(i64),
    /// A delivery that was given up.
    Delivery(DeliveryId),
}

impl fmt::Display for DeadLetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invocation(number) => number.fmt(f),
            Self::Delivery(id) => id.fmt(f),
        }
    }
}

impl FromStr for DeadLetterId {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(number) = text.parse() {
            return Ok(Self::Invocation(number));
        }
        let id = text.parse().map(Self::Delivery);
        id.map_err(|_| {
            "that is no id of a dead letter: it is a number, or the id of a delivery, as `crowdhook dead list` shows it".to_owned()
        })
    }
}

impl TryFrom<String> for DeadLetterId {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<DeadLetterId> for String {
    fn from(id: DeadLetterId) -> Self {
        id.to_string()
    }
}

/// An invocation or a delivery that was given up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Names it.
    pub id: DeadLetterId,
    /// The event.
    pub event: EventId,
    /// Its kind; empty when the event itself is gone.
    pub kind: String,
    /// The project and the plugin.
    #[serde(flatten)]
    pub scope: Scope,
    /// The task.
    pub task: Option<String>,
    /// How many attempts there were.
    pub attempts: u32,
    /// When it was given up.
    pub died_at: Timestamp,
    /// Why.
    pub reason: String,
    /// What was to leave; none for an invocation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeadDelivery>,
}

/// What was to leave, and did not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeadDelivery {
    /// What was to be done: `save-result`, `send-mail` …
    pub effect: String,
    /// Through which connection.
    pub connection: String,
}

/// What kind of thing was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeadKind {
    /// An invocation: a plugin did not manage to handle an event.
    Invocation,
    /// A delivery: an effect did not get through.
    Delivery,
}

impl FromStr for DeadKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "invocation" => Ok(Self::Invocation),
            "delivery" => Ok(Self::Delivery),
            other => Err(format!("`{other}` is neither `invocation` nor `delivery`")),
        }
    }
}

/// Which dead letters are wanted: those for which all that is said holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WantedDead {
    /// This one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<DeadLetterId>,
    /// Of one kind alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<DeadKind>,
    /// About this event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<EventId>,
    /// Of this project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectName>,
    /// Of the plugins that have this name in their project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<PluginName>,
    /// Those whose reason holds this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Given up by then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Why something is a dead letter that nobody but the operator wanted to be one.
pub const GIVEN_UP: &str = "given up by the operator";

/// Something that waits, and may be given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfinished {
    /// What a plugin is to do about an event.
    Invocation {
        /// The event.
        event: EventId,
        /// The plugin of its project.
        plugin: PluginName,
    },
    /// What is to leave.
    Delivery(DeliveryId),
}

/// How much was given up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenUp {
    /// Invocations.
    pub invocations: u32,
    /// Deliveries.
    pub deliveries: u32,
}

/// What became of dead letters that were to be taken up again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replayed {
    /// Invocations that wait again, with origin `replay`.
    pub invocations: u32,
    /// Deliveries that wait again, under their old ids.
    pub deliveries: u32,
    /// What there is nothing left to do for: a newer result was saved since, the once key was spent by another one, or the
    /// platform never confirmed the event. These are dead letters no longer.
    pub settled: u32,
}

/// What became of an event that was to be handled again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayedEvent {
    /// It waits for so many plugins that it did not wait for before.
    Waits(u32),
    /// It is not one for plugins.
    SetAside,
    /// It, or what was kept of it, was let go.
    LetGo,
}

/// A plugin of a project whose invocations are held back, since it kept failing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quarantine {
    /// The project and the plugin.
    #[serde(flatten)]
    pub scope: Scope,
    /// Since when.
    pub since: Timestamp,
    /// The version of its component that failed, by digest.
    pub component: Option<String>,
    /// The settings that it failed with, by digest.
    pub settings: Option<String>,
    /// What it died of the last time, and how often in a row.
    pub reason: String,
}

/// Which dead letters come first.
#[derive(Clone, Copy)]
pub(super) enum Order {
    OldestFirst,
    NewestFirst,
}

impl Order {
    /// What stands behind `ORDER BY` and a number that grows.
    pub(super) fn direction(self) -> &'static str {
        match self {
            Self::OldestFirst => "",
            Self::NewestFirst => " DESC",
        }
    }
}

/// Dead letters of both kinds, those given up last first, at most `limit`.
pub(super) fn newest(mut letters: Vec<DeadLetter>, limit: u32) -> Vec<DeadLetter> {
    // Stable: of one moment, the order within each kind stays.
    letters.sort_by_key(|letter| std::cmp::Reverse(letter.died_at));
    letters.truncate(limit as usize);
    letters
}
