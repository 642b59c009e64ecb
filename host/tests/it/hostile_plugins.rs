//! Plugins that do harm, each in its own way, beside one that does as it should: no event is lost, each is stopped for a reason that has a
//! name, the host's memory has a bound, and the good one is never stopped for what the others do.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crowdhook::id::Scope;
use crowdhook::practice::appen::Signal;
use crowdhook::practice::{Fault, Pybossa, Seed};
use crowdhook::store::{Store, Totals};
use serde_json::json;

use crate::harness::folder::{Folder, JOB, SIGNING_TOKEN};
use crate::harness::patience::until;
use crate::harness::peek::{self, Kept};
use crate::harness::process::Process;
use crate::harness::soak::number;
use crate::harness::wire;

/// The project of the good plugin, and its job.
const GOOD: (&str, i64) = ("cats", JOB);
/// That of the bad ones that trap, and are held in the end.
const TRAPPING: (&str, i64) = ("dogs", JOB + 1);
/// That of the bad ones that do not.
const LOUD: (&str, i64) = ("mice", JOB + 2);
/// One without plugins.
const EMPTY: (&str, i64) = ("fish", JOB + 3);
/// The bad ones, how a run of each ends, and words of the reason.
const BAD: [(&str, &str, &str); 6] = [
    ("spins", "trapped", "it used up its 100 ms of CPU time (`cpu_ms`)"),
    ("hoards", "trapped", "it wanted more than its 64 MiB of memory (`memory_mib`)"),
    ("digs", "trapped", "out of bounds memory access"),
    ("traps", "trapped", "unreachable"),
    ("overflows", "rejected", "one call may ask for 100 effects"),
    ("floods", "ok", ""),
];
/// Reads from a platform that takes its time, in a project there.
const SLEEPS: (&str, &str, &str) = ("hangs", "trapped", "it took longer than 700 ms (`wall_ms`)");
/// The platform takes so long for each answer.
const PLATFORM_TAKES: Duration = Duration::from_millis(300);
const LIMITS: &str = "quarantine_after = 6\n[limits.guest]\ncpu_ms = 100\nwall_ms = 700\n";
/// Tasks of the slow platform: enough for it to be held.
const SLOW_TASKS: usize = 6;
/// How often the result of the good one is looked for.
const LOOK: Duration = Duration::from_millis(1);
/// What the host may take beyond its sandboxes: eight on a machine of two cores, and one for each further core, of 64 MiB each.
const MEMORY_BYTES_MAX: u64 = 256 << 20;
const SANDBOX_BYTES: u64 = 64 << 20;

/// How long the good plugin took for its events, from post to record, sorted.
struct Latencies(Vec<Duration>);

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |of_100: usize| self.0[(self.0.len() - 1) * of_100 / 100].as_secs_f64() * 1e3;
        write!(f, "median {:.1} ms, p99 {:.1} ms", at(50), at(99))
    }
}

struct Stage {
    folder: Folder,
    server: Pybossa,
    host: Process,
    store: Arc<dyn Store>,
    posted: i64,
    memory_bytes: u64,
}

impl Stage {
    async fn start() -> Self {
        let server = Pybossa::start(Seed { rate_limit: None, ..Seed::empty() }).await.unwrap();
        server.add_project("birds");
        let folder = Folder::with(LIMITS);
        folder.component("counts");
        folder.component("hangs");
        // It says for ever what it is, so it comes to no project.
        folder.component("slow-describe");
        for (bad, ..) in BAD {
            folder.component(bad);
        }
        folder.appen_of(GOOD.0, GOOD.1, "[plugins.counts]\n");
        for (project, job) in [TRAPPING, LOUD, EMPTY] {
            let plugins = BAD.iter().filter(|(_, ends, _)| home(ends).0 == project);
            let plugins: String = plugins.map(|(bad, ..)| format!("[plugins.{bad}]\nallow = [\"events\"]\n")).collect();
            folder.appen_of(project, job, &plugins);
        }
        folder.pybossa("birds", &server, "[plugins.hangs]\n");
        let host = Process::start(&folder).await;
        let store = folder.read_store();
        Self { folder, server, host, store, posted: 0, memory_bytes: 0 }
    }

    /// Posts events to the good plugin, one after another, and before each one to every project of `beside`.
    async fn measure(&mut self, events: usize, beside: &[(&str, i64)]) -> Latencies {
        let scope = Scope { project: GOOD.0.parse().unwrap(), plugin: "counts".parse().unwrap() };
        let mut all = Vec::new();
        for _ in 0..events {
            self.posted += 1;
            for other in beside {
                self.post(*other).await;
            }
            let began = Instant::now();
            self.post(GOOD).await;
            let key = format!("task/{}", self.posted);
            while self.store.get_state(&scope, &key).await.unwrap().is_none() {
                assert!(began.elapsed() < Duration::from_secs(60), "the good plugin has no turn:\n{}", self.host.log());
                tokio::time::sleep(LOOK).await;
            }
            all.push(began.elapsed());
            self.memory_bytes = self.memory_bytes.max(self.host.memory_bytes());
        }
        all.sort_unstable();
        Latencies(all)
    }

