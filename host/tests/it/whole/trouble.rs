//! A platform that is early, down, rationed, or refuses: nothing is lost, and waiting is not counted.

use crowdhook::event::Standing;
use crowdhook::practice::Fault;
use crowdhook::practice::pybossa::{Endpoint, RateLimit};
use crowdhook::practice::seed::SeedProject;
use serde_json::json;

use super::{Stage, answer};
use crate::harness::folder::{Folder, VOTE, runs};
use crate::harness::patience::until;
use crate::harness::peek;
use crate::harness::wire;

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_comes_before_its_result_is_parked_and_not_counted() {
    let stage = Stage::with_limits("attempts_max = 1\n", &["majority-vote", "retries"], &format!("{VOTE}\n{}", runs("retries", &[]))).await;
    // Two plugins share a snapshot, and either may ask for it first.
    stage.server.set_early_reads(3);
    let task = stage.completed(&["red", "blue", "red"]);
    assert_eq!(stage.result(task).await["answer"], "red");
    stage.host.drained().await;
    let event = &stage.host.events().await[0];
    let vote = event.outcomes_of("vote");
    assert_eq!(vote.last(), Some(&"ok"));
    assert!(vote.len() > 1 && vote[..vote.len() - 1].iter().all(|outcome| *outcome == "parked"), "{vote:?}");
    assert!(event.runs[0].1.reason.contains(&format!("does not show task {task}")), "{}", event.runs[0].1.reason);
    // The other one sees which attempt it is on: the first, however often it was parked.
    let dead = stage.host.dead_letters().await;
    assert_eq!((dead[0].attempts, dead[0].reason.as_str()), (1, "gave up after attempt 1 of 1: attempt 1 was too early"));
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_is_down_loses_nothing() {
    let stage = Stage::voting().await;
    stage.server.go_down().await;
    let tasks: Vec<i64> = (0..5).map(|_| stage.completed(&["red", "blue", "red"])).collect();
    stage.server.settled().await;
    let event = stage.host.event_that("it is parked", |kept| !kept.runs.is_empty()).await;
    assert_eq!(event.outcomes(), ["parked"]);
    assert!(event.reason().contains(&stage.server.url()), "{}", event.reason());
    assert_eq!(stage.host.totals().await.waiting, 5);
    stage.server.come_back().await.unwrap();
    for task in tasks {
        assert_eq!(stage.result(task).await["answer"], "red");
    }
    let totals = stage.host.drained().await;
    assert_eq!((totals.dead, totals.deliveries_dead), (0, 0));
    // However often it was looked in vain, it is recorded once.
    assert_eq!(stage.host.events().await[0].outcomes(), ["parked", "ok"]);
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_cannot_be_written_now_is_written_later() {
    let stage = Stage::voting().await;
    stage.server.fault_on(Endpoint::Result, Fault::ServerError, 1);
    stage.server.fault_on(Endpoint::Result, Fault::LoseAnswer, 1);
    let task = stage.completed(&["red", "blue", "red"]);
    assert_eq!(stage.result(task).await["answer"], "red");
    let totals = stage.host.drained().await;
    assert_eq!((totals.dead, totals.deliveries_dead), (0, 0));
    assert_eq!(stage.calls(), (1, 3), "the plugin ran once, and the write was tried until it was known to be done");
    assert_eq!(stage.host.result("birds", task).await.unwrap().0.revision, 1);
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_429_is_waited_out_and_not_counted() {
    let stage = Stage::with_limits("attempts_max = 1\ndelivery_attempts_max = 1\n", &["majority-vote"], VOTE).await;
    stage.server.set_rate_limit(Some(RateLimit { limit: 300, window_s: 2 }));
    stage.server.fault_on(Endpoint::Task, Fault::TooManyRequests, 1);
    stage.server.fault_on(Endpoint::Result, Fault::TooManyRequests, 1);
    let task = stage.completed(&["red", "blue", "red"]);
    assert_eq!(stage.result(task).await["answer"], "red");
    let totals = stage.host.drained().await;
    assert_eq!((totals.dead, totals.deliveries_dead), (0, 0));
    // Each wall was hit once and then waited out.
    assert_eq!(stage.calls(), (2, 2));
    let event = &stage.host.events().await[0];
    assert_eq!(event.outcomes(), ["parked", "ok"]);
    assert!(event.runs[0].1.reason.contains("allows no more calls"), "{}", event.runs[0].1.reason);
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_tasks_than_the_platform_allows_calls_are_spread_over_its_windows() {
    const TASKS: u64 = 30;
    let stage = Stage::voting().await;
    // 19 calls pass in four seconds, as 299 do in fifteen minutes.
    stage.server.set_rate_limit(Some(RateLimit { limit: 20, window_s: 4 }));
    let tasks: Vec<i64> = (0..TASKS).map(|_| stage.completed(&["red"])).collect();
    for task in tasks {
        assert_eq!(stage.result(task).await["answer"], "red");
    }
    let totals = stage.host.drained().await;
    assert_eq!((totals.dead, totals.deliveries_dead), (0, 0));
    let (read, written) = stage.calls();
    // The wall is seen from afar: a call that is refused would have to be made again.
    assert!(read <= TASKS + 2 && written <= TASKS + 2, "{read} reads and {written} writes for {TASKS} tasks");
    stage.host.stop().await;
}

/// Gives the project another key, kept in a secret of this name, and waits until the host has taken it.
async fn take_key(stage: &Stage, name: &str, key: &str) {
    let folder = &stage.host.folder;
    folder.secret(name, key);
    let file = std::fs::read_to_string(folder.path("projects/birds.toml")).unwrap();
    let lines = file.lines().map(|line| match line.starts_with("api_key") {
        true => format!("api_key = {{ file = \"../secrets/{name}\" }}\n"),
        false => format!("{line}\n"),
    });
    folder.write("projects/birds.toml", &lines.collect::<String>());
    let taken = async || {
        let project = stage.host.registry.project("birds").unwrap();
        project.config.platform.api_key.as_ref().unwrap().reveal() == key
    };
    until("the changed project is in use", taken).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_may_not_write_is_named_and_what_is_to_be_written_waits_for_another() {
    let stage = Stage::voting().await;
    let readers = stage.server.key_of("other").unwrap();
    let unknown = "00000000-0000-0000-0000-000000000000";
    let keys =
        [(1, "readers-key", readers.as_str(), "is of nobody who may save result"), (2, "old-key", unknown, "does not know the API key")];
    // PYBOSSA shows a published project to anybody, so both read well.
    for (waiting, name, key, words) in keys {
        take_key(&stage, name, key).await;
        let task = stage.completed(&["red"]);
        let reasons = async || peek::waiting_deliveries(stage.host.store.as_ref()).await;
        until("the key is refused, and the delivery waits for another", async || reasons().await.len() == waiting).await;
        assert_eq!(stage.host.totals().await.deliveries_dead, 0);
        let why = reasons().await;
        let why = why.last().unwrap();
        assert!(why.contains(words) && why.contains("set `platform.api_key`") && why.contains("`birds`"), "{why}");
        assert!(!why.contains(key), "{why}");
        // The host's own record has it all the same.
        assert_eq!(stage.host.result("birds", task).await.unwrap().1["answer"], "red");
    }
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_shows_no_project_makes_its_events_wait_and_is_named() {
    let stage = Stage::voting().await;
    let hidden = SeedProject { published: false, ..SeedProject::new("hidden") };
    stage.server.add_seed_project(hidden);
    take_key(&stage, "readers-key", &stage.server.key_of("other").unwrap()).await;
    let folder = &stage.host.folder;
    let file = std::fs::read_to_string(folder.path("projects/birds.toml")).unwrap();
    folder.write("projects/hidden.toml", &file.replace("\"birds\"", "\"hidden\""));
    until("the project is in use", async || stage.host.registry.project("hidden").is_some()).await;
    stage.server.save_webhook("hidden", &folder.hook_url("hidden")).await.unwrap();
    super::completed(&stage.server, "hidden", &[json!({"animal": "red"})]);
    let event = stage.host.event_that("it is parked", |kept| !kept.runs.is_empty()).await;
    assert_eq!(event.outcomes(), ["parked"]);
    assert!(event.reason().contains("shows no project `hidden`") && event.reason().contains("`platform.api_key`"), "{}", event.reason());
    let totals = stage.host.totals().await;
    assert_eq!((totals.waiting, totals.dead), (1, 0));
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_never_confirmed_is_set_aside_and_its_key_is_free_again() {
    let stage = Stage::with_limits("confirm_within_s = 1\n", &["majority-vote"], VOTE).await;
    let task = stage.server.add_task("birds", json!({}), 3).unwrap();
    // Somebody who knows the URL says that the task is completed, with the result that it will have.
    let forged = wire::completed(&Folder::hook("birds"), "birds", 1, task, 1);
    stage.host.post(&forged).await;
    let event = stage.host.event_that("it is given up", |kept| kept.standing == Standing::Unconfirmed).await;
    assert!(event.outcomes().contains(&"parked"), "{:?}", event.outcomes());
    assert_eq!(event.outcomes().last(), Some(&"unconfirmed"));
    assert!(event.reason().contains("not confirmed within 1 s"), "{}", event.reason());
    let totals = stage.host.drained().await;
    assert_eq!((totals.set_aside, totals.dead), (1, 0));

    answer(&stage.server, task, &["red", "blue", "red"].map(|animal| json!({"animal": animal})));
    assert_eq!(stage.server.result_of(task).unwrap()["id"], 1, "the same key as the forged event's");
    assert_eq!(stage.result(task).await["answer"], "red");
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_name_that_begins_to_stand_for_another_project_is_refused() {
    let stage = Stage::voting().await;
    stage.server.add_project("other-birds");
    let task = stage.completed(&["red"]);
    stage.result(task).await;
    stage.host.drained().await;
    stage.host.folder.pybossa_of("birds", "other-birds", &stage.server, VOTE);
    let stands_for = async || stage.host.registry.project("birds").unwrap().config.platform.project == "other-birds";
    until("the changed project is in use", stands_for).await;
    stage.server.set_webhook("other-birds", &stage.host.folder.hook_url("birds")).unwrap();
    super::completed(&stage.server, "other-birds", &[json!({"animal": "blue"})]);
    stage.server.settled().await;
    let refused =
        async || stage.host.events().await.iter().any(|kept| kept.reason().contains("give the other project a file of another name"));
    until("it is parked, with what to do", refused).await;
    stage.host.stop().await;
}
