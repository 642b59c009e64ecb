use serde_json::{Value, json};

use super::Expression;
use crate::{Context, Event, Facts, Scope, Task};

fn context() -> Context {
    let event = Event { kind: "task.analysed".to_owned(), task_id: Some("7".to_owned()), ..Event::default() };
    let task = Task { info: json!({ "url": "https://example.org/<a>", "tags": ["x", 1] }), ..Task::default() };
    let analysis = json!({ "answer": { "animal": "robin" }, "votes": 4, "agreement": 0.666_666 });
    Context::new(&Facts { event, task: Some(task), analysis: Some(analysis), ..Facts::default() })
}

fn check(source: &str, expected: Value) {
    let expression = Expression::parse(source, &Scope::of_kind("task.analysed")).unwrap();
    assert_eq!(expression.value(&context()).unwrap(), expected, "{source}");
}

fn refused(source: &str) -> String {
    Expression::parse(source, &Scope::of_kind("task.analysed")).unwrap_err().to_string()
}

#[test]
fn a_value_keeps_its_type() {
    check("votes", json!(4));
    check("answer", json!({ "animal": "robin" }));
    check("task.info.tags", json!(["x", 1]));
    check("task.info.url", json!("https://example.org/<a>"));
    check("agreement | round(2)", json!(0.67));
    check("votes > 3 and task.id == '7'", json!(true));
    check("'Task ' ~ task.id", json!("Task 7"));
    check("previous", Value::Null);
}

#[test]
fn what_is_no_expression_or_names_nothing_is_refused() {
    assert!(refused("").contains("is empty"), "{}", refused(""));
    assert!(refused("{{ votes }}").contains("without braces"));
    assert!(refused("votes }} {{ total").contains("without braces"));
    assert!(refused("votes +").contains("does not parse"));
    assert!(refused("vots").contains("did you mean `votes`?"));
    assert!(refused("votes | nosuch").contains("no filter `nosuch`"));
}

#[test]
fn what_is_missing_is_an_error_and_not_null() {
    let expression = Expression::parse("task.info.nosuch", &Scope::of_kind("task.analysed")).unwrap();
    assert!(expression.uses().task);
    let error = expression.value(&context()).unwrap_err().to_string();
    assert!(error.contains("is not there"), "{error}");
    check("task.info.nosuch | default('-')", json!("-"));
}
