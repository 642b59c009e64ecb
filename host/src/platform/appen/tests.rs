use super::*;
use crate::clock::{Clock, Timestamp};
use crate::event::{EventKind, Origin, PlatformKind};
use crate::id::EventId;

fn appen() -> Appen {
    let platform = config::Platform {
        kind: PlatformKind::Appen,
        url: "https://api.appen.com/v1".parse().unwrap(),
        project: "4242".to_owned(),
        api_key: None,
        signing_tokens: Vec::new(),
        generic: None,
    };
    Appen::new(platform, &"animals".parse().unwrap(), &Connections::new(Clock::System))
}

fn event(task: &str, payload: &str) -> Event {
    let (id, now) = (EventId::new(), Timestamp::UNIX_EPOCH);
    Event {
        id,
        project: "animals".parse().unwrap(),
        platform: PlatformKind::Appen,
        kind: EventKind::TASK_COMPLETED,
        task: Some(task.to_owned()),
        occurred_at: now,
        received_at: now,
        origin: Origin::Live,
        emitted_by: None,
        root: id,
        depth: 0,
        payload: payload.to_owned(),
    }
}

#[tokio::test]
async fn a_snapshot_is_what_was_posted() {
    let payload = r#"{"id":7,"job_id":4242,"state":"finalized","judgments_count":1,"data":{},"results":{"judgments":[{"id":1,"worker_id":3,"data":{"a":"b"}}]}}"#;
    let snapshot = appen().snapshot(&event("7", payload)).await.unwrap();
    assert_eq!((snapshot.task.id.as_str(), snapshot.answers.len(), snapshot.result), ("7", 1, None));
}

#[tokio::test]
async fn another_job_or_another_unit_is_refused() {
    for (task, payload) in [("7", r#"{"id":7,"job_id":1}"#), ("8", r#"{"id":7,"job_id":4242}"#), ("7", "{}")] {
        let answer = appen().snapshot(&event(task, payload)).await;
        assert!(matches!(answer, Err(PlatformError::Refused { .. })), "{payload}");
    }
}

#[tokio::test]
async fn what_needs_an_unknown_call_is_refused_with_a_sentence() {
    let refusal = |answer: Option<PlatformError>| matches!(answer, Some(PlatformError::Refused { .. }));
    assert!(refusal(appen().task("1").await.err()));
    assert!(refusal(appen().answers("1", None).await.err()));
    assert!(refusal(appen().result("1").await.err()));
    assert!(refusal(appen().save_result("1", None, "{}").await.err()));
    assert_eq!(appen().worker("1").await, Ok(None));
    assert_eq!(appen().project().await.unwrap().id, "4242");
}

#[tokio::test]
async fn without_a_key_nothing_is_called() {
    let url = Secret::new("https://crowd.example.org/hooks/animals/secret");
    for answer in [appen().set_hook(&url, true).await, appen().post_test_questions().await] {
        let Err(PlatformError::KeyRefused { why }) = answer else { panic!("{answer:?}") };
        assert!(why.contains("`animals`") && why.contains("`platform.api_key`"), "{why}");
    }
}
