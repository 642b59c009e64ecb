use serde_json::json;

use crate::{Context, Escape, Event, Facts, Scope, Text};

/// What a text comes to for an analysis with this answer.
fn filled(source: &str, escape: Escape, answer: &serde_json::Value) -> String {
    let scope = Scope::of_kind("task.analysed");
    let event = Event { kind: "task.analysed".to_owned(), task_id: Some("7".to_owned()), ..Event::default() };
    let facts = Facts { event, analysis: Some(json!({ "answer": answer })), ..Facts::default() };
    Text::parse(source, escape, &scope).unwrap().render(&Context::new(&facts)).unwrap()
}

#[test]
fn values_are_filled_in() {
    assert_eq!(filled("Task {{ task.id }}: {{ answer }}", Escape::None, &json!("robin")), "Task 7: robin");
}
