//! A receiver behind a real socket, and a client that writes bytes as it likes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use crowdhook::clock::Clock;
use crowdhook::config::{self, Basic, Hook, Limits};
use crowdhook::effect::NewTask;
use crowdhook::event::{Event, PlatformKind};
use crowdhook::inbox::Inbox;
use crowdhook::platform::{Answer, Platform, PlatformError, ProjectInfo, ResultRow, Snapshot, Task, TaskKey, WorkerInfo};
use crowdhook::plugin::registry::{Bound, Catalogue, Project, Registry};
use crowdhook::receive::Receiver;
use crowdhook::secret::Secret;
use crowdhook::telemetry::Metrics;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::moody::Moody;

/// Nothing here takes so long; a test that hangs fails.
const PATIENCE: Duration = Duration::from_secs(20);

pub const SIGNING_TOKEN: &str = "wh-token-0123456789abcdef";

struct Nowhere;

#[async_trait]
impl Platform for Nowhere {
    fn address(&self) -> &str {
        "https://example.org"
    }
    async fn snapshot(&self, _: &Event) -> Result<Snapshot, PlatformError> {
        unreachable!()
    }
    async fn project(&self) -> Result<ProjectInfo, PlatformError> {
        unreachable!()
    }
    async fn task(&self, _: &str) -> Result<Option<Task>, PlatformError> {
        unreachable!()
    }
    async fn answers(&self, _: &str, _: Option<&str>) -> Result<Vec<Answer>, PlatformError> {
        unreachable!()
    }
    async fn result(&self, _: &str) -> Result<Option<ResultRow>, PlatformError> {
        unreachable!()
    }
    async fn worker(&self, _: &str) -> Result<Option<WorkerInfo>, PlatformError> {
        unreachable!()
    }

    async fn address_of_worker(&self, _: &str) -> Result<Option<String>, PlatformError> {
        unreachable!()
    }
    async fn save_result(&self, _: &str, _: Option<&str>, _: &str) -> Result<String, PlatformError> {
        unreachable!()
    }
    async fn create_task(&self, _: &NewTask, _: TaskKey) -> Result<String, PlatformError> {
        unreachable!()
    }
    async fn raise_redundancy(&self, _: &str, _: u32) -> Result<String, PlatformError> {
        unreachable!()
    }
}

/// A project whose hook's token is `token`; it signs when it is Appen's.
pub fn project(name: &str, kind: PlatformKind, platform_project: &str) -> Project {
    let signing_tokens = match kind {
        PlatformKind::Appen => vec![Secret::new(SIGNING_TOKEN)],
        PlatformKind::Pybossa | PlatformKind::Generic => Vec::new(),
    };
    let platform = config::Platform {
        kind,
        url: "https://example.org".parse().unwrap(),
        project: platform_project.to_owned(),
        api_key: Some(Secret::new("key")),
        signing_tokens,
        generic: None,
    };
    let config = config::Project {
        name: name.parse().unwrap(),
        file: format!("projects/{name}.toml").into(),
        platform,
        hook: Hook { tokens: vec![Secret::new("token")], basic: None, ..Hook::default() },
        plugins: Vec::new(),
        run_all: false,
        connections: Vec::new(),
        folders: Vec::new(),
        badges: None,
    };
    // Its component is not there, so whatever it wants waits.
    let plugin = config::Plugin {
        name: "vote".parse().unwrap(),
        component: "majority-vote".parse().unwrap(),
        settings: "{}".to_owned(),
        allow: Vec::new(),
        connections: Vec::new(),
        folders: Vec::new(),
        projects: Vec::new(),
        recipients: None,
        on: None,
        from: None,
        limits: config::GuestLimits::default(),
        line: 1,
        setting_lines: Vec::new(),
    };
    Project { config, plugins: vec![Bound { config: Arc::new(plugin), component: None }], platform: Arc::new(Nowhere) }
}

/// The same, guarded by a name and a password; by `token` too where `token` is true.
pub fn guarded(name: &str, token: bool) -> Project {
    let mut project = project(name, PlatformKind::Pybossa, name);
    project.config.hook.basic = Some(Basic { user: "ann".to_owned(), passwords: vec![Secret::new("pass")] });
    if !token {
        project.config.hook.tokens.clear();
    }
    project
}

/// A running receiver.
pub struct Door {
    pub store: Arc<Moody>,
    pub address: SocketAddr,
    metrics: Metrics,
    shutdown: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
}

impl Door {
    /// Opens the hooks of the projects that most tests use, with the limits as they are by default.
    pub async fn open() -> Self {
        Self::with(|_| {}).await
    }

    /// The same with other limits.
    pub async fn with(change: impl FnOnce(&mut Limits)) -> Self {
        let projects = [
            project("birds", PlatformKind::Pybossa, "birds"),
            project("cats", PlatformKind::Appen, "4242"),
            guarded("basic", false),
            guarded("both", true),
        ];
        Self::of(projects, change).await
    }

