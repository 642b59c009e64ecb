use proptest::prelude::*;
use serde_json::Value;

use super::arg;

#[test]
fn the_header_says_where_and_that_it_overwrites() {
    assert_eq!(arg("birds/7.json"), r#"{"path":"/birds/7.json","mode":"overwrite","autorename":false,"mute":true}"#);
}

#[test]
fn what_no_header_may_hold_is_escaped() {
    assert!(arg("Vögel/7.json").starts_with("{\"path\":\"/V\\u00f6gel/7.json\""), "{}", arg("Vögel/7.json"));
    assert!(arg("🐦").starts_with("{\"path\":\"/\\ud83d\\udc26\""), "{}", arg("🐦"));
    assert!(arg("\u{7f}").contains("\\u007f"));
}

proptest! {
    #[test]
    fn any_path_is_visible_ascii_and_the_same_path(path in "(?s).{0,30}") {
        let arg = arg(&path);
        prop_assert!(arg.chars().all(|one| one == ' ' || one.is_ascii_graphic()), "{arg:?}");
        let read: Value = serde_json::from_str(&arg).unwrap();
        prop_assert_eq!(read["path"].as_str().unwrap(), format!("/{path}"));
    }
}
