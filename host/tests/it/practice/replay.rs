//! All recorded calls of the API, in their order, against a practice PYBOSSA in the same state.

use std::time::Duration;

use crowdhook::clock::Clock;
use crowdhook::practice::Pybossa;
use crowdhook::practice::pybossa::Endpoint;
use crowdhook::practice::seed::{Seed, SeedProject, SeedTask, SeedUser};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{get, recording, send};

/// Where the recorded server stood; links bear it.
const RECORDED_HOST: &str = "127.0.0.1:41761";

fn user(name: &str, fullname: &str, api_key: &str, admin: bool) -> SeedUser {
    SeedUser { fullname: fullname.to_owned(), api_key: api_key.to_owned(), admin, ..SeedUser::new(name) }
}

fn task(info: Value, answers: usize) -> SeedTask {
    SeedTask { info, n_answers: u32::try_from(answers.max(1)).unwrap(), answers: Vec::new() }
}

/// What the recorded server held: two completed tasks of one project, then one each of others.
fn recorded_state() -> Seed {
    let first = SeedProject {
        name: "Project p1795289364365".to_owned(),
        description: "made by drive.py".to_owned(),
        published: false,
        info: json!({"passwd_hash": null, "task_presenter": "<div>answer</div>"}),
        tasks: vec![task(json!({"question": "question 0"}), 3), task(json!({"question": "question 1"}), 3)],
        ..SeedProject::new("p1795289364365")
    };
    let others = (2..=14).map(|id| SeedProject {
        tasks: (0..if id == 13 { 2 } else { 1 }).map(|_| task(json!({"question": "question 0"}), 1)).collect(),
        ..SeedProject::new(&format!("k{id}"))
    });
    Seed {
        clock: Clock::manual("2026-11-21T19:32:50Z".parse::<Timestamp>().unwrap()),
        users: vec![
            user("root", "Root", "ROOT-API-KEY", true),
            user("someone", "Someone", "SOMEONE-API-KEY", false),
            user("owner", "The Owner", "OWNER-API-KEY", true),
            user("volunteer1", "Volunteer Number 1", "OTHER-API-KEY", false),
            user("volunteer2", "Volunteer Number 2", "THIRD-API-KEY", false),
        ],
        projects: std::iter::once(first).chain(others).collect(),
        ..Seed::empty()
    }
}

async fn recorded_server() -> Pybossa {
    let pybossa = Pybossa::start(recorded_state()).await.unwrap();
    let loopback = "127.0.0.1".parse().unwrap();
    for task in [1, 2] {
        pybossa.answer_anonymously(task, loopback, json!("yes")).unwrap();
        pybossa.answer(task, "volunteer1", json!("yes")).unwrap();
        pybossa.answer(task, "volunteer2", json!("no")).unwrap();
    }
    for task in (3..=13).chain([16]) {
        pybossa.answer(task, "volunteer1", json!("yes")).unwrap();
    }
    // The recording's first call found this result written.
    let key = [("Host", RECORDED_HOST), ("Authorization", "OWNER-API-KEY")];
    send(pybossa.address(), "PUT", "/api/result/1", &key, Some(r#"{"info": {"ct": "none"}}"#)).await.unwrap();
    pybossa.forget_rate_limit();
    pybossa
}

/// Replaces what no two servers share: moments, keys that were taken out, random secrets.
fn normalised(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(normalised).collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(key, value)| match (key.as_str(), value) {
                ("created" | "updated" | "finish_time", Value::String(_)) => (key, json!("MOMENT")),
                ("secret_key" | "passwd_hash", value) if key == "secret_key" || value == "REDACTED" || value.is_null() => {
                    (key, json!("SECRET"))
                }
                (_, value) => (key, normalised(value)),
            })
            .collect(),
        Value::String(text) => Value::String(without_parameters(&text)),
        plain => plain,
    }
}

/// Blanks the values of `'created'`, `'updated'` and `'secret_key'` in the text of a database's error.
fn without_parameters(text: &str) -> String {
    let mut text = text.to_owned();
    for name in ["created", "updated", "secret_key"] {
        let start = format!("'{name}': '");
        if let Some((before, after)) = text.clone().split_once(&start) {
            let rest = after.split_once('\'').map_or("", |(_, rest)| rest);
            text = format!("{before}{start}…'{rest}");
        }
    }
    text
}

