use super::{Certainty, find};

/// What of a text is a link, and how surely.
fn check(text: &str, expected: &[(&str, Certainty)]) {
    let found = find(text);
    let found: Vec<(&str, Certainty)> = found.iter().map(|link| (&text[link.start..link.end], link.certainty)).collect();
    assert_eq!(found, expected, "in {text}");
}

#[test]
fn addresses_with_a_scheme_are_links() {
    check("Hi http://test.co", &[("http://test.co", Certainty::Sure)]);
    check("HTTPS://www.ExaMPLE.COM/index.html!", &[("HTTPS://www.ExaMPLE.COM/index.html", Certainty::Sure)]);
    check("(https://example.org/a?b=c&d#e).", &[("https://example.org/a?b=c&d#e", Certainty::Sure)]);
    check("https://example.org:8080/a, next", &[("https://example.org:8080/a", Certainty::Sure)]);
    check("https://example.org: next", &[("https://example.org", Certainty::Sure)]);
    check("http://a.de http://b.de", &[("http://a.de", Certainty::Sure), ("http://b.de", Certainty::Sure)]);
}

#[test]
fn what_may_be_a_link_is_said_to_be_likely() {
    check("http://127.0.0.1/x", &[("http://127.0.0.1", Certainty::Likely)]);
    check("http://foo.notadomain/x", &[("http://foo.notadomain/x", Certainty::Likely)]);
    check("http://-a.com", &[("http://-a.com", Certainty::Likely)]);
    check("http://あ.com", &[("http://あ.com", Certainty::Likely)]);
    check("http://", &[]);
}

#[test]
fn bare_domains_are_links_to_some() {
    check("see example.com/path, then", &[("example.com/path", Certainty::Bare)]);
    check("3.5 cm, e.g. this", &[]);
    check("me@example.org", &[]);
    check("randomurlrandomurlrandomurlrandomurlrandomurlrandomurlrandomurls.com", &[]);
}
