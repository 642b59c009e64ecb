use super::*;
use proptest::prelude::*;

const WINDOW_S: i64 = 900;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(1_795_289_400_000 + millis).unwrap()
}

fn told(limit: u32, remaining: u32, resets_at: i64) -> Advice {
    Advice { ration: Some(Ration { limit, remaining, resets_at: at(resets_at) }), ..Advice::default() }
}

/// A pace that has just heard that so many calls are left of 300, 900 s before the window ends.
fn with_left(remaining: u32) -> Pace {
    let mut pace = Pace::default();
    pace.admit(at(0)).unwrap();
    pace.answered(at(0), &told(300, remaining, WINDOW_S * 1000));
    pace
}

#[test]
fn nothing_is_slowed_while_nothing_is_known() {
    let mut pace = Pace::default();
    for _ in 0..1000 {
        assert_eq!(pace.admit(at(0)), Ok(()));
    }
}

#[test]
fn calls_go_as_they_come_while_plenty_are_left() {
    let mut pace = with_left(299);
    for left in (60..299).rev() {
        assert_eq!(pace.admit(at(1)), Ok(()), "{left} left");
        pace.answered(at(1), &told(300, left, WINDOW_S * 1000));
    }
}

#[test]
fn the_rest_is_spread_over_the_rest_of_the_window() {
    let mut pace = with_left(53);
    // Fifty may be used in 900 s.
    assert_eq!(pace.admit(at(0)), Err(Duration::from_secs(18)));
    assert_eq!(pace.admit(at(18_000)), Ok(()));
}

#[test]
fn those_who_must_wait_are_told_turns_of_their_own() {
    let mut pace = with_left(53);
    let turns: Vec<_> = (0..3).map(|_| pace.admit(at(0)).unwrap_err().as_secs()).collect();
    assert_eq!(turns, [18, 36, 54]);
    for _ in 0..1000 {
        assert!(pace.admit(at(0)).unwrap_err() <= Duration::from_secs(900));
    }
}

#[test]
fn the_last_few_are_never_used() {
    let mut pace = with_left(3);
    assert_eq!(pace.admit(at(1000)), Err(Duration::from_secs(899)));
    assert_eq!(pace.admit(at(899_999)), Err(Duration::from_millis(1)));
    assert_eq!(pace.admit(at(900_000)), Ok(()));
}

#[test]
fn calls_under_way_count_as_used() {
    let mut pace = with_left(5);
    assert_eq!(pace.admit(at(500_000)), Ok(()));
    assert_eq!(pace.admit(at(890_000)), Ok(()));
    assert!(pace.admit(at(899_000)).is_err());
    pace.unanswered();
    assert_eq!(pace.admit(at(899_500)), Ok(()));
}

#[test]
fn answers_that_overtake_each_other_do_no_harm() {
    let mut pace = with_left(100);
    pace.answered(at(1), &told(300, 4, WINDOW_S * 1000));
    pace.answered(at(2), &told(300, 101, WINDOW_S * 1000 + 900));
    assert!(pace.admit(at(3)).is_err());
    // One of the window before.
    pace.answered(at(4), &told(300, 200, 1000));
    assert!(pace.admit(at(5)).is_err());
}

#[test]
fn a_refusal_closes_the_endpoint_for_as_long_as_it_says() {
    let mut pace = Pace::default();
    pace.admit(at(0)).unwrap();
    let refusal = Advice { wait: Some(Duration::from_secs(30)), ..told(300, 0, WINDOW_S * 1000) };
    assert_eq!(pace.answered(at(0), &refusal), Some(Duration::from_secs(30)));
    assert_eq!(pace.admit(at(29_000)), Err(Duration::from_secs(1)));
    // The window itself still holds nothing.
    assert_eq!(pace.admit(at(30_000)), Err(Duration::from_secs(870)));
    assert_eq!(pace.admit(at(900_000)), Ok(()));
}

/// PYBOSSA's side: fixed windows, and the call that reaches the limit is refused.
struct Server {
    limit: u32,
    counts: std::collections::HashMap<i64, u32>,
    refused: u32,
}

impl Server {
    fn call(&mut self, now: i64) -> Advice {
        let window = now.div_euclid(WINDOW_S * 1000);
        let count = self.counts.entry(window).or_default();
        *count += 1;
        self.refused += u32::from(*count >= self.limit);
        told(self.limit, self.limit.saturating_sub(*count), (window + 1) * WINDOW_S * 1000)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Callers that come back when they are told to are never refused, and use nearly all there is.
    #[test]
    fn no_call_is_refused_and_nearly_all_are_used(
        limit in 20u32..400,
        callers in 1usize..40,
        at_once in 1usize..8,
        begins in 0i64..900_000,
    ) {
        let (mut pace, mut server) = (Pace::default(), Server { limit, counts: Default::default(), refused: 0 });
        let mut due = vec![begins; callers];
        let mut under_way: Vec<(i64, Advice)> = Vec::new();
        let mut now = begins;
        let end = 4 * WINDOW_S * 1000;
        while now < end {
            under_way.retain(|(answer_at, advice)| {
                let here = *answer_at <= now;
                if here { pace.answered(at(now), advice); }
                !here
            });
            for caller in &mut due {
                if *caller > now || under_way.len() >= at_once { continue; }
                match pace.admit(at(now)) {
                    Ok(()) => {
                        under_way.push((now + 40, server.call(now)));
                        *caller = now + 50;
                    }
                    Err(wait) => {
                        prop_assert!(!wait.is_zero());
                        *caller = now + i64::try_from(wait.as_millis()).unwrap().max(1);
                    }
                }
            }
            let next_answer = under_way.iter().map(|(answer_at, _)| *answer_at).min();
            let next_due = due.iter().copied().min().unwrap_or(end).max(now + 1);
            now = if under_way.len() >= at_once { next_answer.unwrap_or(next_due) } else { next_due.min(next_answer.unwrap_or(end)) };
        }
        prop_assert_eq!(server.refused, 0);
        // Whole windows, between the first and the last.
        for window in 1..3 {
            let used = server.counts.get(&window).copied().unwrap_or_default();
            prop_assert!(used + 2 * reserve(limit) + u32::try_from(callers).unwrap() >= limit * 4 / 5, "used {} of {}", used, limit);
        }
    }
}
