//! Who passes.

use super::*;

#[test]
fn only_names_of_this_machine_are_its_own() {
    let check = |host: &str, listens_on: &str, own: bool| {
        assert_eq!(is_own_name(host, listens_on.parse().unwrap()), own, "{host} at {listens_on}");
    };
    for host in ["localhost", "LOCALHOST:8081", "127.0.0.1:8081", "127.1.2.3", "[::1]:8081", "[::1]"] {
        check(host, "127.0.0.1", true);
    }
    for host in ["", ":8081", "evil.example:8081", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.5", "localhost:8081:x"] {
        check(host, "127.0.0.1", false);
    }
    check("10.0.0.5:8081", "10.0.0.5", true);
    check("10.0.0.6", "10.0.0.5", false);
    check("10.0.0.6:1", "0.0.0.0", true);
    check("evil.example", "0.0.0.0", false);
}

#[test]
fn a_bearer_token_is_found_whatever_the_case_of_its_scheme() {
    assert_eq!(bearer("bearer abc"), Some("abc"));
    assert_eq!(bearer("Basic abc"), None);
    assert_eq!(bearer("abc"), None);
}
