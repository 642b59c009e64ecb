use serde_json::{Value, json};

use super::{Analysis, Answer, Moment, Outcome, judge};
use crate::settings::Right;

fn analysis(answer: Value, listed: &[Value], left_out: u64) -> Analysis {
    serde_json::from_value(json!({ "revision": 1, "answer": answer, "answers": listed, "answers_left_out": left_out })).unwrap()
}

fn listed(id: u32, worker: Option<&str>, value: &str, counted: bool, agrees: Option<bool>) -> Value {
    json!({ "id": id.to_string(), "worker": worker, "value": value, "counted": counted, "weight": 1, "agrees": agrees, "why_not": null })
}

fn answer(id: u32, worker: &str, value: &str) -> Answer {
    Answer {
        id: id.to_string(),
        worker: Some(worker.to_owned()),
        value: Some(json!(value)),
        at: Some(Moment(u64::from(id))),
        set_aside: false,
    }
}

fn right(analysis: &Analysis, answers: &[Answer]) -> Vec<(String, Option<bool>)> {
    let judged = judge(analysis, answers, None, Right::Both);
    judged.outcomes.into_iter().map(|(worker, outcome)| (worker, outcome.right)).collect()
}

#[test]
fn who_agrees_is_right() {
    let analysis =
        analysis(json!("a"), &[listed(1, Some("ann"), "a", true, Some(true)), listed(2, Some("bob"), "b", true, Some(false))], 0);
    let judged = judge(&analysis, &[answer(1, "ann", "a"), answer(2, "bob", "b")], None, Right::Both);
    assert_eq!(judged.outcomes["ann"], Outcome { right: Some(true), gold: false, at: Some(Moment(1)) });
    assert_eq!(judged.outcomes["bob"], Outcome { right: Some(false), gold: false, at: Some(Moment(2)) });
}

#[test]
fn while_undecided_nobody_is_right_or_wrong_and_all_have_contributed() {
    let analysis = analysis(Value::Null, &[listed(1, Some("ann"), "a", true, None), listed(2, Some("bob"), "b", true, None)], 0);
    assert_eq!(right(&analysis, &[]), [("ann".to_owned(), None), ("bob".to_owned(), None)]);
}

#[test]
fn anonymous_answers_and_those_that_do_not_count_are_nobodys() {
    let analysis = analysis(json!("a"), &[listed(1, None, "a", true, Some(true)), listed(2, Some("bob"), "a", false, None)], 0);
    assert_eq!(right(&analysis, &[answer(2, "bob", "a")]), []);
}

#[test]
fn the_last_answer_that_counts_speaks_for_the_worker() {
    let lines = [
        listed(1, Some("ann"), "a", true, Some(true)),
        listed(2, Some("ann"), "b", true, Some(false)),
        listed(3, Some("ann"), "a", false, None),
    ];
    assert_eq!(right(&analysis(json!("a"), &lines, 0), &[]), [("ann".to_owned(), Some(false))]);
}

#[test]
fn answers_that_were_left_out_are_judged_by_their_value() {
    let lines = [listed(1, Some("ann"), "A", true, Some(true)), listed(2, Some("bob"), "b", true, Some(false))];
    let analysis = analysis(json!("a"), &lines, 4);
    let answers = [
        answer(1, "ann", "A"),
        answer(2, "bob", "b"),
        answer(3, "cat", "A"),
        answer(4, "dan", "b"),
        answer(5, "eve", "a"),
        answer(6, "fay", "c"),
        Answer { set_aside: true, ..answer(7, "gus", "a") },
    ];
    let judged = judge(&analysis, &answers, None, Right::Both);
    let right: Vec<_> = judged.outcomes.iter().map(|(worker, outcome)| (worker.as_str(), outcome.right)).collect();
    let (yes, no) = (Some(true), Some(false));
    assert_eq!(right, [("ann", yes), ("bob", no), ("cat", yes), ("dan", no), ("eve", yes), ("fay", None)]);
    assert_eq!(judged.unknown, 1);
}

#[test]
fn an_answer_that_was_left_out_does_not_speak_against_a_listed_one() {
    let analysis = analysis(json!("a"), &[listed(1, Some("ann"), "a", true, Some(true))], 1);
    assert_eq!(right(&analysis, &[answer(1, "ann", "a"), answer(2, "ann", "b")]), [("ann".to_owned(), Some(true))]);
}

#[test]
fn an_answer_that_came_after_the_vote_is_not_taken_for_one_that_was_left_out() {
    let analysis = analysis(json!("a"), &[listed(1, Some("ann"), "a", true, Some(true))], 0);
    assert_eq!(right(&analysis, &[answer(1, "ann", "a"), answer(2, "bob", "a")]), [("ann".to_owned(), Some(true))]);
}

#[test]
fn a_test_question_is_judged_by_its_right_answer_and_not_by_the_crowd() {
    let lines = [listed(1, Some("ann"), "a", true, Some(true)), listed(2, Some("bob"), "b", true, Some(false))];
    let analysis = analysis(json!("a"), &lines, 0);
    let judge = |gold: Option<&Value>, rule| judge(&analysis, &[], gold, rule).outcomes["bob"];
    let gold = json!("b");
    assert_eq!(judge(Some(&gold), Right::Both), Outcome { right: Some(true), gold: true, at: None });
    assert_eq!(judge(Some(&gold), Right::Gold), Outcome { right: Some(true), gold: true, at: None });
    assert_eq!(judge(Some(&gold), Right::Decided), Outcome { right: Some(false), gold: false, at: None });
    assert_eq!(judge(None, Right::Both).right, Some(false));
    assert_eq!(judge(None, Right::Gold).right, None);
}

#[test]
fn a_value_that_was_cut_is_compared_as_the_platform_has_it() {
    let mut line = listed(1, Some("ann"), "", true, Some(false));
    line["value"] = Value::Null;
    line["cut"] = json!(true);
    let judged = judge(&analysis(json!("a"), &[line], 0), &[answer(1, "ann", "long")], Some(&json!("long")), Right::Both);
    assert_eq!(judged.outcomes["ann"].right, Some(true));
}

#[test]
fn moments_sort_as_they_follow() {
    let one = Moment::parse("2026-11-21T19:29:25.000Z").unwrap();
    assert_eq!(one, Moment(20_261_121_192_925_000));
    assert!(one < Moment::parse("2026-11-21T19:29:25.001Z").unwrap());
    assert!(one < Moment::parse("2027-01-01T00:00:00.000Z").unwrap());
    for text in ["", "2026-11-21", "2026-11-21T19:29:25Z", "2026-11-21T19:29:25.000+02:00"] {
        assert_eq!(Moment::parse(text), None, "{text}");
    }
}
