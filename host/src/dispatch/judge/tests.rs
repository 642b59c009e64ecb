use super::*;
use crate::event::{Event, EventKind, Origin, PlatformKind};
use crate::id::{EventId, InvocationId};
use crate::store::Lease;

fn now() -> Timestamp {
    "2026-11-21T19:29:25Z".parse().unwrap()
}

/// An invocation on its attempt `attempt`, after `traps` traps, of an event that came `seconds` ago.
fn claimed(attempt: u32, traps: u32, seconds: i64) -> Claimed {
    let id = EventId::new();
    let received_at = now().checked_sub(jiff::SignedDuration::from_secs(seconds)).unwrap();
    let event = Event {
        id,
        project: "birds".parse().unwrap(),
        platform: PlatformKind::Pybossa,
        kind: EventKind::TASK_COMPLETED,
        task: Some("1".to_owned()),
        occurred_at: received_at,
        received_at,
        origin: Origin::Live,
        emitted_by: None,
        root: id,
        depth: 0,
        payload: "{}".to_owned(),
    };
    Claimed {
        lease: Lease { id: InvocationId(1), generation: 1 },
        event,
        plugin: "vote".parse().unwrap(),
        attempt,
        traps,
        parked_since: None,
        parked_times: 0,
        rerun: false,
        derived: 0,
        generation: 0,
    }
}

/// How long until the next attempt; none when there is none.
fn wait(judgement: &Judgement) -> Option<Duration> {
    match &judgement.outcome {
        Outcome::Retry { due, .. } | Outcome::Parked { due } => Some(clock::between(now(), *due)),
        _ => None,
    }
}

#[test]
fn a_plugin_has_ten_attempts_which_take_about_a_day() {
    let limits = Limits::default();
    let waits: Vec<_> = (1..=10).map(|attempt| wait(&retry(&claimed(attempt, 0, 0), &limits, now(), "not yet".into()))).collect();
    assert!(waits[..9].iter().all(Option::is_some) && waits[9].is_none(), "{waits:?}");
    for (place, wait) in waits[..9].iter().enumerate() {
        let full = Duration::from_secs((180 << place).min(12 * 3600));
        let wait = wait.unwrap();
        assert!(wait <= full && wait >= full.mul_f64(0.74), "wait {place} is {wait:?}");
    }
    let hours = waits.into_iter().flatten().sum::<Duration>().as_secs() / 3600;
    assert!((18..=26).contains(&hours), "{hours} hours");
}

#[test]
fn the_last_attempt_says_so() {
    let limits = Limits::default();
    let last = retry(&claimed(10, 0, 0), &limits, now(), "not yet".into());
    assert_eq!((last.word, last.reason.as_str()), ("retry", "gave up after attempt 10 of 10: not yet"));
    let last = trapped(&claimed(3, 2, 0), &limits, now(), "unreachable".into());
    assert_eq!((last.word, last.reason.as_str()), ("trapped", "gave up after 3 traps: unreachable"));
    assert!(matches!(last.outcome, Outcome::Dead));
}

#[test]
fn a_trap_is_tried_again_twice_and_counts_as_an_attempt() {
    let limits = Limits::default();
    for traps in 0..2 {
        let judgement = trapped(&claimed(traps + 1, traps, 0), &limits, now(), "unreachable".into());
        assert!(matches!(judgement.outcome, Outcome::Retry { trapped: true, .. }));
    }
    // Attempts that the plugin asked for use up the same ten.
    assert!(matches!(trapped(&claimed(10, 0, 0), &limits, now(), "unreachable".into()).outcome, Outcome::Dead));
}

#[test]
fn the_first_waits_are_those_of_the_settings() {
    let millis = Duration::from_millis;
    let limits = Limits { retry_wait: millis(40), park_wait: millis(20), ..Limits::default() };
    assert!(wait(&retry(&claimed(1, 0, 0), &limits, now(), String::new())).unwrap() <= millis(40));
    assert!(wait(&trapped(&claimed(1, 0, 0), &limits, now(), String::new())).unwrap() <= millis(40));
    assert!(wait(&parked(&claimed(1, 0, 0), &limits, now(), None, String::new())).unwrap() <= millis(20));
}

#[test]
fn what_is_parked_comes_back_when_the_platform_says() {
    let limits = Limits::default();
    let at = |after| wait(&parked(&claimed(1, 0, 0), &limits, now(), after, String::new())).unwrap();
    assert_eq!(at(Some(Duration::from_secs(7))), Duration::from_secs(7));
    // Never at once, whatever it says.
    assert_eq!(at(Some(Duration::ZERO)), Duration::from_millis(100));
}

#[test]
fn an_event_that_is_not_confirmed_within_the_hour_is_dropped() {
    let limits = Limits::default();
    let unconfirmed = |parked_times, seconds| {
        let error = PlatformError::Unconfirmed { why: "not shown".into() };
        without_snapshot(&Claimed { parked_times, ..claimed(1, 0, seconds) }, &limits, now(), error)
    };
    assert!(matches!(unconfirmed(60, 3599).outcome, Outcome::Parked { .. }));
    // The host was down for a day, or a clock was wrong: the platform is asked before anything is dropped.
    assert!(matches!(unconfirmed(0, 86_400).outcome, Outcome::Parked { .. }));
    let dropped = unconfirmed(60, 3600);
    assert!(matches!(dropped.outcome, Outcome::Unconfirmed));
    assert_eq!(dropped.reason, "not confirmed within 3600 s: not shown");
}

#[test]
fn a_key_that_is_refused_parks_and_what_is_missing_kills() {
    let limits = Limits::default();
    let judge = |error| without_snapshot(&claimed(1, 0, 0), &limits, now(), error);
    let refused = judge(PlatformError::Refused { why: "no such key".into() });
    assert_eq!(wait(&refused), Some(Duration::from_secs(60)));
    assert!(matches!(judge(PlatformError::Missing { why: "gone".into() }).outcome, Outcome::Dead));
}
