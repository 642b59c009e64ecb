use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{header, values};

fn row(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn check(value: Value, expected: &str) {
    assert_eq!(values(&row(json!({ "a": value, "b": 1 }))), format!("{expected},1\r\n"));
}

#[test]
fn values_are_written_as_people_expect_them() {
    check(json!("robin"), "robin");
    check(json!("red robin"), "red robin");
    check(json!(""), "");
    check(Value::Null, "");
    check(json!(true), "true");
    check(json!(-0.5), "-0.5");
    check(json!(["a", "b"]), r#""[""a"",""b""]""#);
}

#[test]
fn what_would_end_a_cell_is_quoted() {
    check(json!("a,b"), r#""a,b""#);
    check(json!("say \"hi\""), r#""say ""hi""""#);
    check(json!("two\nlines"), "\"two\nlines\"");
    check(json!(" space "), "\" space \"");
}

#[test]
fn no_text_is_taken_for_a_formula() {
    check(json!("=1+1"), "'=1+1");
    check(json!("+49"), "'+49");
    check(json!("-1"), "'-1");
    check(json!("@SUM(A1)"), "'@SUM(A1)");
    check(json!(" =1"), "' =1");
    check(json!("\t=1"), "'\t=1");
    check(json!("\r=1"), "\"'\r=1\"");
    check(json!("=HYPERLINK(\"a\",\"b\")"), r#""'=HYPERLINK(""a"",""b"")""#);
}

#[test]
fn the_first_line_has_the_names() {
    assert_eq!(header(&row(json!({ "task": 1, "a,b": 2, "=x": 3 }))), "task,\"a,b\",'=x\r\n");
}

/// The cells of one line, read by the rules of RFC 4180.
fn read(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut rest = line.strip_suffix("\r\n").unwrap().chars().peekable();
    while let Some(one) = rest.next() {
        let cell = cells.last_mut().unwrap();
        match (one, quoted) {
            ('"', true) if rest.peek() == Some(&'"') => cell.push(rest.next().unwrap()),
            ('"', _) => quoted = !quoted,
            (',', false) => cells.push(String::new()),
            ('\r' | '\n', false) => panic!("a line break outside quotes in {line:?}"),
            (one, _) => cell.push(one),
        }
    }
    assert!(!quoted, "{line:?}");
    cells
}

proptest! {
    #[test]
    fn any_texts_are_one_line_and_read_back(texts in prop::collection::vec("(?s)[=+@,\"\r\n\t -]{0,3}.{0,6}", 1..5)) {
        let row: Map<String, Value> = texts.iter().enumerate().map(|(at, text)| (at.to_string(), json!(text))).collect();
        let cells = read(&values(&row));
        prop_assert_eq!(cells.len(), texts.len());
        for (cell, text) in cells.iter().zip(&texts) {
            prop_assert_eq!(cell.strip_prefix('\'').filter(|rest| rest == text).unwrap_or(cell), text);
            prop_assert!(!cell.starts_with(['\t', '\r']) && !cell.trim_start().starts_with(['=', '+', '-', '@']), "{cell:?}");
        }
    }
}
