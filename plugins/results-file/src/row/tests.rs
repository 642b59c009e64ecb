use crowdhook_texts::{Context, Event, Expression, Facts, Scope};
use serde_json::json;

use super::{Column, row};

fn column(name: &str, source: &str) -> Column {
    Column { name: name.to_owned(), expression: Expression::parse(source, &Scope::of_kind("task.analysed")).unwrap() }
}

fn context() -> Context {
    let event = Event { kind: "task.analysed".to_owned(), task_id: Some("7".to_owned()), ..Event::default() };
    Context::new(&Facts { event, analysis: Some(json!({ "answer": ["a", 1], "votes": 3 })), ..Facts::default() })
}

#[test]
fn values_keep_their_types_and_columns_their_order() {
    let columns = [column("votes", "votes"), column("answer", "answer"), column("shown", "'=' ~ votes")];
    let row = row(&columns, "7", 2, &context()).unwrap();
    let text = serde_json::to_string(&row).unwrap();
    assert_eq!(text, r#"{"task":"7","revision":2,"votes":3,"answer":["a",1],"shown":"=3"}"#);
}

#[test]
fn a_missing_value_is_an_error_that_names_the_column() {
    let error = row(&[column("photo", "task.info.url")], "7", 1, &context()).unwrap_err();
    assert!(error.starts_with("column `photo`: "), "{error}");
}
