use proptest::prelude::*;

use super::{clean, is_dot, without_mentions_and_links};

fn check(written: &str, shown: &str) {
    assert_eq!(without_mentions_and_links(written), shown, "of `{written}`");
}

#[test]
fn what_is_neither_a_mention_nor_a_link_stays() {
    check("a robin, 3.5 cm (e.g. in U.S. gardens)…", "a robin, 3.5 cm (e.g. in U.S. gardens)…");
    check("Rotkehlchen 🐦 — 100%", "Rotkehlchen 🐦 — 100%");
    check("two\nlines", "two\nlines");
}

#[test]
fn mentions_lose_their_at() {
    check("@someone look", "someone look");
    check("\u{FF20}someone \u{FE6B}other", "someone other");
    check("me@example.org", "meexample. org");
}

#[test]
fn addresses_are_dropped() {
    check("see https://evil.example/x?y now", "see now");
    check("https://evil.example", "");
    check("HTTP://EVIL.EXAMPLE and more", "and more");
    check("(https://evil.example)", "(");
    check("see www.evil.example", "see");
    check("ftp://x y", "y");
    check("ro\u{200B}bin http\u{200B}s://evil.example", "robin");
}

#[test]
fn bare_domains_are_no_links_any_more() {
    check("evil.com", "evil. com");
    check("evil.com/path", "evil. com/path");
    check("a.evil.co.uk", "a. evil. co. uk");
    check("evil\u{3002}com", "evil\u{3002} com");
    check("ev@il.c@om", "evil. com");
}

#[test]
fn text_is_not_turned_around() {
    check("\u{202E}moc.live\u{202C}", "moc. live");
}

#[test]
fn what_is_allowed_stays() {
    assert_eq!(clean("@a https://b.example", true, false), "@a");
    assert_eq!(clean("@a https://b.example", false, true), "a https://b.example");
    assert_eq!(clean("@a b.example", true, true), "@a b.example");
}

/// Whether a service could make a mention or a link of anything in it.
fn reaches_out(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let domain = letters.windows(4).any(|four| {
        let before = four[0].is_alphanumeric() || four[0] == '-';
        before && is_dot(four[1]) && four[2].is_alphabetic() && (four[3].is_alphanumeric() || four[3] == '-')
    });
    text.contains(['@', '＠']) || text.contains("://") || text.to_lowercase().contains("www.") || domain
}

proptest! {
    #[test]
    fn nothing_reaches_out_of_a_cleaned_text(written in "([a-z.@/: ]|https?://|www\\.|\\PC|\u{200B}|\u{202E}){0,40}") {
        let shown = without_mentions_and_links(&written);
        prop_assert!(!reaches_out(&shown), "{written:?} became {shown:?}");
        prop_assert_eq!(without_mentions_and_links(&shown), shown.clone(), "a second time");
    }
}
