//! What the host tells Prometheus, read by others' parsers; its health; and the files of `examples/operate` that build on it.

/// Alert rules and the dashboard.
mod rules;

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crowdhook::practice::pybossa::Endpoint;
use crowdhook::practice::{Fault, Pybossa, Seed};
use serde_json::{Value, json};

use crate::harness::crate_folder;
use crate::harness::engine;
use crate::harness::folder::{Folder, VOTE, free_address};
use crate::harness::part::{self, tried};
use crate::harness::patience::{eventually, until};
use crate::harness::running::Running;
use crate::harness::wire::{self, Reply};
use crate::whole::completed;

/// A host that has seen work: votes, results written back after a failure, a plugin that traps and is held, a platform's post that was
/// refused, a file that is refused.
async fn worked() -> (Pybossa, Running) {
    let server = Pybossa::start(Seed::empty()).await.unwrap();
    server.add_project("birds");
    let folder = Folder::with("quarantine_after = 1\ntraps_max = 1\n");
    folder.component("majority-vote");
    folder.component("traps");
    folder.pybossa("birds", &server, &format!("{VOTE}\n[plugins.traps]\non = [\"task.completed\"]\n"));
    folder.write("plugins/broken.wasm", "no component");
    let host = Running::start(folder).await;
    server.save_webhook("birds", &host.folder.hook_url("birds")).await.unwrap();
    server.fault_on(Endpoint::Result, Fault::ServerError, 1);
    let answers: Vec<Value> = ["red", "blue", "red"].iter().map(|animal| json!({"animal": animal})).collect();
    completed(&server, "birds", &answers);
    until("the plugin is held", async || !host.store.quarantined().await.unwrap().is_empty()).await;
    for _ in 0..2 {
        completed(&server, "birds", &answers);
    }
    until("all is done but what is held", async || {
        let totals = host.totals().await;
        (totals.events, totals.dead, totals.waiting, totals.deliveries_waiting) == (6, 1, 2, 0)
    })
    .await;
    assert_eq!(host.ask("POST /hooks/birds/wrong HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}").await.status, 404);
    assert_eq!(host.ask("GET /hooks/birds/wrong HTTP/1.1\r\nHost: x\r\n\r\n").await.status, 404);
    (server, host)
}

/// What the admin listener answers, with the token or without.
async fn ask(host: &Running, path: &str, with_token: bool) -> Reply {
    let token = std::fs::read_to_string(host.folder.data().join("admin-token")).unwrap();
    let authorization = if with_token { format!("Authorization: Bearer {}\r\n", token.trim()) } else { String::new() };
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}\r\n");
    wire::send(host.folder.admin, request).await.unwrap()
}

async fn page(host: &Running) -> String {
    let reply = ask(host, "/metrics", true).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert!(reply.head.to_lowercase().contains("content-type: application/openmetrics-text; version=1.0.0"), "{}", reply.head);
    reply.body
}

