//! Looking through what is kept, for people: page by page, the newest first, and through no more rows than a named limit at a time.

use std::str::FromStr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::StoreError;
use super::figures::{Behind, ListedAnalysis, ProjectFigures, Sample, WantedAnalyses};
use super::peers::Peer;
use crate::clock::Timestamp;
use crate::event::{EventKind, Origin, Standing};
use crate::id::{DeliveryId, EventId, PluginName, ProjectName};

/// No page has more rows.
pub const PAGE_ROWS_MAX: u32 = 500;

/// One page of a listing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// What was found, the newest first.
    pub rows: Vec<T>,
    /// Where the next page begins; none when there is nothing before. A page may be short, or empty, and have a next one: as much was looked
    /// at as may be at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<i64>,
}

impl<T> Page<T> {
    /// Nothing, and nothing before it.
    #[must_use]
    pub fn empty() -> Self {
        Self { rows: Vec::new(), next: None }
    }
}

/// Where a page begins, and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// As [`Page::next`] said; none for the newest.
    pub before: Option<i64>,
    /// At most so many rows.
    pub limit: u32,
}

/// Which events are wanted: those for which all that is said holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WantedEvents {
    /// Of this project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectName>,
    /// Of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<EventKind>,
    /// With which this is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// About this task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Whose payload holds this text, in whatever case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Received then or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Received then or before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// An event in a listing, without its payload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListedEvent {
    /// Its id.
    pub id: EventId,
    /// The project.
    pub project: ProjectName,
    /// What happened.
    pub kind: EventKind,
    /// The task that it is about.
    pub task: Option<String>,
    /// When the host received or derived it.
    pub received_at: Timestamp,
    /// Why it was here.
    pub origin: Origin,
    /// What is done with it.
    pub standing: Standing,
    /// The plugin that emitted it; none for an event from outside.
    pub emitted_by: Option<PluginName>,
    /// How many plugins have not finished with it.
    pub waiting: u32,
    /// How many plugins gave it up.
    pub dead: u32,
}

/// Which invocations are wanted: those for which all that is said holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WantedInvocations {
    /// Of this event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<EventId>,
    /// Of this project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectName>,
    /// Of the plugins that have this name in their project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<PluginName>,
    /// That are at this point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<InvocationState>,
    /// Of events about this task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Whose last reason holds this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Of events received then or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Of events received then or before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// How far an invocation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InvocationState {
    /// It waits for its turn, for another try, or runs.
    Waiting,
    /// It waits, uncounted, for room or for the platform.
    Parked,
    /// Handled.
    Done,
    /// Given up.
    Dead,
    /// Dropped with its event, which the platform did not confirm.
    Dropped,
}

/// What people write for each state.
const INVOCATION_STATES: [(&str, InvocationState); 5] = [
    ("waiting", InvocationState::Waiting),
    ("parked", InvocationState::Parked),
    ("done", InvocationState::Done),
    ("dead", InvocationState::Dead),
    ("dropped", InvocationState::Dropped),
];

impl InvocationState {
    /// The name as people see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        INVOCATION_STATES.iter().find(|(_, state)| *state == self).map_or("", |(name, _)| name)
    }
}

impl FromStr for InvocationState {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = INVOCATION_STATES.iter().find(|(name, _)| *name == text).map(|(_, state)| *state);
        found.ok_or_else(|| format!("`{text}` is none of `waiting`, `parked`, `done`, `dead` and `dropped`"))
    }
}

/// What one plugin did about one event, all attempts together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListedInvocation {
    /// The event.
    pub event: EventId,
    /// The project.
    pub project: ProjectName,
    /// The plugin.
    pub plugin: PluginName,
    /// What happened.
    pub kind: EventKind,
    /// The task that the event is about.
    pub task: Option<String>,
    /// How far it is.
    pub state: InvocationState,
    /// How many attempts are on record.
    pub attempts: u32,
    /// When the event was received.
    pub received_at: Timestamp,
    /// When the last attempt began.
    pub started_at: Option<Timestamp>,
    /// When it is tried again; of one that waits.
    pub due: Option<Timestamp>,
    /// How the last attempt ended: `ok`, `retry`, `rejected`, `trapped`, `parked` …
    pub outcome: Option<String>,
    /// Why, for people.
    pub reason: String,
    /// How long the last attempt took.
    pub duration_ms: Option<u32>,
    /// How much of that was CPU time of the guest.
    pub cpu_ms: Option<u32>,
    /// The most memory that its sandbox had, in bytes.
    #[serde(default)]
    pub memory_bytes: Option<u64>,
    /// The version of the component that ran last, by digest.
    pub component: Option<String>,
    /// The dead letter's id; of one that was given up.
    pub dead_letter: Option<i64>,
}

