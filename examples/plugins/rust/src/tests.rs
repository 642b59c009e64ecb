//! `handle` itself, without a sandbox: `cargo test`. The cases, in the real one: see README.md.

use crowdhook_plugin::crowd::Answer;
use crowdhook_plugin::testing::{self, Effect, Trial};
use crowdhook_plugin::{Failure, testing::Outcome};
use serde_json::json;

use super::*;

/// Votes on these answers.
fn run(settings: Value, answers: impl IntoIterator<Item = impl Into<Answer>>) -> Outcome {
    Trial::new("task.completed").settings(settings).answers(answers).run::<Vote>()
}

fn saved(info: Value) -> Vec<Effect> {
    vec![Effect::SaveResult { task_id: "1".to_owned(), info: info.into() }]
}

#[test]
fn what_most_say_is_saved() {
    let outcome = run(json!({}), [json!("robin"), json!("wren"), json!("robin")]);
    assert_eq!(outcome.result, Ok(()));
    assert_eq!(outcome.effects, saved(json!({"answer": "robin", "votes": 2, "total": 3})));
}

#[test]
fn a_tie_is_no_agreement_and_the_log_says_so() {
    let outcome = run(json!({}), [json!("robin"), json!("wren")]);
    assert_eq!(outcome.effects, []);
    assert_eq!(outcome.log[0].1, "No result: several values have 1 of 2 votes each");
}

#[test]
fn answers_that_are_set_aside_or_blank_do_not_count() {
    let set_aside = Answer { set_aside: true, ..json!({"species": "wren"}).into() };
    let blank = [json!({"species": null}), json!({}), json!("wren")].map(Answer::from);
    let answers = [set_aside].into_iter().chain(blank).chain([json!({"species": "robin"}).into()]);
    assert_eq!(run(json!({"question": "species"}), answers).effects, saved(json!({"answer": "robin", "votes": 1, "total": 1})));
}

#[test]
fn enough_have_to_count_and_to_agree() {
    let answers = || [json!(1), json!(1), json!(1), json!(2)];
    assert_ne!(run(json!({"agreement": 0.75, "minimum": 4}), answers()).effects, []);
    assert_eq!(run(json!({"agreement": 0.76}), answers()).effects, []);
    assert_eq!(run(json!({"minimum": 5}), answers()).effects, []);
}

#[test]
fn what_the_host_refuses_is_passed_on() {
    let busy = Failure::retry("the platform is busy");
    let outcome = Trial::new("task.completed").failing("crowd::event_answers", busy.clone()).run::<Vote>();
    assert_eq!(outcome.result, Err(busy));
}

#[test]
fn the_schema_describes_the_settings() {
    let schema = testing::schema::<Vote>();
    assert_eq!(schema["properties"]["minimum"]["default"], 1);
    assert_eq!(schema["properties"]["agreement"]["exclusiveMinimum"], 0);
    assert_eq!(schema["additionalProperties"], false);
}