#[tokio::test]
async fn all_recorded_calls_are_answered_as_the_real_server_did() {
    let pybossa = recorded_server().await;
    let calls: Vec<Value> = serde_json::from_str(&recording("pybossa/api.json")).unwrap();
    assert_eq!(calls.len(), 71);
    for (number, call) in calls.iter().enumerate() {
        let label = format!("call {number}, {}", call["label"]);
        if call["label"] == "rate limited" {
            // The recording's session had used the window up.
            for _ in 0..299 {
                assert_eq!(get(pybossa.address(), "/api/category").await.unwrap().status, 200);
            }
        }
        let request = &call["request"];
        let mut headers = vec![("Host", RECORDED_HOST)];
        let sent = request["headers"].as_object().unwrap();
        headers.extend(sent.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())));
        let (method, path) = (request["method"].as_str().unwrap(), request["path"].as_str().unwrap());
        let answer = send(pybossa.address(), method, path, &headers, request["body"].as_str()).await.unwrap();

        assert_eq!(Value::from(answer.status), call["status"], "{label}: {}", answer.body);
        let recorded = |name: &str| {
            let headers = call["headers"].as_array().unwrap();
            headers.iter().find(|header| header[0] == name).map(|header| header[1].as_str().unwrap())
        };
        for name in
            ["Content-Type", "Access-Control-Allow-Origin", "Server", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]
        {
            assert_eq!(answer.header(name), recorded(name), "{label}: {name}");
        }
        let body = call["body"].as_str().unwrap();
        match serde_json::from_str::<Value>(body) {
            Ok(expected) => {
                // Compared as text too: then the order of keys and Python's spacing count.
                let (got, expected) = (normalised(answer.json()), normalised(expected));
                assert_eq!(got.to_string(), expected.to_string(), "{label}");
                let python_wrote = body.contains("\": ");
                assert_eq!(answer.body.contains("\": "), python_wrote, "{label}: spacing");
            }
            Err(_) if body.is_empty() => assert_eq!(answer.body, "", "{label}"),
            Err(_) => assert!(answer.body.starts_with("<!DOCTYPE html>"), "{label}: {}", answer.body),
        }
    }
}

