//! The admin API over real sockets, and the command line that asks it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use crowdhook::admin::{self, Admin};
use crowdhook::backfill::Backfill;
use crowdhook::clock::{Clock, Timestamp};
use crowdhook::config::GuestLimits;
use crowdhook::config::load::{self, Context, Env};
use crowdhook::connection::services::Services;
use crowdhook::effect::NewTask;
use crowdhook::event::{Event, EventKind, Origin, PlatformKind, Standing};
use crowdhook::id::EventId;
use crowdhook::inbox::Inbox;
use crowdhook::missed::Missed;
use crowdhook::platform::{Answer, Platform, PlatformError, ProjectInfo, ResultRow, Snapshot, Task, TaskKey, WorkerInfo};
use crowdhook::plugin::registry::{Bound, Catalogue, LoadStatus, Project, Registry, Status};
use crowdhook::secret::Secret;
use crowdhook::store::sqlite::{Options, SqliteStore};
use crowdhook::store::{Acceptance, Again, Finished, Outcome, Run, Store};
use crowdhook::telemetry::Metrics;
use serde_json::{Value, json};
use tokio::sync::oneshot;

pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";
pub const EVENT: &str = "01981f7e-5c3a-7cc0-8e7f-0242ac120002";

fn moment() -> Timestamp {
    "2026-11-21T19:29:25Z".parse().unwrap()
}

/// A store in `folder` with room for two invocations that wait, and `events` events, which a plugin gave up on.
async fn dead_letters(folder: &Path, events: u32) -> Arc<dyn Store> {
    let options = Options { waiting_max: 2, clock: Clock::manual(moment()), ..Options::default() };
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder, options).unwrap());
    for number in 1..=events {
        let id = if number == 1 { EVENT.parse().unwrap() } else { EventId::new() };
        give_up(store.as_ref(), id, number).await;
    }
    store
}

async fn give_up(store: &dyn Store, id: EventId, number: u32) {
    let event = Event {
        id,
        project: "birds".parse().unwrap(),
        platform: PlatformKind::Pybossa,
        kind: EventKind::TASK_COMPLETED,
        task: Some("7".to_owned()),
        occurred_at: moment(),
        received_at: moment(),
        origin: Origin::Live,
        emitted_by: None,
        root: id,
        depth: 0,
        payload: r#"{"task_id":7}"#.to_owned(),
    };
    let (standing, again) = (Standing::Accepted, Again::Never);
    let plugins = vec!["vote".parse().unwrap()];
    let dedup_key = format!("task.completed/7/{number}");
    store.accept(vec![Acceptance { event, standing, dedup_key, freshness: None, again, plugins, snapshot: None }]).await.unwrap();
    let claimed = store.claim(1, 1, Duration::from_secs(60)).await.unwrap().remove(0);
    let run = Run {
        component: None,
        settings: None,
        started_at: moment(),
        duration_ms: 12,
        cpu_ms: 3,
        memory_bytes: Some(1_500_000),
        outcome: "rejected".to_owned(),
        reason: "no quorum".to_owned(),
        log: r#"[{"level":"info","message":"two of five"}]"#.to_owned(),
        read: "{}".to_owned(),
    };
    assert_eq!(store.finish(claimed.lease, Outcome::Dead, run).await.unwrap(), Finished::Recorded);
}

/// Is asked nothing.
struct Silent;

fn silent<T>() -> Result<T, PlatformError> {
    Err(PlatformError::Missing { why: "nothing is here".to_owned() })
}

