//! What a hook did not bring is found all the same.

use std::time::Duration;

use crowdhook::clock::{Clock, Timestamp};
use crowdhook::event::{EventKind, Origin};
use crowdhook::practice::pybossa::Endpoint;
use crowdhook::practice::{Fault, Pybossa, Seed};
use serde_json::json;

use crate::harness::folder::Folder;
use crate::harness::patience::{eventually, until};
use crate::harness::peek::Kept;
use crate::harness::running::Running;
use crate::harness::wire;

/// Counts each event about a task under its id, and is granted nothing.
const COUNTS: &str = "[plugins.counts]\n";

/// A practice PYBOSSA with the project `birds`, and a host that looks for what its hook did not bring.
struct Stage {
    server: Pybossa,
    host: Running,
}

impl Stage {
    async fn new() -> Self {
        Self::on(Seed::empty()).await
    }

    async fn on(seed: Seed) -> Self {
        let server = Pybossa::start(seed).await.unwrap();
        server.add_project("birds");
        Self::with(server).await
    }

    /// On a server that knows the project already.
    async fn with(server: Pybossa) -> Self {
        let folder = Folder::reconciling();
        folder.component("counts");
        folder.pybossa("birds", &server, COUNTS);
        let stage = Self { server, host: Running::start(folder).await };
        stage.looked().await;
        stage.server.set_webhook("birds", &stage.host.folder.hook_url("birds")).unwrap();
        stage
    }

    /// Waits until the first look at the project is done.
    async fn looked(&self) {
        let project = "birds".parse().unwrap();
        until("the project was looked at", async || {
            let mark = self.host.store.mark(&project, "reconcile.rounds").await;
            mark.unwrap().is_some()
        })
        .await;
    }

    /// Stops the host, lets things happen meanwhile, and starts it again.
    async fn away(self, meanwhile: impl AsyncFnOnce(&Pybossa)) -> Self {
        let folder = self.host.stop().await;
        meanwhile(&self.server).await;
        self.server.settled().await;
        self.server.reset_calls();
        Self { host: Running::start(folder).await, ..self }
    }

    /// Waits until the plugin has handled this task, and wants it to have done so once.
    async fn counted_once(&self, task: i64) {
        let key = format!("task/{task}");
        let count = eventually(&format!("task {task} is counted"), async || self.host.state("birds", "counts", &key).await).await;
        assert_eq!(count, "1", "task {task}");
    }

    /// Waits for so many events of this kind, and gives all of them.
    async fn events(&self, kind: &EventKind, count: usize) -> Vec<Kept> {
        let of_kind = |events: Vec<Kept>| events.into_iter().filter(|kept| kept.event.kind == *kind).collect::<Vec<_>>();
        let what = format!("there are {count} events `{kind}`");
        let found = eventually(&what, async || Some(of_kind(self.host.events().await)).filter(|events| events.len() >= count)).await;
        assert_eq!(found.len(), count, "{found:#?}");
        found
    }
}

/// A task that one answer completes.
fn completed(server: &Pybossa) -> i64 {
    let task = server.add_task("birds", json!({}), 1).unwrap();
    server.answer(task, "ann", json!({"animal": "owl"})).unwrap();
    task
}

