//! A project of any sender that posts JSON. No call is made: there is no API behind it, and what was posted is all there is. What would
//! need more is refused, with a sentence.

use async_trait::async_trait;
use serde_json::Value;

use super::{Answer, Platform, PlatformError, ProjectInfo, ResultRow, Snapshot, Task, TaskKey, WorkerInfo};
use crate::config;
use crate::effect::NewTask;
use crate::event::Event;
pub use posted::{id_of, moment_of, task_of};

mod posted;

/// A project whose sender posts, and of which nothing can be asked.
#[derive(Clone, Debug)]
pub struct Generic {
    platform: config::Platform,
    address: String,
}

impl Generic {
    /// The project that `platform` describes. Makes no call, now or later.
    #[must_use]
    pub fn new(platform: config::Platform) -> Self {
        Self { address: platform.url.as_str().trim_end_matches('/').to_owned(), platform }
    }

    /// What is refused, and what to do instead.
    fn no_api(&self, what: &str) -> PlatformError {
        PlatformError::Refused { why: format!("{what}: {} posts events, and nothing can be asked of it", self.address) }
    }
}

#[async_trait]
impl Platform for Generic {
    fn address(&self) -> &str {
        &self.address
    }

    async fn snapshot(&self, event: &Event) -> Result<Snapshot, PlatformError> {
        let refused = |why: &str| PlatformError::Refused { why: format!("event `{}`: {why}", event.id) };
        let shape = self.platform.generic.as_ref().ok_or_else(|| refused("the project's file has no `[generic]`"))?;
        let payload: Value = serde_json::from_str(&event.payload).map_err(|error| refused(&error.to_string()))?;
        let task = event.task.as_deref().ok_or_else(|| refused("it is about no task"))?;
        let (task, answers) = task_of(shape, &event.kind, task, &payload).map_err(|why| refused(&why))?;
        Ok(Snapshot { task, answers, result: None })
    }

    async fn project(&self) -> Result<ProjectInfo, PlatformError> {
        Ok(ProjectInfo {
            id: self.platform.project.clone(),
            short_name: None,
            title: self.platform.project.clone(),
            url: None,
            extra: "{}".to_owned(),
            key_may_write: None,
        })
    }

    async fn task(&self, id: &str) -> Result<Option<Task>, PlatformError> {
        Err(self.no_api(&format!("task `{}` cannot be read", super::short(id))))
    }

    async fn answers(&self, task: &str, _after: Option<&str>) -> Result<Vec<Answer>, PlatformError> {
        Err(self.no_api(&format!("the answers to task `{}` cannot be read", super::short(task))))
    }

    async fn result(&self, _task: &str) -> Result<Option<ResultRow>, PlatformError> {
        // The host's own record is the place, and it is asked first.
        Ok(None)
    }

    async fn worker(&self, _id: &str) -> Result<Option<WorkerInfo>, PlatformError> {
        Ok(None)
    }

    async fn address_of_worker(&self, _id: &str) -> Result<Option<String>, PlatformError> {
        Ok(None)
    }

    async fn save_result(&self, task: &str, _result: Option<&str>, _info: &str) -> Result<String, PlatformError> {
        Err(self.no_api(&format!("the result of task `{}` can be written to the host's own record alone", super::short(task))))
    }

    async fn create_task(&self, _task: &NewTask, _key: TaskKey) -> Result<String, PlatformError> {
        Err(self.no_api("no task can be created there; `http.send` through a connection may reach an API that it has"))
    }

    async fn raise_redundancy(&self, task: &str, _redundancy: u32) -> Result<String, PlatformError> {
        Err(self.no_api(&format!("task `{}` gets no more answers from here", super::short(task))))
    }
}

#[cfg(test)]
mod tests;
