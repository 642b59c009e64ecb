//! The nearest word to a misspelt one, for "did you mean"; and how a wrong one is repeated.

/// Longer words are not compared: nobody misspells so much by accident, and the cost grows with the square.
const WORD_CHARS_MAX: usize = 64;

/// No word that belongs into a settings file is longer.
const REPEATED_BYTES_MAX: usize = 40;

/// The word of `known` that `word` was probably meant to be; none when no word is near.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `words` as a list for people, each in backticks.
pub(super) fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// `word` in backticks, as an error repeats it. What is no plain word is not repeated: it may be a secret that slipped into this place.
pub(super) fn repeated(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if word.len() <= REPEATED_BYTES_MAX && word.chars().all(is_plain) { format!("`{word}`") } else { "what stands there".to_owned() }
}

/// `text` in backticks, where it cannot be an address with a password or a key in it.
pub(super) fn repeated_address(text: &str) -> String {
    if text.contains(['@', '?', '=']) { "what stands there".to_owned() } else { format!("`{text}`") }
}

/// How many letters must be put in, taken out, replaced, or swapped with a neighbour, to make `to` of `from`.
fn distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().take(WORD_CHARS_MAX).collect();
    let to: Vec<char> = to.chars().take(WORD_CHARS_MAX).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (row, letter) in from.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, other) in to.iter().enumerate() {
            let cost = usize::from(letter != other);
            let mut best = at(&last, column) + cost;
            best = best.min(at(&last, column + 1) + 1).min(at(&next, column) + 1);
            let swapped = row > 0 && column > 0 && from.get(row - 1) == Some(other) && to.get(column - 1) == Some(letter);
            if swapped {
                best = best.min(at(&before, column - 1) + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut last, next);
    }
    at(&last, to.len())
}

fn at(row: &[usize], column: usize) -> usize {
    row.get(column).copied().unwrap_or(usize::MAX / 2)
}

#[cfg(test)]
mod tests;
