use serde_json::json;

use super::*;

fn reading() -> Reading {
    let event: EventForm = serde_json::from_value(json!({ "kind": "task.completed", "task": "1" })).unwrap();
    let many: Vec<_> = (1..=150).map(|number| json!({ "value": number })).collect();
    let platform = json!({
        "workers": { "ann": "Ann", "bob": null },
        "tasks": { "2": { "info": { "url": "x" } } },
        "answers": { "2": many },
        "results": { "1": { "answer": "robin" } },
    });
    let state = [("a/1", "x"), ("a/2", "y"), ("b", "z")].map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    CaseWorld::new(&event, None, None, serde_json::from_str(&platform.to_string()).unwrap(), state, Exchanges::default()).with(&[])
}

#[tokio::test]
async fn other_tasks_are_read_by_pages_as_from_a_platform() {
    let world = reading();
    assert_eq!(world.task("2").await.unwrap().map(|task| (task.redundancy, task.info)), Some((150, r#"{"url":"x"}"#.to_owned())));
    assert_eq!(world.task("3").await.unwrap(), None);
    let page = world.answers("2", None).await.unwrap();
    assert_eq!((page.len(), page[99].value.as_str(), page[99].task.as_str()), (100, "100", "2"));
    assert_eq!(world.answers("2", Some("100")).await.unwrap().len(), 50);
    assert_eq!(world.answers("2", Some("150")).await.unwrap().len(), 0);
    assert_eq!(world.task_result("1").await.unwrap().as_deref(), Some(r#"{"answer":"robin"}"#));
    assert_eq!(world.worker("ann").await.unwrap().and_then(|worker| worker.name).as_deref(), Some("Ann"));
    assert_eq!(world.worker("cleo").await.unwrap(), None);
}

#[tokio::test]
async fn state_is_scanned_in_the_order_of_its_keys() {
    let world = reading();
    let keys = async |prefix, after, limit| -> Vec<String> {
        world.scan(prefix, after, limit).await.unwrap().into_iter().map(|entry| entry.key).collect()
    };
    assert_eq!(keys("a/", None, 100).await, ["a/1", "a/2"]);
    assert_eq!(keys("a/", None, 1).await, ["a/1"]);
    assert_eq!(keys("", Some("a/1"), 100).await, ["a/2", "b"]);
}

#[test]
fn a_task_of_which_nothing_is_said_is_completed_and_has_no_answers() {
    let world = reading();
    let snapshot = world.snapshot().unwrap();
    assert_eq!((snapshot.task.id.as_str(), snapshot.task.completed, snapshot.answers.len()), ("1", true, 0));
}
