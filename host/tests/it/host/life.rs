//! How the host starts and ends, and shares a machine with another one.

use std::os::unix::process::ExitStatusExt as _;

use crowdhook::practice::{Fault, Pybossa, Seed};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::folder::{Folder, VOTE, runs};
use crate::harness::patience::until;
use crate::harness::process::{Process, run};
use crate::harness::wire;

/// A practice PYBOSSA with the project `birds`, and a folder for a host of it.
async fn stage(components: &[&str], plugins: &str) -> (Pybossa, Folder) {
    let server = Pybossa::start(Seed { rate_limit: None, ..Seed::empty() }).await.unwrap();
    server.add_project("birds");
    let folder = Folder::with("waiting_max = 2\n");
    for component in components {
        folder.component(component);
    }
    folder.pybossa("birds", &server, plugins);
    (server, folder)
}

fn completed(task: i64) -> String {
    wire::completed(&Folder::hook("birds"), "birds", 1, task, task)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_well_on_either_signal_and_goes_on_where_it_was() {
    let (server, folder) = stage(&["majority-vote"], VOTE).await;
    server.go_down().await;
    let host = Process::start(&folder).await;
    let task = server.add_task("birds", json!({}), 1).unwrap();
    server.answer(task, "ada", json!({"animal": "red"})).unwrap();
    assert_eq!(wire::send(folder.listen, completed(task)).await.unwrap().body, "OK");
    assert_eq!(host.stop().await.code(), Some(0));
    assert!(wire::send(folder.listen, wire::get("/health/live")).await.is_err(), "nobody listens any more");

    server.come_back().await.unwrap();
    let mut host = Process::start(&folder).await;
    until("the result stands on the platform", async || server.result_of(task).unwrap()["info"]["answer"] == "red").await;
    host.signal(Signal::INT);
    assert_eq!(host.ended().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once_and_loses_nothing() {
    let (server, folder) = stage(&["hangs"], &format!("{}[plugins.hangs.limits]\nwall_ms = 600000\n", runs("hangs", &[]))).await;
    let task = server.add_task("birds", json!({}), 1).unwrap();
    server.answer(task, "ada", json!({})).unwrap();
    let mut host = Process::start(&folder).await;
    wire::send(folder.listen, completed(task)).await.unwrap();
    until("the plugin runs", async || server.calls().total() > 5).await;
    host.signal(Signal::TERM);
    host.logs("once more ends at once").await;
    host.signal(Signal::TERM);
    let status = host.ended().await;
    assert_eq!((status.code(), status.signal()), (Some(130), None));
    let totals = folder.read_store().totals().await.unwrap();
    assert_eq!((totals.events, totals.waiting, totals.runs), (1, 1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_host_on_the_same_data_folder_is_turned_away() {
    let (_server, folder) = stage(&["majority-vote"], VOTE).await;
    let host = Process::start(&folder).await;
    let other = Folder::new();
    let data = format!("data = \"{}\"\n", folder.data().display());
    other.settings(&data);
    let words = [" is in use by process ", "stop that one first, or give this one another data folder"];
    run(&other, &["serve"]).await.fails(1, &words);
    // The first one does not mind.
    assert_eq!(wire::send(folder.listen, wire::get("/health/ready")).await.unwrap().status, 200);
    assert!(host.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_store_answers_503_and_takes_more_when_there_is_room() {
    let (server, folder) = stage(&["majority-vote"], VOTE).await;
    server.fault(Fault::Status(503));
    let host = Process::start(&folder).await;
    for task in 1..=2 {
        let added = server.add_task("birds", json!({}), 1).unwrap();
        server.answer(added, "ada", json!({"animal": "red"})).unwrap();
        assert_eq!(wire::send(folder.listen, completed(task)).await.unwrap().status, 200);
    }
    let refused = wire::send(folder.listen, completed(3)).await.unwrap();
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert!(refused.head.to_lowercase().contains("retry-after: "), "{}", refused.head);
    server.clear_faults();
    until("there is room", async || wire::send(folder.listen, completed(3)).await.unwrap().status == 200).await;
    assert!(host.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_api_answers_who_has_the_token_and_nobody_else() {
    let (_server, folder) = stage(&["majority-vote"], VOTE).await;
    let host = Process::start(&folder).await;
    let token = std::fs::read_to_string(folder.data().join("admin-token")).unwrap();
    let ask = async |token: &str| {
        let request = format!("GET /v1/status HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\r\n", folder.admin);
        wire::send(folder.admin, request).await.unwrap()
    };
    let reply = ask(token.trim()).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let status: Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!((&status["projects"], &status["components"], &status["degraded"]), (&json!(1), &json!(1), &json!([])));
    assert_eq!(ask("0123456789abcdef").await.status, 401);
    // The admin API is not on the public listener.
    assert_eq!(wire::send(folder.listen, wire::get("/v1/status")).await.unwrap().status, 404);
    assert!(host.stop().await.success());
}
