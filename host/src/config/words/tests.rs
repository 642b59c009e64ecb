//! What is near to what.

use super::*;

#[test]
fn a_swap_a_slip_and_a_gap_cost_one_each() {
    for (from, to, cost) in [("tokne", "token", 1), ("toxen", "token", 1), ("tken", "token", 1), ("token", "token", 0), ("", "abc", 3)] {
        assert_eq!(distance(from, to), cost, "{from} → {to}");
    }
}

#[test]
fn a_word_far_from_all_is_none_of_them() {
    assert_eq!(nearest("api_kye", ["url", "api_key", "kind"]), Some("api_key"));
    assert_eq!(nearest("colour", ["url", "api_key", "kind"]), None);
}