/// A file of `examples/operate`.
fn example(name: &str) -> String {
    let file = crate_folder().join("../examples/operate").join(name);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The value of a series as it stands on the page.
fn value(page: &str, series: &str) -> f64 {
    let line = page.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{series} is not there:\n{page}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_is_on_the_page() {
    let (_server, host) = worked().await;
    let page = page(&host).await;
    for (series, wanted) in [
        (r#"crowdhook_events_total{project="birds",platform="pybossa",kind="task.completed",outcome="accepted"}"#, 3.0),
        (r#"crowdhook_requests_total{outcome="stored",reason=""}"#, 3.0),
        (r#"crowdhook_requests_total{outcome="refused",reason="no-such-hook"}"#, 2.0),
        (r#"crowdhook_requests_total{outcome="refused",reason="full"}"#, 0.0),
        (r#"crowdhook_request_duration_seconds_count{outcome="stored"}"#, 3.0),
        ("crowdhook_accept_duration_seconds_count", 3.0),
        (r#"crowdhook_runs_total{project="birds",plugin="vote",outcome="ok"}"#, 3.0),
        (r#"crowdhook_runs_total{project="birds",plugin="traps",outcome="trapped"}"#, 1.0),
        (r#"crowdhook_run_duration_seconds_count{project="birds",plugin="vote"}"#, 3.0),
        ("crowdhook_handled_after_seconds_count", 3.0),
        (r#"crowdhook_delivery_attempts_total{project="birds",connection="platform",verdict="delivered"}"#, 3.0),
        (r#"crowdhook_delivery_attempts_total{project="birds",connection="platform",verdict="later"}"#, 1.0),
        (r#"crowdhook_delivery_duration_seconds_count{project="birds",connection="platform"}"#, 4.0),
        (r#"crowdhook_effect_attempts_total{effect="save-result",verdict="delivered"}"#, 3.0),
        (r#"crowdhook_effect_attempts_total{effect="save-result",verdict="later"}"#, 1.0),
        (r#"crowdhook_connection_breaker{project="birds",connection="platform"}"#, 0.0),
        ("crowdhook_delivered_after_seconds_count", 3.0),
        (r#"crowdhook_waiting{what="invocation",state="queued"}"#, 2.0),
        (r#"crowdhook_waiting{what="delivery",state="queued"}"#, 0.0),
        (r#"crowdhook_waiting_oldest_seconds{what="delivery"}"#, 0.0),
        (r#"crowdhook_dead_letters{what="invocation"}"#, 1.0),
        (r#"crowdhook_plugin_quarantined{project="birds",plugin="traps"}"#, 1.0),
        ("crowdhook_store_answers", 1.0),
        (r#"crowdhook_component_loads_total{outcome="loaded"}"#, 2.0),
        (r#"crowdhook_component_loads_total{outcome="refused"}"#, 1.0),
        (r#"crowdhook_files_refused{what="component"}"#, 1.0),
        ("crowdhook_component_compile_duration_seconds_count", 2.0),
        ("crowdhook_projects", 1.0),
    ] {
        assert_eq!(value(&page, series), wanted, "{series}\n{page}");
    }
    for series in [
        r#"crowdhook_run_cpu_seconds_total{project="birds",plugin="vote"}"#,
        r#"crowdhook_run_memory_max_bytes{project="birds",plugin="vote"}"#,
        r#"crowdhook_waiting_oldest_seconds{what="invocation"}"#,
        "crowdhook_store_commit_duration_seconds_count",
        "crowdhook_store_commit_commands_sum",
        r#"crowdhook_store_file_bytes{file="database"}"#,
        "crowdhook_store_free_bytes",
        "crowdhook_connections_opened_total",
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_max_fds",
        "process_start_time_seconds",
    ] {
        // Nobody but PostgreSQL's own machine knows how much room there is.
        if series == "crowdhook_store_free_bytes" && engine::is_postgres() {
            continue;
        }
        assert!(value(&page, series) > 0.0, "{series}\n{page}");
    }
    // The command line reads the same numbers.
    let counters = &host.admin("/v1/status").await["counters"];
    assert_eq!(
        (&counters["accepted"], &counters["refused.no-such-hook"], &counters["components_refused"]),
        (&json!(3), &json!(2), &json!(1))
    );
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strict_parser_reads_the_page_and_finds_nothing_to_mend() {
    let Some(python) = part::python("prometheus_client") else { return };
    let Some(promtool) = part::promtool() else { return };
    let (_server, host) = worked().await;
    let page = page(&host).await;
    let script = crate_folder().join("tests/python/open_metrics.py");
    let (parsed, said) = tried(&python, &[script.to_str().unwrap()], &page);
    assert!(parsed, "{said}\n{page}");
    // What it has parsed, in the older form that this one reads; its rules are those of Prometheus' makers for names, units and help.
    let (content, complaints) = tried(&promtool, &["check", "metrics"], &said);
    assert!(content, "{complaints}");
    host.stop().await;
}

/// Prometheus itself, which ends with the test.
struct Prometheus {
    child: Child,
    address: SocketAddr,
}

impl Prometheus {
    /// Scrapes `host` as `examples/operate/metrics.md` says.
    fn scraping(program: &Path, host: &Running) -> Self {
        let address = free_address();
        let (folder, config) = (host.folder.path("prometheus"), host.folder.path("prometheus/prometheus.yml"));
        let token = host.folder.data().join("admin-token");
        let told = example("metrics.md");
        let scrape = told.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
        let scrape = scrape
            .replace("127.0.0.1:8081", &host.folder.admin.to_string())
            .replace("/etc/prometheus/crowdhook-token", token.to_str().unwrap());
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(&config, format!("global:\n  scrape_interval: 1s\n{scrape}")).unwrap();
        let child = Command::new(program)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--log.level=error")
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, address }
    }

    /// What it answers to a query: each series with its value.
    async fn query(&self, query: &str) -> Vec<(Value, String)> {
        let request = format!("GET /api/v1/query?query={query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let Ok(reply) = wire::send(self.address, request).await else { return Vec::new() };
        let answer: Value = serde_json::from_str(&reply.body).unwrap_or_default();
        let series = answer["data"]["result"].as_array().cloned().unwrap_or_default();
        series.into_iter().map(|series| (series["metric"].clone(), series["value"][1].as_str().unwrap().to_owned())).collect()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_scrapes_the_host_as_the_page_on_metrics_says() {
    let Some(program) = part::prometheus() else { return };
    let (_server, host) = worked().await;
    let prometheus = Prometheus::scraping(&program, &host);
    let events = eventually("it has scraped", async || prometheus.query("crowdhook_events_total").await.pop()).await;
    assert_eq!((events.0["project"].as_str(), events.0["job"].as_str(), events.1.as_str()), (Some("birds"), Some("crowdhook"), "3"));
    assert_eq!(prometheus.query("up").await[0].1, "1");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_for_those_with_the_token_and_hold_no_secret() {
    let (_server, host) = worked().await;
    assert_eq!(ask(&host, "/metrics", false).await.status, 401);
    let page = page(&host).await;
    let secrets = std::fs::read_dir(host.folder.path("secrets")).unwrap();
    for secret in secrets.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()) {
        assert!(!page.contains(secret.trim()), "{page}");
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_told_without_the_token() {
    let (_server, host) = worked().await;
    let health = ask(&host, "/health", false).await;
    assert_eq!((health.status, health.body.as_str()), (200, "live\n"));
    let ready = ask(&host, "/ready", false).await;
    assert_eq!((ready.status, ready.body.as_str()), (200, r#"{"ready":true,"reasons":[]}"#));
    std::fs::remove_dir_all(host.folder.path("projects")).unwrap();
    until("a folder is missed", async || ask(&host, "/ready", false).await.status == 503).await;
    let ready: Value = serde_json::from_str(&ask(&host, "/ready", false).await.body).unwrap();
    let why = "a folder of plugins or projects cannot be read whole: the host's log says which";
    assert_eq!(ready, json!({ "ready": false, "reasons": [why] }));
    host.store.close().await;
    let ready: Value = serde_json::from_str(&ask(&host, "/ready", false).await.body).unwrap();
    assert_eq!(ready["reasons"][0], "the store does not answer");
    // The page tells it too.
    assert_eq!(value(&ask(&host, "/metrics", true).await.body, "crowdhook_store_answers"), 0.0);
    assert_eq!(ask(&host, "/health", false).await.status, 200);
    host.stop().await;
}
