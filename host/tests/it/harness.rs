//! What the tests share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use crowdhook::clock::Timestamp;
use crowdhook::config::{self, GuestLimits, Limits};
use crowdhook::connection::ConnectionError;
use crowdhook::connection::services::Fetched;
use crowdhook::event::{Event, EventKind, Origin, PlatformKind};
use crowdhook::id::EventId;
use crowdhook::platform::{Answer, PlatformError, ProjectInfo, Snapshot, Task, WorkerInfo};
use crowdhook::plugin::engine::Engine;
use crowdhook::plugin::load::{self, Component, LoadError};
use crowdhook::plugin::reads::Reads;
use crowdhook::store::{StateEntry, StoreError};

/// Certificates, and who signs them.
pub mod authority;
/// What a seed decides.
pub mod chance;
/// Which engine keeps events.
pub mod engine;
/// A host with everything that there can be of one.
pub mod everything;
/// Settings, secrets, projects and components in a temporary folder.
pub mod folder;
/// Secrets that are found again.
pub mod marks;
/// What waits to leave before a host starts.
pub mod outbox;
/// Programs that others have written, where this machine has them.
pub mod part;
/// Waiting for something to become true.
pub mod patience;
/// What the store tells nobody but tests.
pub mod peek;
/// The host as a process.
pub mod process;
/// A web service that fails as it is told to.
pub mod remote;
/// The host within the test's own process.
pub mod running;
/// What `cargo xtask soak` was told.
pub mod soak;
/// Events whose handling can be counted.
pub mod stream;
/// A small client that sends bytes.
pub mod wire;

/// The engine that all tests of one process share.
pub fn engine() -> Engine {
    static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
        let limits = Limits { sandboxes_max: 16, ..Limits::default() };
        Engine::start(&limits, None).unwrap()
    });
    ENGINE.clone()
}

/// The folder of this crate.
pub fn crate_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The file of a guest, as `cargo xtask plugins` built it. `CROWDHOOK_GUESTS` names another folder of such files.
#[expect(clippy::disallowed_methods, reason = "a test's own switch")]
pub fn guest_file(name: &str) -> PathBuf {
    let folder = std::env::var("CROWDHOOK_GUESTS").map_or_else(|_| crate_folder().join("tests/guests/prebuilt"), PathBuf::from);
    folder.join(format!("{name}.wasm"))
}

/// The file of a bundled plugin. `CROWDHOOK_BUNDLED` names another folder of such files.
#[expect(clippy::disallowed_methods, reason = "a test's own switch")]
pub fn bundled_file(name: &str) -> PathBuf {
    let folder = std::env::var("CROWDHOOK_BUNDLED").map_or_else(|_| crate_folder().join("../plugins/prebuilt"), PathBuf::from);
    folder.join(format!("{name}.wasm"))
}

/// A component from its file.
pub async fn load(file: &Path) -> Result<Component, LoadError> {
    let bytes: Arc<[u8]> = std::fs::read(file).unwrap().into();
    load::load(&engine(), bytes).await
}

/// An event about task `task` of the project `birds`.
pub fn event(kind: EventKind, task: Option<&str>) -> Event {
    let id = EventId::new();
    let now: Timestamp = "2026-11-21T19:29:25Z".parse().unwrap();
    Event {
        id,
        project: "birds".parse().unwrap(),
        platform: PlatformKind::Pybossa,
        kind,
        task: task.map(str::to_owned),
        occurred_at: now,
        received_at: now,
        origin: Origin::Live,
        emitted_by: None,
        root: id,
        depth: 0,
        payload: r#"{"task_id":1}"#.to_owned(),
    }
}

/// A plugin of a project that runs `component` and may ask for `allow`.
pub fn plugin(component: &str, settings: &str, allow: &[&str]) -> config::Plugin {
    config::Plugin {
        name: component.parse().unwrap(),
        component: component.parse().unwrap(),
        settings: settings.to_owned(),
        allow: allow.iter().map(|&word| word.to_owned()).collect(),
        connections: Vec::new(),
        folders: Vec::new(),
        projects: Vec::new(),
        recipients: None,
        on: None,
        from: None,
        limits: GuestLimits::default(),
        line: 1,
        setting_lines: Vec::new(),
    }
}

/// A task with these answers, as JSON, each of a worker of its own.
pub fn snapshot(task: &str, answers: &[&str]) -> Snapshot {
    Snapshot {
        task: Task {
            id: task.to_owned(),
            redundancy: u32::try_from(answers.len()).unwrap(),
            completed: true,
            gold: false,
            gold_answer: None,
            info: "{}".to_owned(),
            extra: "{}".to_owned(),
        },
        answers: answers
            .iter()
            .zip(1..)
            .map(|(value, number)| Answer {
                id: number.to_string(),
                task: task.to_owned(),
                worker: Some(format!("w{number}")),
                value: (*value).to_owned(),
                submitted_at: None,
                trust: None,
                set_aside: false,
                extra: "{}".to_owned(),
            })
            .collect(),
        result: None,
    }
}

/// A world that is what a test says it is: a snapshot, some state, and a platform that takes its time.
#[derive(Default)]
pub struct World {
    pub snapshot: Option<Arc<Snapshot>>,
    pub state: BTreeMap<String, String>,
    pub platform_takes: Duration,
    pub platform_is_down: bool,
    pub connections: Vec<config::Connection>,
    /// What every call gets, after as long as `platform_takes`.
    pub fetched: Option<Result<Fetched, ConnectionError>>,
}

#[async_trait]
impl Reads for World {
    fn snapshot(&self) -> Option<&Arc<Snapshot>> {
        self.snapshot.as_ref()
    }

    async fn state(&self, key: &str) -> Result<Option<StateEntry>, StoreError> {
        Ok(self.state.get(key).map(|value| StateEntry { key: key.to_owned(), value: value.clone(), version: 1 }))
    }

    async fn scan(&self, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<StateEntry>, StoreError> {
        let wanted = |key: &str| key.starts_with(prefix) && after.is_none_or(|after| key > after);
        Ok(self
            .state
            .iter()
            .filter(|(key, _)| wanted(key))
            .map(|(key, value)| StateEntry { key: key.clone(), value: value.clone(), version: 1 })
            .take(limit as usize)
            .collect())
    }

    async fn state_bytes(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn project(&self) -> Result<ProjectInfo, PlatformError> {
        Err(PlatformError::Missing { why: "no project".into() })
    }

    async fn task(&self, _id: &str) -> Result<Option<Task>, PlatformError> {
        if self.platform_is_down {
            return Err(PlatformError::Later { after: Some(Duration::from_secs(7)), why: "the platform is down".into() });
        }
        tokio::time::sleep(self.platform_takes).await;
        Ok(None)
    }

    async fn answers(&self, _task: &str, _after: Option<&str>) -> Result<Vec<Answer>, PlatformError> {
        Ok(Vec::new())
    }

    async fn worker(&self, _id: &str) -> Result<Option<WorkerInfo>, PlatformError> {
        Ok(None)
    }

    async fn task_result(&self, _task: &str) -> Result<Option<String>, PlatformError> {
        Ok(None)
    }

    fn connection(&self, name: &str) -> Option<&config::Connection> {
        self.connections.iter().find(|connection| connection.name == name)
    }

    async fn fetch(
        &self,
        _connection: &config::Connection,
        _path: &str,
        _headers: &[(String, String)],
    ) -> Result<Fetched, ConnectionError> {
        tokio::time::sleep(self.platform_takes).await;
        self.fetched.clone().unwrap()
    }
}
