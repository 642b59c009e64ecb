//! Tables and time spans.

use super::*;

#[test]
fn columns_are_as_wide_as_their_widest_cell() {
    let mut table = Table::new(&["name", "what"]);
    table.row(vec!["majority-vote".to_owned(), "votes".to_owned()]);
    table.row(vec!["a".to_owned(), "x".repeat(100)]);
    let wanted = format!("NAME           WHAT\nmajority-vote  votes\na              {}…\n", "x".repeat(59));
    assert_eq!(table.text(false), wanted);
}

#[test]
fn a_cell_cannot_drive_the_terminal() {
    assert_eq!(plain("a\u{1b}[2Jb\nc\u{202e}d"), "a [2Jb c d");
}

#[test]
fn spans_show_two_units() {
    for (seconds, wanted) in [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (3600, "1 h 0 min"), (90_000, "1 d 1 h")] {
        assert_eq!(span(seconds), wanted);
    }
}
