//! What the practice PYBOSSA posts, compared byte for byte with what was recorded.

use std::time::Duration;

use crowdhook::clock::Clock;
use crowdhook::practice::Pybossa;
use crowdhook::practice::pybossa::{Posted, SaveError};
use crowdhook::practice::seed::{Seed, SeedProject, SeedTask};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Behaviour, Hook, recording, send};

/// The host that all but one recording name.
const HOST: &str = "127.0.0.1:8099";

fn recorded(name: &str) -> String {
    recording(&format!("pybossa/webhook/{name}.http"))
}

fn at(moment: &str) -> Clock {
    Clock::manual(moment.parse::<Timestamp>().unwrap())
}

fn task() -> SeedTask {
    SeedTask { info: json!({}), n_answers: 1, answers: Vec::new() }
}

/// A server on which the next project, task and result get the ids wanted.
async fn server(clock: Clock, projects: usize, tasks: usize, results: usize, short_name: &str) -> Pybossa {
    let filler = |number: usize| SeedProject {
        tasks: if number == 1 { (1..tasks).map(|_| task()).collect() } else { Vec::new() },
        ..SeedProject::new(&format!("filler{number}"))
    };
    let mut seed = Seed { clock, projects: (1..projects).map(filler).collect(), ..Seed::empty() };
    seed.projects.push(SeedProject { tasks: vec![task(), task()], ..SeedProject::new(short_name) });
    let pybossa = Pybossa::start(seed).await.unwrap();
    for task in 1..results {
        pybossa.answer(i64::try_from(task).unwrap(), "someone", json!(1)).unwrap();
    }
    pybossa
}

#[tokio::test]
async fn a_completed_task_and_its_reruns_are_posted_as_recorded() {
    let mut hook = Hook::answering_ok().await;
    let pybossa = server(at("2026-11-21T19:29:25Z"), 1, 1, 1, "p1795289364365").await;
    pybossa.set_webhook("p1795289364365", &hook.url("/hook")).unwrap();
    pybossa.answer(1, "ada", json!("yes")).unwrap();
    assert_eq!(hook.next(HOST).await, recorded("02-task_completed"));
    pybossa.settled().await;

    let rows = pybossa.webhooks("p1795289364365");
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].response_status_code, Some(200));
    pybossa.rerun_one("p1795289364365", rows[0].id).unwrap();
    assert_eq!(hook.next(HOST).await, recorded("03-rerun-one"));

    pybossa.answer(2, "ada", json!("yes")).unwrap();
    hook.next(HOST).await;
    pybossa.settled().await;
    assert_eq!(pybossa.rerun_failed("p1795289364365").unwrap(), 0);
    assert_eq!(pybossa.rerun_all("p1795289364365").unwrap(), 2);
    let mut both = [hook.next(HOST).await, hook.next(HOST).await];
    both.sort();
    assert_eq!(both, [recorded("03-rerun-one"), recorded("04-rerun-all-second-of-two")]);
    pybossa.settled().await;
    assert_eq!(pybossa.webhooks("p1795289364365").len(), 2, "a rerun updates its row");
}

