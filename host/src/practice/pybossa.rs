//! A practice PYBOSSA: its API, its webhook, and the ways in which both go wrong.
//!
//! [`Pybossa::start`] binds a socket on loopback and gives a handle; dropping the handle ends
//! the server. What a call answers was compared with a real server's recorded answers, and
//! what a completed task posts with its recorded posts. The words here are PYBOSSA's: its
//! *task runs* are the host's answers.
//!
//! Left out, beside all pages for people: sessions and CSRF tokens (an `api_key` is enough
//! everywhere), full-text search, deleting anything but tasks, creating categories, mail to
//! admins. The statistics of a project stay at zero, since a background job of the real
//! server computes them.

mod change;
mod completion;
mod errors;
mod handle;
mod query;
mod ratelimit;
mod read;
mod routes;
mod server;
mod shared;
mod state;
mod switches;
mod table;
mod webhook;
mod write;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use handle::SaveError;
pub use ratelimit::RateLimit;
pub use shared::{Post, Seen};
pub use switches::Calls;
pub use webhook::{Posted, WebhookRow};

use super::seed::{Planned, Seed, SeedProject};
use shared::Shared;
use state::State;
use table::Table;

/// What calls are counted by, as PYBOSSA's rate limit does: lists, reads and writes of one
/// kind of row together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// `/api/project`
    Project,
    /// `/api/task`
    Task,
    /// `/api/taskrun`
    TaskRun,
    /// `/api/result`
    Result,
    /// `/api/category`
    Category,
    /// `/api/projectstats`
    ProjectStats,
    /// `/api/user`
    User,
    /// `/api/project/<id>/newtask`
    NewTask,
    /// `/project/<short name>/webhook`; not limited
    WebhookPage,
    /// Everything that is not found; not limited
    Other,
}

impl Endpoint {
    fn of(table: &Table) -> Self {
        match table.endpoint {
            "project" => Self::Project,
            "task" => Self::Task,
            "taskrun" => Self::TaskRun,
            "result" => Self::Result,
            "projectstats" => Self::ProjectStats,
            "user" => Self::User,
            _ => Self::Category,
        }
    }
}

/// Why the practice server does not do what its handle was asked to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No project has this short name.
    #[error("there is no project `{0}`")]
    NoSuchProject(String),
    /// No task has this id.
    #[error("there is no task {0}")]
    NoSuchTask(i64),
    /// No row of the table `webhook` has this id.
    #[error("there is no webhook row {0}")]
    NoSuchWebhook(i64),
    /// PYBOSSA takes one answer for each task and worker.
    #[error("this worker has answered the task already")]
    AnsweredAlready,
}

/// A running practice PYBOSSA.
///
/// All methods may be called from any thread. Those that look at or change data take effect
/// at once and without a request, so they are in no count and under no rate limit.
#[derive(Debug)]
pub struct Pybossa {
    shared: Arc<Shared>,
    address: SocketAddr,
    owner: String,
    planned: Vec<(i64, Planned)>,
    listening: Mutex<Option<JoinHandle<()>>>,
    workers: Vec<JoinHandle<()>>,
}

impl Pybossa {
    /// Starts a server on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When no socket can be had.
    pub async fn start(seed: Seed) -> io::Result<Self> {
        Self::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), seed).await
    }

    /// Starts a server at `address`.
    ///
    /// # Errors
    ///
    /// When `address` cannot be bound.
    pub async fn start_at(address: SocketAddr, seed: Seed) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let mut state = State::new(seed.clock.clone());
        for user in &seed.users {
            state.add_user(&user.name, &user.api_key, user.cells());
        }
        let mut planned = Vec::new();
        for project in seed.projects {
            plant(&mut state, project, &mut planned);
        }
        let shared = Arc::new(Shared::new(state, seed.rate_limit, seed.job_timeout));
        let workers = (0..seed.webhook_workers.max(1)).map(|_| {
            let shared = Arc::clone(&shared);
            tokio::spawn(async move { shared.work().await })
        });
        let workers = workers.collect();
        let listening = Mutex::new(Some(tokio::spawn(server::accept(listener, Arc::clone(&shared)))));
        Ok(Self { shared, address, owner: seed.owner, planned, listening, workers })
    }

    /// Where the server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The server's address as a base for paths, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The API key of the user to whom [`Pybossa::add_project`] gives projects.
    #[must_use]
    pub fn owner_key(&self) -> String {
        self.key_of(&self.owner).unwrap_or_default()
    }

    /// The API key of the user of this name.
    #[must_use]
    pub fn key_of(&self, name: &str) -> Option<String> {
        let inner = self.shared.lock();
        inner.state.user_named(name).map(|user| user.text("api_key").to_owned())
    }
}

impl Drop for Pybossa {
    fn drop(&mut self) {
        let listening = self.listening.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        for running in listening.iter().chain(&self.workers) {
            running.abort();
        }
    }
}

/// Puts a seed's project with its tasks into the state; its answers are only planned.
fn plant(state: &mut State, seed: SeedProject, planned: &mut Vec<(i64, Planned)>) -> i64 {
    let owner = state.volunteer(&seed.owner);
    let cells = json!({
        "name": seed.name, "short_name": seed.short_name, "description": seed.description,
        "long_description": seed.description, "webhook": seed.webhook, "published": seed.published, "info": seed.info,
    });
    let project = state.draft_project(owner, into_map(cells));
    let project = state.insert_project(project);
    for task in seed.tasks {
        let cells = json!({"project_id": project, "info": task.info, "n_answers": task.n_answers});
        let id = state.insert_task(into_map(cells)).id();
        let answers = task.answers.into_iter();
        planned.extend(answers.map(|(worker, info)| (project, Planned { task: id, worker, info })));
    }
    project
}

fn into_map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
