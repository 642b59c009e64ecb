use super::*;
use proptest::prelude::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_289_400 + seconds).unwrap()
}

/// A breaker that went down at second 0.
fn down() -> Breaker {
    let mut breaker = Breaker::default();
    for _ in 0..FAILURES_MAX {
        let pass = breaker.begin(at(0));
        breaker.failed(pass, at(0));
    }
    breaker
}

#[test]
fn its_state_is_told_by_what_a_call_would_meet() {
    assert_eq!(Breaker::default().state(at(0)), State::Closed);
    let mut breaker = down();
    assert_eq!(breaker.state(at(1)), State::Open);
    assert_eq!(breaker.state(at(5)), State::HalfOpen);
    let trial = breaker.begin(at(5));
    assert_eq!(breaker.state(at(6)), State::HalfOpen, "the trial is under way");
    breaker.failed(trial, at(6));
    assert_eq!(breaker.state(at(7)), State::Open);
    let trial = breaker.begin(at(20));
    breaker.succeeded(trial);
    assert_eq!(breaker.state(at(20)), State::Closed);
}

#[test]
fn it_opens_after_so_many_failures_in_a_row_and_not_before() {
    let mut breaker = Breaker::default();
    for failure in 1..=FAILURES_MAX {
        assert_eq!(breaker.look(at(0)), Ok(()));
        let pass = breaker.begin(at(0));
        let open = breaker.failed(pass, at(0));
        assert_eq!(open, (failure == FAILURES_MAX).then_some(OPEN_FIRST));
    }
    assert_eq!(breaker.look(at(1)), Err(OPEN_FIRST - Duration::from_secs(1)));
}

#[test]
fn a_success_between_failures_keeps_it_closed() {
    let mut breaker = Breaker::default();
    for _ in 0..10 {
        for _ in 1..FAILURES_MAX {
            let pass = breaker.begin(at(0));
            assert_eq!(breaker.failed(pass, at(0)), None);
        }
        let pass = breaker.begin(at(0));
        breaker.succeeded(pass);
    }
    assert_eq!(breaker.look(at(0)), Ok(()));
}

#[test]
fn one_call_tries_it_again_and_the_others_wait() {
    let mut breaker = down();
    assert_eq!(breaker.look(at(5)), Ok(()));
    let trial = breaker.begin(at(5));
    assert!(breaker.look(at(5)).is_err());
    breaker.succeeded(trial);
    assert_eq!(breaker.look(at(5)), Ok(()));
}

#[test]
fn each_failed_trial_doubles_the_wait_up_to_the_longest() {
    let mut breaker = down();
    let mut now = 5;
    for wait in [10, 20, 40, 60, 60] {
        let trial = breaker.begin(at(now));
        assert_eq!(breaker.failed(trial, at(now)), Some(Duration::from_secs(wait)));
        now += i64::try_from(wait).unwrap();
        assert_eq!(breaker.look(at(now)), Ok(()));
    }
}

#[test]
fn a_trial_that_is_given_up_lets_another_try() {
    let mut breaker = down();
    let trial = breaker.begin(at(5));
    breaker.abandoned(trial);
    assert_eq!(breaker.look(at(5)), Ok(()));
}

#[test]
fn calls_from_before_it_went_down_decide_nothing() {
    let mut breaker = Breaker::default();
    let (early, late) = (breaker.begin(at(0)), breaker.begin(at(0)));
    let expected = down();
    let mut breaker = expected.clone();
    breaker.succeeded(early);
    breaker.failed(late, at(1));
    assert_eq!(breaker, expected);
}

proptest! {
    /// Whatever happens, it is never closed for longer than the longest wait, and a success of what it let through opens it.
    #[test]
    fn it_always_opens_again(steps in prop::collection::vec((0u8..4, 0i64..30), 0..200)) {
        let (mut breaker, mut now, mut under_way) = (Breaker::default(), 0, Vec::new());
        for (what, seconds) in steps {
            now += seconds;
            match (what, breaker.look(at(now))) {
                (0, Ok(())) => under_way.push(breaker.begin(at(now))),
                (0, Err(wait)) => prop_assert!(!wait.is_zero() && wait <= OPEN_LONGEST),
                (1, _) => if let Some(pass) = under_way.pop() { breaker.succeeded(pass) },
                (2, _) => if let Some(pass) = under_way.pop() { let _open = breaker.failed(pass, at(now)); },
                (_, _) => if let Some(pass) = under_way.pop() { breaker.abandoned(pass) },
            }
        }
        for pass in under_way {
            breaker.abandoned(pass);
        }
        now += 60;
        prop_assert_eq!(breaker.look(at(now)), Ok(()));
        let pass = breaker.begin(at(now));
        breaker.succeeded(pass);
        prop_assert_eq!(breaker, Breaker::default());
    }
}