    async fn post(&self, (project, job): (&str, i64)) {
        let payload = json!({
            "id": self.posted, "job_id": job, "state": "finalized", "judgments_count": 1, "updated_at": "2026-11-21T10:00:00+00:00",
            "data": {}, "results": {"judgments": []},
        });
        let request = wire::signal(&Folder::hook(project), &Signal::UnitComplete, &payload.to_string(), SIGNING_TOKEN);
        assert_eq!(wire::send(self.folder.listen, request).await.unwrap().status, 200);
    }

    /// Lets the slow platform complete tasks.
    async fn complete_slowly(&self) {
        let project = self.server.project_id("birds").unwrap();
        for _ in 0..SLOW_TASKS {
            let task = self.server.add_task("birds", json!({}), 1).unwrap();
            self.server.answer(task, "ada", json!({"animal": "cat"})).unwrap();
            let result = self.server.result_of(task).unwrap()["id"].as_i64().unwrap();
            let request = wire::completed(&Folder::hook("birds"), "birds", project, task, result);
            assert_eq!(wire::send(self.folder.listen, request).await.unwrap().status, 200);
        }
        self.server.fault(Fault::Slow(PLATFORM_TAKES));
    }

    /// Waits until each that traps is held.
    async fn held(&self) {
        let mut trapping: Vec<_> = BAD.iter().chain([&SLEEPS]).filter(|(_, ends, _)| *ends == "trapped").map(|(bad, ..)| *bad).collect();
        trapping.sort_unstable();
        until("those that trap are held", async || {
            let mut held: Vec<_> = self.store.quarantined().await.unwrap().iter().map(|held| held.scope.plugin.to_string()).collect();
            held.sort_unstable();
            held == trapping
        })
        .await;
    }

    /// Stops the host, and looks at every event.
    async fn end(self) -> Totals {
        let log = std::fs::read_to_string(self.folder.path("host.log")).unwrap();
        assert!(log.contains("`describe` failed"), "{log}");
        let status = self.host.stop().await;
        assert!(status.success(), "the host ended with {status}");
        let events = peek::events(self.store.as_ref()).await;
        let of = |project: &str| -> Vec<&Kept> { events.iter().filter(|kept| kept.event.project.as_str() == project).collect() };
        for kept in of(GOOD.0) {
            assert_eq!(kept.outcomes(), ["ok"], "the good plugin runs once for each event, and is never stopped");
        }
        for (bad, ends, reason) in BAD {
            let runs: Vec<_> =
                of(home(ends).0).into_iter().flat_map(|kept| &kept.runs).filter(|(plugin, _)| plugin.as_str() == bad).collect();
            assert!(!runs.is_empty(), "`{bad}` has run");
            // What was claimed before it was held did not run any more.
            for (_, run) in runs.into_iter().filter(|(_, run)| run.reason != "the plugin is held") {
                assert!(run.outcome == ends && run.reason.contains(reason), "`{bad}`: {} {}", run.outcome, run.reason);
            }
        }
        let slow = of("birds");
        let slept =
            slow.iter().flat_map(|kept| &kept.runs).filter(|(_, run)| run.outcome == SLEEPS.1 && run.reason.contains(SLEEPS.2)).count();
        assert!(slept > 0, "{slow:?}");
        self.store.totals().await.unwrap()
    }
}

/// The project of a bad plugin whose runs end like this.
fn home(ends: &str) -> (&'static str, i64) {
    if ends == "trapped" { TRAPPING } else { LOUD }
}

/// Measures the good plugin alone, beside bad ones, and with those held, and says what was found.
async fn run(events: usize) -> String {
    let mut stage = Stage::start().await;
    let alone = stage.measure(events, &[EMPTY]).await;
    stage.complete_slowly().await;
    let beside = stage.measure(events, &[TRAPPING, LOUD]).await;
    stage.held().await;
    let after = stage.measure(events, &[TRAPPING]).await;
    let (posted, memory_bytes) = (stage.posted, stage.memory_bytes);
    let totals = stage.end().await;
    let all = posted.unsigned_abs() + 4 * events as u64 + SLOW_TASKS as u64;
    assert_eq!(totals.events, all, "each event that was answered 200 is there: {totals:?}");
    let cores = std::thread::available_parallelism().unwrap().get() as u64;
    assert!(memory_bytes < MEMORY_BYTES_MAX + (6 + cores) * SANDBOX_BYTES, "the host took {memory_bytes} bytes");
    format!("the good plugin alone: {alone}; beside bad ones: {beside}; with those held: {after}; at most {} MiB", memory_bytes >> 20)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_plugin_goes_on_beside_bad_ones_that_are_named_and_held() {
    run(20).await;
}

#[ignore = "takes minutes: `cargo xtask soak hostile-plugins`"]
#[tokio::test(flavor = "multi_thread")]
async fn soak() {
    println!("{}", run(number("EVENTS", 1_000)).await);
}
