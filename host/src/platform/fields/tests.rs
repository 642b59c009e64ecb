use super::*;

#[test]
fn numbers_texts_and_order_stay_as_they_were_written() {
    let text = r#"{"z":12345678901234567890.10,"a":{"é":"\u00e9"},"m":1e400}"#;
    let fields = Fields::parse(text).unwrap();
    assert_eq!(fields.json("z"), Some("12345678901234567890.10"));
    assert_eq!(fields.rest(|_| false), text);
    assert_eq!(fields.rest(|name| name == "z"), r#"{"a":{"é":"\u00e9"},"m":1e400}"#);
}

#[test]
fn ids_are_whole_numbers_or_texts() {
    let fields = Fields::parse(r#"{"a":7,"b":"x1","c":7.5,"d":null,"e":"","f":[7]}"#).unwrap();
    let ids: Vec<_> = ["a", "b", "c", "d", "e", "f", "g"].iter().map(|name| fields.id(name)).collect();
    assert_eq!(ids, [Some("7".to_owned()), Some("x1".to_owned()), None, None, None, None, None]);
}

#[test]
fn null_is_there_but_holds_nothing() {
    let fields = Fields::parse(r#"{"a":null}"#).unwrap();
    assert!(fields.has("a"));
    assert_eq!(fields.json("a"), None);
    assert!(!fields.is_set("a"));
}

#[test]
fn of_two_fields_of_one_name_the_later_counts() {
    assert_eq!(Fields::parse(r#"{"a":1,"a":2}"#).unwrap().json("a"), Some("2"));
}

#[test]
fn what_is_no_object_is_refused() {
    for text in ["", "[]", "1", "{", "\"a\"", "{}x"] {
        assert!(Fields::parse(text).is_err(), "{text}");
    }
}
