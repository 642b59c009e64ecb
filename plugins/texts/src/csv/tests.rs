use proptest::prelude::*;
use serde_json::{Value, json};

use super::line;

fn check(cells: Value, expected: &str) {
    assert_eq!(line(cells.as_array().unwrap()), format!("{expected}\r\n"));
}

#[test]
fn values_are_cells() {
    check(json!(["a", 1, -2.5, true, null, "", [1, "x"]]), r#"a,1,-2.5,true,,,"[1,""x""]""#);
    check(json!(["a,b", "say \"hi\"", "two\nlines", " spaced"]), "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",\" spaced\"");
}

#[test]
fn formulas_are_guarded() {
    check(json!(["=1+1", "+1", "-1", "@x", "＝1"]), "'=1+1,'+1,'-1,'@x,'＝1");
    check(json!(["\t=1", " =1", "\r\n=cmd|' /C calc'!A0"]), "\"'\t=1\",' =1,\"'\r\n=cmd|' /C calc'!A0\"");
    check(json!(["=1,2"]), "\"'=1,2\"");
    check(json!(["a=1", "1-2"]), "a=1,1-2");
}

/// Reads one line as RFC 4180 says.
fn read(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.strip_suffix("\r\n").unwrap().chars().peekable();
    while let Some(one) = chars.next() {
        match one {
            '"' if quoted && chars.next_if_eq(&'"').is_some() => cells.last_mut().unwrap().push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            other => cells.last_mut().unwrap().push(other),
        }
    }
    cells
}

proptest! {
    #[test]
    fn any_text_is_read_back_and_is_no_formula(texts in prop::collection::vec("([=+@,;\"\r\n\t -]|[a-z]|\\PC){0,12}", 1..5)) {
        let values: Vec<Value> = texts.iter().cloned().map(Value::from).collect();
        let cells = read(&line(&values));
        prop_assert_eq!(cells.len(), texts.len());
        for (cell, text) in cells.iter().zip(&texts) {
            prop_assert!(cell == text || *cell == format!("'{text}"), "{text:?} became {cell:?}");
            prop_assert!(!cell.trim_start().starts_with(['=', '+', '-', '@']), "{cell:?}");
        }
    }
}
