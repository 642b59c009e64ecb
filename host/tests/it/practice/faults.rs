//! The switches: each fault shows as it says, and says rightly whether the call took effect.

use std::time::Duration;

use crowdhook::practice::pybossa::Endpoint;
use crowdhook::practice::{Fault, Pybossa, Seed};
use serde_json::{Value, json};

use super::{Answer, Hook, get, send};

/// A server with one completed task whose result is empty.
async fn server() -> Pybossa {
    let pybossa = Pybossa::start(Seed::empty()).await.unwrap();
    pybossa.add_project("birds");
    let task = pybossa.add_task("birds", json!({}), 1).unwrap();
    pybossa.answer(task, "ada", json!("robin")).unwrap();
    pybossa
}

async fn put(pybossa: &Pybossa) -> Option<Answer> {
    let target = format!("/api/result/1?api_key={}", pybossa.owner_key());
    send(pybossa.address(), "PUT", &target, &[("Host", "practice")], Some(r#"{"info": "robin"}"#)).await
}

fn written(pybossa: &Pybossa) -> bool {
    pybossa.result_of(1).unwrap()["info"] == "robin"
}

#[tokio::test]
async fn refusing_faults_take_no_effect_and_end_after_their_count() {
    let pybossa = server().await;
    for (fault, status) in [(Fault::Status(502), 502), (Fault::ServerError, 500), (Fault::ErrorPage, 500), (Fault::TooManyRequests, 429)] {
        pybossa.fault_on(Endpoint::Result, fault.clone(), 1);
        assert_eq!(get(pybossa.address(), "/api/task/1").await.unwrap().status, 200, "another endpoint is spared");
        assert_eq!(put(&pybossa).await.unwrap().status, status, "{fault:?}");
        assert!(!written(&pybossa), "{fault:?}");
    }
    assert_eq!(put(&pybossa).await.unwrap().status, 200);
    assert!(written(&pybossa));
    assert_eq!(pybossa.calls().of("PUT", Endpoint::Result), 5);
}

#[tokio::test]
async fn distorting_faults_take_effect_all_the_same() {
    for fault in
        [Fault::Slow(Duration::from_millis(1)), Fault::CutBody { after_bytes: 20 }, Fault::LoseAnswer, Fault::WrongType, Fault::BrokenJson]
    {
        let pybossa = server().await;
        pybossa.fault(fault.clone());
        let answer = put(&pybossa).await;
        assert!(written(&pybossa), "{fault:?}");
        match (&fault, answer) {
            (Fault::LoseAnswer, answer) => assert!(answer.is_none()),
            (Fault::CutBody { .. }, Some(answer)) => {
                assert_eq!((answer.status, answer.body.len(), answer.whole), (200, 20, false));
            }
            (Fault::WrongType, Some(answer)) => assert!(answer.json().is_string()),
            (Fault::BrokenJson, Some(answer)) => assert!(serde_json::from_str::<Value>(&answer.body).is_err() && answer.whole),
            (_, answer) => assert_eq!(answer.unwrap().json()["info"], "robin"),
        }
    }
}

#[tokio::test]
async fn a_call_that_hangs_is_let_go_without_an_answer() {
    let pybossa = server().await;
    pybossa.fault(Fault::Hang);
    let address = pybossa.address();
    let call = tokio::spawn(async move { get(address, "/api/task/1").await });
    while pybossa.calls().total() == 0 {
        tokio::task::yield_now().await;
    }
    pybossa.clear_faults();
    assert!(call.await.unwrap().is_none());
    assert_eq!(get(address, "/api/task/1").await.unwrap().status, 200);
}

#[tokio::test]
async fn a_server_that_is_down_refuses_and_comes_back_with_its_data() {
    let pybossa = server().await;
    pybossa.go_down().await;
    assert!(get(pybossa.address(), "/api/task/1").await.is_none());
    pybossa.come_back().await.unwrap();
    assert_eq!(get(pybossa.address(), "/api/task/1").await.unwrap().json()["state"], "completed");
}

#[tokio::test]
async fn the_hook_may_come_before_the_commit() {
    let mut hook = Hook::answering_ok().await;
    let pybossa = server().await;
    pybossa.set_webhook("birds", &hook.url("/hook")).unwrap();
    pybossa.set_early_reads(2);
    let task = pybossa.add_task("birds", json!({}), 2).unwrap();
    pybossa.answer(task, "ada", json!("wren")).unwrap();
    pybossa.answer(task, "ben", json!("wren")).unwrap();
    assert!(hook.next("hook").await.contains(r#""result_id": 2"#), "the post names a result that is not there");

    let read = async || {
        let list = get(pybossa.address(), &format!("/api/task?id={task}&related=true&all=1")).await.unwrap().json();
        let runs = list[0]["task_runs"].as_array().unwrap().len();
        (list[0]["state"].as_str().unwrap().to_owned(), runs, list[0]["result"]["id"].as_i64())
    };
    assert_eq!(read().await, ("ongoing".to_owned(), 1, None));
    assert_eq!(get(pybossa.address(), "/api/result/2").await.unwrap().status, 404);
    assert_eq!(read().await, ("completed".to_owned(), 2, Some(2)));
}

#[tokio::test]
async fn an_older_server_embeds_nothing() {
    let pybossa = server().await;
    pybossa.set_related(false);
    let list = get(pybossa.address(), "/api/task?id=1&related=true&all=1").await.unwrap().json();
    assert_eq!(list[0]["id"], 1);
    assert!(list[0].get("task_runs").is_none());
}

#[tokio::test]
async fn thousands_of_completions_are_posted_once_each() {
    let mut hook = Hook::answering_ok().await;
    let pybossa = Pybossa::start(Seed { rate_limit: None, webhook_workers: 8, ..Seed::empty() }).await.unwrap();
    pybossa.add_project("birds");
    pybossa.set_webhook("birds", &hook.url("/hook")).unwrap();
    for number in 0..2000 {
        let task = pybossa.add_task("birds", json!({"number": number}), 2).unwrap();
        pybossa.answer(task, "ada", json!("wren")).unwrap();
        pybossa.answer(task, "ben", json!("wren")).unwrap();
    }
    pybossa.settled().await;
    let mut requests = std::collections::HashSet::new();
    while let Ok(request) = hook.requests.try_recv() {
        requests.insert(request);
    }
    assert_eq!(requests.len(), 2000);
    assert_eq!(pybossa.webhooks("birds").len(), 2000);
    let page = "/api/task?project_id=1&state=completed&related=true&all=1&limit=100&last_id=1900";
    assert_eq!(get(pybossa.address(), page).await.unwrap().json().as_array().unwrap().len(), 100);
}
