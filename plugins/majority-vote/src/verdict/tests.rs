use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Verdict, decide};
use crate::ballot;
use crate::settings::{Lists, Rules, Ties};
use crate::tally;

/// Decides over answers and their weights.
fn weighted(values: &[(Value, f64)], rules: &Rules) -> Verdict {
    let votes: Vec<_> =
        values.iter().enumerate().filter_map(|(at, (value, weight))| ballot::read(at, *weight, value, "", rules).ok()).collect();
    decide(&tally::count(&votes), rules)
}

fn verdict(values: &[&str], rules: &Rules) -> Verdict {
    let values: Vec<_> = values.iter().map(|value| (json!(value), 1.0)).collect();
    weighted(&values, rules)
}

fn set(values: &[&[&str]], rules: Rules) -> Verdict {
    let values: Vec<_> = values.iter().map(|value| (json!(value), 1.0)).collect();
    weighted(&values, &Rules { lists: Lists::Set, ..rules })
}

/// What is decided, and why.
fn check(values: &[&str], rules: Rules, answer: Value, reason: &str) {
    let verdict = verdict(values, &rules);
    assert_eq!((&verdict.answer, verdict.reason.as_str()), (&answer, reason));
    assert_eq!(verdict.decided, !answer.is_null());
}

#[test]
fn the_value_with_most_votes_wins() {
    let verdict = verdict(&["a", "b", "a"], &Rules::default());
    assert_eq!(verdict.answer, "a");
    assert_eq!((verdict.votes, verdict.total, verdict.tie, verdict.decided), (2, 3, false, true));
    assert!((verdict.agreement - 2.0 / 3.0).abs() < 1e-12);
    assert_eq!(verdict.reason, "2 of 3 answers agree");
}

#[test]
fn without_answers_nothing_is_decided() {
    check(&[], Rules::default(), Value::Null, "no answer counts");
    assert!(!verdict(&[], &Rules::default()).tie);
}

#[test]
fn a_tie_is_a_tie() {
    let verdict = verdict(&["b", "a", "b", "a"], &Rules::default());
    assert_eq!((verdict.tie, verdict.decided, &verdict.answer), (true, false, &Value::Null));
    assert_eq!(verdict.tied, [json!("b"), json!("a")]);
    assert_eq!(verdict.reason, "tie: 2 values have 2 of 4 answers each");
    assert_eq!(verdict.agreement, 0.5);
}

#[test]
fn a_tie_is_settled_as_the_settings_say_and_still_reported() {
    let with = |ties| Rules { ties, ..Rules::default() };
    let first = verdict(&["b", "a", "a", "b"], &with(Ties::First));
    assert_eq!((first.tie, first.decided, first.answer), (true, true, json!("b")));
    assert_eq!(first.reason, "tie: 2 values have 2 of 4 answers each, and the one given first is taken");
    let all = verdict(&["b", "a", "a", "b"], &with(Ties::All));
    assert_eq!((all.tie, all.decided, all.answer), (true, true, json!(["b", "a"])));
    assert_eq!(all.reason, "tie: 2 values have 2 of 4 answers each, and the answer lists them");
}

#[test]
fn a_tie_further_down_does_not_matter() {
    assert!(!verdict(&["a", "a", "b", "c"], &Rules::default()).tie);
}

#[test]
fn too_few_answers_decide_nothing() {
    let rules = Rules { minimum_answers: 3, ..Rules::default() };
    check(&["a", "a"], rules.clone(), Value::Null, "2 answers count, 3 are needed");
    check(&["a"], rules.clone(), Value::Null, "1 answer counts, 3 are needed");
    check(&["a", "a", "b"], rules, json!("a"), "2 of 3 answers agree");
}

#[test]
fn a_quorum_has_to_be_reached() {
    let rules = Rules { quorum: 3, ..Rules::default() };
    check(&["a", "a", "b"], rules.clone(), Value::Null, "2 of 3 answers agree, 3 are needed");
    check(&["a", "a", "b", "a"], rules, json!("a"), "3 of 4 answers agree");
}

#[test]
fn an_agreement_has_to_be_reached() {
    let rules = Rules { agreement: Some(0.6), ..Rules::default() };
    check(&["a", "a", "b", "c"], rules.clone(), Value::Null, "the agreement is 0.500, 0.6 is needed");
    check(&["a", "a", "a", "b", "c"], rules, json!("a"), "3 of 5 answers agree");
}

#[test]
fn a_settled_tie_still_needs_quorum_and_agreement() {
    let rules = Rules { ties: Ties::First, agreement: Some(0.6), ..Rules::default() };
    check(&["a", "b"], rules, Value::Null, "the agreement is 0.500, 0.6 is needed");
}

#[test]
fn weights_decide_who_is_ahead() {
    let values = [(json!("a"), 0.2), (json!("a"), 0.3), (json!("b"), 0.9)];
    let verdict = weighted(&values, &Rules::default());
    assert_eq!((verdict.answer, verdict.votes, verdict.total), (json!("b"), 1, 3));
    assert!((verdict.agreement - 0.9 / 1.4).abs() < 1e-12);
}

#[test]
fn weights_that_differ_by_rounding_alone_are_a_tie() {
    let values = [(json!("a"), 0.1), (json!("a"), 0.2), (json!("b"), 0.3)];
    assert!(weighted(&values, &Rules::default()).tie);
}

#[test]
fn a_set_holds_what_more_than_half_chose() {
    let verdict = set(&[&["a", "b"], &["a"], &["a", "c", "b"]], Rules::default());
    assert_eq!(verdict.answer, json!(["a", "b"]));
    assert_eq!((verdict.votes, verdict.total, verdict.tie), (2, 3, false));
    assert!((verdict.agreement - 2.0 / 3.0).abs() < 1e-12);
    assert_eq!(verdict.reason, "more than half of 3 answers chose each value in it");
}

