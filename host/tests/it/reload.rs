//! Files that come, change and go while the host runs: real folders, real components.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails where it finds what it did not expect")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use crowdhook::config::GuestLimits;
use crowdhook::config::load::{Context, Env};
use crowdhook::effect::NewTask;
use crowdhook::event::Event;
use crowdhook::id::Digest;
use crowdhook::platform::{Answer, Platform, PlatformError, ProjectInfo, ResultRow, Snapshot, Task, TaskKey, WorkerInfo};
use crowdhook::plugin::registry::{Catalogue, LoadStatus, Registry};
use crowdhook::plugin::watch::{MakePlatform, Reloader, Setup, Times};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::harness;

/// A file of components replaced in every way there is.
mod components;
/// What people are told about what they are likely to get wrong.
mod messages;
/// Project files.
mod projects;

/// Nothing takes longer than this, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The hook's token and the platform's key.
const HEAD: &str = r#"
[platform]
kind = "pybossa"
url = "https://crowd.example.org"
project = "birds"
api_key = { env = "KEY" }

[hook]
token = { env = "TOKEN" }
"#;

/// The folders of a host, and its reloader when it runs.
pub struct Desk {
    folder: TempDir,
    pub registry: Arc<Registry>,
    /// How many platforms were made.
    pub platforms_made: Arc<AtomicUsize>,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Desk {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["plugins", "projects", "releases"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder, registry: Arc::default(), platforms_made: Arc::default(), running: None }
    }

    /// A desk whose project `birds` runs `component` as `vote`, and whose reloader runs.
    pub async fn with_project(component: &str, times: Times) -> Self {
        let mut desk = Self::new();
        desk.write_project("birds", &format!("{HEAD}\n[plugins.vote]\ncomponent = \"{component}\"\n"));
        desk.start(times, true).await;
        desk
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub fn write_project(&self, name: &str, text: &str) {
        fs::write(self.path(&format!("projects/{name}.toml")), text).unwrap();
    }

    /// Puts a file into the drop folder, whole and at once.
    pub fn drop_in(&self, name: &str, bytes: &[u8]) {
        let (unfinished, file) = (self.path(&format!("plugins/.{name}.new")), self.path(&format!("plugins/{name}")));
        fs::write(&unfinished, bytes).unwrap();
        fs::rename(unfinished, file).unwrap();
    }

    pub fn context() -> Context {
        let env = Env::of(&[("KEY", "0123-api-key-4567"), ("TOKEN", "0123456789-hook-token"), ("KEY_2", "another-api-key")]);
        Context { env, guest: GuestLimits::default(), own_folders: Vec::new() }
    }

    pub async fn start(&mut self, times: Times, watch: bool) {
        let made = Arc::clone(&self.platforms_made);
        let make_platform: MakePlatform = Box::new(move |_| {
            made.fetch_add(1, Ordering::Relaxed);
            Arc::new(NoPlatform)
        });
        let reloader = Reloader::start(Setup {
            components: self.path("plugins"),
            projects: self.path("projects"),
            kept: self.path("data/projects"),
            context: Self::context(),
            engine: harness::engine(),
            registry: Arc::clone(&self.registry),
            make_platform,
            metrics: crowdhook::telemetry::Metrics::default(),
            times,
            watch,
        })
        .await;
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(reloader.run(async move { drop(stopped.await) }));
        self.running = Some((stop, running));
    }

    /// Ends the reloader, as when the host ends.
    pub async fn stop(&mut self) {
        let (stop, running) = self.running.take().unwrap();
        stop.send(()).unwrap();
        running.await.unwrap();
    }

    /// Waits until what is in use is as `wanted`.
    pub async fn until(&self, what: &str, wanted: impl Fn(&Catalogue) -> bool) {
        let mut changed = self.registry.changed();
        let waiting = async {
            while !wanted(&self.registry.now()) {
                changed.changed().await.unwrap();
            }
        };
        if timeout(PATIENCE, waiting).await.is_err() {
            panic!("it never came to this: {what}\n{:#?}", self.registry.now().status);
        }
    }

    pub async fn until_live(&self, bytes: &[u8]) {
        let digest = Digest::of(bytes);
        self.until("the component is live", |now| vote_of(now) == Some(digest)).await;
    }

    /// Why the file is not what is in use; with paths from this desk on.
    pub fn last_error(&self, file: &str) -> Option<String> {
        let now = self.registry.now();
        let status = status_of(&now, &self.path(file))?;
        status.last_error.as_ref().map(|(_, why)| self.plain(why))
    }

    pub async fn until_refused(&self, file: &str) -> String {
        let path = self.path(file);
        self.until("the file is refused", |now| status_of(now, &path).is_some_and(|status| status.last_error.is_some())).await;
        self.last_error(file).unwrap()
    }

    /// A text without the path of this desk.
    pub fn plain(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.folder.path().display()), "")
    }
}

/// The digest of what the plugin `vote` of the project `birds` runs.
pub fn vote_of(now: &Catalogue) -> Option<Digest> {
    let birds = now.projects.get(&"birds".parse().unwrap())?;
    birds.plugin(&"vote".parse().unwrap())?.component.as_ref().map(|component| component.digest)
}

pub fn status_of<'c>(now: &'c Catalogue, path: &Path) -> Option<&'c LoadStatus> {
    now.status.components.iter().chain(&now.status.projects).find(|status| status.file == path)
}

/// The bytes of a guest.
pub fn guest(name: &str) -> Vec<u8> {
    fs::read(harness::guest_file(name)).unwrap()
}

/// The same component with another digest: a custom section with this number comes first, so that no beginning of the file is whole.
pub fn numbered(component: &[u8], number: u32) -> Vec<u8> {
    let (header, rest) = component.split_at(8);
    let section = [0, 6, 1, b'n'];
    [header, &section, &number.to_le_bytes(), rest].concat()
}

/// Times that keep a test short.
pub fn quick() -> Times {
    Times { grace: Duration::from_millis(200), ..Times::default() }
}

/// A platform that nobody asks.
struct NoPlatform;

fn nothing<T>() -> Result<T, PlatformError> {
    Err(PlatformError::Missing { why: "there is no platform".into() })
}

#[async_trait]
impl Platform for NoPlatform {
    fn address(&self) -> &'static str {
        "https://crowd.example.org"
    }

    async fn snapshot(&self, _event: &Event) -> Result<Snapshot, PlatformError> {
        nothing()
    }

    async fn project(&self) -> Result<ProjectInfo, PlatformError> {
        nothing()
    }

    async fn task(&self, _id: &str) -> Result<Option<Task>, PlatformError> {
        nothing()
    }

    async fn answers(&self, _task: &str, _after: Option<&str>) -> Result<Vec<Answer>, PlatformError> {
        nothing()
    }

    async fn result(&self, _task: &str) -> Result<Option<ResultRow>, PlatformError> {
        nothing()
    }

    async fn worker(&self, _id: &str) -> Result<Option<WorkerInfo>, PlatformError> {
        nothing()
    }

    async fn address_of_worker(&self, _id: &str) -> Result<Option<String>, PlatformError> {
        nothing()
    }

    async fn save_result(&self, _task: &str, _result: Option<&str>, _info: &str) -> Result<String, PlatformError> {
        nothing()
    }
    async fn create_task(&self, _: &NewTask, _: TaskKey) -> Result<String, PlatformError> {
        nothing()
    }
    async fn raise_redundancy(&self, _: &str, _: u32) -> Result<String, PlatformError> {
        nothing()
    }
}