#[async_trait::async_trait]
impl Platform for Silent {
    fn address(&self) -> &'static str {
        "https://crowd.example.org"
    }
    async fn snapshot(&self, _: &Event) -> Result<Snapshot, PlatformError> {
        silent()
    }
    async fn project(&self) -> Result<ProjectInfo, PlatformError> {
        silent()
    }
    async fn task(&self, _: &str) -> Result<Option<Task>, PlatformError> {
        silent()
    }
    async fn answers(&self, _: &str, _: Option<&str>) -> Result<Vec<Answer>, PlatformError> {
        silent()
    }
    async fn result(&self, _: &str) -> Result<Option<ResultRow>, PlatformError> {
        silent()
    }
    async fn worker(&self, _: &str) -> Result<Option<WorkerInfo>, PlatformError> {
        silent()
    }

    async fn address_of_worker(&self, _: &str) -> Result<Option<String>, PlatformError> {
        silent()
    }
    async fn save_result(&self, _: &str, _: Option<&str>, _: &str) -> Result<String, PlatformError> {
        silent()
    }
    async fn create_task(&self, _: &NewTask, _: TaskKey) -> Result<String, PlatformError> {
        silent()
    }
    async fn raise_redundancy(&self, _: &str, _: u32) -> Result<String, PlatformError> {
        silent()
    }
}

fn broken(file: &str, name: Option<&str>) -> LoadStatus {
    LoadStatus {
        file: PathBuf::from(file),
        name: name.map(str::to_owned),
        version: None,
        digest: None,
        since: None,
        last_error: Some((moment(), "not a component".to_owned())),
        warnings: Vec::new(),
    }
}

/// One file that is broken from the start, one project whose new version is.
fn loads() -> Status {
    Status {
        components: vec![broken("plugins/tweet.wasm", None)],
        projects: vec![broken("projects/birds.toml", Some("birds")), broken("projects/Bats.toml", None)],
        folders: Vec::new(),
    }
}

fn birds() -> Project {
    let text = "[platform]\nkind = \"pybossa\"\nurl = \"https://crowd.example.org\"\nproject = \"birds\"\napi_key = { env = \"KEY\" }\n\
                [hook]\ntoken = { env = \"TOKEN\" }\n[plugins.vote]\ncomponent = \"majority-vote\"\n";
    let env = Env::of(&[("KEY", "the-api-key-must-not-show"), ("TOKEN", "the-hook-token-must-not-show")]);
    let context = Context { env, guest: GuestLimits::default(), own_folders: Vec::new() };
    let file = Path::new("projects/birds.toml");
    let (config, _) = load::project_from_text("birds".parse().unwrap(), file, text, Path::new(""), &context).unwrap();
    let plugins = config.plugins.iter().map(|plugin| Bound { config: Arc::new(plugin.clone()), component: None }).collect();
    Project { config, plugins, platform: Arc::new(Silent) }
}

/// A host's admin listener, in a thread of its own until it is dropped.
pub struct Running {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.take().unwrap().send(()).ok();
        self.thread.take().unwrap().join().unwrap();
    }
}

pub fn start() -> Running {
    start_with(1)
}

/// An event came in before.
fn counted() -> Metrics {
    let metrics = Metrics::default();
    let birds = "birds".parse().unwrap();
    metrics.event_came((&birds, PlatformKind::Pybossa), &EventKind::TASK_COMPLETED, "accepted", EventId::new());
    metrics
}

/// With so many dead letters.
fn start_with(dead: u32) -> Running {
    let (stop, stopped) = oneshot::channel();
    let (tell, told) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let registry = Registry::default();
            let mut catalogue = Catalogue { status: loads(), ..Catalogue::default() };
            catalogue.projects.insert("birds".parse().unwrap(), Arc::new(birds()));
            registry.swap(catalogue);
            let clock = Clock::manual(moment());
            clock.advance(Duration::from_secs(90));
            let store = dead_letters(folder.path(), dead).await;
            let inbox = Inbox::new(Arc::clone(&store), clock.clone());
            let admin = Admin {
                backfill: Backfill::new(Arc::clone(&store), Missed::new(Arc::clone(&store), inbox.clone())),
                inbox,
                store,
                registry: Arc::new(registry),
                metrics: counted(),
                token: Secret::new(TOKEN),
                clock,
                started_at: moment(),
                public_url: "https://hooks.example.org".parse().unwrap(),
                links: admin::Links::default(),
                services: Services::new(Clock::System),
                tls: None,
            };
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            let shutdown = async { drop(stopped.await) };
            admin::serve(listener, admin, shutdown).await.unwrap();
        });
    });
    Running { address: told.recv().unwrap(), stop: Some(stop), thread: Some(thread) }
}

