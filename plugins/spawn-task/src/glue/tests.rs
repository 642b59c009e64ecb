use crowdhook_plugin::Origin;
use crowdhook_plugin::crowd::Task;
use crowdhook_plugin::log::Level;
use crowdhook_plugin::testing::{Effect, Trial};
use serde_json::{Value, json};

use super::*;

/// An undecided analysis of a completed task with three answers.
fn undecided(settings: Value) -> Trial {
    let analysis = json!({"answer": null, "decided": false, "answers": [{"id": "1"}, {"id": "2"}, {"id": "3"}]});
    let task = Task { redundancy: 3, completed: true, ..Task::default() };
    Trial::new(settings::KIND).payload(analysis).task(task).settings(settings)
}

fn spawn() -> Value {
    json!({"spawn": {"when": "not decided", "project": "experts", "info": {"task": "{{ task.id }}"}, "per_day": 1}})
}

#[test]
fn more_answers_are_asked_for_once_the_others_are_there() {
    let outcome = undecided(json!({"more_answers": {"add": 2}})).run::<SpawnTask>();
    assert_eq!(outcome.result, Ok(()));
    assert_eq!(outcome.effects, [Effect::RaiseRedundancy { task_id: "1".to_owned(), redundancy: 5 }]);
}

#[test]
fn a_task_is_created_and_counted() {
    let outcome = undecided(spawn()).run::<SpawnTask>();
    let info = json!({"task": "1", "crowdhook": {"depth": 1, "project": "birds", "task": "1"}});
    let task = tasks::NewTask { project: Some("experts".to_owned()), info: info.into(), ..tasks::NewTask::default() };
    assert_eq!(outcome.effects, [Effect::CreateTask { task, once: Some("spawn/1".to_owned()) }]);
    let kept = [("day/2026-11-21", "1"), ("spawned/1", "")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(outcome.state, kept.into());
}

#[test]
fn a_full_day_rejects_and_a_task_that_was_counted_is_asked_for_again() {
    let full = || undecided(spawn()).state("day/2026-11-21", "1");
    let outcome = full().run::<SpawnTask>();
    assert!(matches!(outcome.result, Err(Failure::Reject(why)) if why.contains("`spawn.per_day` is 1")));
    assert_eq!(outcome.effects, []);
    let outcome = full().state("spawned/1", "").run::<SpawnTask>();
    assert_eq!((outcome.result, outcome.effects.len()), (Ok(()), 1));
    let outcome = full().event(|event| event.origin = Origin::Replay).run::<SpawnTask>();
    assert_eq!((outcome.result, outcome.effects.len()), (Ok(()), 1));
}

#[test]
fn nothing_is_done_on_what_happened_long_ago() {
    let outcome = undecided(spawn()).event(|event| event.origin = Origin::Backfill).run::<SpawnTask>();
    assert_eq!((outcome.result, outcome.effects), (Ok(()), vec![]));
    assert_eq!(outcome.log, [(Level::Debug, "Nothing is done on `backfill`".to_owned())]);
}

#[test]
fn an_analysis_about_no_task_is_rejected() {
    let outcome = undecided(spawn()).event(|event| event.task_id = None).run::<SpawnTask>();
    assert_eq!(outcome.result, Err(Failure::reject("a `task.analysed` about no task")));
}