/// What PYBOSSA posts of it.
fn post(server: &Pybossa, task: i64) -> String {
    let result = server.result_of(task).unwrap()["id"].as_i64().unwrap();
    wire::completed(&Folder::hook("birds"), "birds", server.project_id("birds").unwrap(), task, result)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_completed_while_the_host_was_away_is_handled_as_if_the_hook_had_brought_it() {
    let stage = Stage::new().await;
    let before = completed(&stage.server);
    stage.counted_once(before).await;
    let mut missed = Vec::new();
    let stage = stage.away(async |server| missed.extend((0..250).map(|_| completed(server)))).await;

    let events = stage.events(&EventKind::TASK_COMPLETED, 251).await;
    assert!(events.iter().all(|kept| kept.event.origin == Origin::Live));
    for task in [&[before], missed.as_slice()].concat() {
        stage.counted_once(task).await;
    }
    // Pages of a hundred are the snapshots of their tasks; the others are whether the project is completed.
    let calls = stage.server.calls();
    let read = [Endpoint::Result, Endpoint::Task, Endpoint::TaskRun].map(|endpoint| calls.of("GET", endpoint));
    assert_eq!(read, [3, 2, 0]);
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_comes_after_all_brings_a_repeat_and_the_payloads_say_the_same() {
    let stage = Stage::new().await;
    let by_hook = completed(&stage.server);
    stage.events(&EventKind::TASK_COMPLETED, 1).await;
    let mut found = 0;
    let stage = stage.away(async |server| found = completed(server)).await;
    let events = stage.events(&EventKind::TASK_COMPLETED, 2).await;
    let payload = |kept: &Kept| serde_json::from_str::<serde_json::Value>(&kept.event.payload).unwrap();
    let [mut first, mut second] = [payload(&events[0]), payload(&events[1])];
    assert_eq!((&first["task_id"], &second["task_id"]), (&json!(by_hook), &json!(found)));
    for varies in ["task_id", "result_id", "fired_at"] {
        first[varies].take();
        second[varies].take();
    }
    assert_eq!(first, second);

    stage.counted_once(found).await;
    stage.host.post(post(&stage.server, found)).await;
    stage.host.drained().await;
    stage.events(&EventKind::TASK_COMPLETED, 2).await;
    stage.counted_once(found).await;
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_it_is_noted_how_far_one_came_makes_nothing_twice() {
    let stage = Stage::new().await;
    let mut tasks = Vec::new();
    let stage = stage.away(async |server| tasks.extend((0..3).map(|_| completed(server)))).await;
    stage.events(&EventKind::TASK_COMPLETED, 3).await;
    for task in &tasks {
        stage.counted_once(*task).await;
    }
    stage.host.store.set_mark(&"birds".parse().unwrap(), "reconcile.read", Some("0")).await.unwrap();
    let stage = stage.away(async |server| tasks.push(completed(server))).await;
    stage.events(&EventKind::TASK_COMPLETED, 4).await;
    stage.host.drained().await;
    for task in tasks {
        stage.counted_once(task).await;
    }
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_comes_while_a_page_is_on_its_way_is_the_same_event() {
    let stage = Stage::new().await;
    let mut task = 0;
    let stage = stage
        .away(async |server| {
            task = completed(server);
            server.fault_on(Endpoint::Result, Fault::Slow(Duration::from_millis(300)), 1);
        })
        .await;
    until("the page is asked for", async || stage.server.calls().of("GET", Endpoint::Result) > 0).await;
    stage.host.post(post(&stage.server, task)).await;
    stage.looked_again().await;
    stage.counted_once(task).await;
    stage.host.drained().await;
    stage.events(&EventKind::TASK_COMPLETED, 1).await;
    stage.counted_once(task).await;
    stage.host.stop().await;
}

impl Stage {
    /// Waits until the look that is under way has asked whether the project is completed, which comes last.
    async fn looked_again(&self) {
        until("the look is done", async || self.server.calls().of("GET", Endpoint::Project) > 0).await;
        self.events(&EventKind::PROJECT_COMPLETED, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_completed_before_the_first_look_is_left_to_backfill() {
    let server = Pybossa::start(Seed::empty()).await.unwrap();
    server.add_project("birds");
    completed(&server);
    let stage = Stage::with(server).await;
    let mut after = 0;
    let stage = stage.away(async |server| after = completed(server)).await;
    let events = stage.events(&EventKind::TASK_COMPLETED, 1).await;
    assert_eq!(events[0].event.task.as_deref(), Some(after.to_string().as_str()));
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_for_more_than_a_day_is_told_as_old() {
    let long_ago: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let seed = Seed { clock: Clock::manual(long_ago), ..Seed::empty() };
    let stage = Stage::on(seed).await;
    let stage = stage
        .away(async |server| {
            completed(server);
        })
        .await;
    let events = stage.events(&EventKind::TASK_COMPLETED, 1).await;
    assert_eq!((events[0].event.origin, events[0].event.occurred_at), (Origin::Backfill, long_ago));
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_embeds_nothing_costs_a_call_for_each_task_and_nothing_else() {
    let stage = Stage::new().await;
    let mut task = 0;
    let stage = stage
        .away(async |server| {
            server.set_related(false);
            task = completed(server);
        })
        .await;
    stage.counted_once(task).await;
    assert_eq!(stage.host.drained().await.dead, 0, "{:?}", stage.host.dead_letters().await);
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_is_completed_with_its_last_task_and_again_when_it_has_got_more() {
    let stage = Stage::new().await;
    let tasks = [(); 3].map(|()| stage.server.add_task("birds", json!({}), 1).unwrap());
    let stage = stage.away(async |_| {}).await;
    for task in tasks {
        stage.server.answer(task, "ann", json!({})).unwrap();
    }
    // Nobody has to wait for the next look: the hook tells that there is something to see.
    let events = stage.events(&EventKind::PROJECT_COMPLETED, 1).await;
    assert_eq!((events[0].event.task.as_ref(), events[0].event.origin), (None, Origin::Live));

    let stage = stage.away(async |_| {}).await;
    stage.server.answer(tasks[0], "ben", json!({})).unwrap();
    stage.events(&EventKind::TASK_COMPLETED, 4).await;
    let stage = stage
        .away(async |server| {
            completed(server);
        })
        .await;
    let events = stage.events(&EventKind::PROJECT_COMPLETED, 2).await;
    assert_eq!(events[1].event.payload, r#"{"project_short_name":"birds","project_id":1,"round":2}"#);
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_while_a_completion_is_told_neither_loses_it_nor_the_next_one() {
    const UNTOLD: &str = r#"{"completed":1,"open":false,"last_task":0,"told":false}"#;
    let birds = "birds".parse().unwrap();
    let stage = Stage::new().await;
    // It was noted, and the event was not made.
    stage.host.store.set_mark(&birds, "reconcile.rounds", Some(UNTOLD)).await.unwrap();
    let stage = stage.away(async |_| {}).await;
    stage.events(&EventKind::PROJECT_COMPLETED, 1).await;
    // The event was made, and that was not noted.
    let told = async || stage.host.store.mark(&birds, "reconcile.rounds").await.unwrap().filter(|mark| mark.contains(r#""told":true"#));
    eventually("it is noted that it was told", told).await;
    stage.host.store.set_mark(&birds, "reconcile.rounds", Some(UNTOLD)).await.unwrap();
    let stage = stage
        .away(async |server| {
            completed(server);
        })
        .await;
    let events = stage.events(&EventKind::PROJECT_COMPLETED, 2).await;
    assert_eq!(events[1].event.payload, r#"{"project_short_name":"birds","project_id":1,"round":2}"#);
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_is_down_is_left_alone_until_the_next_look() {
    let stage = Stage::new().await;
    let stage = stage
        .away(async |server| {
            completed(server);
            server.fault(Fault::Status(502));
        })
        .await;
    until("the platform is asked", async || stage.server.calls().total() > 0).await;
    // Another project comes; the one that failed is not due for it.
    stage.server.add_project("frogs");
    stage.host.folder.pybossa("frogs", &stage.server, COUNTS);
    until("the other one is loaded", async || stage.host.registry.project("frogs").is_some()).await;
    until("the other one is asked for", async || stage.server.calls().total() > 1).await;
    assert_eq!(stage.server.calls().total(), 2, "{:?}", stage.server.seen());
    stage.host.stop().await;
}
