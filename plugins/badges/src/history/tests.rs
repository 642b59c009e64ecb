use proptest::prelude::*;

use super::{BYTES_MAX, History};
use crate::outcome::{Moment, Outcome};

fn at(moment: u64, right: bool) -> Outcome {
    Outcome { right: Some(right), gold: false, at: Some(Moment(moment)) }
}

/// A worker's history of these answers, in the order in which they become known: task, moment, right.
fn history(answers: &[(&str, u64, bool)]) -> History {
    let mut history = History::default();
    for (task, moment, right) in answers {
        history.change(task, None, Some(&at(*moment, *right)));
    }
    history
}

#[test]
fn the_longest_run_is_in_the_order_in_which_answers_were_given() {
    assert_eq!(history(&[]).longest(), 0);
    assert_eq!(history(&[("a", 1, true), ("b", 2, true), ("c", 3, false), ("d", 4, true)]).longest(), 2);
    assert_eq!(history(&[("d", 4, true), ("c", 3, false), ("b", 2, true), ("a", 1, true)]).longest(), 2);
    assert_eq!(history(&[("a", 1, true), ("c", 3, true), ("b", 2, false)]).longest(), 1);
}

#[test]
fn an_answer_that_turns_out_wrong_breaks_the_run_where_it_was_given() {
    let mut history = history(&[("a", 1, true), ("b", 2, true), ("c", 3, true), ("d", 4, true)]);
    history.change("b", Some(&at(2, true)), Some(&at(2, false)));
    assert_eq!(history.longest(), 2);
    history.change("b", Some(&at(2, false)), Some(&at(2, true)));
    assert_eq!(history.longest(), 4);
    history.change("b", Some(&at(2, true)), None);
    assert_eq!(history.longest(), 3);
}

#[test]
fn answers_that_nobody_can_judge_or_place_are_in_no_run() {
    let mut history = history(&[("a", 1, true), ("c", 3, true)]);
    history.change("b", None, Some(&Outcome { right: None, gold: false, at: Some(Moment(2)) }));
    history.change("d", None, Some(&Outcome { right: Some(false), gold: false, at: None }));
    assert_eq!(history.longest(), 2);
}

#[test]
fn old_answers_are_put_together_and_their_runs_stay() {
    let mut history = History::default();
    for moment in 1..=5000_u64 {
        history.change(&format!("{:06}", 100_000 + moment), None, Some(&at(moment, moment != 100)));
    }
    assert_eq!(history.longest(), 4900);
    assert!(serde_json::to_string(&history).unwrap().len() < BYTES_MAX + 1000);
    // What was put together stays as it is.
    history.change("100200", Some(&at(200, true)), Some(&at(200, false)));
    history.change("100100", Some(&at(100, false)), Some(&at(100, true)));
    assert_eq!(history.longest(), 4900);
    history.change("104900", Some(&at(4900, true)), Some(&at(4900, false)));
    assert_eq!(history.longest(), 4799);
}

#[test]
fn a_thousand_answers_can_still_change() {
    let mut history = History::default();
    for moment in 1..=1000_u64 {
        history.change(&format!("{:06}", 100_000 + moment), None, Some(&at(moment, true)));
    }
    history.change("100001", Some(&at(1, true)), Some(&at(1, false)));
    assert_eq!(history.longest(), 999);
}

fn longest_by_hand(mut answers: Vec<(u64, usize, bool)>) -> u32 {
    answers.sort_unstable();
    let (mut longest, mut run) = (0, 0);
    for (_, _, right) in answers {
        run = if right { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

proptest! {
    #[test]
    fn changes_lead_where_the_last_of_them_say(changes in prop::collection::vec((0_usize..8, prop::option::of((0_u64..6, any::<bool>()))), 0..60)) {
        let mut history = History::default();
        let mut known: [Option<(u64, bool)>; 8] = [None; 8];
        for (task, now) in changes {
            let outcome = |known: Option<(u64, bool)>| known.map(|(moment, right)| at(moment, right));
            history.change(&task.to_string(), outcome(known[task]).as_ref(), outcome(now).as_ref());
            known[task] = now;
        }
        let last = known.iter().enumerate().filter_map(|(task, known)| known.map(|(moment, right)| (moment, task, right)));
        prop_assert_eq!(history.longest(), longest_by_hand(last.collect()));
    }
}
