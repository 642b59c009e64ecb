//! The platforms' own services behind one trait: read tasks and answers, write task results. Knows nothing of plugins or
//! of the store; a caller keeps what it wants to keep.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::connection::ConnectionError;
use crate::connection::breaker::State;
use crate::effect::NewTask;
use crate::event::Event;
use crate::id::{DeliveryId, ProjectName};
use crate::secret::Secret;

pub mod appen;
pub(crate) mod fields;
pub mod generic;
pub mod pybossa;

/// One thing put to people. (PYBOSSA: task. Appen: unit or row.)
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// The platform's id.
    pub id: String,
    /// How many answers the platform collects before it calls the task completed.
    pub redundancy: u32,
    /// Whether the platform calls it completed.
    pub completed: bool,
    /// Whether it is a test question.
    pub gold: bool,
    /// The right answer of a test question, JSON as text.
    pub gold_answer: Option<String>,
    /// What people were shown, JSON as text.
    pub info: String,
    /// What the platform says beyond this, a JSON object as text.
    pub extra: String,
}

/// One person's answer to one task. (PYBOSSA: task run. Appen: judgment.)
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The platform's id.
    pub id: String,
    /// The task it answers.
    pub task: String,
    /// The platform's id of the person; none when anonymous.
    pub worker: Option<String>,
    /// What they answered, JSON as text.
    pub value: String,
    /// When it was given.
    pub submitted_at: Option<Timestamp>,
    /// How far the platform trusts this person, 0 to 1.
    pub trust: Option<f64>,
    /// Whether the platform itself does not count it.
    pub set_aside: bool,
    /// What the platform says beyond this, a JSON object as text.
    pub extra: String,
}

/// The platform's own row for a task's result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResultRow {
    /// The platform's id of it.
    pub id: String,
    /// What stands in it, JSON as text; none when nothing was written yet.
    pub info: Option<String>,
}

/// What the platform said about an event's task, shared by all plugins and derived events of the event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The task.
    pub task: Task,
    /// All answers to it so far, oldest first.
    pub answers: Vec<Answer>,
    /// The newest result row, where the platform has such rows.
    pub result: Option<ResultRow>,
}

/// A completed task, as a page of them shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Completed {
    /// The platform's id of the task.
    pub task: String,
    /// The result row that was made when it was completed; none for a task that was completed without one.
    pub result: Option<ResultRow>,
    /// When the result row was made.
    pub at: Option<Timestamp>,
    /// Task, answers and result; none where the page does not hold all of it.
    pub snapshot: Option<Snapshot>,
}

/// A row of a page that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Odd {
    /// Its id, as far as it has one.
    pub id: Option<String>,
    /// Why, for people.
    pub why: String,
}

/// A page of completed tasks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// In the order of the page.
    pub completed: Vec<Completed>,
    /// What else stood in it.
    pub odd: Vec<Odd>,
    /// The id of its last row, behind which the next page begins; none when nothing stood in it.
    pub last: Option<String>,
    /// Whether there is no page behind it.
    pub ends: bool,
}

/// A project as people know it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProjectInfo {
    /// The platform's id.
    pub id: String,
    /// The short name under which the platform knows it, where it has one.
    pub short_name: Option<String>,
    /// Its title.
    pub title: String,
    /// Where volunteers find it.
    pub url: Option<String>,
    /// What the platform says beyond this, a JSON object as text, with secrets taken out.
    pub extra: String,
    /// Whether the key that was used may write there; none where the platform does not tell.
    pub key_may_write: Option<bool>,
}

/// A person who answers, as far as others may know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkerInfo {
    /// The platform's id.
    pub id: String,
    /// The name they chose to show.
    pub name: Option<String>,
}

/// By what a task that is to be created can be found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskKey {
    /// The same on every attempt.
    pub id: DeliveryId,
    /// Whether an earlier attempt may have created it.
    pub look_first: bool,
}

/// Why a platform gave no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlatformError {
    /// Not now: unreachable, busy, failing, or all calls of the window are used up. Try again after `after` at the
    /// earliest; none when the platform named no time.
    #[error("{why}")]
    Later {
        /// How long the platform asks to wait.
        after: Option<Duration>,
        /// What happened, for people.
        why: String,
    },
    /// Not there yet: what the event speaks of does not show so far. A hook can be early, or forged.
    #[error("{why}")]
    Unconfirmed {
        /// What does not show, for people.
        why: String,
    },
    /// The platform refuses the project's key. The same will succeed once someone has set another one.
    #[error("{why}")]
    KeyRefused {
        /// Whose key, and what to set, for people.
        why: String,
    },
    /// The platform refuses, and will again: a reserved field, a value of the wrong type.
    #[error("{why}")]
    Refused {
        /// What it said and what to change, for people.
        why: String,
    },
    /// There is no such thing on the platform.
    #[error("{why}")]
    Missing {
        /// What there is none of, for people.
        why: String,
    },
}

