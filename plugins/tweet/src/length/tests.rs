use proptest::prelude::*;
use serde::Deserialize;

use super::{Service, cut, length, normal};

/// A case from twitter-text's published conformance suite (`conformance/validate.yml`), as `tests/x.json` has a selection of them. The long ones
/// are shortened, with their length.
#[derive(Deserialize)]
struct Case {
    case: String,
    text: String,
    length: usize,
    /// False where it takes the list of all top-level domains, or punycode, to be exact: then we may count more, but not less.
    exact: bool,
}

#[test]
fn x_counts_as_in_its_conformance_suite() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("tests/x.json")).unwrap();
    for Case { case, text, length: expected, exact } in cases {
        // Not `normal`, which would also trim.
        let composed: String = unicode_normalization::UnicodeNormalization::nfc(text.as_str()).collect();
        let counted = length(&composed, Service::X);
        assert!(counted == expected || (!exact && counted > expected), "{case}: {counted}, not {expected}");
    }
}

fn mastodon(text: &str, expected: usize) {
    assert_eq!(length(text, Service::Mastodon), expected, "of {text}");
}

#[test]
fn mastodon_counts_signs_links_and_the_local_part_of_mentions() {
    mastodon("Hello", 5);
    mastodon("äöü 故人 👨\u{200d}👩\u{200d}👧\u{200d}👦🇩🇪", 9);
    mastodon("see https://example.org/a/very/long/path/indeed/it/is", 27);
    mastodon("http://a.de", 23);
    mastodon("example.org", 11);
    mastodon("@ann@social.example hello", 10);
    mastodon("(@ann@social.example).", 7);
    mastodon("@ann hello", 10);
    mastodon("me@ann@social.example", 21);
    mastodon("@@social.example", 16);
}

#[test]
fn texts_are_cut_at_the_end_of_a_sign() {
    assert_eq!(cut("a short text", Service::X, 280), "a short text");
    assert_eq!(cut("a text to be cut", Service::X, 10), "a text t…");
    assert_eq!(cut("a text to be cut", Service::Mastodon, 10), "a text to…");
    assert_eq!(cut("故人西辞黄鹤楼", Service::X, 10), "故人西辞…");
    assert_eq!(
        cut("xx👨\u{200d}👩\u{200d}👧\u{200d}👦👨\u{200d}👩\u{200d}👧\u{200d}👦yyyyyyy", Service::Mastodon, 4),
        "xx👨\u{200d}👩\u{200d}👧\u{200d}👦…"
    );
    assert_eq!(cut("nine 9999 https://example.org/x end", Service::X, 30), "nine 9999…");
    assert_eq!(cut("nine 9999 https://example.org/x end and more", Service::X, 36), "nine 9999 https://example.org/x…");
}

#[test]
fn what_services_refuse_is_left_out() {
    assert_eq!(normal(" A\u{301}\u{FFFE}b\u{FEFF}\u{FFFF}\n"), "Áb");
}

proptest! {
    #[test]
    fn a_cut_text_fits(text in "(https?://[a-z.]{1,9}(/[a-z]{0,9})?|@[a-z]{1,4}@[a-z.]{1,5}|\\PC|[a-z.:/@ ]|👨\u{200d}👩){0,60}", length_max in 10..60_usize) {
        for service in [Service::X, Service::Mastodon] {
            let text = normal(&text);
            let short = cut(&text, service, length_max);
            prop_assert!(length(&short, service) <= length_max, "{short:?}");
            prop_assert_eq!(cut(&short, service, length_max), short);
        }
    }

    #[test]
    fn a_text_is_not_counted_shorter_than_its_light_letters(text in "[a-z ]{0,80}") {
        prop_assert_eq!(length(&text, Service::X), text.len());
        prop_assert_eq!(length(&text, Service::Mastodon), text.len());
    }
}
