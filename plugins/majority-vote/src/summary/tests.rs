use serde_json::{Value, json};

use super::{describe, value_counts};
use crate::ballot;
use crate::settings::Rules;
use crate::tally::{self, Tally};

fn tally(values: &Value) -> Tally {
    let votes: Vec<_> = values
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
        .filter_map(|(at, value)| ballot::read(at, 1.0, value, "", &Rules::default()).ok())
        .collect();
    tally::count(&votes)
}

fn described(values: Value) -> Value {
    serde_json::to_value(describe(&tally(&values), &mut 100_000)).unwrap()
}

fn counted(values: Value) -> String {
    serde_json::to_string(&value_counts(&tally(&values), &mut 100_000).0).unwrap()
}

/// Compares numbers as far as the order of a sum allows.
fn check_numbers(values: Value, expected: Value) {
    let described = described(values);
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&described), names(&expected));
    for name in names(&expected) {
        match (described[&name].as_f64(), expected[&name].as_f64()) {
            (Some(is), Some(wanted)) => {
                assert!((is - wanted).abs() < 1e-12, "{name}: {is}, not {wanted}")
            }
            (is, wanted) => assert_eq!(is, wanted, "{name}"),
        }
    }
}

#[test]
fn texts_are_described_as_pandas_does() {
    let expected = json!({ "count": 3, "unique": 2, "top": "yes", "freq": 2 });
    assert_eq!(described(json!(["yes", "no", "yes"])), expected);
}

#[test]
fn a_tie_has_no_top() {
    let expected = json!({ "count": 2, "unique": 2, "top": null, "freq": 1 });
    assert_eq!(described(json!(["yes", "no"])), expected);
}

#[test]
fn no_answers_are_described_as_pandas_does_with_null_for_nan() {
    assert_eq!(described(json!([])), json!({ "count": 0, "unique": 0, "top": null, "freq": null }));
}

// The expected numbers are what `pandas.Series([…]).describe()` gives.
#[test]
fn numbers_are_described_as_pandas_does() {
    check_numbers(
        json!([1, 2, 3, 4]),
        json!({ "count": 4, "mean": 2.5, "std": 1.290_994_448_735_805_6, "min": 1.0,
                "25%": 1.75, "50%": 2.5, "75%": 3.25, "max": 4.0 }),
    );
    check_numbers(
        json!([3, 1.5, 3, 10, -2]),
        json!({ "count": 5, "mean": 3.1, "std": 4.364_630_568_559_039, "min": -2.0,
                "25%": 1.5, "50%": 3.0, "75%": 3.0, "max": 10.0 }),
    );
}

#[test]
fn one_number_has_no_deviation() {
    check_numbers(json!([7]), json!({ "count": 1, "mean": 7.0, "std": null, "min": 7.0, "25%": 7.0, "50%": 7.0, "75%": 7.0, "max": 7.0 }));
}

#[test]
fn numbers_among_texts_are_described_like_texts() {
    assert_eq!(described(json!([1, "1", 1])), json!({ "count": 3, "unique": 2, "top": 1, "freq": 2 }));
    assert_eq!(described(json!([true, true])), json!({ "count": 2, "unique": 1, "top": true, "freq": 2 }));
}

#[test]
fn values_are_counted_most_votes_first() {
    assert_eq!(counted(json!(["no", "yes", "yes"])), r#"{"yes":2,"no":1}"#);
    assert_eq!(counted(json!([2.5, 1, 1.0])), r#"{"1":2,"2.5":1}"#);
    assert_eq!(counted(json!([0.5, -0.25, 0.5])), r#"{"0.5":2,"-0.25":1}"#);
    assert_eq!(counted(json!([true, { "a": 1 }, true])), r#"{"true":2,"{\"a\":1}":1}"#);
}

#[test]
fn two_values_of_one_name_are_kept_apart() {
    assert_eq!(counted(json!([1, "1", 1])), r#"{"1":2,"\"1\"":1}"#);
}

#[test]
fn what_does_not_fit_is_left_out_and_counted() {
    let long = "x".repeat(500);
    let tally = tally(&json!([long, "a", "a", "b"]));
    let (counts, left_out) = value_counts(&tally, &mut 200);
    assert_eq!((serde_json::to_value(counts).unwrap(), left_out), (json!({ "a": 2, "b": 1 }), 1));
    assert_eq!(serde_json::to_value(describe(&tally, &mut 10)).unwrap()["top"], Value::Null);
}
