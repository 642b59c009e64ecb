use proptest::prelude::*;

use super::*;

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn it_goes_as_the_machine_does_when_nobody_sets_that() {
    let mut steady = Steady::new(seconds(10), 1_000 * SECOND);
    assert_eq!(steady.tell(seconds(15), 1_005 * SECOND), (1_005 * SECOND, None));
    assert_eq!(steady.tell(seconds(15), 1_005 * SECOND), (1_005 * SECOND, None));
}

#[test]
fn a_clock_that_is_set_by_an_hour_is_caught_up_with_in_two() {
    for jump in [HOUR, -HOUR] {
        let mut steady = Steady::new(seconds(0), 0);
        assert_eq!(steady.tell(seconds(60), 60 * SECOND + jump).1, Some(News::Set((jump - jump.signum() * 30 * SECOND) / SECOND)));
        // The wait of a minute takes between 40 s and two.
        assert_eq!(steady.tell(seconds(120), 120 * SECOND + jump), (120 * SECOND + jump.signum() * 60 * SECOND, None));
        assert_eq!(steady.tell(seconds(7_260), 7_260 * SECOND + jump), (7_260 * SECOND + jump, Some(News::CaughtUp)));
    }
}

proptest! {
    /// Whatever the machine's clock says, no span that this clock shows is more than half off, and it never goes back.
    #[test]
    fn no_jump_shows(ticks in proptest::collection::vec((0_u64..100_000_000, any::<i64>()), 1..50)) {
        let mut steady = Steady::new(Duration::ZERO, 0);
        let (mut uptime, mut last) = (Duration::ZERO, 0);
        for (passed, wall) in ticks {
            uptime += Duration::from_micros(passed);
            let (shown, _) = steady.tell(uptime, wall);
            let span = u64::try_from(shown - last).unwrap();
            prop_assert!(span <= passed + passed / 2 && span >= passed - passed / 2, "{span} for {passed}");
            last = shown;
        }
    }
}
