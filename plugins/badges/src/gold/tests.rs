use serde_json::{Value, json};

use super::fits;

fn check(gold: Value, answer: Value, expected: bool) {
    assert_eq!(fits(&gold, &answer), expected, "{gold} and {answer}");
}

#[test]
fn each_question_of_the_gold_has_to_be_right() {
    check(json!({ "animal": "robin" }), json!({ "animal": "robin", "remark": "?" }), true);
    check(json!({ "animal": "robin" }), json!({ "animal": "wren" }), false);
    check(json!({ "animal": "robin", "many": 2 }), json!({ "animal": "robin", "many": 3 }), false);
    check(json!({ "animal": "robin" }), json!({ "bird": "robin" }), false);
    check(json!({ "animal": "robin" }), json!("robin"), false);
}

#[test]
fn one_of_several_right_values_is_enough() {
    check(json!({ "animal": ["robin", "redbreast"] }), json!({ "animal": "redbreast" }), true);
    check(json!({ "animal": "robin\nredbreast\n" }), json!({ "animal": "redbreast" }), true);
    check(json!({ "animal": ["robin", "redbreast"] }), json!({ "animal": "wren" }), false);
}

#[test]
fn a_list_has_to_be_the_very_set() {
    check(json!({ "colours": ["red", "brown"] }), json!({ "colours": ["brown", "red"] }), true);
    check(json!({ "colours": ["red", "brown"] }), json!({ "colours": ["red"] }), false);
    check(json!({ "colours": ["red"] }), json!({ "colours": ["red", "blue"] }), false);
    check(json!({ "colours": ["red"] }), json!({ "colours": [] }), false);
}

#[test]
fn spelling_does_not_matter_where_forms_do_not_care() {
    check(json!("Robin "), json!(" robin"), true);
    check(json!({ "many": "3" }), json!({ "many": 3 }), true);
    check(json!({ "many": 3 }), json!({ "many": 3.0 }), true);
    check(json!({ "bird": true }), json!({ "bird": "true" }), true);
}

#[test]
fn an_empty_text_is_right_for_nobody() {
    check(json!(""), json!(""), false);
    check(json!({ "animal": "" }), json!({ "animal": "robin" }), false);
}
