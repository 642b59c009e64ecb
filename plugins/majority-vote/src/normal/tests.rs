use proptest::prelude::*;
use serde_json::{Value, json};

use super::{key, shown};
use crate::settings::{Rules, Unicode};

fn same(one: &Value, other: &Value, rules: &Rules) -> bool {
    let key = |value| key(&shown(value, rules), rules);
    key(one) == key(other)
}

fn same_by_default(one: Value, other: Value) -> bool {
    same(&one, &other, &Rules::default())
}

#[test]
fn numbers_are_the_same_when_their_values_are() {
    assert!(same_by_default(json!(1), json!(1.0)));
    assert!(same_by_default(json!(0), json!(-0.0)));
    assert!(same_by_default(json!(-3), json!(-3.0)));
    assert!(same_by_default(json!(10_000_000_000_u64), json!(1e10)));
    assert!(same_by_default(json!(18_446_744_073_709_549_568_u64), json!(18_446_744_073_709_549_568.0)));
    assert!(!same_by_default(json!(1), json!(1.5)));
    assert!(!same_by_default(json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992_u64)));
    assert!(!same_by_default(json!(1), json!(-1)));
}

#[test]
fn a_text_is_no_number_unless_the_settings_say_so() {
    assert!(!same_by_default(json!("1"), json!(1)));
    assert!(!same_by_default(json!("true"), json!(true)));
    let rules = Rules { text_numbers: true, ..Rules::default() };
    for text in ["1", " 1 ", "1.0", "+1", "01", "1e0"] {
        assert!(same(&json!(text), &json!(1), &rules), "{text}");
    }
    for text in ["inf", "+inf", "NaN", "infinity", "1e999", "one", "0x1", "1 2", ""] {
        assert!(shown(&json!(text), &rules).is_string(), "{text}");
    }
}

#[test]
fn white_space_at_the_ends_and_its_width_do_not_matter_unless_kept() {
    assert!(same_by_default(json!(" red  fox\n"), json!("red fox")));
    assert!(!same_by_default(json!("redfox"), json!("red fox")));
    let rules = Rules { ignore_space: false, ..Rules::default() };
    assert!(!same(&json!("cat "), &json!("cat"), &rules));
}

#[test]
fn case_matters_unless_ignored() {
    assert!(!same_by_default(json!("Cat"), json!("cat")));
    let rules = Rules { ignore_case: true, ..Rules::default() };
    assert!(same(&json!("Cat"), &json!("cAT"), &rules));
    assert!(same(&json!("Straße"), &json!("STRASSE"), &rules));
    assert!(same(&json!("ΟΔΟΣ"), &json!("οδος"), &rules));
    assert_eq!(shown(&json!("Cat"), &rules), "Cat");
}

#[test]
fn the_unicode_form_decides_which_letters_are_the_same() {
    let (composed, apart) = (json!("caf\u{e9}"), json!("cafe\u{301}"));
    let (wide, narrow) = (json!("１２"), json!("12"));
    let with = |unicode| Rules { unicode, ..Rules::default() };
    assert!(same(&composed, &apart, &with(Unicode::Nfc)));
    assert!(!same(&wide, &narrow, &with(Unicode::Nfc)));
    assert!(same(&composed, &apart, &with(Unicode::Nfkc)));
    assert!(same(&wide, &narrow, &with(Unicode::Nfkc)));
    assert!(!same(&composed, &apart, &with(Unicode::None)));
}

#[test]
fn the_order_of_members_does_not_matter_and_that_of_a_list_does() {
    assert!(same_by_default(json!({ "a": 1, "b": " x" }), json!({ "b": "x", "a": 1.0 })));
    assert!(!same_by_default(json!([1, 2]), json!([2, 1])));
    assert!(!same_by_default(json!([["a"], "b"]), json!([["a", "b"]])));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("\\PC{0,4}", inner, 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_value_is_the_same_as_itself_after_a_round_through_text(value in any_json()) {
        let again: Value = serde_json::from_str(&value.to_string()).unwrap();
        prop_assert!(same_by_default(value, again));
    }

    #[test]
    fn what_is_shown_is_shown_unchanged(value in any_json(), case: bool, numbers: bool) {
        let rules = Rules { ignore_case: case, text_numbers: numbers, unicode: Unicode::Nfkc, ..Rules::default() };
        let once = shown(&value, &rules);
        prop_assert_eq!(shown(&once, &rules), once);
    }
}
