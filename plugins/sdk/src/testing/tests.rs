use serde::Deserialize;
use serde_json::json;

use super::*;
use crate::{NoSettings, badges, crowd, events, http, log, results, state};

/// Does what the event's payload says.
struct Obeys;

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    SaveFirst,
    SaveThenReject,
    Counts,
    Scans,
    CountsAnswers(usize),
    Fetches,
    Panics,
    TakesBack,
    Tells,
}

impl Plugin for Obeys {
    type Settings = NoSettings;
    const HANDLES: &[&str] = &["task.*", "project.completed"];

    fn handle(event: &Event, _settings: &NoSettings) -> Result<()> {
        match event.payload.read()? {
            Order::SaveFirst => match crowd::event_answers()?.first() {
                Some(answer) => results::save(event.task()?, &answer.value),
                None => Err(Failure::reject("nobody answered")),
            },
            Order::SaveThenReject => {
                log::warn("this stays");
                state::set("a", "2")?;
                results::save("1", "lost")?;
                events::emit("task.analysed", None, &json!({}), None)?;
                Err(Failure::reject("no"))
            }
            Order::Counts => {
                state::increment("events", 1)?;
                let counted: i64 = state::read("events")?.unwrap_or_default();
                state::write("twice", &(counted * 2))
            }
            Order::Scans => {
                let keys =
                    |after| Ok::<_, Failure>(state::scan("votes/", after, 2)?.into_iter().map(|entry| entry.key).collect::<Vec<_>>());
                results::save("1", &[keys(None)?, keys(Some("votes/2"))?])
            }
            Order::CountsAnswers(max) => results::save("1", &crowd::event_answers_up_to(max, event.task()?, |answer| answer.id)?.len()),
            Order::Fetches => results::save("1", &http::fetch("weather", "/today", &[])?.status),
            Order::Panics => panic!("on purpose"),
            Order::TakesBack => badges::revoke("ann", "first", "it was another"),
            Order::Tells => events::emit("task.analysed", None, &json!({"answer": 1}), Some("a")),
        }
    }
}

fn obeys(order: impl Serialize) -> Trial {
    Trial::new("task.completed").payload(order)
}

fn saved(info: Value) -> Vec<Effect> {
    vec![Effect::SaveResult { task_id: "1".to_owned(), info: info.into() }]
}

#[test]
fn a_plugin_reads_the_answers_and_its_effects_are_written_down() {
    let outcome = obeys("save_first").answers([json!("robin"), json!("wren")]).run::<Obeys>();
    assert_eq!((outcome.result, outcome.effects), (Ok(()), saved(json!("robin"))));
}

#[test]
fn nothing_but_the_log_remains_of_a_call_that_fails() {
    let outcome = obeys("save_then_reject").state("a", "1").run::<Obeys>();
    assert_eq!(outcome.result, Err(Failure::reject("no")));
    assert_eq!((outcome.effects, outcome.events), (vec![], vec![]));
    assert_eq!(outcome.state, BTreeMap::from([("a".to_owned(), "1".to_owned())]));
    assert_eq!(outcome.log, [(Level::Warn, "this stays".to_owned())]);
}

#[test]
fn state_is_read_as_it_was_written() {
    let outcome = obeys("counts").state("events", "41").run::<Obeys>();
    assert_eq!(outcome.result, Ok(()));
    assert_eq!(outcome.state, BTreeMap::from([("events".to_owned(), "42".to_owned()), ("twice".to_owned(), "84".to_owned())]));
    let outcome = obeys("counts").state("events", "many").run::<Obeys>();
    assert_eq!(outcome.result, Err(Failure::Invalid("`events` holds no whole number".to_owned())));
}

#[test]
fn state_is_scanned_in_the_order_of_keys() {
    let trial = ["votes/3", "votes/1", "other", "votes/2"].into_iter().fold(obeys("scans"), |trial, key| trial.state(key, ""));
    assert_eq!(trial.run::<Obeys>().effects, saved(json!([["votes/1", "votes/2"], ["votes/3"]])));
}

#[test]
fn many_answers_are_read_in_pages() {
    let run = |count: i32, max: u32| obeys(json!({"counts_answers": max})).answers((0..count).map(|number| json!(number))).run::<Obeys>();
    assert_eq!(run(1000, 0).effects, saved(json!(1000)));
    assert_eq!(run(1234, 1234).effects, saved(json!(1234)));
    assert!(matches!(run(1234, 1233).result, Err(Failure::Reject(why)) if why.contains("more than 1233 answers")));
}

#[test]
fn answers_to_other_tasks_are_theirs() {
    let other = Answer { task_id: "2".to_owned(), ..json!("wren").into() };
    let outcome = obeys("save_first").answers([other, json!("robin").into()]).run::<Obeys>();
    assert_eq!(outcome.effects, saved(json!("robin")));
}

#[test]
fn a_service_answers_what_was_recorded() {
    let outcome = obeys("fetches").response("weather", "/today", 204, "").run::<Obeys>();
    assert_eq!(outcome.effects, saved(json!(204)));
    let unrecorded = obeys("fetches").run::<Obeys>().result;
    assert_eq!(unrecorded, Err(Failure::retry("the trial has no `response` of `weather` to GET /today")));
}

#[test]
fn any_function_can_fail() {
    let outcome = obeys("save_first").answers([json!(1)]).failing("results::save", Failure::NotGranted("no".to_owned())).run::<Obeys>();
    assert_eq!(outcome.result, Err(Failure::NotGranted("no".to_owned())));
    let outcome = obeys("takes_back").failing("badges::revoke", Failure::retry("later")).run::<Obeys>();
    assert_eq!(outcome.result, Err(Failure::retry("later")));
}

#[test]
fn an_event_about_no_task_has_no_answers() {
    let outcome = Trial::new("project.completed").payload("save_first").run::<Obeys>();
    assert_eq!(outcome.result, Err(Failure::reject("the event is about no single task")));
}

#[test]
fn what_is_told_is_written_down() {
    let told =
        Emitted { kind: "task.analysed".to_owned(), task_id: None, payload: json!({"answer": 1}).into(), once: Some("a".to_owned()) };
    assert_eq!(obeys("tells").run::<Obeys>().events, [told]);
}

#[test]
#[should_panic(expected = "the plugin does not handle `worker.banned`")]
fn an_event_that_the_host_would_not_hand_over_is_refused() {
    drop(Trial::new("worker.banned").run::<Obeys>());
}

#[test]
#[should_panic(expected = "there is no host here")]
fn there_is_no_host_outside_of_a_trial() {
    log::info("to nobody");
}

#[test]
fn a_plugin_that_panics_leaves_no_world_behind() {
    let panicked = std::panic::catch_unwind(|| obeys("panics").run::<Obeys>());
    assert!(panicked.is_err());
    assert_eq!(obeys("tells").run::<Obeys>().result, Ok(()));
}
