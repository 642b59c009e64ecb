use std::collections::HashMap;

use serde_json::json;

use super::*;

#[test]
fn what_is_written_is_read_back() {
    let json = Json::of(&[Some("robin"), None]).unwrap();
    assert_eq!(json.as_str(), r#"["robin",null]"#);
    assert_eq!(json.read::<Vec<Option<String>>>().unwrap(), [Some("robin".to_owned()), None]);
    assert_eq!(json.value(), json!(["robin", null]));
}

#[test]
fn the_same_json_is_the_same_however_it_is_written() {
    assert_eq!(Json::from_text(r#"{"a": 1, "b": 2}"#), Json::from_text(r#"{"b":2,"a":1}"#));
    assert_ne!(Json::from_text("1"), Json::from_text("2"));
    assert_ne!(Json::from_text("{"), Json::from_text("["));
}

#[test]
fn text_is_written_as_it_is() {
    assert_eq!(Json::of(&Json::from_text("[1.50]")).unwrap().as_str(), "[1.50]");
}

#[test]
fn what_json_cannot_hold_is_invalid() {
    let keys = HashMap::from([((1, 2), 3)]);
    assert!(matches!(Json::of(&keys), Err(Failure::Invalid(why)) if why.contains("key must be a string")));
    assert!(matches!(Json::of(&Json::from_text("{")), Err(Failure::Invalid(_))));
}
