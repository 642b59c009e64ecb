use serde_json::{Value, json};

use super::{Tally, count};
use crate::ballot;
use crate::settings::Rules;

/// Counts answers of equal weight.
fn tally(values: &[Value], rules: &Rules) -> Tally {
    let votes: Vec<_> = values.iter().enumerate().filter_map(|(at, value)| ballot::read(at, 1.0, value, "", rules).ok()).collect();
    count(&votes)
}

fn lines(tally: &Tally) -> Vec<(Value, usize)> {
    tally.groups.iter().map(|group| (group.value.clone(), group.votes)).collect()
}

#[test]
fn values_are_counted_most_votes_first_and_the_first_given_before_its_equals() {
    let values = ["b", "a", "c", "a", "c", "d"].map(Value::from);
    let tally = tally(&values, &Rules::default());
    assert_eq!(lines(&tally), [(json!("a"), 2), (json!("c"), 2), (json!("b"), 1), (json!("d"), 1)]);
    assert_eq!(tally.total, 6);
}

#[test]
fn a_value_is_spelled_as_most_did_and_else_as_the_first_did() {
    let rules = Rules { ignore_case: true, ..Rules::default() };
    let spelled = |values: &[&str]| {
        let values: Vec<Value> = values.iter().map(|value| json!(value)).collect();
        tally(&values, &rules).groups[0].value.clone()
    };
    assert_eq!(spelled(&["CAT", "Cat", "cat", "Cat"]), "Cat");
    assert_eq!(spelled(&["cat", "Cat"]), "cat");
}

#[test]
fn each_value_of_a_list_has_a_vote_and_the_list_is_one_answer() {
    let values = [json!(["a", "b"]), json!(["b"]), json!("b")];
    let tally = tally(&values, &Rules::default());
    assert_eq!(lines(&tally), [(json!("b"), 3), (json!("a"), 1)]);
    assert_eq!(tally.total, 3);
}

#[test]
fn numbers_are_counted_by_value() {
    let tally = tally(&[json!(1), json!(1.0), json!("1")], &Rules::default());
    assert_eq!(lines(&tally), [(json!(1), 2), (json!("1"), 1)]);
}
