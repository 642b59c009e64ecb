use super::*;
use crate::clock::from_millis;

fn answer(id: &str) -> Answer {
    let text = "{}".to_owned();
    Answer {
        id: id.to_owned(),
        task: "1".to_owned(),
        worker: None,
        value: text.clone(),
        submitted_at: None,
        trust: None,
        set_aside: false,
        extra: text,
    }
}

#[test]
fn pages_follow_each_other_whatever_the_ids() {
    let page = |after: &str, ids: &[&str]| (after.to_owned(), ids.iter().map(|id| answer(id)).collect());
    let pages = Pages::from([page("99", &["1000"]), page("1000", &[]), page("", &["7", "99"]), page("500", &["501"])]);
    assert_eq!(in_order(pages).iter().map(|answer| answer.id.as_str()).collect::<Vec<_>>(), ["7", "99", "1000"]);
}

#[test]
fn an_attempt_is_counted_from_the_end_of_the_one_before() {
    let run = |outcome: &str| Run {
        component: None,
        settings: None,
        started_at: from_millis(0),
        duration_ms: 0,
        cpu_ms: 0,
        memory_bytes: Some(1_500_000),
        outcome: outcome.to_owned(),
        reason: String::new(),
        log: "[]".to_owned(),
        read: "{}".to_owned(),
    };
    let cases: [(&[&str], u32); 5] =
        [(&[], 1), (&["retry"], 2), (&["retry", "parked", "trapped"], 3), (&["retry", "ok"], 1), (&["ok", "retry"], 2)];
    for (before, attempt) in cases {
        let runs: Vec<Run> = before.iter().map(|outcome| run(outcome)).collect();
        assert_eq!(attempt_after(&runs), attempt, "{before:?}");
    }
}
