use super::*;

fn at(first: u64, at: u64, last: u64) -> Progress {
    Progress { first, at, last }
}

#[test]
fn the_share_that_is_done_is_known_by_the_ids() {
    let shares = [at(1, 1, 1), at(1, 51, 101), at(1, 101, 101), at(1, 200, 101), at(9, 1, 2)].map(|progress| percent(&progress));
    assert_eq!(shares, [0, 50, 100, 100, 0]);
}

#[test]
fn the_time_left_follows_from_what_was_done_since_this_run_began() {
    let left = |progress: Progress, from: u64| left(&progress, from, Duration::from_secs(10));
    assert_eq!(left(at(1, 101, 301), 1), ", 20 s left");
    // An earlier run did the first half.
    assert_eq!(left(at(1, 201, 301), 101), ", 10 s left");
    assert_eq!(left(at(1, 101, 101), 1), "");
    assert_eq!(left(at(1, 101, 301), 101), "", "nothing tells how fast it is");
}
