//! What a run may read: its state and task results in the store, the snapshot, the rest from the platform, and responses of
//! the services that its project names.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;

use super::PluginRoom;
use crate::config;
use crate::connection::ConnectionError;
use crate::connection::services::{Fetched, Services};
use crate::id::Scope;
use crate::platform::{Answer, PlatformError, ProjectInfo, Snapshot, Task, WorkerInfo};
use crate::plugin::reads::Reads;
use crate::plugin::registry::Project;
use crate::store::{StateEntry, Store, StoreError};

pub(super) struct World {
    pub(super) scope: Scope,
    pub(super) store: Arc<dyn Store>,
    pub(super) project: Arc<Project>,
    pub(super) services: Services,
    pub(super) snapshot: Option<Arc<Snapshot>>,
    pub(super) room: Arc<PluginRoom>,
}

/// What a plugin's state holds is asked for once in so many times that it is wanted. Its limit may be passed by what so many calls
/// write.
const STATE_BYTES_EVERY: u64 = 64;

#[async_trait]
impl Reads for World {
    fn snapshot(&self) -> Option<&Arc<Snapshot>> {
        self.snapshot.as_ref()
    }

    async fn state(&self, key: &str) -> Result<Option<StateEntry>, StoreError> {
        self.store.get_state(&self.scope, key).await
    }

    async fn scan(&self, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<StateEntry>, StoreError> {
        self.store.scan_state(&self.scope, prefix, after, limit).await
    }

    async fn state_bytes(&self) -> Result<u64, StoreError> {
        if self.room.state_bytes_wanted.fetch_add(1, Ordering::Relaxed).is_multiple_of(STATE_BYTES_EVERY) {
            let bytes = self.store.state_bytes(&self.scope).await?;
            self.room.state_bytes.store(bytes, Ordering::Relaxed);
        }
        Ok(self.room.state_bytes.load(Ordering::Relaxed))
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

    async fn task_result(&self, task: &str) -> Result<Option<String>, PlatformError> {
        let kept = self.store.task_result(&self.scope.project, task).await;
        match kept.map_err(|error| PlatformError::Later { after: None, why: error.to_string() })? {
            Some(kept) => Ok(Some(kept.info)),
            None => Ok(self.project.platform.result(task).await?.and_then(|row| row.info)),
        }
    }

    fn connection(&self, name: &str) -> Option<&config::Connection> {
        self.project.config.connection(name)
    }

    async fn fetch(&self, connection: &config::Connection, path: &str, headers: &[(String, String)]) -> Result<Fetched, ConnectionError> {
        let none = || ConnectionError::Refused { why: format!("`{}` leads to no web service", connection.name) };
        let service = self.services.of(&self.scope.project, connection).ok_or_else(none)?;
        service.fetch(path, headers).await
    }
}
