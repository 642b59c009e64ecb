//! How long a service finds a text, and how to make it shorter.

use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::links::{self, Certainty, Link};

mod mastodon;
mod x;

/// Where posts go.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// X, formerly Twitter: its API v2.
    #[default]
    X,
    /// Mastodon, and what speaks its API.
    Mastodon,
}

/// What both services count for a link, however long it is.
const LINK: usize = 23;

/// What is put where a text was cut.
const ELLIPSIS: &str = "…";

impl Service {
    /// How long a post may be, unless the project's account or server takes longer ones.
    #[must_use]
    pub fn length_max(self) -> usize {
        match self {
            Self::X => 280,
            Self::Mastodon => 500,
        }
    }

    fn pieces(self, text: &str) -> Vec<Piece> {
        match self {
            Self::X => pieces(text, Self::X, x::weight, |_| None),
            Self::Mastodon => pieces(text, Self::Mastodon, |_| 1, mastodon::mention),
        }
    }

    /// What a link counts that would count `plain` as a text.
    fn of_link(self, link: Link, plain: usize) -> usize {
        match (self, link.certainty) {
            (Self::Mastodon, Certainty::Bare) => plain,
            (_, Certainty::Sure) => LINK,
            (_, Certainty::Likely | Certainty::Bare) => plain.max(LINK),
        }
    }
}

/// A part of a text that is not to be cut through.
struct Piece {
    /// Where it ends, in bytes.
    end: usize,
    /// What it counts.
    weight: usize,
}

/// The form in which a text is sent: composed, without what services refuse, and without white space around it.
#[must_use]
pub fn normal(text: &str) -> String {
    let text: String = text.nfc().filter(|one| !matches!(one, '\u{FFFE}' | '\u{FFFF}' | '\u{FEFF}' | '\0')).collect();
    text.trim().to_owned()
}

/// How long a service finds a text, which is in its [`normal`] form. Where the service's rules cannot be told from here, never less than it does.
#[must_use]
pub fn length(text: &str, service: Service) -> usize {
    service.pieces(text).iter().map(|piece| piece.weight).sum()
}

/// The text, cut with an ellipsis where it is longer than `length_max`. No letter, sign or link is cut through.
#[must_use]
pub fn cut(text: &str, service: Service, length_max: usize) -> String {
    let pieces = service.pieces(text);
    if pieces.iter().map(|piece| piece.weight).sum::<usize>() <= length_max {
        return text.to_owned();
    }
    let mut left = length_max.saturating_sub(length(ELLIPSIS, service));
    let mut end = 0;
    for piece in pieces {
        let Some(rest) = left.checked_sub(piece.weight) else { break };
        left = rest;
        end = piece.end;
    }
    format!("{}{ELLIPSIS}", text.get(..end).unwrap_or_default().trim_end())
}

/// Takes a text apart into links, mentions and single letters or signs.
fn pieces(text: &str, service: Service, weight: fn(&str) -> usize, mention: fn(&str) -> Option<(usize, usize)>) -> Vec<Piece> {
    let weigh = |part: &str| part.graphemes(true).map(weight).sum::<usize>();
    let mut pieces = Vec::new();
    let mut links = links::find(text).into_iter().peekable();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(link) = links.next_if(|link| link.start <= at) {
            let plain = weigh(text.get(link.start..link.end).unwrap_or_default());
            at = link.end;
            pieces.push(Piece { end: at, weight: service.of_link(link, plain) });
            continue;
        }
        let word_before =
            text.get(..at).and_then(|before| before.chars().next_back()).is_some_and(|one| one.is_alphanumeric() || one == '_');
        if !word_before && let Some((bytes, counts)) = mention(rest) {
            at += bytes;
            pieces.push(Piece { end: at, weight: counts });
            while links.next_if(|link| link.start < at).is_some() {}
            continue;
        }
        // A sign and what belongs to it: no further than the next link, which begins a sign of its own.
        let until = links.peek().map_or(rest.len(), |link| link.start - at);
        let sign = rest.get(..until).and_then(|rest| rest.graphemes(true).next()).unwrap_or(rest);
        at += sign.len();
        pieces.push(Piece { end: at, weight: weight(sign) });
    }
    pieces
}

#[cfg(test)]
mod tests;
