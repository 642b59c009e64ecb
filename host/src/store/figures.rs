//! What events come to: the newest analysis of each task, what those of a project have in common, and how much happened when.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::event::Event;
use crate::id::{EventId, ProjectName};

/// Some of the events behind a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Behind {
    /// Those of the kind that was asked for, each with its row.
    pub events: Vec<(i64, Event)>,
    /// The last row that was looked at; none when there is no event behind.
    pub reached: Option<i64>,
}

/// The analysis of a task as it is kept, made of what an aggregator emitted.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysed {
    /// The project.
    pub project: ProjectName,
    /// The task.
    pub task: String,
    /// The row of the event that carried it.
    pub row: i64,
    /// When it was made.
    pub at: Timestamp,
    /// What it says.
    pub analysis: Analysis,
}

/// What an analysis says, as far as it is kept; the event has all of it (`wit/analysis.schema.json`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Analysis {
    /// What the answers come to; null while undecided.
    pub answer: Value,
    /// How many answers agree with it.
    pub votes: u64,
    /// How many answers count.
    pub total: u64,
    /// The share of the answers that agree.
    pub agreement: Option<f64>,
    /// Whether several values are equally far ahead.
    pub tie: bool,
    /// Whether there is an answer.
    pub decided: bool,
    /// Why, for people.
    pub reason: String,
    /// The votes by value, most votes first.
    pub tally: Vec<Tally>,
    /// Whose answers counted.
    pub workers: Vec<Vote>,
}

impl Analysis {
    /// Which tenth of agreement it lies in: 10 for full agreement, none where it is not known.
    #[must_use]
    pub fn tenth(&self) -> Option<u8> {
        // The vote is a share, and rounds to nothing else than 0 to 10.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=10 before")]
        self.agreement.filter(|share| share.is_finite()).map(|share| (share * 10.0 + 1e-9).floor().clamp(0.0, 10.0) as u8)
    }
}

/// How many said the same.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// What they said, any JSON.
    pub value: Value,
    /// How many.
    pub votes: u64,
}

/// One person's vote.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Vote {
    /// The platform's id of the worker.
    pub worker: String,
    /// Whether it agrees with the answer.
    pub agrees: bool,
}

/// Which analyses of a project are wanted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WantedAnalyses {
    /// Those that have an answer, or those that have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided: Option<bool>,
    /// With no more agreement than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreement_max: Option<f64>,
    /// Of this task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
}

/// The newest analysis of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListedAnalysis {
    /// The task.
    pub task: String,
    /// The event that carried it; none once that was let go.
    pub event: Option<EventId>,
    /// When it was made.
    pub at: Timestamp,
    /// What it says.
    #[serde(flatten)]
    pub analysis: Analysis,
}

/// How many tasks agree how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgreementCount {
    /// Whether there is an answer.
    pub decided: bool,
    /// Tenths of agreement, 10 for full agreement; none where it is not known.
    pub tenth: Option<u8>,
    /// How many tasks.
    pub tasks: u64,
}

/// How much a worker answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerCount {
    /// The platform's id of the worker.
    pub worker: String,
    /// How many of their answers counted.
    pub answers: u64,
    /// How many of these agree with the answer of their task.
    pub agreeing: u64,
}

/// What the analyses of a project come to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectFigures {
    /// How many tasks agree how much.
    pub agreement: Vec<AgreementCount>,
    /// How many workers answered.
    pub workers: u64,
    /// Those who answered most, the most first.
    pub busiest: Vec<WorkerCount>,
}

/// How much of everything there was at the end of a minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Minutes since 1970.
    pub minute: i64,
    /// Events that were ever stored.
    pub events: u64,
    /// Runs that were ever recorded.
    pub runs: u64,
    /// Invocations that were not finished.
    pub waiting: u64,
    /// Deliveries that were not finished.
    pub deliveries_waiting: u64,
    /// Dead letters of both kinds.
    pub dead: u64,
}
