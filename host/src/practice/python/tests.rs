use serde_json::json;

use super::{dumps, json_error, jsonb};

#[test]
fn text_outside_ascii_is_escaped_in_pairs() {
    assert_eq!(
        dumps(&json!({"a": "ñ 🐈 \u{7f}\n\"", "b": [1, 0.0, null]})),
        r#"{"a": "\u00f1 \ud83d\udc08 \u007f\n\"", "b": [1, 0.0, null]}"#
    );
}

#[test]
fn small_and_large_numbers_have_pythons_exponents() {
    assert_eq!(dumps(&json!([1e-5, 1e16, 1.5e300, 0.25])), "[1e-05, 1e+16, 1.5e+300, 0.25]");
}

#[test]
fn jsonb_keys_come_by_length_and_then_by_bytes() {
    assert_eq!(
        dumps(&jsonb(json!({"votes": {"yes": 2, "no": 1}, "top": 1, "abc": 2}))),
        r#"{"abc": 2, "top": 1, "votes": {"no": 1, "yes": 2}}"#
    );
}

#[test]
fn broken_json_is_refused_in_pythons_words() {
    fn check(text: &str, expected: &str) {
        let error = serde_json::from_str::<serde_json::Value>(text).unwrap_err();
        assert_eq!(json_error(text, &error), expected);
    }
    check("{bad", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)");
    check("", "Expecting value: line 1 column 1 (char 0)");
    check("{\n\"a\" 1}", "Expecting ':' delimiter: line 2 column 5 (char 6)");
}
