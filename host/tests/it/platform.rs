//! The client of PYBOSSA against the practice PYBOSSA: how many calls it makes, what it makes of whatever comes back, and how it
//! keeps within what the server allows.

/// Completed tasks by the hundred.
mod pages;

use std::net::Ipv4Addr;
use std::time::Duration;

use crowdhook::clock::{self, Clock, Timestamp};
use crowdhook::config;
use crowdhook::connection::{Connections, Content, Limits, Request, breaker};
use crowdhook::effect::NewTask;
use crowdhook::event::{Event, EventKind, PlatformKind};
use crowdhook::id::DeliveryId;
use crowdhook::platform::pybossa::Pybossa;
use crowdhook::platform::{Platform, PlatformError, ResultRow, Snapshot, TaskKey};
use crowdhook::practice::pybossa::{Endpoint, RateLimit};
use crowdhook::practice::{self, Fault, Seed};
use crowdhook::secret::Secret;
use serde_json::{Value, json};

use crate::harness;

/// The beginning of a window of 15 minutes.
const BEGIN: &str = "2030-01-01T00:00:00Z";
const RATION: &str = "allows no more calls";

/// A practice server with one project, the clock that it shares with its callers, and their connections.
struct Stage {
    server: practice::Pybossa,
    clock: Clock,
    connections: Connections,
}

impl Stage {
    async fn new() -> Self {
        Self::with(Limits::default()).await
    }

    async fn with(limits: Limits) -> Self {
        let begin: Timestamp = BEGIN.parse().unwrap();
        let clock = Clock::manual(begin);
        let server = practice::Pybossa::start(Seed { clock: clock.clone(), ..Seed::empty() }).await.unwrap();
        server.add_project("birds");
        let connections = Connections::with_limits(clock.clone(), limits);
        Self { server, clock, connections }
    }

    fn client(&self) -> Pybossa {
        self.client_of("birds", &self.server.owner_key())
    }

    fn client_of(&self, short_name: &str, key: &str) -> Pybossa {
        self.client_with(&self.server.url(), short_name, key)
    }

    /// The client of another server.
    fn client_at(&self, url: &str) -> Pybossa {
        self.client_with(url, "birds", "key")
    }

    fn client_with(&self, url: &str, short_name: &str, key: &str) -> Pybossa {
        let platform = config::Platform {
            kind: PlatformKind::Pybossa,
            url: url.parse().unwrap(),
            project: short_name.to_owned(),
            api_key: Some(Secret::new(key)),
            signing_tokens: Vec::new(),
            generic: None,
        };
        Pybossa::new(platform, &"garden".parse().unwrap(), &self.connections)
    }

    /// A task that these answers complete.
    fn completed(&self, answers: &[&str]) -> i64 {
        let task = self.server.add_task("birds", json!({"url": "a.jpg"}), u32::try_from(answers.len()).unwrap()).unwrap();
        for (number, answer) in answers.iter().enumerate() {
            self.server.answer(task, &format!("worker{number}"), json!(answer)).unwrap();
        }
        task
    }

    /// The event that the task's newest result stands for.
    fn event(&self, task: i64) -> Event {
        let result = self.server.result_of(task).map_or(Value::Null, |result| result["id"].clone());
        self.event_with(task, &result)
    }

    fn event_with(&self, task: i64, result: &Value) -> Event {
        let project = self.server.project_id("birds").unwrap();
        let payload =
            json!({"event": "task_completed", "project_short_name": "birds", "project_id": project, "task_id": task, "result_id": result});
        Event { payload: payload.to_string(), ..harness::event(EventKind::TASK_COMPLETED, Some(&task.to_string())) }
    }

    /// Calls so far: project, task, taskrun, result read, result written.
    fn calls(&self) -> [u64; 5] {
        let calls = self.server.calls();
        let get = |endpoint| calls.of("GET", endpoint);
        [get(Endpoint::Project), get(Endpoint::Task), get(Endpoint::TaskRun), get(Endpoint::Result), calls.of("PUT", Endpoint::Result)]
    }
}