#[tokio::test]
async fn a_page_of_completed_tasks_carries_runs_and_results() {
    let expected: Value = serde_json::from_str(&recording("pybossa/task-page-related.json")).unwrap();
    let task = |question: &str| task(json!({"question": question}), 3);
    let project = |name: &str, tasks| SeedProject { owner: "admin".to_owned(), tasks, ..SeedProject::new(name) };
    let seed = Seed {
        users: vec![user("admin", "Admin", "K1", true), user("v1", "V", "K2", false), user("v2", "V", "K3", false)],
        projects: vec![
            project("before", vec![task("a"), task("b")]),
            project("pages", vec![task("question 0"), task("question 1"), task("question 2")]),
        ],
        ..Seed::empty()
    };
    let pybossa = Pybossa::start(seed).await.unwrap();
    for (task, words) in [(1, ["a"; 3]), (2, ["b"; 3]), (3, ["yes", "yes", "no"]), (4, ["cat", "dog", "cat"])] {
        pybossa.answer_anonymously(task, "127.0.0.1".parse().unwrap(), json!(words[0])).unwrap();
        pybossa.answer(task, "v1", json!(words[1])).unwrap();
        pybossa.answer(task, "v2", json!(words[2])).unwrap();
    }
    let address = pybossa.address();
    let key = [("Host", "127.0.0.1:5000"), ("Authorization", "K1")];
    assert_eq!(send(address, "PUT", "/api/result/3", &key, Some(r#"{"info": {"a": 1}}"#)).await.unwrap().status, 200);

    let page = "/api/task?project_id=2&state=completed&related=true&all=1&limit=100&last_id=0";
    let page = send(address, "GET", page, &key, None).await.unwrap();
    assert_eq!(normalised(page.json()).to_string(), normalised(expected.clone()).to_string());
    let next = "/api/task?project_id=2&state=completed&related=true&all=1&limit=100&last_id=3";
    let next = send(address, "GET", next, &key, None).await.unwrap();
    assert_eq!(normalised(next.json()), normalised(json!([expected[1]])));
    let one = send(address, "GET", "/api/task?id=4&related=true&all=1", &key, None).await.unwrap();
    assert_eq!(normalised(one.json()), normalised(json!([expected[1]])));
}

#[tokio::test]
async fn a_volunteer_must_ask_for_a_task_and_answers_it_once() {
    let pybossa = Pybossa::start(Seed::demo()).await.unwrap();
    let ada = pybossa.answer(1, "ada", json!({"animal": "robin"})).unwrap();
    assert_eq!(ada, 1);
    let key = pybossa.key_of("ada").unwrap();
    let key = [("Host", "practice"), ("Authorization", key.as_str()), ("Content-Type", "application/json")];
    let address = pybossa.address();
    let answer = |task: i64| json!({"project_id": 1, "task_id": task, "info": {"animal": "wren"}}).to_string();

    let refused = send(address, "POST", "/api/taskrun", &key, Some(&answer(2))).await.unwrap();
    assert_eq!((refused.status, refused.json()["exception_msg"].clone()), (403, json!("You must request a task first!")));
    let next = send(address, "GET", "/api/project/1/newtask", &key, None).await.unwrap().json();
    assert_eq!(next["id"], 2, "the task that she has answered is not handed out again");
    assert_eq!(send(address, "POST", "/api/taskrun", &key, Some(&answer(2))).await.unwrap().status, 200);
    assert_eq!(send(address, "POST", "/api/taskrun", &key, Some(&answer(2))).await.unwrap().status, 403);
    assert!(pybossa.answer(2, "ada", json!("again")).is_err());
    assert_eq!(pybossa.calls().of("POST", Endpoint::TaskRun), 3);
}

#[tokio::test]
async fn more_answers_make_more_results_and_only_the_last_is_listed() {
    let pybossa = Pybossa::start(Seed::empty()).await.unwrap();
    pybossa.add_project("birds");
    let task = pybossa.add_task("birds", json!({}), 1).unwrap();
    let key = pybossa.owner_key();
    let key = [("Host", "practice"), ("Authorization", key.as_str())];
    let address = pybossa.address();
    pybossa.answer(task, "ada", json!("robin")).unwrap();
    assert_eq!(send(address, "PUT", "/api/result/1", &key, Some(r#"{"info": "robin"}"#)).await.unwrap().status, 200);

    let raised = send(address, "PUT", &format!("/api/task/{task}"), &key, Some(r#"{"n_answers": 2}"#)).await.unwrap();
    assert_eq!(raised.json()["state"], "ongoing");
    pybossa.answer(task, "ben", json!("wren")).unwrap();

    assert_eq!(pybossa.task(task).unwrap()["state"], "completed");
    let listed = send(address, "GET", "/api/result?project_id=1", &key, None).await.unwrap().json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!((&listed[0]["id"], &listed[0]["info"], &listed[0]["task_run_ids"]), (&json!(2), &Value::Null, &json!([1, 2])));
    assert_eq!(get(address, "/api/result?id=1").await.unwrap().body, "[]");
    assert_eq!(get(address, "/api/result?last_version=false").await.unwrap().json()[0]["info"], "robin");
    assert_eq!(get(address, "/api/result/1").await.unwrap().json()["last_version"], false);
    let both = [key[0], key[1], ("Content-Type", "application/json")];
    let lowered = send(address, "PUT", &format!("/api/task/{task}"), &both, Some(r#"{"n_answers": 1}"#)).await.unwrap();
    assert_eq!(lowered.json()["state"], "completed", "lowering does not open the task");
}

#[tokio::test]
async fn strangers_do_not_see_drafts_and_see_little_of_published_projects() {
    let pybossa = Pybossa::start(Seed::empty()).await.unwrap();
    pybossa.add_seed_project(SeedProject { published: false, ..SeedProject::new("draft") });
    pybossa.add_project("birds");
    let address = pybossa.address();
    let listed = get(address, "/api/project").await.unwrap().json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["short_name"], "birds");
    assert!(listed[0].get("webhook").is_none() && listed[0].get("secret_key").is_none());
    assert_eq!(listed[0]["info"], json!({}));
    assert_eq!(get(address, "/api/project/1").await.unwrap().status, 401);
    let other = pybossa.key_of("other").unwrap();
    assert_eq!(get(address, &format!("/api/project/1?api_key={other}")).await.unwrap().status, 403);
    let owner = pybossa.owner_key();
    assert_eq!(get(address, &format!("/api/project?api_key={owner}")).await.unwrap().json().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_header_wins_over_the_key_in_the_address() {
    let pybossa = Pybossa::start(Seed::demo()).await.unwrap();
    let owner = pybossa.owner_key();
    let wrong = [("Host", "practice"), ("Authorization", "nobody's key")];
    let target = format!("/api/task?api_key={owner}");
    let answer = send(pybossa.address(), "POST", &target, &wrong, Some(r#"{"project_id": 1, "info": 1}"#)).await.unwrap();
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn a_task_posted_twice_is_there_twice() {
    let pybossa = Pybossa::start(Seed::demo()).await.unwrap();
    let before = pybossa.tasks("birds").len();
    let target = format!("/api/task?api_key={}", pybossa.owner_key());
    for _ in 0..2 {
        let body = r#"{"project_id": 1, "info": {"from": "birds/1"}, "n_answers": 2}"#;
        assert_eq!(send(pybossa.address(), "POST", &target, &[("Host", "practice")], Some(body)).await.unwrap().status, 200);
    }
    assert_eq!(pybossa.tasks("birds").len(), before + 2);
}

#[tokio::test]
async fn lists_are_filtered_ordered_and_paged() {
    let pybossa = Pybossa::start(Seed { rate_limit: None, ..Seed::demo() }).await.unwrap();
    let address = pybossa.address();
    pybossa.give_planned("birds");
    let check = async |query: &str, ids: &[i64]| {
        let list = get(address, &format!("/api/{query}")).await.unwrap().json();
        let got: Vec<_> = list.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
        assert_eq!(got, ids, "{query}");
    };
    check("task?project_id=1&limit=2", &[1, 2]).await;
    check("task?project_id=1&limit=2&offset=2", &[3, 4]).await;
    check("task?project_id=1&limit=2&desc=true", &[7, 6]).await;
    check("task?project_id=1&last_id=5", &[6, 7]).await;
    check("task?project_id=1&n_answers=5", &[2]).await;
    check("task?project_id=1&orderby=n_answers&desc=true&limit=2", &[2, 3]).await;
    check("task?project_id=2&state=ongoing", &[8, 9]).await;
    check("task?project_id=1,2&last_id=6", &[7, 8, 9]).await;
    check("task?id=3", &[3]).await;
    check("task?id=3&project_id=2", &[]).await;
    check("taskrun?task_id=3&info=animal::wren", &[9, 12]).await;
    check("taskrun?task_id=3&info=%7B%22animal%22%3A%22robin%22%7D", &[10, 11]).await;
    check("project?short_name=forms", &[2]).await;
    check("result?task_id=3", &[3]).await;
    let related = get(address, "/api/taskrun?id=9&related=1").await.unwrap().json();
    assert_eq!((&related[0]["task"]["id"], &related[0]["result"]["id"]), (&json!(3), &json!(3)));
}

#[tokio::test]
async fn the_limits_window_ends_when_the_clock_says_so() {
    let clock = Clock::manual("2026-11-21T19:59:30Z".parse::<Timestamp>().unwrap());
    let rate_limit = Some(crowdhook::practice::pybossa::RateLimit { limit: 3, window_s: 60 });
    let pybossa = Pybossa::start(Seed { clock: clock.clone(), rate_limit, ..Seed::demo() }).await.unwrap();
    let call = async || {
        let answer = get(pybossa.address(), "/api/task?limit=1").await.unwrap();
        (answer.status, answer.header("x-ratelimit-remaining").unwrap().to_owned())
    };
    assert_eq!(call().await, (200, "2".to_owned()));
    assert_eq!(call().await, (200, "1".to_owned()));
    assert_eq!(call().await, (429, "0".to_owned()));
    assert_eq!(get(pybossa.address(), "/api/result?limit=1").await.unwrap().status, 200, "another endpoint counts for itself");
    clock.advance(Duration::from_secs(29));
    assert_eq!(call().await.0, 429);
    clock.advance(Duration::from_secs(1));
    assert_eq!(call().await, (200, "2".to_owned()));
    pybossa.set_rate_limit(None);
    assert_eq!(get(pybossa.address(), "/api/task?limit=1").await.unwrap().header("x-ratelimit-limit"), None);
}
