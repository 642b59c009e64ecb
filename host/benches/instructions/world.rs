//! What the plugin may read here: the snapshot and its own state, which is empty.

use std::sync::Arc;

use async_trait::async_trait;

use crowdhook::config;
use crowdhook::connection::ConnectionError;
use crowdhook::connection::services::Fetched;
use crowdhook::platform::{Answer, PlatformError, ProjectInfo, Snapshot, Task, WorkerInfo};
use crowdhook::plugin::reads::Reads;
use crowdhook::plugin::registry::Project;
use crowdhook::store::{StateEntry, StoreError};

pub(crate) struct World {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) state: Option<StateEntry>,
    pub(crate) project: Arc<Project>,
}

#[async_trait]
impl Reads for World {
    fn snapshot(&self) -> Option<&Arc<Snapshot>> {
        Some(&self.snapshot)
    }

    async fn state(&self, _key: &str) -> Result<Option<StateEntry>, StoreError> {
        Ok(self.state.clone())
    }

    async fn scan(&self, _prefix: &str, _after: Option<&str>, _limit: u32) -> Result<Vec<StateEntry>, StoreError> {
        Ok(Vec::new())
    }

    async fn state_bytes(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn project(&self) -> Result<ProjectInfo, PlatformError> {
        self.project.platform.project().await
    }

    async fn task(&self, id: &str) -> Result<Option<Task>, PlatformError> {
        self.project.platform.task(id).await
    }

    async fn answers(&self, task: &str, after: Option<&str>) -> Result<Vec<Answer>, PlatformError> {
        self.project.platform.answers(task, after).await
    }

    async fn worker(&self, id: &str) -> Result<Option<WorkerInfo>, PlatformError> {
        self.project.platform.worker(id).await
    }

    async fn task_result(&self, _task: &str) -> Result<Option<String>, PlatformError> {
        Ok(None)
    }

    fn connection(&self, name: &str) -> Option<&config::Connection> {
        self.project.config.connection(name)
    }

    async fn fetch(&self, connection: &config::Connection, _path: &str, _headers: &[(String, String)]) -> Result<Fetched, ConnectionError> {
        Err(ConnectionError::Refused { why: format!("`{}` leads nowhere here", connection.name) })
    }
}
