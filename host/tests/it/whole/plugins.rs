//! Plugins among themselves: events they emit, state they share with themselves, and failures that stay their own.

use std::fmt::Write as _;

use crowdhook::event::Origin;
use crowdhook::practice::appen::Signal;
use serde_json::json;

use super::Stage;
use crate::harness::folder::{Folder, JOB, SIGNING_TOKEN, VOTE, runs};
use crate::harness::patience::until;
use crate::harness::running::Running;
use crate::harness::wire;

/// A host with an Appen job, which costs no call, and these components and plugins.
async fn host(limits: &str, components: &[&str], plugins: &str) -> Running {
    let folder = Folder::with(limits);
    for component in components {
        folder.component(component);
    }
    folder.appen("cats", plugins);
    Running::start(folder).await
}

/// What Appen posts of a completed unit.
fn unit(id: i64) -> String {
    let judgment = json!({"id": id, "unit_id": id, "job_id": JOB, "worker_id": 1, "data": {"animal": "cat"}});
    let payload = json!({
        "id": id, "job_id": JOB, "state": "finalized", "judgments_count": 1, "updated_at": "2026-11-21T10:00:00+00:00",
        "data": {}, "results": {"judgments": [judgment]},
    });
    wire::signal(&Folder::hook("cats"), &Signal::UnitComplete, &payload.to_string(), SIGNING_TOKEN)
}

