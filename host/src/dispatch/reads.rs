//! What a run may read: its state and task results in the store, the snapshot, and the rest from the platform.

use std::sync::Arc;

use async_trait::async_trait;

use crate::id::Scope;
use crate::platform::{Answer, Platform, PlatformError, ProjectInfo, Snapshot, Task, WorkerInfo};
use crate::plugin::reads::Reads;
use crate::store::{StateEntry, Store, StoreError};

pub(super) struct World {
    pub(super) scope: Scope,
    pub(super) store: Arc<dyn Store>,
    pub(super) platform: Arc<dyn Platform>,
    pub(super) snapshot: Option<Arc<Snapshot>>,
}

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
        self.store.state_bytes(&self.scope).await
    }

    async fn project(&self) -> Result<ProjectInfo, PlatformError> {
        self.platform.project().await
    }

    async fn task(&self, id: &str) -> Result<Option<Task>, PlatformError> {
        self.platform.task(id).await
    }

    async fn answers(&self, task: &str, after: Option<&str>) -> Result<Vec<Answer>, PlatformError> {
        self.platform.answers(task, after).await
    }

    async fn worker(&self, id: &str) -> Result<Option<WorkerInfo>, PlatformError> {
        self.platform.worker(id).await
    }

    async fn task_result(&self, task: &str) -> Result<Option<String>, PlatformError> {
        let kept = self.store.task_result(&self.scope.project, task).await;
        match kept.map_err(|error| PlatformError::Later { after: None, why: error.to_string() })? {
            Some(kept) => Ok(Some(kept.info)),
            None => Ok(self.platform.result(task).await?.and_then(|row| row.info)),
        }
    }
}