/// Which deliveries are wanted: those for which all that is said holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WantedDeliveries {
    /// This one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<DeliveryId>,
    /// Of this project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectName>,
    /// That a plugin of this name asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<PluginName>,
    /// Through this connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// That are at this point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<DeliveryState>,
    /// About this task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Whose receipt or reason holds this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Asked for then or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Asked for then or before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// It waits for its turn, or for another try.
    Waiting,
    /// The other side has it.
    Delivered,
    /// Given up.
    Dead,
    /// A newer result of the task took its place.
    Superseded,
}

/// What people write for each state.
const DELIVERY_STATES: [(&str, DeliveryState); 4] = [
    ("waiting", DeliveryState::Waiting),
    ("delivered", DeliveryState::Delivered),
    ("dead", DeliveryState::Dead),
    ("superseded", DeliveryState::Superseded),
];

impl DeliveryState {
    /// The name as people see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        DELIVERY_STATES.iter().find(|(_, state)| *state == self).map_or("", |(name, _)| name)
    }
}

impl FromStr for DeliveryState {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = DELIVERY_STATES.iter().find(|(name, _)| *name == text).map(|(_, state)| *state);
        found.ok_or_else(|| format!("`{text}` is none of `waiting`, `delivered`, `dead` and `superseded`"))
    }
}

/// A delivery in a listing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListedDelivery {
    /// Its id, which is also its idempotency key.
    pub id: DeliveryId,
    /// The project.
    pub project: ProjectName,
    /// The plugin that asked for it.
    pub plugin: PluginName,
    /// The connection it leaves through.
    pub connection: String,
    /// The event whose handling led to it.
    pub event: EventId,
    /// The task that it is about.
    pub task: Option<String>,
    /// What is done: `save-result`, `send-mail` …
    pub effect: String,
    /// How far it is.
    pub state: DeliveryState,
    /// How many attempts there were.
    pub attempts: u32,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When it ended; while it waits, when it is due.
    pub at: Option<Timestamp>,
    /// What the other side answered, or why it did not get through.
    pub note: String,
    /// What leaves, as it was asked for; where one delivery was asked for by its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Value>,
}

/// Looks through a store, beside what is at work in it: at most a few callers at a time, others wait for their turn.
#[async_trait]
pub trait Browse: Send + Sync {
    /// Events, the newest first.
    async fn events(&self, wanted: &WantedEvents, place: Place) -> Result<Page<ListedEvent>, StoreError>;

    /// What each plugin did about each event, or is to do, the newest event first. A page holds all of an event's, so it may be longer than
    /// its limit by those of the last one.
    async fn invocations(&self, wanted: &WantedInvocations, place: Place) -> Result<Page<ListedInvocation>, StoreError>;

    /// Deliveries, those that were asked for last first.
    async fn deliveries(&self, wanted: &WantedDeliveries, place: Place) -> Result<Page<ListedDelivery>, StoreError>;

    /// The newest analysis of each task of a project, those that were made last first.
    async fn analyses(&self, project: &ProjectName, wanted: &WantedAnalyses, place: Place) -> Result<Page<ListedAnalysis>, StoreError>;

    /// What the analyses of a project come to, with as many of the workers who answered most.
    async fn figures(&self, project: &ProjectName, busiest: u32) -> Result<ProjectFigures, StoreError>;

    /// Up to which row events were counted, as [`super::Store::count_analyses`] was told.
    async fn counted(&self) -> Result<i64, StoreError>;

    /// The events of a kind among the next `limit` behind a row.
    async fn behind(&self, row: i64, kind: &EventKind, limit: u32) -> Result<Behind, StoreError>;

    /// The samples since a minute, the oldest first, thinned out to the last one of every `step` minutes.
    async fn samples(&self, since: i64, step: u32) -> Result<Vec<Sample>, StoreError>;

    /// The hosts that share the store, by their names; none where it is one host's alone.
    async fn peers(&self) -> Result<Vec<Peer>, StoreError> {
        Ok(Vec::new())
    }
}
