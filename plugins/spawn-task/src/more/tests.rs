use crowdhook_texts::{Event, Facts, Task};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Outcome, more};
use crate::settings::parse;

fn facts(answers: usize, left_out: u64, redundancy: u32, completed: bool) -> Facts {
    let event = Event { kind: "task.analysed".to_owned(), task_id: Some("7".to_owned()), ..Event::default() };
    let lines: Vec<Value> = (0..answers).map(|id| json!({ "id": id.to_string() })).collect();
    let analysis = json!({ "decided": false, "agreement": 0.5, "answers": lines, "answers_left_out": left_out });
    Facts { event, task: Some(Task { redundancy, completed, ..Task::default() }), analysis: Some(analysis), ..Facts::default() }
}

fn outcome(settings: Value, facts: &Facts) -> Outcome {
    let settings = parse(&json!({ "more_answers": settings }).to_string()).unwrap().more.unwrap();
    more(&settings, facts).unwrap()
}

#[test]
fn an_undecided_task_gets_more_answers_up_to_the_cap() {
    let at = |answers: usize| outcome(json!({ "add": 3, "cap": 7 }), &facts(answers, 0, u32::try_from(answers).unwrap(), true));
    assert_eq!(at(3), Outcome::Raise(6));
    assert_eq!(at(6), Outcome::Raise(7));
    assert_eq!(at(7), Outcome::AtCap);
    assert_eq!(at(9), Outcome::AtCap);
}

#[test]
fn a_number_in_all_is_asked_for_once() {
    let at = |answers: usize| outcome(json!({ "to": 5 }), &facts(answers, 0, 3, true));
    assert_eq!(at(3), Outcome::Raise(5));
    assert_eq!(at(5), Outcome::AtCap);
}

#[test]
fn a_decided_task_gets_none() {
    let mut decided = facts(3, 0, 3, true);
    decided.analysis.as_mut().unwrap()["decided"] = json!(true);
    assert_eq!(outcome(json!({}), &decided), Outcome::Nothing);
    assert_eq!(outcome(json!({ "when": "agreement < 0.6" }), &decided), Outcome::Raise(5));
}

#[test]
fn what_was_asked_for_is_waited_for() {
    // Asked again before the new answers have come.
    assert_eq!(outcome(json!({ "add": 2 }), &facts(3, 0, 5, true)), Outcome::Nothing);
    assert_eq!(outcome(json!({ "add": 2 }), &facts(4, 0, 5, false)), Outcome::Nothing);
}

#[test]
fn answers_that_had_no_room_in_the_analysis_are_there_all_the_same() {
    assert_eq!(outcome(json!({ "add": 2, "cap": 50 }), &facts(3, 30, 33, true)), Outcome::Raise(35));
}

#[test]
fn an_analysis_without_a_list_is_for_a_person() {
    let settings = parse(r#"{ "more_answers": {} }"#).unwrap().more.unwrap();
    let mut facts = facts(3, 0, 3, true);
    facts.analysis.as_mut().unwrap().as_object_mut().unwrap().remove("answers");
    assert_eq!(more(&settings, &facts).unwrap_err(), "the analysis does not list its answers");
}

proptest! {
    #[test]
    fn only_ever_more_than_there_are_and_never_beyond_the_cap(answers in 0_usize..30, redundancy in 0_u32..30, add in 1_u32..20, cap in 2_u32..30) {
        let facts = facts(answers, 0, redundancy, true);
        if let Outcome::Raise(wanted) = outcome(json!({ "add": add, "cap": cap }), &facts) {
            prop_assert!(wanted <= cap && wanted > redundancy && wanted as usize > answers);
            // A repeat that sees what was done asks for nothing more.
            let mut after = facts.clone();
            after.task.as_mut().unwrap().redundancy = wanted;
            prop_assert_eq!(outcome(json!({ "add": add, "cap": cap }), &after), Outcome::Nothing);
        }
    }
}
