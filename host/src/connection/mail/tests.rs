use super::without_addresses;

#[test]
fn a_server_repeats_addresses_and_people_are_not_shown_them() {
    let said = "5.1.1 <ann@example.org>: Recipient address rejected:\r\n ann@example.org is unknown";
    assert_eq!(without_addresses(said), "5.1.1 <…> Recipient address rejected: <…> is unknown");
    assert_eq!(without_addresses("2.0.0 Ok: queued as 4F1"), "2.0.0 Ok: queued as 4F1");
    assert_eq!(without_addresses("\u{1b}[2Jdone \u{7}"), "[2Jdone ");
    assert_eq!(without_addresses(&"x ".repeat(1000)).chars().count(), 300);
}