#[tokio::test]
async fn an_answer_given_over_http_completes_its_task_and_is_posted() {
    let mut hook = Hook::answering_ok().await;
    let pybossa = server(Clock::default(), 1, 1, 1, "birds").await;
    pybossa.set_webhook("birds", &hook.url("/hook")).unwrap();
    let headers = [("Host", "practice"), ("Content-Type", "application/json")];
    let task = send(pybossa.address(), "GET", "/api/project/1/newtask", &headers, None).await.unwrap().json();
    let body = json!({"project_id": 1, "task_id": task["id"], "info": "robin"}).to_string();
    let run = send(pybossa.address(), "POST", "/api/taskrun", &headers, Some(&body)).await.unwrap().json();
    assert_eq!((&run["user_ip"], &run["user_id"]), (&json!("124.252.2.225"), &Value::Null));
    assert!(hook.next("hook").await.contains(r#""task_id": 1, "result_id": 1"#));
}

#[tokio::test]
async fn saving_the_address_asks_for_it_as_recorded() {
    let mut hook = Hook::answering_ok().await;
    let pybossa = server(Clock::default(), 1, 1, 1, "birds").await;
    pybossa.save_webhook("birds", &hook.url("/hook")).await.unwrap();
    assert_eq!(hook.next(HOST).await, recorded("01-url-check-when-saved"));
}

#[tokio::test]
async fn only_an_address_that_answers_exactly_200_is_saved() {
    let hook = Hook::start(|path| match path {
        "/empty" => Behaviour::status(200, ""),
        "/moved" => Behaviour::redirect(302, "/empty"),
        "/cut" => Behaviour::Cut,
        other => Behaviour::status(other.trim_start_matches('/').parse().unwrap(), "body"),
    })
    .await;
    let pybossa = server(Clock::default(), 1, 1, 1, "birds").await;
    let check = async |path: &str, expected: Result<(), SaveError>| {
        assert_eq!(pybossa.save_webhook("birds", &hook.url(path)).await, expected, "{path}");
    };
    check("/200", Ok(())).await;
    check("/empty", Ok(())).await;
    check("/moved", Ok(())).await;
    check("/201", Err(SaveError::InvalidUrl)).await;
    check("/204", Err(SaveError::InvalidUrl)).await;
    check("/404", Err(SaveError::InvalidUrl)).await;
    check("/cut", Err(SaveError::ConnectionError)).await;
    assert_eq!(pybossa.save_webhook("birds", "").await, Ok(()));
    assert_eq!(pybossa.save_webhook("birds", "notaurl").await, Err(SaveError::InvalidUrl));
}

#[tokio::test]
async fn rows_made_for_older_tasks_are_posted_as_recorded() {
    let mut hook = Hook::answering_ok().await;
    // The recording's task is 21 and its result 19.
    let pybossa = server(Clock::default(), 18, 21, 19, "klate").await;
    pybossa.answer(21, "ada", json!("yes")).unwrap();
    pybossa.set_webhook("klate", &hook.url("/late")).unwrap();
    assert_eq!(pybossa.create_webhooks("klate").unwrap(), 1);
    assert_eq!(pybossa.create_webhooks("klate").unwrap(), 0, "twice adds nothing");
    assert!(hook.is_quiet(), "making rows posts nothing");
    assert_eq!(pybossa.rerun_failed("klate").unwrap(), 1);
    assert_eq!(hook.next(HOST).await, recorded("05-rerun-of-row-made-by-create_webhooks"));
}

#[tokio::test]
async fn an_empty_answer_crashes_the_job_and_it_is_put_back_twice() {
    let mut hook = Hook::start(|_| Behaviour::status(200, "")).await;
    let pybossa = server(at("2026-11-21T19:30:26Z"), 4, 5, 5, "kempty200").await;
    pybossa.set_webhook("kempty200", &hook.url("/empty/200")).unwrap();
    pybossa.answer(5, "ada", json!("yes")).unwrap();
    let again = recorded("06-sent-again-by-check_failed-no-rerun-argument");
    assert_eq!(hook.next(HOST).await, again, "the first send has the same bytes");
    for _ in 0..2 {
        pybossa.settled().await;
        assert_eq!(pybossa.check_failed(), 1);
        assert_eq!(hook.next(HOST).await, again);
    }
    pybossa.settled().await;
    assert_eq!(pybossa.check_failed(), 0);
    assert_eq!(pybossa.webhooks("kempty200"), [], "no row remembers a crash");
    assert!(pybossa.posts().iter().all(|post| post.posted == Posted::Crashed));
}

#[tokio::test]
async fn redirects_are_followed_as_recorded() {
    let behaviour = |path: &str| match path {
        "/redirect/302" => Behaviour::redirect(302, "/landed"),
        "/redirect/307" => Behaviour::redirect(307, "/landed"),
        _ => Behaviour::status(200, "OK"),
    };
    let mut hook = Hook::start(behaviour).await;
    let pybossa = server(at("2026-11-21T19:30:30Z"), 8, 9, 9, "kredirect302").await;
    pybossa.set_webhook("kredirect302", &hook.url("/redirect/302")).unwrap();
    pybossa.answer(9, "ada", json!("yes")).unwrap();
    assert_eq!(hook.next(HOST).await, recorded("07-a-302-answer"));
    assert_eq!(hook.next(HOST).await, recorded("07-b-what-follows-a-302"));

    let pybossa = server(at("2026-11-21T19:30:31Z"), 9, 10, 10, "kredirect307").await;
    pybossa.set_webhook("kredirect307", &hook.url("/redirect/307")).unwrap();
    pybossa.answer(10, "ada", json!("yes")).unwrap();
    assert_eq!(hook.next(HOST).await, recorded("08-a-307-answer"));
    assert_eq!(hook.next(HOST).await, recorded("08-b-what-follows-a-307"));
}

#[tokio::test]
async fn a_row_of_another_project_goes_to_the_address_of_the_project_named() {
    let mut mallory = Hook::answering_ok().await;
    let victim = Hook::answering_ok().await;
    let pybossa = server(at("2026-11-21T19:44:08Z"), 1, 1, 1, "sup").await;
    pybossa.set_webhook("sup", &victim.url("/sup")).unwrap();
    pybossa.answer(1, "ada", json!("yes")).unwrap();
    pybossa.settled().await;
    pybossa.add_project("mallory");
    pybossa.set_webhook("mallory", &mallory.url("/mallory")).unwrap();

    let key = pybossa.owner_key();
    let target = format!("/project/mallory/webhook/1?api_key={key}");
    let row = send(pybossa.address(), "POST", &target, &[("Host", "practice")], None).await.unwrap();
    assert_eq!(row.json()["payload"]["project_short_name"], "sup");
    assert_eq!(mallory.next("127.0.0.1:41799").await, recorded("09-row-of-another-project-sent-to-this-url"));
}

#[tokio::test]
async fn each_way_to_answer_leaves_the_row_that_was_recorded() {
    let recordings: Vec<Value> = serde_json::from_str(&recording("pybossa/webhook-answers.json")).unwrap();
    let hook = Hook::start(|path| match path {
        "/1" => Behaviour::status(200, r#"{"status":"queued"}"#),
        "/2" => Behaviour::status(202, "status 202"),
        "/3" => Behaviour::status(500, "status 500"),
        "/4" => Behaviour::status(200, ""),
        "/5" => Behaviour::Answer("HTTP/1.1 204 No Content\r\n\r\n".to_owned()),
        "/6" => Behaviour::status(500, ""),
        "/7" => Behaviour::redirect(302, "/landed"),
        "/8" => Behaviour::redirect(307, "/landed"),
        "/9" => Behaviour::Cut,
        "/12" => Behaviour::Silent,
        _ => Behaviour::status(200, "OK"),
    })
    .await;
    // 10 is refused, 11 is only slow, 13 depends on another program's HTML.
    let mut seed = Seed { job_timeout: Duration::from_millis(500), webhook_workers: 4, ..Seed::empty() };
    let numbers = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12];
    seed.projects = numbers.iter().map(|number| SeedProject { tasks: vec![task()], ..SeedProject::new(&format!("k{number}")) }).collect();
    let pybossa = Pybossa::start(seed).await.unwrap();
    let refused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (task, number) in (1..).zip(numbers) {
        let url = if number == 10 { format!("http://{refused}/") } else { hook.url(&format!("/{number}")) };
        pybossa.set_webhook(&format!("k{number}"), &url).unwrap();
        pybossa.answer(task, "ada", json!("yes")).unwrap();
    }
    pybossa.settled().await;
    for number in numbers {
        let expected = &recordings[number]["row"];
        let rows = pybossa.webhooks(&format!("k{number}"));
        let label = &recordings[number]["hook_answers"];
        match rows.first() {
            Some(row) => {
                assert_eq!(json!(row.response_status_code), expected["response_status_code"], "{label}");
                assert_eq!(json!(row.response), expected["response"], "{label}");
            }
            None => assert!(expected.is_null(), "{label}: no row"),
        }
    }
}

#[tokio::test]
async fn the_owners_page_sends_failed_rows_again_and_strangers_may_not() {
    let mut hook = Hook::start(|path| if path == "/hook" { Behaviour::status(503, "later") } else { Behaviour::status(200, "OK") }).await;
    let pybossa = server(Clock::default(), 1, 1, 1, "birds").await;
    pybossa.set_webhook("birds", &hook.url("/hook")).unwrap();
    pybossa.answer(1, "ada", json!("yes")).unwrap();
    hook.next(HOST).await;
    pybossa.settled().await;
    let address = pybossa.address();
    let page = async |name: &str, query: &str| {
        let target = format!("/project/birds/webhook?{query}&api_key={}", pybossa.key_of(name).unwrap());
        super::get(address, &target).await.unwrap().status
    };
    assert_eq!(page("other", "failed=1").await, 403);
    assert_eq!(page("owner", "failed=1").await, 200);
    assert!(hook.next(HOST).await.starts_with("POST /hook?rerun=True HTTP/1.1\r\n"));
    pybossa.settled().await;
    assert_eq!(pybossa.webhooks("birds")[0].response_status_code, Some(200));
    assert_eq!(page("owner", "failed=1").await, 200);
    pybossa.settled().await;
    assert!(hook.is_quiet());
}

#[tokio::test]
async fn lowering_redundancy_on_the_page_completes_without_result_or_webhook() {
    let mut hook = Hook::answering_ok().await;
    let pybossa = Pybossa::start(Seed::empty()).await.unwrap();
    pybossa.add_project("birds");
    pybossa.set_webhook("birds", &hook.url("/hook")).unwrap();
    let task = pybossa.add_task("birds", json!({}), 3).unwrap();
    pybossa.answer(task, "ada", json!("robin")).unwrap();
    pybossa.lower_redundancy("birds", 1).unwrap();
    pybossa.settled().await;
    assert_eq!(pybossa.task(task).unwrap()["state"], "completed");
    assert_eq!(pybossa.result_of(task), None);
    assert!(hook.is_quiet());
}
