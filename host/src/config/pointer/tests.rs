use proptest::prelude::*;
use serde_json::{Value, json};

use super::Pointer;

/// What stands in the example of RFC 6901, section 5.
fn check(pointer: &str, expected: Value) {
    let document = json!({"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "m~n": 8, " ": 7, "k\"l": 6});
    let pointer: Pointer = pointer.parse().unwrap();
    assert_eq!(pointer.find(&document), Some(&expected), "{pointer}");
}

#[test]
fn pointers_of_the_rfc_find_what_it_says() {
    check("/foo", json!(["bar", "baz"]));
    check("/foo/0", json!("bar"));
    check("/", json!(0));
    check("/a~1b", json!(1));
    check("/c%d", json!(2));
    check("/m~0n", json!(8));
    check("/ ", json!(7));
    check("/k\"l", json!(6));
    assert_eq!("".parse::<Pointer>().unwrap().find(&json!(3)), Some(&json!(3)));
}

#[test]
fn what_is_no_pointer_is_refused() {
    for wrong in ["foo", "#/foo", "/a~", "/a~2b", "~0", "$.foo"] {
        assert!(wrong.parse::<Pointer>().is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn any_key_is_reached_by_its_escaped_name(keys in prop::collection::vec(any::<String>(), 1..5)) {
        let mut document = json!("here");
        let mut text = String::new();
        for key in keys.iter().rev() {
            document = json!({ key.as_str(): document });
            text = format!("/{}{text}", key.replace('~', "~0").replace('/', "~1"));
        }
        let pointer: Pointer = text.parse().unwrap();
        prop_assert_eq!(pointer.find(&document), Some(&json!("here")));
        prop_assert_eq!(pointer.steps().collect::<Vec<_>>(), keys);
    }

    #[test]
    fn any_text_is_a_pointer_or_refused(text: String) {
        if let Ok(pointer) = text.parse::<Pointer>() {
            prop_assert_eq!(pointer.to_string(), text);
        }
    }
}
