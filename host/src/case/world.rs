//! The world of a case, as a plugin reads it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use url::Url;

use super::form::{self, AnswerForm, EventForm, PlatformForm, ProjectForm, TaskForm};
use super::http::{Exchanges, Playback};
use super::state::{self, State};
use crate::config::{self, Auth, HttpService, Service};
use crate::connection::ConnectionError;
use crate::connection::services::Fetched;
use crate::platform::{Answer, PlatformError, ProjectInfo, Snapshot, Task, WorkerInfo};
use crate::plugin::reads::{Fixed, Reads};
use crate::store::{StateEntry, StoreError};

/// Answers that are given at a time.
const PAGE: usize = 100;

/// All that a case says.
pub(super) struct CaseWorld {
    pub(super) state: State,
    pub(super) exchanges: Exchanges,
    facts: Arc<Facts>,
}

/// What a call changes nothing of.
struct Facts {
    snapshot: Option<Arc<Snapshot>>,
    project: ProjectInfo,
    platform: PlatformForm,
    fixed: Fixed,
}

impl CaseWorld {
    pub(super) fn new(
        event: &EventForm,
        task: Option<TaskForm>,
        answers: Option<Vec<AnswerForm>>,
        platform: PlatformForm,
        state: State,
        exchanges: Exchanges,
    ) -> Self {
        let snapshot = event.task.as_deref().map(|id| {
            let answers = form::answers(answers.unwrap_or_default(), id);
            let task = task.unwrap_or_else(TaskForm::usual).task(id, answers.len());
            Arc::new(Snapshot { task, answers, result: None })
        });
        let project = platform.project.clone().unwrap_or_else(|| ProjectForm::usual(&event.project)).project();
        Self { state, exchanges, facts: Arc::new(Facts { snapshot, project, platform, fixed: event.fixed() }) }
    }

    /// For one run of a plugin that was granted `connections`.
    pub(super) fn with(&self, connections: &[String]) -> Reading {
        Reading {
            facts: Arc::clone(&self.facts),
            state: self.state.clone(),
            connections: connections.iter().map(|name| connection(name)).collect(),
            playback: Playback::of(self.exchanges.clone()),
        }
    }
}

/// One run's view of it.
pub(super) struct Reading {
    facts: Arc<Facts>,
    state: State,
    connections: Vec<config::Connection>,
    playback: Playback,
}

/// A web service that is nowhere.
fn connection(name: &str) -> config::Connection {
    let url = Url::parse("https://recorded.invalid/").expect("it is an address");
    let service = HttpService { url, url_is_secret: false, auth: Auth::None, rate: None, at_once: 1, timeout: Duration::from_secs(1) };
    config::Connection { name: name.to_owned(), to: Service::Http(service), max_age: Duration::MAX, line: 1 }
}

#[async_trait]
impl Reads for Reading {
    fn snapshot(&self) -> Option<&Arc<Snapshot>> {
        self.facts.snapshot.as_ref()
    }

    async fn state(&self, key: &str) -> Result<Option<StateEntry>, StoreError> {
        Ok(state::get(&self.state, key))
    }

    async fn scan(&self, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<StateEntry>, StoreError> {
        Ok(state::scan(&self.state, prefix, after, limit))
    }

    async fn state_bytes(&self) -> Result<u64, StoreError> {
        Ok(state::bytes(&self.state))
    }

    async fn project(&self) -> Result<ProjectInfo, PlatformError> {
        Ok(self.facts.project.clone())
    }

    async fn task(&self, id: &str) -> Result<Option<Task>, PlatformError> {
        let answers = self.facts.platform.answers.get(id).map_or(0, Vec::len);
        Ok(self.facts.platform.tasks.get(id).cloned().map(|form| form.task(id, answers)))
    }

    async fn answers(&self, task: &str, after: Option<&str>) -> Result<Vec<Answer>, PlatformError> {
        let all = form::answers(self.facts.platform.answers.get(task).cloned().unwrap_or_default(), task);
        let behind = after.map_or(0, |after| all.iter().position(|answer| answer.id == after).map_or(all.len(), |place| place + 1));
        Ok(all.into_iter().skip(behind).take(PAGE).collect())
    }

    async fn worker(&self, id: &str) -> Result<Option<WorkerInfo>, PlatformError> {
        Ok(self.facts.platform.workers.get(id).map(|name| WorkerInfo { id: id.to_owned(), name: name.clone() }))
    }

    async fn task_result(&self, task: &str) -> Result<Option<String>, PlatformError> {
        Ok(self.facts.platform.results.get(task).map(|result| result.get().to_owned()))
    }

    fn connection(&self, name: &str) -> Option<&config::Connection> {
        self.connections.iter().find(|connection| connection.name == name)
    }

    async fn fetch(&self, connection: &config::Connection, path: &str, _headers: &[(String, String)]) -> Result<Fetched, ConnectionError> {
        self.playback.fetch(&connection.name, path)
    }

    fn fixed(&self) -> Option<Fixed> {
        Some(self.facts.fixed)
    }
}

#[cfg(test)]
mod tests;
