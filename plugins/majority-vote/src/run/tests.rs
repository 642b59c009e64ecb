use serde_json::{Value, json};

use super::{Todo, run};
use crate::ballot::Answer;
use crate::settings::parse;

fn answers(values: &[&str]) -> Vec<Answer> {
    let answer =
        |(at, value): (usize, &&str)| Answer { id: at.to_string(), worker: None, value: Some(json!(value)), trust: None, set_aside: false };
    values.iter().enumerate().map(answer).collect()
}

fn voted(values: &[&str], settings: Value, last: Option<&str>) -> Todo {
    run(&answers(values), &parse(&settings.to_string()).unwrap(), last).unwrap()
}

fn payload(todo: &Todo) -> Value {
    serde_json::from_str(&todo.tell.as_ref().unwrap().payload).unwrap()
}

fn remembered(todo: &Todo) -> Option<&str> {
    todo.tell.as_ref().map(|tell| tell.remember.as_str())
}

#[test]
fn the_first_verdict_is_told() {
    let first = voted(&["a", "b", "a"], json!({}), None);
    let payload = payload(&first);
    assert_eq!((&payload["revision"], &payload["previous"], &payload["answer"]), (&json!(1), &Value::Null, &json!("a")));
}

#[test]
fn the_same_verdict_is_saved_again_and_not_told_again() {
    let first = voted(&["a", "b", "a"], json!({}), None);
    let second = voted(&["a", "b", "a"], json!({}), remembered(&first));
    assert_eq!((second.tell, &second.save), (None, &first.save));
}

#[test]
fn one_more_vote_for_the_same_answer_is_saved_and_not_told() {
    let first = voted(&["a", "b", "a"], json!({}), None);
    let second = voted(&["a", "b", "a", "a"], json!({}), remembered(&first));
    assert_eq!(second.tell, None);
    let saved: Value = serde_json::from_str(&second.save).unwrap();
    assert_eq!((&saved["total"], &saved["revision"]), (&json!(4), &json!(1)));
}

#[test]
fn another_verdict_is_told_with_the_one_before() {
    let first = voted(&["a", "b", "a"], json!({}), None);
    let tie = voted(&["a", "b", "a", "b"], json!({}), remembered(&first));
    assert_eq!(payload(&tie)["previous"], json!({ "revision": 1, "answer": "a", "decided": true, "tie": false }));
    assert_eq!((&payload(&tie)["revision"], &payload(&tie)["decided"]), (&json!(2), &json!(false)));
    let third = voted(&["a", "b", "a", "b", "b"], json!({}), remembered(&tie));
    assert_eq!((&payload(&third)["revision"], &payload(&third)["answer"]), (&json!(3), &json!("b")));
}

#[test]
fn another_set_of_tied_values_is_another_verdict() {
    let first = voted(&["a", "b"], json!({}), None);
    let second = voted(&["a", "b", "c"], json!({}), remembered(&first));
    assert_eq!(payload(&second)["tied"], json!(["a", "b", "c"]));
}

#[test]
fn who_wants_to_be_told_always_is_told_always() {
    let always = json!({ "emit": "always" });
    let first = voted(&["a"], always.clone(), None);
    let second = voted(&["a"], always, remembered(&first));
    assert_eq!(payload(&second)["revision"], 2);
}

#[test]
fn what_was_remembered_and_cannot_be_read_is_told_again() {
    let todo = voted(&["a"], json!({}), Some("nonsense"));
    assert_eq!(payload(&todo)["revision"], 1);
}

#[test]
fn verdicts_on_questions_are_remembered_too() {
    let value = |a: u32, b: u32| Answer { value: Some(json!({ "a": a, "b": b })), ..answers(&["x"]).remove(0) };
    let settings = parse(r#"{ "questions": "all" }"#).unwrap();
    let first = run(&[value(1, 1), value(1, 2)], &settings, None).unwrap();
    let again = run(&[value(1, 1), value(1, 2)], &settings, remembered(&first)).unwrap();
    assert_eq!(again.tell, None);
    let third = run(&[value(1, 1), value(1, 2), value(1, 2)], &settings, remembered(&first)).unwrap();
    assert_eq!(payload(&third)["answer"], json!({ "a": 1, "b": 2 }));
}

#[test]
fn what_is_remembered_stays_below_the_limit_of_a_value() {
    let long: Vec<String> = (0..60).map(|id| format!("{id}{}", "\"".repeat(7_000))).collect();
    let long: Vec<&str> = long.iter().map(String::as_str).collect();
    let todo = voted(&long, json!({ "ties": "first" }), None);
    assert!(remembered(&todo).unwrap().len() < 64 * 1024);
}
