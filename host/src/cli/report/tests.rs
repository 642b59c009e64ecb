//! How failures look.

use super::*;

#[test]
fn a_failure_is_told_with_its_causes_and_what_to_do() {
    let cause = anyhow::anyhow!("no such file");
    let error = anyhow::Error::new(Advice::new("cannot read `a`", "write `a`").because(cause)).context("the host could not start");
    let wanted = "error: the host could not start\n  because: cannot read `a`\n  because: no such file\nhelp: write `a`";
    assert_eq!(text(&error, false), wanted);
    assert!(text(&error, true).starts_with("\u{1b}[1;31merror:\u{1b}[0m "));
}

#[test]
fn a_text_that_carries_its_help_is_told_alike() {
    let error = anyhow::anyhow!("port 80 is in use\nhelp: take another").context("the host could not start");
    assert_eq!(text(&error, false), "error: the host could not start\n  because: port 80 is in use\nhelp: take another");
}