#[test]
fn a_set_may_be_empty_and_is_decided_all_the_same() {
    let verdict = set(&[&[], &["a"], &[]], Rules::default());
    assert_eq!((verdict.answer, verdict.decided), (json!([]), true));
    let unanimous = set(&[&[], &[]], Rules::default());
    assert_eq!((unanimous.answer, unanimous.agreement, unanimous.votes), (json!([]), 1.0, 2));
}

#[test]
fn a_value_that_half_chose_is_a_tie_of_the_set() {
    let tied = set(&[&["a", "b"], &["a"]], Rules::default());
    assert_eq!((tied.tie, tied.decided, tied.tied), (true, false, vec![json!("b")]));
    assert_eq!(tied.reason, "tie: a value was chosen by half of 2 answers");
    let all = set(&[&["a", "b"], &["a"]], Rules { ties: Ties::All, ..Rules::default() });
    assert_eq!((all.tie, all.decided, all.answer), (true, true, json!(["a", "b"])));
}

#[test]
fn a_set_may_ask_for_another_share_or_a_quorum() {
    let answers: [&[&str]; 4] = [&["a", "b"], &["a"], &["a", "b"], &["a", "c"]];
    let half = set(&answers, Rules { agreement: Some(0.5), ..Rules::default() });
    assert_eq!((half.answer, half.tie), (json!(["a", "b"]), false));
    let three = set(&answers[..3], Rules { quorum: 3, ..Rules::default() });
    assert_eq!((three.answer, three.reason.as_str()), (json!(null), "2 of 3 answers agree, 3 are needed"));
    let all = set(&[&["a", "b"], &["a", "b"], &["a", "b"]], Rules { quorum: 3, ..Rules::default() });
    assert_eq!(all.answer, json!(["a", "b"]));
}

#[test]
fn a_set_is_not_decided_against_a_value_by_too_few() {
    let two = set(&[&["red"], &["red"]], Rules { quorum: 3, ..Rules::default() });
    assert_eq!((two.decided, two.answer, two.votes), (false, json!(null), 2));
    let with_ties = set(&[&["a", "b"], &["a"]], Rules { quorum: 2, ties: Ties::All, ..Rules::default() });
    assert!(!with_ties.decided, "{}", with_ties.reason);
}

#[test]
fn an_answer_agrees_when_it_chose_the_winner_or_the_very_set() {
    let rules = Rules::default();
    let one = verdict(&["a", "b", "a"], &rules);
    let agrees = |keys: &[&'static str]| one.agrees(keys.iter().copied(), &rules);
    assert_eq!(agrees(&["\"a\""]), Some(true));
    assert_eq!(agrees(&["\"b\""]), Some(false));
    assert_eq!(agrees(&["\"b\"", "\"a\""]), Some(true));
    let rules = Rules { lists: Lists::Set, ..Rules::default() };
    let set = set(&[&["a", "b"], &["a", "b"], &["a"]], Rules::default());
    let agrees = |keys: &[&'static str]| set.agrees(keys.iter().copied(), &rules);
    assert_eq!(agrees(&["\"b\"", "\"a\""]), Some(true));
    assert_eq!(agrees(&["\"a\""]), Some(false));
    assert_eq!(agrees(&[]), Some(false));
}

#[test]
fn nobody_agrees_with_what_is_undecided() {
    let rules = Rules::default();
    let tie = verdict(&["a", "b"], &rules);
    assert_eq!(tie.agrees(["\"a\""].into_iter(), &rules), None);
}

fn any_rules() -> impl Strategy<Value = Rules> {
    let lists = prop_oneof![Just(Lists::Each), Just(Lists::Set), Just(Lists::Whole)];
    let ties = prop_oneof![Just(Ties::Undecided), Just(Ties::First), Just(Ties::All)];
    let agreement = proptest::option::of(0.0..=1.0);
    (lists, ties, 1_usize..4, 1_usize..4, agreement).prop_map(|(lists, ties, quorum, minimum_answers, agreement)| Rules {
        lists,
        ties,
        quorum,
        minimum_answers,
        agreement,
        ..Rules::default()
    })
}

proptest! {
    #[test]
    fn a_verdict_never_contradicts_itself(
        answers in prop::collection::vec((prop::collection::vec(0_u8..4, 0..4), 0.01_f64..1.0), 0..9),
        rules in any_rules(),
    ) {
        let values: Vec<_> = answers.into_iter().map(|(list, weight)| (json!(list), weight)).collect();
        let verdict = weighted(&values, &rules);
        prop_assert!(verdict.votes <= verdict.total);
        prop_assert!((0.0..=1.0).contains(&verdict.agreement));
        prop_assert_eq!(verdict.tie, !verdict.tied.is_empty());
        prop_assert!(verdict.decided || verdict.answer.is_null());
        prop_assert!(!verdict.reason.is_empty());
        if verdict.decided {
            prop_assert!(!verdict.answer.is_null());
            prop_assert!(verdict.total >= rules.minimum_answers);
            prop_assert!(!verdict.tie || rules.ties != Ties::Undecided);
        }
    }

    #[test]
    fn the_order_of_the_answers_changes_nothing_but_what_was_first(
        mut letters in prop::collection::vec("[a-c]", 1..9),
    ) {
        let rules = Rules::default();
        let sorted = |letters: &[String]| {
            let verdict = verdict(&letters.iter().map(String::as_str).collect::<Vec<_>>(), &rules);
            (verdict.answer, verdict.votes, verdict.tie, verdict.decided)
        };
        let before = sorted(&letters);
        letters.reverse();
        prop_assert_eq!(before, sorted(&letters));
    }
}