fn values(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.answers.iter().map(|answer| answer.value.as_str()).collect()
}

fn later<T: std::fmt::Debug>(answer: Result<T, PlatformError>) -> (Option<Duration>, String) {
    match answer {
        Err(PlatformError::Later { after, why }) => (after, why),
        other => panic!("{other:?}"),
    }
}

fn refused<T: std::fmt::Debug>(answer: Result<T, PlatformError>) -> String {
    match answer {
        Err(PlatformError::KeyRefused { why } | PlatformError::Refused { why }) => why,
        other => panic!("{other:?}"),
    }
}

fn unconfirmed<T: std::fmt::Debug>(answer: &Result<T, PlatformError>) -> bool {
    matches!(answer, Err(PlatformError::Unconfirmed { .. }))
}

#[tokio::test]
async fn a_snapshot_is_one_call_and_the_project_is_asked_for_once() {
    let stage = Stage::new().await;
    let client = stage.client();
    for _ in 0..3 {
        let task = stage.completed(&["robin", "wren", "robin"]);
        let snapshot = client.snapshot(&stage.event(task)).await.unwrap();
        assert_eq!(values(&snapshot), [r#""robin""#, r#""wren""#, r#""robin""#]);
        assert!(snapshot.task.completed && snapshot.task.redundancy == 3 && snapshot.task.id == task.to_string());
        assert_eq!(snapshot.result.unwrap().info, None);
    }
    assert_eq!(stage.calls(), [1, 3, 0, 0, 0]);
}

#[tokio::test]
async fn an_older_server_that_embeds_nothing_is_read_page_by_page() {
    let stage = Stage::new().await;
    let client = stage.client();
    let task = stage.completed(&["robin"; 205]);
    let embedded = client.snapshot(&stage.event(task)).await.unwrap();
    assert_eq!(stage.calls(), [1, 1, 0, 0, 0]);
    stage.server.set_related(false);
    let paged = client.snapshot(&stage.event(task)).await.unwrap();
    assert_eq!(stage.calls(), [1, 2, 3, 1, 0]);
    assert_eq!(paged.answers.len(), 205);
    assert_eq!(paged, embedded);
}

#[tokio::test]
async fn an_event_that_came_too_early_is_confirmed_when_its_result_shows() {
    let stage = Stage::new().await;
    let client = stage.client();
    stage.server.set_early_reads(2);
    let task = stage.completed(&["robin", "robin"]);
    // The webhook knows the id of the result that is not committed yet.
    let event = stage.event_with(task, &json!(1));
    assert!(unconfirmed(&client.snapshot(&event).await));
    assert!(unconfirmed(&client.snapshot(&event).await));
    let snapshot = client.snapshot(&event).await.unwrap();
    assert_eq!((snapshot.answers.len(), snapshot.result.unwrap().id.as_str()), (2, "1"));
}

#[tokio::test]
async fn a_result_that_a_newer_one_replaced_is_confirmed_and_the_newer_one_given() {
    let stage = Stage::new().await;
    let client = stage.client();
    let task = stage.completed(&["robin", "robin"]);
    let first = stage.event(task);
    stage.server.answer(task, "late", json!("wren")).unwrap();
    let snapshot = client.snapshot(&first).await.unwrap();
    assert_eq!((snapshot.answers.len(), snapshot.result.unwrap().id.as_str()), (3, "2"));
    assert_eq!(stage.calls(), [1, 1, 0, 1, 0]);
}

#[tokio::test]
async fn a_task_that_was_opened_again_still_confirms_its_result() {
    let stage = Stage::new().await;
    let client = stage.client();
    let task = stage.completed(&["robin", "robin"]);
    let id = task.to_string();
    let raise = Request {
        endpoint: "task",
        method: http::Method::PUT,
        path: &["api", "task", &id],
        query: &[],
        authorization: Some(&Secret::new(&stage.server.owner_key())),
        content: Some(Content::Json(r#"{"n_answers": 5}"#.to_owned())),
    };
    let answer = stage.connections.to(&stage.server.url().parse().unwrap()).send(raise).await.unwrap();
    assert_eq!(answer.status, 200);
    let snapshot = client.snapshot(&stage.event(task)).await.unwrap();
    assert!(!snapshot.task.completed && snapshot.task.redundancy == 5);
}

#[tokio::test]
async fn a_task_completed_without_a_result_is_confirmed_by_its_state() {
    let stage = Stage::new().await;
    let client = stage.client();
    let task = stage.server.add_task("birds", json!(1), 5).unwrap();
    stage.server.answer(task, "ada", json!("robin")).unwrap();
    assert!(unconfirmed(&client.snapshot(&stage.event(task)).await));
    stage.server.lower_redundancy("birds", 1).unwrap();
    assert_eq!(client.snapshot(&stage.event(task)).await.unwrap().result, None);
}

#[tokio::test]
async fn forged_ids_are_not_confirmed() {
    let stage = Stage::new().await;
    let client = stage.client();
    let mine = stage.completed(&["robin"]);
    stage.server.add_project("other");
    let other = stage.server.add_task("other", json!(1), 1).unwrap();
    stage.server.answer(other, "ada", json!("x")).unwrap();
    let others_result = stage.server.result_of(other).unwrap()["id"].clone();
    for (task, result) in [(other, &others_result), (mine, &others_result), (mine, &json!(999)), (999, &json!(1)), (other, &Value::Null)] {
        assert!(unconfirmed(&client.snapshot(&stage.event_with(task, result)).await), "{task} {result}");
    }
    // A result that is older than the newest of this task, but of another task.
    let late = stage.completed(&["wren"]);
    assert!(unconfirmed(&client.snapshot(&stage.event_with(late, &others_result)).await));
    assert_eq!(client.task(&other.to_string()).await, Ok(None));
    assert_eq!(client.answers(&other.to_string(), None).await, Ok(Vec::new()));
    assert_eq!(client.result(&other.to_string()).await, Ok(None));
}

#[tokio::test]
async fn an_event_of_another_project_costs_no_call() {
    let stage = Stage::new().await;
    let task = stage.completed(&["robin"]);
    let client = stage.client_of("cats", &stage.server.owner_key());
    assert!(unconfirmed(&client.snapshot(&stage.event(task)).await));
    assert_eq!(stage.server.calls().total(), 0);
}

#[tokio::test]
async fn tasks_answers_and_results_are_read_one_by_one() {
    let stage = Stage::new().await;
    let client = stage.client();
    let task = stage.completed(&["a", "b", "c"]).to_string();
    assert_eq!(client.task(&task).await.unwrap().unwrap().redundancy, 3);
    let answers = client.answers(&task, None).await.unwrap();
    assert_eq!(answers.len(), 3);
    let rest = client.answers(&task, Some(&answers[0].id)).await.unwrap();
    assert_eq!(rest, answers[1..]);
    assert_eq!(client.answers(&task, Some(&answers[2].id)).await, Ok(Vec::new()));
    assert_eq!(client.result(&task).await, Ok(Some(ResultRow { id: "1".to_owned(), info: None })));
    assert_eq!(client.task("999").await, Ok(None));
}

#[tokio::test]
async fn people_without_an_account_stay_without_a_name_and_an_address() {
    let stage = Stage::new().await;
    let client = stage.client();
    let task = stage.server.add_task("birds", json!(1), 1).unwrap();
    stage.server.answer_anonymously(task, Ipv4Addr::new(203, 0, 113, 7).into(), json!("robin")).unwrap();
    let snapshot = client.snapshot(&stage.event(task)).await.unwrap();
    assert_eq!(snapshot.answers[0].worker, None);
    assert!(!snapshot.answers[0].extra.contains("user_ip"));
    let named = stage.completed(&["robin"]);
    let worker = client.snapshot(&stage.event(named)).await.unwrap().answers.remove(0).worker.unwrap();
    assert_eq!(client.worker(&worker).await.unwrap().unwrap().name.as_deref(), Some("worker0"));
    assert_eq!(client.worker("999").await, Ok(None));
}

#[tokio::test]
async fn a_result_is_saved_in_one_call_and_repeating_it_does_no_harm() {
    let stage = Stage::new().await;
    let client = stage.client();
    let task = stage.completed(&["robin"]);
    let saved = || stage.server.result_of(task).unwrap()["info"].clone();
    for _ in 0..2 {
        let receipt = client.save_result(&task.to_string(), Some("1"), r#"{"answer":"robin"}"#).await.unwrap();
        assert_eq!(receipt, format!("saved in result 1 of task {task}"));
        assert_eq!(saved(), json!({"answer": "robin"}));
    }
    assert_eq!(stage.calls(), [0, 0, 0, 0, 2]);
    client.save_result(&task.to_string(), None, "[1,null]").await.unwrap();
    assert_eq!(saved(), json!([1, null]));
    assert_eq!(stage.calls(), [1, 0, 0, 1, 3]);
}

#[tokio::test]
async fn a_save_whose_answer_was_lost_is_tried_again() {
    let stage = Stage::new().await;
    let client = stage.client();
    let task = stage.completed(&["robin"]).to_string();
    for fault in [Fault::LoseAnswer, Fault::CutBody { after_bytes: 10 }, Fault::BrokenJson, Fault::WrongType, Fault::ServerError] {
        stage.server.fault_on(Endpoint::Result, fault, 1);
        later(client.save_result(&task, Some("1"), "1").await);
        client.save_result(&task, Some("1"), "1").await.unwrap();
    }
}

fn new_task(info: &str) -> NewTask {
    NewTask { info: info.to_owned(), redundancy: Some(3), priority: Some(0.5), extra: r#"{"calibration":1}"#.to_owned() }
}

#[tokio::test]
async fn a_task_is_created_with_our_key_in_its_info() {
    let stage = Stage::new().await;
    let key = TaskKey { id: DeliveryId::new(), look_first: false };
    let receipt = stage.client().create_task(&new_task(r#"{"url":"https://example.org/1.jpg"}"#), key).await.unwrap();
    let tasks = stage.server.tasks("birds");
    assert_eq!((tasks.len(), receipt), (1, format!("created task {}", tasks[0]["id"])));
    assert_eq!(tasks[0]["info"], json!({"url": "https://example.org/1.jpg", "crowdhook_key": key.id.to_string()}));
    assert_eq!((&tasks[0]["n_answers"], &tasks[0]["priority_0"], &tasks[0]["calibration"]), (&json!(3), &json!(0.5), &json!(1)));
}

#[tokio::test]
async fn a_task_whose_creation_is_unclear_is_looked_for_and_not_created_twice() {
    for fault in [Fault::LoseAnswer, Fault::CutBody { after_bytes: 10 }, Fault::BrokenJson, Fault::ServerError, Fault::Status(502)] {
        let stage = Stage::new().await;
        let client = stage.client();
        let happened = matches!(fault, Fault::LoseAnswer | Fault::CutBody { .. } | Fault::BrokenJson);
        stage.server.add_task("birds", json!({"crowdhook_key": DeliveryId::new().to_string()}), 1).unwrap();
        client.project().await.unwrap();
        stage.server.fault_on(Endpoint::Task, fault.clone(), 1);
        let key = |look_first| TaskKey { id: DeliveryId::from_bytes([7; 16]), look_first };
        later(client.create_task(&new_task("{}"), key(false)).await);
        let receipt = client.create_task(&new_task("{}"), key(true)).await.unwrap();
        assert_eq!(receipt.contains("earlier attempt"), happened, "{fault:?}: {receipt}");
        assert_eq!(stage.server.tasks("birds").len(), 2, "{fault:?}");
    }
}

#[tokio::test]
async fn a_task_that_can_hold_no_key_is_not_created_again_when_it_may_be_there() {
    let stage = Stage::new().await;
    let key = TaskKey { id: DeliveryId::new(), look_first: true };
    let why = refused(stage.client().create_task(&new_task("[1,2]"), key).await);
    assert!(why.contains("create it by hand"), "{why}");
    assert!(stage.server.tasks("birds").is_empty());
    let first = TaskKey { look_first: false, ..key };
    stage.client().create_task(&new_task("[1,2]"), first).await.unwrap();
    assert_eq!(stage.server.tasks("birds")[0]["info"], json!([1, 2]));
}

#[tokio::test]
async fn a_task_may_not_say_what_pybossa_says() {
    let stage = Stage::new().await;
    let key = TaskKey { id: DeliveryId::new(), look_first: false };
    for reserved in ["id", "state", "created", "project_id", "n_answers"] {
        let task = NewTask { extra: json!({ reserved: 1 }).to_string(), ..new_task("{}") };
        let why = refused(stage.client().create_task(&task, key).await);
        assert!(why.contains(&format!("`{reserved}`")), "{why}");
    }
}

#[tokio::test]
async fn redundancy_is_raised_and_nothing_else_is_touched() {
    let stage = Stage::new().await;
    let client = stage.client();
    let task = stage.completed(&["robin", "wren"]);
    let before = stage.server.task(task).unwrap();
    let receipt = client.raise_redundancy(&task.to_string(), 4).await.unwrap();
    assert_eq!(receipt, format!("task {task} wants 4 answers instead of 2"));
    let after = stage.server.task(task).unwrap();
    assert_eq!((&after["n_answers"], &after["state"], &after["info"]), (&json!(4), &json!("ongoing"), &before["info"]));
    let writes = stage.calls();
    for fewer in [4, 3, 2, 1] {
        let receipt = client.raise_redundancy(&task.to_string(), fewer).await.unwrap();
        assert!(receipt.starts_with("nothing to do"), "{receipt}");
    }
    assert_eq!(stage.server.task(task).unwrap(), after);
    assert_ne!(stage.calls(), writes, "it was looked at each time");
}

#[tokio::test]
async fn a_task_with_as_many_answers_is_not_opened_again() {
    let stage = Stage::new().await;
    let task = stage.completed(&["robin", "wren", "wren"]);
    stage.server.lower_redundancy("birds", 1).unwrap();
    let before = stage.server.task(task).unwrap();
    let receipt = stage.client().raise_redundancy(&task.to_string(), 3).await.unwrap();
    assert_eq!(receipt, format!("nothing to do: task {task} has 3 answers already"));
    assert_eq!(stage.server.task(task).unwrap(), before);
}

#[tokio::test]
async fn the_redundancy_of_another_projects_task_is_not_raised() {
    let stage = Stage::new().await;
    stage.server.add_project("bees");
    let task = stage.server.add_task("bees", json!({}), 1).unwrap();
    for task in [task.to_string(), "999".to_owned(), "no number".to_owned()] {
        let answer = stage.client().raise_redundancy(&task, 5).await;
        assert!(matches!(&answer, Err(PlatformError::Missing { .. })), "{answer:?}");
    }
    assert_eq!(stage.server.task(task).unwrap()["n_answers"], json!(1));
}

#[tokio::test]
async fn a_result_that_is_gone_is_missing() {
    let stage = Stage::new().await;
    let client = stage.client();
    for result in [Some("999"), None] {
        let answer = client.save_result("1", result, "1").await;
        assert!(matches!(&answer, Err(PlatformError::Missing { .. })), "{answer:?}");
    }
}

#[tokio::test]
async fn a_wrong_key_is_named_when_something_is_written() {
    let stage = Stage::new().await;
    let task = stage.completed(&["robin"]);
    let url = stage.server.url();
    let unknown = stage.client_of("birds", "no-such-key");
    // On reads a wrong key is none.
    unknown.snapshot(&stage.event(task)).await.unwrap();
    assert_eq!(unknown.project().await.unwrap().key_may_write, Some(false));
    assert_eq!(
        refused(unknown.save_result(&task.to_string(), Some("1"), "1").await),
        format!(
            "PYBOSSA at `{url}` does not know the API key of project `garden` (to save result 1 of task {task}): set `platform.api_key`"
        )
    );
    let other = stage.client_of("birds", &stage.server.key_of("other").unwrap());
    assert_eq!(other.project().await.unwrap().key_may_write, Some(false));
    assert_eq!(
        refused(other.save_result(&task.to_string(), Some("1"), "1").await),
        format!(
            "the API key of project `garden` is of nobody who may save result 1 of task {task} on PYBOSSA at `{url}`: set \
             `platform.api_key` to the key of an owner of `birds`"
        )
    );
    assert_eq!(stage.client().project().await.unwrap().key_may_write, Some(true));
}

#[tokio::test]
async fn a_project_that_is_not_there_is_refused_and_asked_for_again() {
    let stage = Stage::new().await;
    let client = stage.client_of("cats", &stage.server.owner_key());
    assert!(refused(client.project().await).contains("shows no project `cats` to the API key of project `garden`"));
    stage.server.add_project("cats");
    assert_eq!(client.project().await.unwrap().short_name.as_deref(), Some("cats"));
}

#[tokio::test]
async fn whatever_goes_wrong_on_the_way_passes() {
    let stage = Stage::new().await;
    let client = stage.client();
    let task = stage.completed(&["robin"]);
    client.project().await.unwrap();
    let faults = [
        Fault::Status(502),
        Fault::Status(403),
        Fault::ServerError,
        Fault::ErrorPage,
        Fault::CutBody { after_bytes: 100 },
        Fault::LoseAnswer,
        Fault::WrongType,
        Fault::BrokenJson,
    ];
    for fault in faults {
        stage.server.fault_on(Endpoint::Task, fault.clone(), 1);
        let (_, why) = later(client.snapshot(&stage.event(task)).await);
        assert!(why.contains(&stage.server.url()) && !why.contains('<') && !why.contains("robin"), "{fault:?}: {why}");
        client.snapshot(&stage.event(task)).await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let stage = Stage::with(Limits { whole: Duration::from_millis(50), ..Limits::default() }).await;
    stage.server.fault_on(Endpoint::Project, Fault::Hang, 1);
    let (_, why) = later(stage.client().project().await);
    assert!(why.contains("gave no whole answer within 0.05 s"), "{why}");
    stage.client().project().await.unwrap();
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_refused_and_nothing_of_it_used() {
    let stage = Stage::with(Limits { body_bytes_max: 2 << 20, ..Limits::default() }).await;
    let task = stage.completed(&[&"x".repeat(1 << 20), &"y".repeat(1 << 20)]);
    let why = refused(stage.client().snapshot(&stage.event(task)).await);
    assert!(why.contains("more than the 2 MiB"), "{why}");
}

#[tokio::test]
async fn a_refused_call_says_when_the_window_ends_and_no_other_is_made_before() {
    let stage = Stage::new().await;
    let client = stage.client();
    let task = stage.completed(&["robin"]);
    client.project().await.unwrap();
    stage.clock.advance(Duration::from_secs(100));
    stage.server.fault_on(Endpoint::Task, Fault::TooManyRequests, 1);
    let (after, why) = later(client.snapshot(&stage.event(task)).await);
    assert_eq!(after, Some(Duration::from_secs(800)));
    assert!(why.contains(RATION), "{why}");
    assert_eq!(later(client.snapshot(&stage.event(task)).await).0, after);
    assert_eq!(stage.calls(), [1, 1, 0, 0, 0]);
    // Another endpoint is counted apart.
    client.save_result(&task.to_string(), Some("1"), "1").await.unwrap();
    stage.clock.advance(Duration::from_secs(800));
    client.snapshot(&stage.event(task)).await.unwrap();
}

#[tokio::test]
async fn work_slows_down_before_the_wall_and_never_hits_it() {
    let stage = Stage::new().await;
    let client = stage.client();
    let task = stage.completed(&["robin"]);
    let event = stage.event(task);
    client.project().await.unwrap();
    let begin = stage.clock.now();
    let (mut made, mut slowed_after) = ([0_u32; 3], None);
    while let Some(made) = made.get_mut(usize::try_from(clock::between(begin, stage.clock.now()).as_secs() / 900).unwrap()) {
        match client.snapshot(&event).await {
            Ok(_) => *made += 1,
            Err(PlatformError::Later { after: Some(wait), why }) => {
                assert!(!why.contains(RATION) && wait <= Duration::from_secs(900), "{why}");
                slowed_after = slowed_after.or(Some(*made));
                stage.clock.advance(wait);
            }
            Err(error) => panic!("{error}"),
        }
    }
    // Four fifths at once; the rest by and by; a few of the 299 never.
    assert_eq!(slowed_after, Some(241));
    for made in made {
        assert!((280..=297).contains(&made), "{made}");
    }
}

#[tokio::test]
async fn two_projects_on_one_server_share_what_it_allows() {
    let stage = Stage::new().await;
    stage.server.set_rate_limit(Some(RateLimit { limit: 20, window_s: 900 }));
    stage.server.add_project("cats");
    let (birds, cats) = (stage.client(), stage.client_of("cats", &stage.server.owner_key()));
    let task = stage.completed(&["robin"]).to_string();
    let mut made = 0;
    for client in [&birds, &cats].into_iter().cycle() {
        match client.task(&task).await {
            Ok(_) => made += 1,
            Err(PlatformError::Later { after: Some(_), .. }) => break,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(made, 17);
    assert_eq!(stage.calls()[1], made);
}

#[tokio::test]
async fn a_server_that_is_down_is_left_alone_and_tried_again() {
    let stage = Stage::new().await;
    let client = stage.client();
    let task = stage.completed(&["robin"]).to_string();
    client.project().await.unwrap();
    stage.server.go_down().await;
    for _ in 0..breaker::FAILURES_MAX {
        let (_, why) = later(client.task(&task).await);
        assert!(!why.contains("left alone"), "{why}");
    }
    let (after, why) = later(client.task(&task).await);
    assert_eq!(after, Some(breaker::OPEN_FIRST));
    assert!(why.contains("was down a moment ago"), "{why}");
    // The first trial fails, and the wait doubles.
    stage.clock.advance(breaker::OPEN_FIRST);
    assert_eq!(later(client.task(&task).await).0, Some(breaker::OPEN_FIRST * 2));
    stage.server.come_back().await.unwrap();
    later(client.task(&task).await);
    stage.clock.advance(breaker::OPEN_FIRST * 2);
    assert!(client.task(&task).await.unwrap().is_some());
    assert!(client.task(&task).await.unwrap().is_some());
}

#[tokio::test]
async fn no_more_calls_than_allowed_are_under_way_at_a_time() {
    let stage = Stage::with(Limits { at_once: 1, ..Limits::default() }).await;
    let client = stage.client();
    stage.server.fault_on(Endpoint::Project, Fault::Hang, 1);
    let (first, second) = tokio::join!(client.worker("1"), async {
        let other = stage.client();
        let hanging = tokio::time::timeout(Duration::from_millis(300), other.project());
        let (hanging, refused) = tokio::join!(hanging, client.task("1"));
        stage.server.clear_faults();
        (hanging.is_err(), refused)
    });
    first.unwrap();
    let (_, why) = later(second.1);
    assert!(second.0 && why.contains("as many calls"), "{why}");
    // A caller that gave up has left its place.
    stage.client().project().await.unwrap();
}