/// Sends a request as it stands; gives the status, the head, and the body.
fn send(address: SocketAddr, request: &str) -> (u16, String, Value) {
    let (status, head, body) = send_for_text(address, request);
    (status, head.to_lowercase(), serde_json::from_str(&body).unwrap_or_else(|_| panic!("{head}\n{body}")))
}

/// The same, for whatever the body is.
pub fn send_for_text(address: SocketAddr, request: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_owned(), body.to_owned())
}

pub fn get(running: &Running, path: &str) -> (u16, Value) {
    let (status, _, body) =
        send(running.address, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"));
    (status, body)
}

#[test]
fn who_has_no_token_is_refused() {
    let running = start();
    for header in ["", "Authorization: Bearer\r\n", "Authorization: Bearer wrong\r\n", "Authorization: Basic 0123\r\n"] {
        for path in ["/v1/status", "/v1/nothing"] {
            let (status, head, body) = send(running.address, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n"));
            assert_eq!(status, 401, "{header}");
            assert!(head.contains("www-authenticate: bearer"), "{head}");
            assert_eq!(body["error"], "the admin token is missing or wrong");
            assert!(body["help"].as_str().unwrap().contains("admin-token"));
        }
    }
    let twice = format!("GET /v1/status HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nAuthorization: Bearer x\r\n\r\n");
    assert_eq!(send(running.address, &twice).0, 401);
}

#[test]
fn a_foreign_name_is_refused_even_with_the_token() {
    let running = start();
    for host in ["evil.example", "evil.example:8081", "10.0.0.1", ""] {
        let (status, _, body) =
            send(running.address, &format!("GET /v1/status HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"));
        assert_eq!(status, 421, "{host}: {body}");
    }
    for host in ["localhost:1", "127.0.0.1", "[::1]:8081"] {
        let (status, head, _) =
            send(running.address, &format!("GET /v1/status HTTP/1.1\r\nHost: {host}\r\nAuthorization: bearer {TOKEN}\r\n\r\n"));
        assert_eq!(status, 200, "{host}");
        assert!(head.contains("cache-control: no-store"), "{head}");
    }
}

#[test]
fn other_paths_and_methods_are_refused() {
    let running = start();
    for path in ["/v1", "/v1/nothing", "/v1/plugins/none", "/v1/events/01981f7e-5c3a-7cc0-8e7f-0242ac120003"] {
        let (status, body) = get(&running, path);
        assert_eq!(status, 404, "{path}");
        assert!(body["error"].is_string() && body["help"].is_string(), "{body}");
    }
    for path in ["/v1/events/7", "/v1/dead?limit=0", "/v1/dead?limit=1001", "/v1/dead?limit=x"] {
        assert_eq!(get(&running, path).0, 400, "{path}");
    }
    let post = format!("POST /v1/status HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 0\r\n\r\n");
    let (status, head, body) = send(running.address, &post);
    assert_eq!((status, body["error"].as_str().unwrap()), (405, "this path does not take that method"));
    assert!(head.contains("allow: get"), "{head}");
}

#[test]
fn a_page_of_another_origin_may_not_change_anything() {
    let running = start();
    let post = |headers: &str, body: &str| {
        let length = body.len();
        let request = format!(
            "POST /v1/dead/replay HTTP/1.1\r\nHost: localhost:{}\r\nAuthorization: Bearer {TOKEN}\r\n{headers}Content-Length: {length}\r\n\r\n{body}",
            running.address.port()
        );
        let (status, _, body) = send(running.address, &request);
        (status, body["error"].as_str().unwrap_or_default().to_owned())
    };
    let json = "Content-Type: application/json\r\n";
    for foreign in
        ["Origin: https://evil.example\r\n", "Origin: null\r\n", "Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n"]
    {
        assert_eq!(post(&format!("{json}{foreign}"), "{}"), (403, "this was asked by a page of another origin".to_owned()), "{foreign}");
    }
    assert_eq!(post("", "{}").0, 415, "a form can be posted from anywhere, JSON cannot");
    assert_eq!(post(json, r#"{"plugni": "vote"}"#).0, 422);
    assert_eq!(post(json, "{").0, 400);
    let large = format!("{{\"reason\": \"{}\"}}", "x".repeat(70_000));
    assert_eq!(post(json, &large).0, 413);
    let own = format!("{json}Origin: http://localhost:{}\r\nSec-Fetch-Site: same-origin\r\n", running.address.port());
    assert_eq!(post(&own, "{}").0, 200);
}

#[test]
fn a_replay_is_asked_for_by_a_post_alone() {
    let running = start();
    for path in ["/v1/dead/replay", &format!("/v1/events/{EVENT}/replay"), "/v1/projects/birds/plugins/vote/release"] {
        assert_eq!(get(&running, path).0, 405, "{path}");
    }
    let (_, body) = get(&running, "/v1/dead");
    assert_eq!(body["dead"].as_array().unwrap().len(), 1);
}

#[test]
fn what_only_looks_like_what_is_wanted_is_refused() {
    let running = start();
    // Read by the order of its members, a list would be all dead letters, and any event.
    for path in ["/v1/dead/replay", &format!("/v1/events/{EVENT}/replay"), "/v1/projects/birds/hook", "/v1/projects/birds/backfill"] {
        for body in [json!([]), json!([null, null]), json!(null), json!("birds")] {
            let (status, answer) = post(&running, path, &body);
            assert_eq!(status, 422, "{path} {body}: {answer}");
            assert!(answer["error"].as_str().unwrap().contains("expected a JSON object"), "{answer}");
        }
    }
    let unknown = json!({ "dry_run": true, "progress": { "first": 0, "at": 0, "last": 0, "lats": 1 } });
    assert_eq!(post(&running, "/v1/projects/birds/backfill", &unknown).0, 422);
    for rows in [0, 101] {
        assert_eq!(post(&running, "/v1/projects/birds/backfill", &json!({ "rows": rows })).0, 400, "{rows}");
    }
    for path in ["/v1/events?standing=", "/v1/events?project=%20birds", "/v1/deliveries?id=", "/v1/events?before=-1", "/v1/tail?wait_s=21"]
    {
        assert_eq!(get(&running, path).0, 400, "{path}");
    }
    for url in [" https://hooks.example.org/", "HTTPS://hooks.example.org/", "ftp://hooks.example.org/", "https:hooks.example.org"] {
        assert_eq!(post(&running, "/v1/projects/birds/hook", &json!({ "url": url })).0, 400, "{url}");
    }
}

#[test]
fn lines_behind_the_last_number_of_all_are_none() {
    let running = start();
    let (status, lines) = get(&running, &format!("/v1/tail?wait_s=0&after={}", u64::MAX));
    assert_eq!((status, &lines["lines"], &lines["next"]), (200, &json!([]), &json!(u64::MAX)));
}

#[test]
fn health_takes_no_other_method_with_or_without_a_token() {
    let running = start();
    for path in ["/health", "/ready"] {
        for method in ["POST", "PUT", "DELETE"] {
            let (status, head, _) = send(running.address, &format!("{method} {path} HTTP/1.1\r\nHost: lb.example.org\r\n\r\n"));
            assert_eq!(status, 405, "{method} {path}");
            assert!(head.contains("allow: get"), "{head}");
        }
    }
}

/// What a POST of JSON is answered, with its status.
pub fn post(running: &Running, path: &str, json: &Value) -> (u16, Value) {
    let body = json.to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let (status, _, body) = send(running.address, &request);
    (status, body)
}

#[test]
fn what_waits_is_given_up_page_by_page() {
    let running = start_with(3);
    assert_eq!(post(&running, "/v1/dead/replay", &json!({})).0, 200);
    let give_up = |query: &str, wanted: Value| post(&running, &format!("/v1/invocations/give-up{query}"), &wanted);
    for (query, wanted, (code, why)) in [
        ("", json!({ "state": "dead" }), (400, "that has ended already")),
        ("", json!({ "plugni": "vote" }), (422, "unknown field `plugni`")),
        ("", json!([null, null]), (422, "expected a JSON object")),
        ("?project=birds", json!({}), (400, "unknown field `project`")),
        ("?limit=0", json!({}), (400, "`limit` is no number from 1 to 500")),
    ] {
        let (status, refused) = give_up(query, wanted);
        assert_eq!(status, code, "{query}: {refused}");
        assert!(refused["error"].as_str().unwrap().contains(why), "{refused}");
    }
    assert_eq!(give_up("", json!({ "project": "bees" })), (200, json!({ "given_up": 0 })));
    let (status, first) = give_up("?limit=1", json!({ "project": "birds" }));
    assert_eq!((status, &first["given_up"]), (200, &1.into()));
    let next = first["next"].as_i64().unwrap();
    assert_eq!(give_up(&format!("?before={next}"), json!({ "project": "birds" })), (200, json!({ "given_up": 1 })));
    let (_, body) = get(&running, "/v1/dead?reason=given%20up%20by%20the%20operator");
    assert_eq!(body["dead"].as_array().unwrap().len(), 2);
}

#[test]
fn the_command_gives_up_what_is_named_and_what_fits() {
    let running = start_with(1);
    assert_eq!(post(&running, "/v1/dead/replay", &json!({})).0, 200);
    let says = |arguments: &[&str]| {
        let output = asks(&running, arguments);
        (output.status.code().unwrap(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let one = format!("{EVENT}/vote");
    for (arguments, code, words) in [
        (&["invocation", "give-up"][..], 1, "it is not said what to give up"),
        (&["invocation", "give-up", &one, "--all"], 2, "cannot be used with '--all'"),
        (&["invocation", "give-up", "--project", "bees"], 1, "nothing that fits waits"),
        (&["invocation", "give-up", "--state", "done"], 1, "only what is `waiting` or `parked` can be given up"),
        (&["delivery", "give-up", "--all"], 1, "`crowdhook delivery list --state waiting` shows what there is"),
        (&["invocation", "give-up", &one], 0, "1 invocation given up\n"),
        (&["invocation", "give-up", &one, "--json"], 0, "\"given_up\": 0"),
        (&["dead", "list"], 0, "given up by the operator"),
    ] {
        let (found, said) = says(arguments);
        assert_eq!(found, code, "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}

#[test]
fn a_replay_that_stops_for_want_of_room_tells_what_was_replayed() {
    let running = start_with(3);
    let full = "the inbox is full: 2 invocations wait, and no more than 2 may (of one plugin three quarters of all)";
    let replayed = json!({ "invocations": 2, "deliveries": 0, "settled": 0, "stopped": full });
    assert_eq!(post(&running, "/v1/dead/replay", &json!({})), (200, replayed));
    assert_eq!(get(&running, "/v1/dead").1["dead"].as_array().unwrap().len(), 1);
    for path in ["/v1/dead/replay", &format!("/v1/events/{EVENT}/replay")] {
        let (status, body) = post(&running, path, &json!({ "plugin": "vote" }));
        let waits = path.contains("events");
        assert_eq!((status, body["error"].as_str()), if waits { (200, None) } else { (507, Some(full)) }, "{path}: {body}");
        assert!(waits || body["help"].as_str().unwrap().contains("once fewer wait"), "{body}");
    }
}

#[test]
fn a_replay_goes_step_by_step_for_who_asks_so() {
    let running = start_with(2);
    let (status, refused) = post(&running, "/v1/dead/replay?limit=0", &json!({}));
    assert_eq!((status, refused["error"].as_str()), (400, Some("the limit is 0")));
    let step = |wanted: Value| post(&running, "/v1/dead/replay?limit=1", &wanted).1;
    let first = step(json!({}));
    let until = first["until"].as_str().unwrap().to_owned();
    assert_eq!(first, json!({ "invocations": 1, "deliveries": 0, "settled": 0, "until": until }));
    assert_eq!(step(json!({ "until": until })), json!({ "invocations": 1, "deliveries": 0, "settled": 0, "until": until }));
    assert_eq!(step(json!({ "until": until })), json!({ "invocations": 0, "deliveries": 0, "settled": 0 }));
}

#[test]
fn the_command_says_that_a_replay_stopped_for_want_of_room() {
    for json in [false, true] {
        let running = start_with(3);
        let arguments = [&["dead", "replay", "--all"][..], if json { &["--json"] } else { &[] }].concat();
        let output = asks(&running, &arguments);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(1), "{err}");
        let said = if json { "\"invocations\": 2" } else { "replaying 2 invocations and 0 deliveries\n" };
        assert!(out.contains(said), "{out}");
        let why = "error: stopped: the inbox is full: 2 invocations wait, and no more than 2 may (of one plugin three quarters of all)\nhelp: the same command goes on once fewer wait";
        assert!(err.contains(why), "{err}");
    }
}

#[test]
fn who_asks_for_what_is_not_there_is_told_where_all_is_described() {
    let running = start();
    let (status, body) = post(&running, "/v1/dead/replays", &json!({}));
    assert_eq!(status, 404);
    let help = body["help"].as_str().unwrap();
    let described = help.split('`').nth(1).unwrap();
    let (status, description) = get(&running, described);
    assert_eq!(status, 200, "{help}");
    assert!(description["paths"]["/v1/dead/replay"]["post"].is_object());
}

#[test]
fn the_status_tells_what_there_is() {
    let running = start();
    let (status, body) = get(&running, "/v1/status");
    assert_eq!(status, 200);
    assert_eq!(body["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!((&body["uptime_s"], &body["started_at"]), (&json!(90), &json!("2026-11-21T19:29:25.000Z")));
    assert_eq!((&body["projects"], &body["degraded"]), (&json!(1), &json!(["birds"])));
    assert_eq!((&body["totals"]["events"], &body["counters"]["accepted"]), (&json!(1), &json!(1)));
    assert!(body["counters"]["admin_refused"].is_u64());
}

#[test]
fn a_project_is_shown_without_its_secrets() {
    let running = start();
    let (_, body) = get(&running, "/v1/projects");
    assert!(!body.to_string().contains("must-not-show"), "{body}");
    let wanted = json!([{
        "name": "birds", "file": "projects/birds.toml", "platform": "pybossa", "address": "https://crowd.example.org/",
        "platform_project": "birds", "hook": "https://hooks.example.org/hooks/birds/<token>", "since": null,
        "plugins": ["vote (majority-vote)"],
        "degraded": ["plugin `vote`: there is no component `majority-vote` in the drop folder"],
        "last_error": { "at": "2026-11-21T19:29:25.000Z", "text": "not a component" },
    }, {
        "name": null, "file": "projects/Bats.toml", "platform": null, "address": null, "platform_project": null, "hook": null, "since": null,
        "plugins": [], "degraded": [], "last_error": { "at": "2026-11-21T19:29:25.000Z", "text": "not a component" },
    }]);
    assert_eq!(body, wanted);
}

#[test]
fn a_file_that_could_not_be_loaded_is_shown() {
    let running = start();
    let (_, body) = get(&running, "/v1/plugins");
    assert_eq!((&body[0]["file"], &body[0]["last_error"]["text"]), (&json!("plugins/tweet.wasm"), &json!("not a component")));
}

#[test]
fn an_event_is_shown_with_its_runs() {
    let running = start();
    let (status, body) = get(&running, &format!("/v1/events/{EVENT}"));
    assert_eq!(status, 200);
    assert_eq!((&body["event"]["payload"], &body["standing"]), (&json!({ "task_id": 7 }), &json!("accepted")));
    assert_eq!((&body["runs"][0]["plugin"], &body["runs"][0]["log"][0]["message"]), (&json!("vote"), &json!("two of five")));
}

#[test]
fn dead_letters_are_shown() {
    let running = start();
    let (_, body) = get(&running, "/v1/dead?limit=5");
    assert_eq!((&body["dead"][0]["plugin"], &body["dead"][0]["reason"]), (&json!("vote"), &json!("no quorum")));
}

/// Runs the command in `folder`.
fn crowdhook(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_crowdhook"));
    command.args(arguments).current_dir(folder).env_remove("CROWDHOOK_LOG").env("HTTP_PROXY", "http://127.0.0.1:9").output().unwrap()
}

/// What a command says where the host of `running` runs; its exit code must be 0.
fn says(running: &Running, arguments: &[&str]) -> String {
    let output = asks(running, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What comes of a command where the host of `running` runs.
fn asks(running: &Running, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::write(folder.path().join("data/admin-token"), format!("{TOKEN}\n")).unwrap();
    std::fs::write(folder.path().join("crowdhook.toml"), format!("admin = \"{}\"\n", running.address)).unwrap();
    crowdhook(folder.path(), arguments)
}

#[test]
fn the_command_line_asks_a_running_host() {
    let running = start();
    let status = says(&running, &["status"]);
    assert!(status.contains("up for 1 min 30 s") && status.contains("events: 1 (0 set aside)"), "{status}");
    assert!(status.contains("https://hooks.example.org/hooks/birds/<token>"), "{status}");
    let event = says(&running, &["event", "show", EVENT]);
    assert!(event.contains("task.completed") && event.contains("no quorum") && event.contains("info two of five"), "{event}");
    let dead = says(&running, &["dead", "list"]);
    assert!(dead.starts_with("ID ") && dead.contains("birds/vote"), "{dead}");
    let plugins = says(&running, &["plugin", "list"]);
    assert!(plugins.contains("plugins/tweet.wasm"), "{plugins}");
    let json: Value = serde_json::from_str(&says(&running, &["dead", "list", "--json"])).unwrap();
    assert_eq!(json["dead"][0]["attempts"], 1);
}

#[test]
fn a_components_file_is_looked_into_without_a_host() {
    let folder = tempfile::tempdir().unwrap();
    assert!(crowdhook(folder.path(), &["init"]).status.success());
    let output = crowdhook(folder.path(), &["plugin", "inspect", "plugins/majority-vote.wasm"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("majority-vote ") && said.contains("needs    "), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("  quorum (integer, default 1): "), "{said}");
    std::fs::write(folder.path().join("plugins/half.wasm"), b"\0asm\x01\0\0\0").unwrap();
    let said = fails(folder.path(), &["plugin", "inspect", "plugins/half.wasm"], 1);
    assert!(said.starts_with("error: `plugins/half.wasm` is no plugin\n  because: it is a core module, not a component\nhelp: "), "{said}");
    let listed = crowdhook(folder.path(), &["plugin", "list"]);
    assert!(String::from_utf8(listed.stdout).unwrap().contains("plugins/half.wasm"));
}

/// What a command says on standard error where nothing is, and its exit code.
fn fails(folder: &Path, arguments: &[&str], code: i32) -> String {
    let output = crowdhook(folder, arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{said}");
    said
}

#[test]
fn a_failure_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let said = fails(folder.path(), &["serve", "--config", "none.toml"], 1);
    assert!(said.contains("none.toml: cannot be read: there is no such file\nhelp: "), "{said}");
    assert!(said.contains("error: a problem with the settings"), "{said}");
    let said = fails(folder.path(), &["plugin", "inspect", "vote"], 1);
    assert!(said.contains("error: no host has been started with the data folder `data` yet\nhelp: "), "{said}");
    let said = fails(folder.path(), &["status", "--log", "loud=very"], 1);
    assert!(said.contains("`--log loud=very` is no level"), "{said}");
    assert!(fails(folder.path(), &["srve"], 2).contains("serve"));
    assert!(fails(folder.path(), &["event", "show", "7"], 2).contains("7"));
}

#[test]
fn a_new_folder_is_checked_and_found_well() {
    let folder = tempfile::tempdir().unwrap();
    assert!(crowdhook(folder.path(), &["init", "crowd"]).status.success());
    let crowd = folder.path().join("crowd");
    let output = crowdhook(&crowd, &["check"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "all is well: 0 projects\n");
    std::fs::copy(crowd.join("projects/birds.toml.example"), crowd.join("projects/birds.toml")).unwrap();
    let said = fails(&crowd, &["check"], 1);
    assert!(said.contains("birds.toml:10: `platform.api_key` wants the variable `BIRDS_API_KEY`, which is not set"), "{said}");
    assert!(said.contains("error: 2 errors"), "{said}");
}
