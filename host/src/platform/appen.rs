//! A job on Appen. To read, no call is made: what Appen posts holds the unit with all its judgments. Of its API three calls are known:
//! to set the webhook, to have it called for each judgment, and to have the test questions posted. What would need another one is
//! refused, with a sentence.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Answer, Platform, PlatformError, ProjectInfo, ResultRow, Snapshot, Task, TaskKey, WorkerInfo};
use crate::config;
use crate::connection::breaker::State;
use crate::connection::{Connection, Connections};
use crate::effect::NewTask;
use crate::event::Event;
use crate::id::ProjectName;
use crate::secret::Secret;
pub use unit::{Unit, unit_of};

mod call;
mod unit;

/// A job on Appen.
#[derive(Clone, Debug)]
pub struct Appen {
    address: String,
    /// The project's name on this host: whose file people must change.
    project: ProjectName,
    /// The job's id.
    job: String,
    api_key: Option<Secret>,
    connection: Arc<Connection>,
}

impl Appen {
    /// The job that `platform` describes and that is called `project` here. Makes no call.
    #[must_use]
    pub fn new(platform: config::Platform, project: &ProjectName, connections: &Connections) -> Self {
        Self {
            address: platform.url.as_str().trim_end_matches('/').to_owned(),
            project: project.clone(),
            job: platform.project,
            api_key: platform.api_key,
            connection: connections.to(&platform.url),
        }
    }

    fn unknown_call(&self, what: &str) -> PlatformError {
        PlatformError::Refused {
            why: format!(
                "{what} of job {} cannot be read from Appen: that call of its API is not known to this host, which knows what Appen \
                 posts and nothing else",
                self.job
            ),
        }
    }
}

#[async_trait]
impl Platform for Appen {
    fn state(&self) -> State {
        self.connection.state()
    }

    fn address(&self) -> &str {
        &self.address
    }

    async fn snapshot(&self, event: &Event) -> Result<Snapshot, PlatformError> {
        let refused = |why: String| PlatformError::Refused { why };
        let unit = unit_of(&event.payload).map_err(|why| refused(format!("event `{}`: {why}", event.id)))?;
        if unit.job.as_deref().is_some_and(|job| job != self.job) {
            return Err(refused(format!("event `{}` is about another job than {}", event.id, self.job)));
        }
        if event.task.as_deref().is_some_and(|task| task != unit.task.id) {
            return Err(refused(format!("event `{}` is about another unit than its payload", event.id)));
        }
        Ok(Snapshot { task: unit.task, answers: unit.answers, result: None })
    }

    async fn project(&self) -> Result<ProjectInfo, PlatformError> {
        Ok(ProjectInfo {
            id: self.job.clone(),
            short_name: None,
            title: format!("Job {} on Appen", self.job),
            url: None,
            extra: "{}".to_owned(),
            key_may_write: None,
        })
    }

    async fn task(&self, id: &str) -> Result<Option<Task>, PlatformError> {
        Err(self.unknown_call(&format!("unit `{}`", super::short(id))))
    }

    async fn answers(&self, task: &str, _after: Option<&str>) -> Result<Vec<Answer>, PlatformError> {
        Err(self.unknown_call(&format!("the judgments of unit `{}`", super::short(task))))
    }

    async fn result(&self, task: &str) -> Result<Option<ResultRow>, PlatformError> {
        Err(self.unknown_call(&format!("the result of unit `{}`", super::short(task))))
    }

    async fn worker(&self, _id: &str) -> Result<Option<WorkerInfo>, PlatformError> {
        // Appen tells an id and nothing that a person chose to show.
        Ok(None)
    }

    async fn address_of_worker(&self, _id: &str) -> Result<Option<String>, PlatformError> {
        // Appen keeps the addresses of its contributors to itself.
        Ok(None)
    }

    async fn save_result(&self, task: &str, _result: Option<&str>, _info: &str) -> Result<String, PlatformError> {
        Err(PlatformError::Refused {
            why: format!("Appen has no place for the result of unit `{}`: the host's own record is the place", super::short(task)),
        })
    }

    async fn create_task(&self, _task: &NewTask, _key: TaskKey) -> Result<String, PlatformError> {
        Err(PlatformError::Refused {
            why: format!(
                "no unit can be created in job {}: that call of Appen's API is not known to this host; add rows to the job on Appen",
                self.job
            ),
        })
    }

    async fn raise_redundancy(&self, task: &str, _redundancy: u32) -> Result<String, PlatformError> {
        Err(PlatformError::Refused {
            why: format!(
                "unit `{}` of job {} gets no more judgments from here: that call of Appen's API is not known to this host; order them on Appen",
                super::short(task),
                self.job
            ),
        })
    }

    async fn set_hook(&self, url: &Secret, each_answer: bool) -> Result<(), PlatformError> {
        self.set_webhook(url, each_answer).await
    }

    async fn post_test_questions(&self) -> Result<(), PlatformError> {
        self.fire_webhooks().await
    }
}

#[cfg(test)]
mod tests;
