use serde_json::{Value, json};

use super::{Due, Worker};
use crate::outcome::{Moment, Outcome};
use crate::settings::{Badge, parse};

fn badges(lines: &[(&str, u32, bool)]) -> Vec<Badge> {
    let badge = |(kind, at, take_back): &(&str, u32, bool)| json!({ "id": format!("{kind}-{at}"), "title": "t", "description": "d", "kind": kind, "at": at, "take_back": take_back });
    let lines: Vec<Value> = lines.iter().map(badge).collect();
    parse(&json!({ "badges": lines }).to_string()).unwrap().badges
}

fn outcome(moment: u64, right: Option<bool>, gold: bool) -> Outcome {
    Outcome { right, gold, at: Some(Moment(moment)) }
}

fn due(worker: &Worker, badges: &[Badge]) -> Vec<String> {
    let words = |due: Due<'_>| match due {
        Due::Award(badge) => format!("+{}", badge.id),
        Due::Revoke(badge) => format!("-{}", badge.id),
    };
    worker.due(badges).into_iter().map(words).collect()
}

#[test]
fn each_kind_counts_its_own() {
    let mut worker = Worker::default();
    worker.change("a", None, Some(&outcome(1, Some(true), false)));
    worker.change("b", None, Some(&outcome(2, Some(false), false)));
    worker.change("c", None, Some(&outcome(3, Some(true), true)));
    worker.change("d", None, Some(&outcome(4, Some(false), true)));
    worker.change("e", None, Some(&outcome(5, None, false)));
    assert_eq!((worker.answered, worker.right, worker.gold, worker.history.longest()), (5, 2, 1, 1));
}

#[test]
fn a_change_is_a_difference() {
    let mut worker = Worker::default();
    let (right, wrong) = (outcome(1, Some(true), true), outcome(1, Some(false), true));
    worker.change("a", None, Some(&right));
    worker.change("a", Some(&right), Some(&right));
    assert_eq!((worker.answered, worker.right, worker.gold), (1, 1, 1));
    worker.change("a", Some(&right), Some(&wrong));
    assert_eq!((worker.answered, worker.right, worker.gold), (1, 0, 0));
    worker.change("a", Some(&wrong), None);
    assert_eq!(worker, Worker::default());
}

#[test]
fn a_badge_is_due_at_its_number_and_once() {
    let badges = badges(&[("right-answers", 2, false)]);
    let mut worker = Worker { right: 1, ..Worker::default() };
    assert_eq!(due(&worker, &badges), [""; 0]);
    worker.right = 2;
    assert_eq!(due(&worker, &badges), ["+right-answers-2"]);
    worker.held.insert("right-answers-2".to_owned());
    worker.right = 3;
    assert_eq!(due(&worker, &badges), [""; 0]);
}

#[test]
fn a_badge_is_taken_back_only_where_the_project_says_so() {
    let badges = badges(&[("right-answers", 2, false), ("right-answers", 3, true)]);
    let held = badges.iter().map(|badge| badge.id.clone()).collect();
    let worker = Worker { right: 1, held, ..Worker::default() };
    assert_eq!(due(&worker, &badges), ["-right-answers-3"]);
}

#[test]
fn the_evidence_is_a_number() {
    let badges = badges(&[("right-answers", 2, false), ("streak", 3, true), ("first-contribution", 1, false), ("gold", 1, false)]);
    let worker = Worker { answered: 9, right: 7, gold: 4, ..Worker::default() };
    let evidence: Vec<String> = badges.iter().map(|badge| worker.evidence(badge)).collect();
    assert_eq!(evidence, [r#"{"right_answers":7}"#, r#"{"streak":0}"#, r#"{"answers":9}"#, r#"{"test_questions":4}"#]);
}
