//! How long things are kept, and forgetting a person.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// What is let go of events that are old enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The payloads of events that went to no plugin: ignored and unreadable ones, as they came.
    Bodies,
    /// Of events that are done with: payloads, snapshots, log lines, what runs read, and the deliveries that ended well with their
    /// receipts. What was given up keeps all of it.
    Details,
    /// The events themselves with all that belongs to them, dead letters too. What still waits stays, and so do dedup keys, once
    /// keys, plugins' state, badges, and the newest result of each task.
    Events,
}

impl Part {
    /// All parts, the smallest first.
    pub const ALL: [Self; 3] = [Self::Bodies, Self::Details, Self::Events];
}

/// How far a walk through the events has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Walked {
    /// Where to go on; none when there is nothing more for now.
    pub next: Option<i64>,
    /// Of how many events something was let go or changed.
    pub changed: u32,
}

/// Whom to forget, and where: the platform's id of a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgotten {
    /// The worker's id.
    pub worker: String,
    /// What stands in its place from now on, where the worker's answers still count.
    pub alias: String,
    /// A member of JSON objects in which the project's sender posts ids of workers, beside those that are known.
    pub member: Option<String>,
}

/// How far forgetting has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForgetStep {
    /// In how many rows the id was found.
    pub changed: u32,
    /// Where to go on; none at the end.
    pub next: Option<String>,
}

/// Events older than this are let go, part by part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cutoff {
    /// What is let go.
    pub part: Part,
    /// Of events that were received before this.
    pub before: Timestamp,
    /// The time: what was received after it was stamped by a clock that was wrong, and is passed over.
    pub now: Timestamp,
}
