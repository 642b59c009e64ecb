//! Texts that have to be one line, as the subject of an e-mail.

/// The text as one line: white space and control characters become one space, and what turns the direction of writing around is dropped.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split(|one: char| one.is_whitespace() || one.is_control()).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().filter(|one| !is_direction(*one)));
    }
    line
}

/// Whether a character changes the direction in which others are shown. With them a text can look like another one.
pub(crate) fn is_direction(one: char) -> bool {
    matches!(one, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}')
}