    /// The same with other projects.
    pub async fn of(projects: impl IntoIterator<Item = Project>, change: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = Limits::default();
        change(&mut limits);
        let registry = Arc::new(Registry::default());
        let projects = projects.into_iter().map(|project| (project.config.name.clone(), Arc::new(project))).collect();
        registry.swap(Catalogue { projects, ..Catalogue::default() });
        let store = Arc::new(Moody::new(limits.waiting_max));
        let inbox = Inbox::new(store.clone(), Clock::System);
        let metrics = Metrics::default();
        let receiver = Receiver::new(registry, inbox, store.clone(), (&limits, &"http://127.0.0.1:8080".parse().unwrap(), &metrics));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, signal) = oneshot::channel();
        let served = tokio::spawn(async move {
            receiver
                .serve(listener, async {
                    signal.await.unwrap_or(());
                })
                .await;
        });
        Self { store, address, metrics, shutdown: Some(shutdown), served }
    }

    pub async fn connect(&self) -> Client {
        Client { stream: TcpStream::connect(self.address).await.unwrap(), buffer: Vec::new() }
    }

    /// A connection whose own end holds few bytes.
    pub async fn connect_narrow(&self) -> Client {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        Client { stream: socket.connect(self.address).await.unwrap(), buffer: Vec::new() }
    }

    /// Sends one request over a connection of its own.
    pub async fn ask(&self, request: impl AsRef<[u8]>) -> Reply {
        self.connect().await.ask(request).await
    }

    pub fn counts(&self) -> Report {
        Report::of(&self.metrics)
    }

    /// Begins to shut down.
    pub fn shut(&mut self) {
        self.shutdown.take().unwrap().send(()).unwrap();
    }

    /// Shuts down, waits until every connection has ended, and says what was counted.
    pub async fn shut_down(mut self) -> Report {
        if self.shutdown.is_some() {
            self.shut();
        }
        tokio::time::timeout(PATIENCE, self.served).await.unwrap().unwrap();
        Report::of(&self.metrics)
    }
}

/// What came in and what became of it.
#[derive(Debug)]
pub struct Report {
    pub accepted: u64,
    pub repeated: u64,
    pub folded: u64,
    pub ignored: u64,
    pub unreadable: u64,
    pub superseded: u64,
    counts: BTreeMap<String, u64>,
}

impl Report {
    fn of(metrics: &Metrics) -> Self {
        let counts = metrics.counts();
        let of = |outcome| counts.get(outcome).copied().unwrap_or(0);
        Self {
            accepted: of("accepted"),
            repeated: of("repeated"),
            folded: of("folded"),
            ignored: of("ignored"),
            unreadable: of("unreadable"),
            superseded: of("superseded"),
            counts,
        }
    }

    /// How many requests were refused for this reason, which must be one of those there are.
    pub fn refused_for(&self, reason: &str) -> u64 {
        self.counts[&format!("refused.{reason}")]
    }
}

/// One connection.
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// One response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }
}

impl Client {
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Sends as much as the other side takes.
    pub async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        tokio::time::timeout(PATIENCE, self.stream.write_all(bytes.as_ref())).await.unwrap().is_ok()
    }

    pub async fn ask(&mut self, request: impl AsRef<[u8]>) -> Reply {
        self.send(request.as_ref()).await;
        self.reply(request.as_ref().starts_with(b"HEAD ")).await
    }

    pub async fn reply(&mut self, to_head: bool) -> Reply {
        let reply = tokio::time::timeout(PATIENCE, self.read_reply(to_head)).await;
        reply.unwrap().expect("the connection was closed without an answer")
    }

    async fn read_reply(&mut self, to_head: bool) -> Option<Reply> {
        let end = loop {
            if let Some(end) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end;
            }
            if !self.read().await {
                return None;
            }
        };
        let head = String::from_utf8(self.buffer.drain(..end + 4).collect()).unwrap();
        let mut reply = Reply { status: head[9..12].parse().unwrap(), head, body: String::new() };
        let length: usize = reply.header("content-length").map_or(0, |length| length.parse().unwrap());
        if !to_head {
            while self.buffer.len() < length {
                assert!(self.read().await, "the body broke off");
            }
            reply.body = String::from_utf8(self.buffer.drain(..length).collect()).unwrap();
        }
        Some(reply)
    }

    async fn read(&mut self) -> bool {
        let read = self.stream.read_buf(&mut self.buffer).await;
        read.is_ok_and(|bytes| bytes > 0)
    }

    /// Whether nothing has come in that was not asked for.
    pub fn is_silent(&mut self) -> bool {
        let read = self.stream.try_read_buf(&mut self.buffer);
        read.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock) && self.buffer.is_empty()
    }

    /// Waits until the other side closes, without another answer.
    pub async fn closed(&mut self) {
        while tokio::time::timeout(PATIENCE, self.read()).await.unwrap() {}
        assert_eq!(String::from_utf8_lossy(&self.buffer), "", "nothing was to be said before closing");
    }
}

/// A PYBOSSA post to `path`.
pub fn post(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: h\r\nAccept: text/plain\r\nContent-type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// What PYBOSSA says of a completed task of `project`.
pub fn completed(project: &str, task: u64, result: u64) -> String {
    format!(
        r#"{{"event": "task_completed", "project_short_name": "{project}", "project_id": 1, "task_id": {task}, "result_id": {result}, "fired_at": "2026-11-21 19:29:25"}}"#
    )
}

/// An Appen post to `path`.
pub fn post_form(path: &str, content_type: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: h\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}
