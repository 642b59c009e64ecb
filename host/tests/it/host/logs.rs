//! Log lines as machines read them.

use crowdhook::practice::{Pybossa, Seed};
use serde_json::{Value, json};

use crate::harness::folder::{Folder, VOTE};
use crate::harness::patience::until;
use crate::harness::process::{Process, crowdhook};

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_an_event_is_found_by_its_id_and_holds_no_secret() {
    let server = Pybossa::start(Seed::empty()).await.unwrap();
    server.add_project("birds");
    let folder = Folder::new();
    folder.component("majority-vote");
    folder.pybossa("birds", &server, VOTE);
    let mut host = Process::spawn_as(crowdhook(&["--log", "crowdhook=debug", "--log-format", "json"]), &folder);
    assert!(host.ready(&folder).await.is_none(), "{}", host.log());
    server.save_webhook("birds", &folder.hook_url("birds")).await.unwrap();
    let task = server.add_task("birds", json!({}), 1).unwrap();
    server.answer(task, "ada", json!({"animal": "red"})).unwrap();
    until("the result stands on the platform", async || server.result_of(task).unwrap()["info"]["answer"] == "red").await;
    // Its last line comes after its answer.
    host.logs("Delivered `").await;
    host.stop().await;

    let log = std::fs::read_to_string(folder.path("host.log")).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect();
    for line in &lines {
        let has = |field: &str| line[field].as_str().is_some_and(|text| !text.is_empty());
        assert!(has("timestamp") && has("level") && has("target") && has("message"), "{line}");
    }
    let came = lines.iter().find(|line| line["event.kind"] == "task.completed").expect("it came in");
    assert_eq!((&came["target"], &came["project"], &came["outcome"]), (&json!("crowdhook::receive"), &json!("birds"), &json!("accepted")));
    let handled = lines.iter().find(|line| line["event.id"] == came["event.id"] && line["outcome"] == "ok").expect("it was handled");
    assert_eq!((&handled["project"], &handled["plugin"], &handled["attempt"]), (&json!("birds"), &json!("vote"), &json!(1)));
    assert!(handled["duration_ms"].is_u64(), "{handled}");
    let delivered = lines.iter().find(|line| line["delivery.id"].is_string()).expect("it was delivered");
    assert_eq!((&delivered["connection"], &delivered["plugin"]), (&json!("platform"), &json!("vote")));
    assert!(delivered["duration_ms"].is_u64(), "{delivered}");
    for secret in std::fs::read_dir(folder.path("secrets")).unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()) {
        assert!(!log.contains(&secret), "{log}");
    }
}
