use std::panic::catch_unwind;

use super::*;

#[test]
fn a_name_that_no_host_takes_is_refused() {
    check_manifest("majority-vote2", "Votes.");
    for name in ["Vote", "my_vote", "vote.", &"v".repeat(65)] {
        assert!(catch_unwind(|| check_manifest(name, "Votes.")).is_err(), "{name}");
    }
    assert!(catch_unwind(|| check_manifest("vote", "")).is_err());
}

#[test]
fn a_need_that_no_host_knows_is_refused() {
    check_needs(&[]);
    check_needs(&NEEDS);
    for need in ["result", "resultss", "", "http"] {
        assert!(catch_unwind(|| check_needs(&["results", need])).is_err(), "{need}");
    }
}
