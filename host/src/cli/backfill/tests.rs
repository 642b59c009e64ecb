use super::*;

#[test]
fn half_an_hour_is_waited_for_a_page_and_no_more() {
    let minutes = Duration::from_mins;
    for (since_page, wait, expected) in [
        (minutes(0), minutes(15), false),
        (minutes(15), minutes(15), false),
        (minutes(29), Duration::from_secs(61), true),
        (minutes(0), minutes(60), true),
        // A host that somebody else keeps busy, second after second.
        (minutes(30), Duration::from_secs(1), true),
        (minutes(1), Duration::MAX, true),
    ] {
        assert_eq!(is_too_long(since_page, wait), expected, "{wait:?} after {since_page:?}");
    }
}