/// What became of a call, said as `what`, that brought no answer.
fn unanswered(error: ConnectionError, what: &str, project: &ProjectName) -> PlatformError {
    match error {
        ConnectionError::Later { after, why, .. } => PlatformError::Later { after, why: format!("cannot {what} now: {why}") },
        ConnectionError::KeyRefused { why } => PlatformError::KeyRefused { why },
        ConnectionError::Refused { why } | ConnectionError::TooLarge { why } => {
            PlatformError::Refused { why: format!("cannot {what} for project `{project}`: {why}; look at `platform.url`") }
        }
    }
}

/// An id as people are shown it: one that a plugin made up may be of any length.
fn short(id: &str) -> String {
    id.chars().take(80).collect()
}

/// A project on its platform.
#[async_trait]
pub trait Platform: Send + Sync {
    /// The platform's address, for bindings and messages.
    fn address(&self) -> &str;

    /// How calls to it go now; where there is nothing to call, as if they left.
    fn state(&self) -> State {
        State::Closed
    }

    /// Reads the event's task, its answers and its result in as few calls as the platform allows, and confirms what the event claims.
    ///
    /// # Errors
    ///
    /// [`PlatformError::Unconfirmed`] while the platform does not show what the event claims.
    async fn snapshot(&self, event: &Event) -> Result<Snapshot, PlatformError>;

    /// The project. Asked once and remembered.
    async fn project(&self) -> Result<ProjectInfo, PlatformError>;

    /// Any task of the project; none when there is no such task, or it is another project's.
    async fn task(&self, id: &str) -> Result<Option<Task>, PlatformError>;

    /// Up to 100 answers to a task of the project, oldest first, after the answer `after`.
    async fn answers(&self, task: &str, after: Option<&str>) -> Result<Vec<Answer>, PlatformError>;

    /// The platform's result of a task of the project.
    async fn result(&self, task: &str) -> Result<Option<ResultRow>, PlatformError>;

    /// What may be shown of a worker.
    async fn worker(&self, id: &str) -> Result<Option<WorkerInfo>, PlatformError>;

    /// The e-mail address of a worker; none where the platform does not tell it to the project's key. Asked for when something is
    /// sent there, never kept, and never for plugins.
    async fn address_of_worker(&self, id: &str) -> Result<Option<String>, PlatformError>;

    /// Writes `info` into the result row `result` of `task` (the newest row when `result` is none), and gives the receipt. Repeating it does no harm.
    async fn save_result(&self, task: &str, result: Option<&str>, info: &str) -> Result<String, PlatformError>;

    /// Creates a task, unless one that bears `key` is to be looked for and is there. Gives the receipt.
    async fn create_task(&self, task: &NewTask, key: TaskKey) -> Result<String, PlatformError>;

    /// Raises the redundancy of a task of the project, if it wants fewer answers and has fewer. Gives the receipt. Repeating it does no harm.
    async fn raise_redundancy(&self, task: &str, redundancy: u32) -> Result<String, PlatformError>;

    /// Completed tasks in the order of their ids, behind the task `after`, at most `rows` of them; fewer when they are large.
    async fn completed_tasks(&self, _after: Option<&str>, _rows: usize) -> Result<Page, PlatformError> {
        Err(self.no_such_call("list completed tasks"))
    }

    /// Completed tasks in the order of their completion, behind that which made the result row `after`.
    async fn completions(&self, _after: Option<&str>) -> Result<Page, PlatformError> {
        Err(self.no_such_call("list completed tasks"))
    }

    /// The completion that made the newest result row.
    async fn newest_completion(&self) -> Result<Option<Completed>, PlatformError> {
        Err(self.no_such_call("list completed tasks"))
    }

    /// The id of the newest completed task.
    async fn last_completed_task(&self) -> Result<Option<String>, PlatformError> {
        Err(self.no_such_call("list completed tasks"))
    }

    /// Whether any task of the project still waits for answers.
    async fn has_open_tasks(&self) -> Result<bool, PlatformError> {
        Err(self.no_such_call("list open tasks"))
    }

    /// The address that the platform calls when something happens in the project; none when there is none.
    async fn hook(&self) -> Result<Option<Secret>, PlatformError> {
        Err(self.no_such_call("tell which webhook is set"))
    }

    /// Sets the address that the platform calls, and whether it is to be called for each answer too where it can be asked to.
    async fn set_hook(&self, _url: &Secret, _each_answer: bool) -> Result<(), PlatformError> {
        Err(self.no_such_call("set a webhook"))
    }

    /// Has the platform post its test questions.
    async fn post_test_questions(&self) -> Result<(), PlatformError> {
        Err(self.no_such_call("post test questions"))
    }

    /// The error for what a platform cannot be asked for.
    fn no_such_call(&self, what: &str) -> PlatformError {
        PlatformError::Refused {
            why: format!("`{}` cannot be asked to {what}: that call of its API is not known to this host", self.address()),
        }
    }
}
