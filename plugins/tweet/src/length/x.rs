//! X's weights, from the configuration of twitter-text, version 3: letters of most alphabets count 1, all else 2, an emoji 2 however it is made up.

use unicode_properties::{EmojiStatus, UnicodeEmoji as _};

/// Code points that count 1.
const LIGHT: [std::ops::RangeInclusive<u32>; 4] = [0..=4351, 8192..=8205, 8208..=8223, 8242..=8247];

/// What one sign with all that belongs to it counts.
pub(super) fn weight(sign: &str) -> usize {
    if is_emoji(sign) { 2 + sign.chars().filter(|one| !belongs(*one)).map(of).sum::<usize>() } else { sign.chars().map(of).sum() }
}

fn of(one: char) -> usize {
    if LIGHT.iter().any(|range| range.contains(&u32::from(one))) { 1 } else { 2 }
}

/// Whether a sign is shown as an emoji.
fn is_emoji(sign: &str) -> bool {
    let mut chars = sign.chars();
    let Some(first) = chars.next() else { return false };
    let asked = chars.clone().any(|one| matches!(one, '\u{FE0F}' | '\u{20E3}'));
    let by_itself = matches!(
        first.emoji_status(),
        EmojiStatus::EmojiPresentation
            | EmojiStatus::EmojiPresentationAndModifierBase
            | EmojiStatus::EmojiPresentationAndEmojiComponent
            | EmojiStatus::EmojiPresentationAndModifierAndEmojiComponent
    );
    let modified = chars.any(|one| ('\u{1F3FB}'..='\u{1F3FF}').contains(&one) || one == '\u{200D}');
    by_itself || (first.is_emoji_char() && (asked || (modified && of(first) == 2)))
}

/// Whether a code point belongs to the emoji that it stands in.
fn belongs(one: char) -> bool {
    one.is_emoji_char() || matches!(one, '\u{FE0E}' | '\u{FE0F}' | '\u{20E3}' | '\u{200D}' | '\u{E0020}'..='\u{E007F}')
}
