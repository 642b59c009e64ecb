//! What the crowd wrote, on its way into a post that all can read.
//!
//! A mention reaches a stranger, a link sends readers somewhere, and both are made by typing. So `@` is dropped, addresses that begin
//! with `https://` or `www.` are dropped up to the next space, and a dot between two words (`example.com`) gets a space behind it, so
//! that no service makes a link of it.

use crate::line::is_direction;

/// The text without mentions and links.
#[must_use]
pub fn without_mentions_and_links(text: &str) -> String {
    clean(text, false, false)
}

/// The text without mentions, unless they may stay, and without links, unless they may.
pub(crate) fn clean(text: &str, mentions: bool, links: bool) -> String {
    let shown = text.chars().filter(|one| !is_hidden(*one));
    let mut text: String = if mentions { shown.collect() } else { shown.filter(|one| !is_at(*one)).collect() };
    if !links {
        text = without_addresses(&text);
        text = without_domains(&text);
    }
    text
}

/// Characters that are not seen, and so could stand in a word to hide what it is.
fn is_hidden(one: char) -> bool {
    // The last two are no characters at all, and services refuse them: who sends a text drops them.
    is_direction(one)
        || matches!(one, '\u{200B}' | '\u{2060}' | '\u{FEFF}' | '\u{00AD}' | '\u{FFFE}' | '\u{FFFF}')
        || (one.is_control() && one != '\n')
}

fn is_at(one: char) -> bool {
    matches!(one, '@' | '\u{FF20}' | '\u{FE6B}')
}

fn is_dot(one: char) -> bool {
    matches!(one, '.' | '\u{3002}' | '\u{FF0E}' | '\u{FF61}' | '\u{2024}')
}

/// Drops what begins like an address, up to the next white space.
fn without_addresses(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        let Some(start) = address_start(word) else {
            kept.push_str(piece);
            continue;
        };
        kept.push_str(word.get(..start).unwrap_or_default());
        let space = piece.get(word.len()..).unwrap_or_default();
        // One space is left of the two around it, and none at the end.
        let spaced = kept.is_empty() || kept.ends_with(char::is_whitespace);
        kept.push_str(if spaced { space.trim_start_matches(' ') } else { space });
    }
    let length = if kept.len() < text.len() { kept.trim_end().len() } else { kept.len() };
    kept.truncate(length);
    kept
}

/// Where in a word an address with a scheme, or one that begins with `www.`, starts.
fn address_start(word: &str) -> Option<usize> {
    let lower = word.to_ascii_lowercase();
    let scheme = lower.find("://").map(|colon| {
        let before = lower.get(..colon).unwrap_or_default();
        before
            .rfind(|one: char| !one.is_ascii_alphanumeric() && !matches!(one, '+' | '-' | '.'))
            .map_or(0, |last| last + before.get(last..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8))
    });
    let named = ["www.", "mailto:"].iter().filter_map(|start| lower.find(start));
    named.chain(scheme).min()
}

/// Puts a space behind each dot that could make a domain of the words around it.
fn without_domains(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut before: Option<char> = None;
    let mut rest = text.chars();
    while let Some(one) = rest.next() {
        kept.push(one);
        if is_dot(one) && before.is_some_and(|before| before.is_alphanumeric() || before == '-') {
            let mut ahead = rest.clone();
            let ending =
                ahead.next().is_some_and(char::is_alphabetic) && ahead.next().is_some_and(|one| one.is_alphanumeric() || one == '-');
            if ending {
                kept.push(' ');
            }
        }
        before = Some(one);
    }
    kept
}

#[cfg(test)]
mod tests;
