//! What was given up is taken up again, and a plugin that keeps failing is held, and let go: as an operator does it.

use serde_json::Value;

use crowdhook::practice::Fault;
use crowdhook::practice::pybossa::Endpoint;

use super::Stage;
use crate::harness::folder::{VOTE, runs};
use crate::harness::patience::{eventually, until};
use crate::harness::process::run;

impl Stage {
    /// What a command says, as JSON.
    async fn says(&self, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--json"]].concat();
        serde_json::from_str(&run(&self.host.folder, &arguments).await.well()).unwrap()
    }

    /// The plugins that are held.
    async fn held(&self) -> Vec<Value> {
        self.host.admin("/v1/quarantine").await["quarantine"].as_array().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_was_given_up_is_written_after_a_replay() {
    let stage = Stage::with_limits("delivery_attempts_max = 1\n", &["majority-vote"], VOTE).await;
    stage.server.fault_on(Endpoint::Result, Fault::ServerError, 1);
    let task = stage.completed(&["red", "blue", "red"]);
    until("the delivery is given up", async || stage.host.totals().await.deliveries_dead == 1).await;
    let listed = stage.says(&["dead", "list", "--project", "birds"]).await;
    let letter = &listed["dead"][0];
    assert_eq!((&letter["plugin"], &letter["delivery"]["effect"]), (&"vote".into(), &"save-result".into()), "{listed}");
    let id = letter["id"].as_str().unwrap();
    let shown = run(&stage.host.folder, &["dead", "show", id]).await.well();
    assert!(shown.contains("save-result by platform") && shown.contains("attempt 1 of 1"), "{shown}");
    assert_eq!(stage.says(&["dead", "replay", id]).await["deliveries"], 1);
    assert_eq!(stage.result(task).await["answer"], "red");
    let totals = stage.host.drained().await;
    assert_eq!((totals.dead, totals.deliveries_dead), (0, 0));
    run(&stage.host.folder, &["dead", "replay", id]).await.fails(1, &["nothing that was given up fits"]);
    run(&stage.host.folder, &["dead", "show", id]).await.fails(1, &["there is no dead letter"]);
    run(&stage.host.folder, &["dead", "replay"]).await.fails(1, &["it is not said what to replay", "--all"]);
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_the_operator_gives_up_is_sent_when_it_is_replayed() {
    let stage = Stage::with_limits("delivery_wait_ms = 600000\n", &["majority-vote"], VOTE).await;
    stage.server.fault_on(Endpoint::Result, Fault::ServerError, 1);
    let task = stage.completed(&["red", "blue", "red"]);
    let waiting = async || {
        let listed = stage.says(&["delivery", "list", "--state", "waiting"]).await;
        listed["rows"].as_array().unwrap().iter().find(|row| row["note"] != "").cloned()
    };
    let delivery = eventually("the delivery waits for its second attempt", waiting).await;
    let id = delivery["id"].as_str().unwrap();
    assert_eq!(stage.says(&["delivery", "give-up", id]).await["given_up"], 1);
    let shown = stage.says(&["delivery", "show", id]).await;
    assert_eq!((&shown["state"], &shown["attempts"], &shown["note"]), (&"dead".into(), &1.into(), &"given up by the operator".into()));
    assert_eq!(stage.host.drained().await.deliveries_dead, 1);
    run(&stage.host.folder, &["delivery", "give-up", id]).await.fails(1, &["nothing that fits waits"]);
    assert_eq!(stage.says(&["delivery", "replay", id]).await["deliveries"], 1);
    assert_eq!(stage.result(task).await["answer"], "red");
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_were_given_up_are_handled_once_the_plugin_is_mended() {
    let stage = Stage::new(&["rejects", "counts"], &runs("rejects", &[])).await;
    for _ in 0..3 {
        stage.completed(&["red"]);
    }
    until("all are given up", async || stage.host.totals().await.dead == 3).await;
    let listed = stage.says(&["dead", "list", "--what", "invocation"]).await;
    let first = listed["dead"][2]["id"].as_str().unwrap();
    assert!(run(&stage.host.folder, &["dead", "show", first]).await.well().contains("makes no sense"));
    // The plugin of that name becomes another one.
    stage.host.folder.pybossa("birds", &stage.server, "[plugins.rejects]\ncomponent = \"counts\"\n");
    let mended = async || {
        let project = stage.host.registry.project("birds").unwrap();
        project.plugins[0].config.component.as_str() == "counts"
    };
    until("the changed project is in use", mended).await;
    assert_eq!(stage.says(&["dead", "replay", "--plugin", "rejects"]).await["invocations"], 3);
    let totals = stage.host.drained().await;
    assert_eq!((totals.dead, totals.events), (0, 3));
    for event in stage.host.events().await {
        assert_eq!(event.outcomes(), ["rejected", "ok"]);
    }
    // And one of them again, though nothing is wrong with it.
    let id = listed["dead"][2]["event"].as_str().unwrap();
    assert_eq!(stage.says(&["event", "replay", id, "--fresh"]).await["invocations"], 1);
    stage.host.drained().await;
    let events = stage.host.events().await;
    let again = events.iter().find(|event| event.event.id.to_string() == id).unwrap();
    assert_eq!(again.outcomes(), ["rejected", "ok", "ok"]);
    run(&stage.host.folder, &["event", "replay", id, "--plugin", "nobody"]).await.fails(1, &["project `birds` has no plugin `nobody`"]);
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_claimed_of_a_plugin_before_it_was_held_does_not_run() {
    let stage = Stage::with_limits("per_plugin_max = 1\nquarantine_after = 3\n", &["traps"], &runs("traps", &[])).await;
    // All are posted at once and claimed together.
    let posts = 20;
    for _ in 0..posts {
        stage.completed(&["red"]);
    }
    eventually("the plugin is held", async || stage.held().await.pop()).await;
    until("all are there", async || stage.host.totals().await.events == posts).await;
    until("none is in hand", async || stage.host.totals().await.waiting == posts).await;
    let trapped =
        stage.host.events().await.iter().map(|kept| kept.outcomes().iter().filter(|outcome| **outcome == "trapped").count()).sum::<usize>();
    assert!((3..=4).contains(&trapped), "one may have been under way: {trapped}");
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_keeps_trapping_is_held_and_goes_on_with_its_next_version() {
    let limits = "traps_max = 2\nquarantine_after = 3\n";
    let stage = Stage::with_limits(limits, &["majority-vote", "traps"], &format!("{VOTE}\n{}", runs("traps", &[]))).await;
    let tasks: Vec<i64> = (0..6).map(|_| stage.completed(&["red"])).collect();
    let held = eventually("the plugin is held", async || stage.held().await.pop()).await;
    assert_eq!((&held["project"], &held["plugin"]), (&"birds".into(), &"traps".into()));
    // Those that were under way beside the third may have failed too before it was held.
    let faults =
        held["reason"].as_str().unwrap().strip_prefix("it failed ").and_then(|reason| reason.split_once(" times in a row, at last: "));
    assert!(faults.is_some_and(|(faults, _)| faults.parse::<u32>().unwrap() >= 3), "{held}");
    for task in tasks {
        assert_eq!(stage.result(task).await["answer"], "red", "the other plugin goes on");
    }
    let status = run(&stage.host.folder, &["status"]).await.well();
    assert!(status.contains("crowdhook plugin release birds/traps"), "{status}");
    let waiting = stage.host.totals().await.waiting;
    assert!(waiting > 0, "what it has not handled waits");

    // A new version of it: the same code with one more custom section. It fails as well, and is held again.
    let file = stage.host.folder.path("plugins/traps.wasm");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.extend(b"\x00\x04\x03new");
    std::fs::write(&file, bytes).unwrap();
    let again = eventually("the new version is held too", async || {
        stage.held().await.pop().filter(|again| again["component"] != held["component"])
    });
    again.await;
    // By hand it goes on until it has failed so often again.
    let dead = stage.host.totals().await.dead;
    assert_eq!(stage.says(&["plugin", "release", "birds/traps"]).await["released"], "birds/traps");
    until("it has run again", async || {
        let totals = stage.host.totals().await;
        totals.dead > dead || !stage.held().await.is_empty()
    })
    .await;
    run(&stage.host.folder, &["plugin", "release", "birds/vote"]).await.fails(1, &["that plugin is not held"]);
    run(&stage.host.folder, &["plugin", "release", "birds"]).await.fails(2, &["project/plugin"]);
    let totals = stage.host.totals().await;
    assert_eq!((totals.events, totals.deliveries_dead), (12, 0), "no event is lost: six tasks and six votes");
    stage.host.stop().await;
}
