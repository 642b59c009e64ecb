//! What a call may read of the world, as its caller hands it: `dispatch` gives the store and the platform, a dry run could
//! give recorded files.

use std::sync::Arc;

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::config;
use crate::connection::ConnectionError;
use crate::connection::services::Fetched;
use crate::platform::{Answer, PlatformError, ProjectInfo, Snapshot, Task, WorkerInfo};
use crate::store::{StateEntry, StoreError};

/// What is the same each time in a sandbox that is tried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// What the guest's clock on the wall shows, from its first to its last moment.
    pub now: Timestamp,
    /// What its random numbers come from.
    pub seed: u64,
}

/// What one call may read.
#[async_trait]
pub trait Reads: Send + Sync {
    /// The snapshot of the event's task; none when the event is about no single task.
    fn snapshot(&self) -> Option<&Arc<Snapshot>>;

    /// One entry of the plugin's state.
    async fn state(&self, key: &str) -> Result<Option<StateEntry>, StoreError>;

    /// Entries of the plugin's state; see [`crate::store::Store::scan_state`].
    async fn scan(&self, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<StateEntry>, StoreError>;

    /// How many bytes the plugin's state holds.
    async fn state_bytes(&self) -> Result<u64, StoreError>;

    /// The project on its platform.
    async fn project(&self) -> Result<ProjectInfo, PlatformError>;

    /// Any task of the project.
    async fn task(&self, id: &str) -> Result<Option<Task>, PlatformError>;

    /// Up to 100 answers to any task of the project after the answer `after`.
    async fn answers(&self, task: &str, after: Option<&str>) -> Result<Vec<Answer>, PlatformError>;

    /// What may be shown of a worker.
    async fn worker(&self, id: &str) -> Result<Option<WorkerInfo>, PlatformError>;

    /// The task result of any task of the project: what a plugin saved last, else what the platform has.
    async fn task_result(&self, task: &str) -> Result<Option<String>, PlatformError>;

    /// A connection of the project, as its file has it now.
    fn connection(&self, name: &str) -> Option<&config::Connection>;

    /// Reads with GET through a connection of the project, whatever the status of the answer.
    async fn fetch(&self, connection: &config::Connection, path: &str, headers: &[(String, String)]) -> Result<Fetched, ConnectionError>;

    /// Time and random numbers for a guest that is tried out, whose debug lines are kept too; none for those of the machine.
    fn fixed(&self) -> Option<Fixed> {
        None
    }
}