/// Posts this many units side by side.
async fn post_units(host: &Running, count: i64) {
    futures_util::future::join_all((1..=count).map(|id| host.post(unit(id)))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emitted_event_reaches_those_who_want_it_with_what_led_to_it() {
    let plugins = "\
[plugins.one]
component = \"echoes\"
allow = [\"events\", \"results\"]
[plugins.hears]
component = \"recurses\"
allow = [\"events\"]
on = [\"echo.*\"]
from = [\"one\"]
[plugins.deaf]
component = \"recurses\"
allow = [\"events\"]
on = [\"echo.*\"]
from = [\"nobody-else\"]
[plugins.nobody-else]
component = \"counts\"
";
    let host = host("", &["echoes", "recurses", "counts"], plugins).await;
    host.post(unit(1)).await;
    let totals = host.drained().await;
    assert_eq!(totals.dead, 0, "{:?}", host.dead_letters().await);
    let events = host.events().await;
    let kinds: Vec<_> = events.iter().map(|kept| kept.event.kind.as_str()).collect();
    // The echo is heard once, and answered with one that `from` keeps from both.
    assert_eq!(kinds, ["task.completed", "echo.heard", "echo.heard"]);
    let (root, echo) = (&events[0].event, &events[1]);
    assert_eq!(echo.event.emitted_by.as_ref().unwrap().as_str(), "one");
    assert_eq!((echo.event.root, echo.event.depth, echo.event.origin), (root.id, 1, Origin::Live));
    assert_eq!(echo.event.task.as_deref(), Some("1"));
    assert_eq!(echo.event.payload, root.payload);
    assert_eq!(echo.outcomes_of("hears"), ["ok"]);
    assert!(echo.outcomes_of("deaf").is_empty() && events[2].runs.is_empty());
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_lead_to_each_other_end_at_a_depth() {
    let one =
        |name: &str| format!("[plugins.{name}]\ncomponent = \"recurses\"\nallow = [\"events\"]\non = [\"task.completed\", \"loop.*\"]\n");
    let host = host("", &["recurses"], &(one("ping") + &one("pong"))).await;
    host.post(unit(1)).await;
    host.drained().await;
    let events = host.events().await;
    // Both begin; each hears the other, one level deeper each time, down to the eighth.
    assert_eq!(events.len(), 1 + 2 * 8);
    assert_eq!(events.iter().map(|kept| kept.event.depth).max(), Some(8));
    let dead = host.dead_letters().await;
    assert_eq!(dead.len(), 2);
    assert!(dead.iter().all(|letter| letter.reason.contains("8 deep")), "{dead:?}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn state_that_is_read_and_written_side_by_side_counts_exactly() {
    const UNITS: i64 = 60;
    let plugins = format!("{}{}{}", runs("reads-and-writes", &[]), runs("scans", &[]), runs("counts", &[]));
    let host = host("", &["reads-and-writes", "scans", "counts"], &plugins).await;
    post_units(&host, UNITS).await;
    let totals = host.drained().await;
    assert_eq!(totals.dead, 0, "{:?}", host.dead_letters().await);
    for (plugin, key) in [("reads-and-writes", "count"), ("scans", "seen-in-all"), ("counts", "count")] {
        assert_eq!(host.state("cats", plugin, key).await, Some(UNITS.to_string()), "{plugin}");
    }
    // A run that met a conflict left nothing, not even a record.
    assert_eq!(totals.runs, 3 * UNITS as u64);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_is_tried_three_times_and_then_a_dead_letter_with_reason_and_log() {
    let host =
        host("", &["traps", "rejects", "retries"], &format!("{}{}{}", runs("traps", &[]), runs("rejects", &[]), runs("retries", &[])))
            .await;
    host.post(unit(1)).await;
    until("the two that do not retry are given up", async || host.totals().await.dead >= 2).await;
    until("the trap is given up", async || host.dead_letters().await.iter().any(|letter| letter.scope.plugin.as_str() == "traps")).await;
    let event = host.the_event().await;
    assert_eq!(event.outcomes_of("traps"), ["trapped"; 3]);
    assert_eq!(event.outcomes_of("rejects"), ["rejected"]);
    let dead = host.dead_letters().await;
    let letter = |plugin: &str| dead.iter().find(|letter| letter.scope.plugin.as_str() == plugin).unwrap();
    assert_eq!((letter("traps").attempts, letter("rejects").attempts), (3, 1));
    assert!(letter("traps").reason.starts_with("gave up after 3 traps: "), "{}", letter("traps").reason);
    assert_eq!(letter("rejects").reason, format!("event {} makes no sense", event.event.id));
    let said = format!("no answer to event {} is good enough", event.event.id);
    for (_, run) in event.runs.iter().filter(|(plugin, _)| plugin.as_str() == "traps") {
        assert!(run.log.contains(&said), "{}", run.log);
        assert!(run.reason.contains("unreachable"), "{}", run.reason);
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_always_wants_another_try_is_given_up_after_its_attempts() {
    let host = host("attempts_max = 4\n", &["retries"], &runs("retries", &[])).await;
    host.post(unit(1)).await;
    host.drained().await;
    let event = host.the_event().await;
    assert_eq!(event.outcomes(), ["retry"; 4]);
    let reasons: Vec<_> = event.runs.iter().map(|(_, run)| run.reason.clone()).collect();
    assert_eq!(reasons[..3], ["attempt 1 was too early", "attempt 2 was too early", "attempt 3 was too early"]);
    assert_eq!(host.dead_letters().await[0].reason, "gave up after attempt 4 of 4: attempt 4 was too early");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plugins_that_hang_spin_hoard_or_trap_take_nothing_from_the_others() {
    const TASKS: usize = 6;
    let limits = "traps_max = 1\n[limits.guest]\nwall_ms = 60000\ncpu_ms = 20000\n";
    let mut plugins = VOTE.to_owned();
    let misbehaved = ["hangs", "spins", "hoards", "traps"];
    for name in misbehaved {
        writeln!(plugins, "{}on = [\"task.completed\"]", runs(name, &[])).unwrap();
    }
    plugins += "[plugins.hangs.limits]\nwall_ms = 600\ncpu_ms = 600\n[plugins.spins.limits]\ncpu_ms = 200\n";
    let stage = Stage::with_limits(limits, &["majority-vote", "hangs", "spins", "hoards", "traps"], &plugins).await;
    stage.server.set_rate_limit(None);
    let tasks: Vec<i64> = (0..TASKS).map(|_| stage.completed(&["red", "blue", "red"])).collect();
    for task in &tasks {
        assert_eq!(stage.result(*task).await["answer"], "red");
    }
    let totals = stage.host.drained().await;
    assert_eq!((totals.dead, totals.deliveries_dead), ((misbehaved.len() * TASKS) as u64, 0));
    let dead = stage.host.dead_letters().await;
    for (plugin, why) in [("hangs", "600 ms"), ("spins", "200 ms"), ("hoards", "64 MiB"), ("traps", "unreachable")] {
        let of_plugin: Vec<_> = dead.iter().filter(|letter| letter.scope.plugin.as_str() == plugin).collect();
        assert_eq!(of_plugin.len(), TASKS, "{plugin}");
        assert!(of_plugin.iter().all(|letter| letter.reason.contains(why)), "{plugin}: {of_plugin:?}");
    }
    // The intake answered each post, and the first time.
    assert!(stage.server.webhooks("birds").iter().all(|row| row.response_status_code == Some(200)));
    assert_eq!(stage.server.webhooks("birds").len(), TASKS);
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_what_runs_and_the_rest_waits_for_the_next_start() {
    const UNITS: i64 = 80;
    let plugins = format!("{VOTE}\n{}", runs("counts", &[]));
    let running = host("", &["majority-vote", "counts"], &plugins).await;
    post_units(&running, UNITS).await;
    let folder = running.stop().await;
    let store = folder.read_store();
    assert!(store.totals().await.unwrap().events >= UNITS as u64, "what was answered 200 is on disk");
    drop(store);

    let again = Running::start(folder).await;
    let totals = again.drained().await;
    assert_eq!((totals.events, totals.dead), (2 * UNITS as u64, 0));
    // Each unit's own event and its analysis, each once.
    for unit in 1..=UNITS {
        assert_eq!(again.state("cats", "counts", &format!("task/{unit}")).await.as_deref(), Some("2"));
        assert_eq!(again.result("cats", unit).await.unwrap().0.revision, 1);
    }
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_wait_for_a_component_that_is_not_there_yet() {
    let host = host("", &[], &runs("counts", &[])).await;
    post_units(&host, 5).await;
    let event = host.event_that("it is parked", |kept| !kept.runs.is_empty()).await;
    assert_eq!(
        (event.outcomes()[0], event.runs[0].1.reason.as_str()),
        ("parked", "there is no component `counts` in the drop folder at the moment")
    );
    let degraded = host.admin("/v1/status").await;
    assert_eq!(degraded["degraded"], json!(["cats"]));
    host.folder.component("counts");
    host.drained().await;
    assert_eq!(host.state("cats", "counts", "count").await.as_deref(), Some("5"));
    host.stop().await;
}
