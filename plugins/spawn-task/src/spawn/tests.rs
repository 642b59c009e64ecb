use crowdhook_texts::{Event, Facts, Task};
use serde_json::{Value, json};

use super::{Outcome, count, day_key, spawn};
use crate::settings::{Spawn, parse};

fn settings(more: Value) -> Spawn {
    let mut spawn = json!({ "project": "species", "info": { "photo": "{{ task.info.url }}", "seen": { "as": "{{ answer }}", "by": ["{{ votes }}", 1] } } });
    for (name, value) in more.as_object().unwrap() {
        spawn[name] = value.clone();
    }
    parse(&json!({ "spawn": spawn }).to_string()).unwrap().spawn.unwrap()
}

fn facts(info: Value, decided: bool) -> Facts {
    let event = Event {
        kind: "task.analysed".to_owned(),
        project: "birds".to_owned(),
        task_id: Some("7".to_owned()),
        occurred_at: "2026-11-21T19:29:25.000Z".to_owned(),
        ..Event::default()
    };
    let analysis = json!({ "answer": "bird\"}", "votes": 3, "decided": decided, "revision": 1 });
    Facts { event, task: Some(Task { info, ..Task::default() }), analysis: Some(analysis), ..Facts::default() }
}

fn info(outcome: Outcome) -> Value {
    let Outcome::Task(info) = outcome else { panic!("{outcome:?}") };
    serde_json::from_str(&info).unwrap()
}

#[test]
fn a_decided_task_leads_to_another_that_says_where_it_comes_from() {
    let info = info(spawn(&settings(json!({})), &facts(json!({ "url": "https://example.org" }), true)).unwrap());
    let expected = json!({
        "photo": "https://example.org",
        "seen": { "as": "bird\"}", "by": [3, 1] },
        "crowdhook": { "depth": 1, "project": "birds", "task": "7" },
    });
    assert_eq!(info, expected);
}

#[test]
fn nothing_comes_of_it_when_the_condition_does_not_hold() {
    assert_eq!(spawn(&settings(json!({})), &facts(json!({}), false)), Ok(Outcome::Nothing));
    assert_eq!(spawn(&settings(json!({ "when": "votes > 5" })), &facts(json!({}), true)), Ok(Outcome::Nothing));
}

#[test]
fn a_chain_of_spawned_tasks_has_an_end() {
    let at = |depth: Value| {
        spawn(&settings(json!({ "depth_max": 2 })), &facts(json!({ "url": "u", "crowdhook": { "depth": depth } }), true)).unwrap()
    };
    assert_eq!(info(at(json!(1)))["crowdhook"]["depth"], 2);
    assert_eq!(at(json!(2)), Outcome::TooDeep);
    assert_eq!(at(json!(u64::MAX)), Outcome::TooDeep);
    assert_eq!(info(at(json!("two")))["crowdhook"]["depth"], 1);
}

#[test]
fn what_is_missing_is_for_a_person() {
    let error = spawn(&settings(json!({})), &facts(json!({}), true)).unwrap_err();
    assert!(error.starts_with("`spawn.info.photo`: "), "{error}");
    let error = spawn(&settings(json!({ "when": "task.info.wanted.by == 1" })), &facts(json!({}), true)).unwrap_err();
    assert!(error.starts_with("`spawn.when`: "), "{error}");
}

#[test]
fn a_day_has_room_for_so_many() {
    let settings = settings(json!({ "per_day": 2 }));
    let moment = "2026-11-21T19:29:25.000Z";
    let count = |before, replay| count(before, &settings, moment, replay);
    assert_eq!(day_key(moment), "day/2026-11-21");
    assert_eq!(count(None, false).as_deref(), Ok("1"));
    assert_eq!(count(Some("1"), false).as_deref(), Ok("2"));
    let error = count(Some("2"), false).unwrap_err();
    assert!(error.contains("of 2026-11-21 already") && error.contains("replay this event"), "{error}");
    assert_eq!(count(Some("2"), true).as_deref(), Ok("3"));
}
