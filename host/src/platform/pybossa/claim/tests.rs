use super::*;
use crate::clock::Timestamp;
use crate::event::{EventKind, Origin, PlatformKind};
use crate::id::EventId;

const RECORDED: &str = r#"{"event": "task_completed", "project_short_name": "birds", "project_id": 1, "task_id": 7, "result_id": 12, "fired_at": "2026-11-21 19:29:25"}"#;

fn event(task: Option<&str>, payload: &str) -> Event {
    let (id, now) = (EventId::new(), Timestamp::UNIX_EPOCH);
    Event {
        id,
        project: "birds".parse().unwrap(),
        platform: PlatformKind::Pybossa,
        kind: EventKind::TASK_COMPLETED,
        task: task.map(str::to_owned),
        occurred_at: now,
        received_at: now,
        origin: Origin::Live,
        emitted_by: None,
        root: id,
        depth: 0,
        payload: payload.to_owned(),
    }
}

fn claim(payload: &str) -> Claim {
    Claim::of(&event(Some("7"), payload)).unwrap()
}

#[test]
fn only_ids_are_taken_from_a_payload() {
    let claim = claim(RECORDED);
    assert_eq!((claim.task.as_str(), claim.result), ("7", Some(12)));
    assert_eq!((claim.project.as_deref(), claim.short_name.as_deref()), (Some("1"), Some("birds")));
}

#[test]
fn what_names_no_task_or_two_is_refused() {
    for (task, payload) in [
        (None, RECORDED),
        (Some("8"), RECORDED),
        (Some("07"), "{}"),
        (Some("7 or 1=1"), "{}"),
        (Some("0"), "{}"),
        (Some("-1"), "{}"),
        (Some("99999999999999999999"), "{}"),
        (Some("7"), "[]"),
        (Some("7"), r#"{"result_id":"../task"}"#),
        (Some("7"), r#"{"result_id":0}"#),
    ] {
        let answer = Claim::of(&event(task, payload));
        assert!(matches!(answer, Err(PlatformError::Refused { .. })), "{task:?} {payload}: {answer:?}");
    }
}

#[test]
fn another_project_s_ids_are_not_confirmed() {
    let claim = claim(RECORDED);
    assert_eq!(claim.is_about("birds", None), Ok(()));
    assert_eq!(claim.is_about("birds", Some("1")), Ok(()));
    assert!(matches!(claim.is_about("birds", Some("2")), Err(PlatformError::Unconfirmed { .. })));
    assert!(matches!(claim.is_about("cats", Some("1")), Err(PlatformError::Unconfirmed { .. })));
}

#[test]
fn a_result_row_proves_the_completion_whatever_happened_since() {
    let claim = claim(RECORDED);
    for completed in [true, false] {
        assert_eq!(claim.standing(completed, Some(12)), Standing::Confirmed);
        assert_eq!(claim.standing(completed, Some(13)), Standing::Superseded(12));
        assert_eq!(claim.standing(completed, Some(11)), Standing::NotShown);
        assert_eq!(claim.standing(completed, None), Standing::NotShown);
    }
}

#[test]
fn an_event_without_a_result_needs_a_completed_task() {
    let claim = claim(r#"{"task_id":7,"result_id":null}"#);
    assert_eq!(claim.standing(true, None), Standing::Confirmed);
    assert_eq!(claim.standing(true, Some(3)), Standing::Confirmed);
    assert_eq!(claim.standing(false, Some(3)), Standing::NotShown);
}
