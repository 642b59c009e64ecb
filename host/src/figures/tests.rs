use serde_json::json;

use super::*;
use crate::event::{Origin, PlatformKind};
use crate::id::EventId;

fn emitted(payload: &Value) -> Event {
    let (id, at) = (EventId::new(), "2026-11-22T10:00:00Z".parse().unwrap());
    Event {
        id,
        project: "birds".parse().unwrap(),
        platform: PlatformKind::Pybossa,
        kind: kind(),
        task: Some("7".to_owned()),
        occurred_at: at,
        received_at: at,
        origin: Origin::Live,
        emitted_by: Some("vote".parse().unwrap()),
        root: id,
        depth: 1,
        payload: payload.to_string(),
    }
}

#[test]
fn what_is_kept_of_an_analysis_is_its_verdict_its_votes_and_who_gave_them() {
    let answer = |worker: Value, counted: bool, agrees: Value| json!({ "id": "1", "worker": worker, "value": "x", "counted": counted, "agrees": agrees });
    let event = emitted(&json!({
        "answer": "robin", "votes": 2, "total": 3, "agreement": 0.66, "tie": false, "decided": true, "reason": "2 of 3 answers agree",
        "tally": [{ "value": "robin", "votes": 2, "weight": 2.0 }, { "value": "wren", "votes": 1, "weight": 1.0 }],
        "answers": [answer(json!("ann"), true, json!(true)), answer(json!("bob"), true, json!(false)),
            answer(json!("carl"), false, Value::Null), answer(json!("x".repeat(257)), true, json!(true)), answer(Value::Null, true, json!(true))],
        "revision": 1, "previous": null, "answers_left_out": 0
    }));
    let analysed = analysed(9, &event).unwrap();
    assert_eq!((analysed.row, analysed.task.as_str()), (9, "7"));
    let Analysis { answer, votes, total, decided, tally, workers, .. } = &analysed.analysis;
    assert_eq!((answer, *votes, *total, *decided), (&json!("robin"), 2, 3, true));
    assert_eq!(tally.iter().map(|tally| tally.votes).collect::<Vec<_>>(), [2, 1]);
    let vote = |worker: &str, agrees| Vote { worker: worker.to_owned(), agrees };
    assert_eq!(*workers, [vote("ann", true), vote("bob", false)]);
    assert_eq!(analysed.analysis.tenth(), Some(6));
}

#[test]
fn what_is_no_analysis_is_passed_over() {
    let gone = Event { payload: String::new(), ..emitted(&json!({})) };
    assert_eq!(super::analysed(1, &gone), None);
    assert_eq!(super::analysed(1, &emitted(&json!({ "answers": "many" }))), None);
    assert_eq!(super::analysed(1, &Event { task: None, ..emitted(&json!({ "decided": true })) }), None);
}

#[test]
fn a_long_answer_is_cut() {
    let text = in_short(json!("é".repeat(5_000)));
    let text = text.as_str().unwrap();
    assert!(text.ends_with('…') && text.len() <= VALUE_BYTES_MAX + '…'.len_utf8(), "{}", text.len());
    assert_eq!(in_short(json!({ "short": true })), json!({ "short": true }));
}

#[test]
fn tenths_of_agreement_hold_what_floats_make_of_them() {
    let tenth = |agreement| Analysis { agreement, ..Analysis::default() }.tenth();
    assert_eq!(
        [tenth(Some(0.0)), tenth(Some(0.1 + 0.2)), tenth(Some(0.7)), tenth(Some(1.0)), tenth(Some(7.0)), tenth(None)],
        [Some(0), Some(3), Some(7), Some(10), Some(10), None]
    );
}
