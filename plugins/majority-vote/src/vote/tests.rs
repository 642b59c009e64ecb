use serde_json::{Value, json};

use super::{Outcome, count};
use crate::ballot::Answer;
use crate::settings::{Settings, parse};

fn answers(values: &[Value]) -> Vec<Answer> {
    let answer = |(at, value): (usize, &Value)| Answer {
        id: at.to_string(),
        worker: None,
        value: Some(value.clone()),
        trust: None,
        set_aside: false,
    };
    values.iter().enumerate().map(answer).collect()
}

fn settings(json: Value) -> Settings {
    parse(&json.to_string()).unwrap()
}

fn decided(outcome: &Outcome<'_>) -> Vec<(String, Value, usize)> {
    let part = |part: &super::Part<'_>| (part.name.clone(), part.verdict.answer.clone(), part.verdict.total);
    outcome.parts.iter().map(part).collect()
}

#[test]
fn each_member_is_a_question_in_the_order_of_appearance() {
    let answers = answers(&[json!({ "b": 1, "a": "x" }), json!({ "b": 1, "c": true }), json!("none")]);
    let settings = settings(json!({ "questions": "all" }));
    let outcome = count(&answers, &settings).unwrap();
    assert_eq!(decided(&outcome), [("b".to_owned(), json!(1), 2), ("a".to_owned(), json!("x"), 1), ("c".to_owned(), json!(true), 1)]);
}

#[test]
fn members_with_odd_names_are_found_again() {
    let answers = answers(&[json!({ "q": { "a/b": 1, "c~d": 2 } })]);
    let settings = settings(json!({ "questions": "all", "pointer": "/q" }));
    let outcome = count(&answers, &settings).unwrap();
    assert_eq!(decided(&outcome), [("a/b".to_owned(), json!(1), 1), ("c~d".to_owned(), json!(2), 1)]);
}

#[test]
fn named_questions_have_their_own_rules() {
    let answers = answers(&[json!({ "n": { "x": "1" }, "m": "A" }), json!({ "n": { "x": 1 }, "m": "a" })]);
    let settings = settings(json!({ "questions": {
        "number": { "pointer": "/n/x", "text_numbers": true },
        "letter": "/m",
    } }));
    let outcome = count(&answers, &settings).unwrap();
    assert_eq!(decided(&outcome), [("number".to_owned(), json!(1), 2), ("letter".to_owned(), Value::Null, 2)]);
}

#[test]
fn too_many_questions_are_refused_and_very_long_names_are_none() {
    let members = |many: usize| Value::Object((0..many).map(|at| (format!("q{at}"), json!(1))).collect());
    let settings = settings(json!({ "questions": "all" }));
    assert_eq!(count(&answers(&[members(100)]), &settings).unwrap().parts.len(), 100);
    assert!(count(&answers(&[members(101)]), &settings).unwrap_err().contains("name those to vote on"));
    let long = answers(&[json!({ "x".repeat(101): 1, "short": 1 })]);
    assert_eq!(count(&long, &settings).unwrap().parts.len(), 1);
}

#[test]
fn a_member_that_everybody_left_blank_is_no_question_unless_it_is_named() {
    let answers = answers(&[json!({ "a": 1, "remark": "" }), json!({ "a": 1, "remark": null })]);
    let all = settings(json!({ "questions": "all" }));
    assert_eq!(decided(&count(&answers, &all).unwrap()), [("a".to_owned(), json!(1), 2)]);
    let named = settings(json!({ "questions": { "remark": "/remark" } }));
    assert_eq!(decided(&count(&answers, &named).unwrap()), [("remark".to_owned(), Value::Null, 0)]);
}
