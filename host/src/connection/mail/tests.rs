use super::{Hidden, quoted};

#[test]
fn a_server_repeats_what_it_was_told_and_people_are_not_shown_it() {
    let hidden = Hidden::of(["hunter2 and more"]);
    let quoted = |said: &str| quoted(said, &hidden);
    let said = "5.1.1 <ann@example.org>: Recipient address rejected:\r\n ann@example.org is unknown";
    assert_eq!(quoted(said), "5.1.1 <…> Recipient address rejected: <…> is unknown");
    assert_eq!(quoted("5.7.8 not with hunter2 and more"), "5.7.8 not with [hidden]");
    assert_eq!(quoted("2.0.0 Ok: queued as 4F1"), "2.0.0 Ok: queued as 4F1");
    assert_eq!(quoted("\u{1b}[2Jdone \u{7}"), "[2Jdone ");
    assert_eq!(quoted(&"x ".repeat(1000)).chars().count(), 300);
}
