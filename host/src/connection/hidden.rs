//! Takes secrets out of what others say: services repeat in refusals what they were sent. Pure.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// In the place of a secret.
pub(super) const HIDDEN: &str = "[hidden]";
/// Shorter texts are not taken out: they would stand everywhere.
const BYTES_MIN: usize = 4;
/// What RFC 3986 has written by number.
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Secrets in all writings in which they come back.
#[derive(Clone, Default)]
pub(super) struct Hidden {
    /// The longest first: what holds another goes before it.
    writings: Vec<String>,
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden(…)")
    }
}

impl Hidden {
    pub(super) fn of<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Self {
        let writings = secrets.into_iter().flat_map(|secret| writings(secret.as_ref()));
        let mut writings: Vec<String> = writings.filter(|writing| writing.len() >= BYTES_MIN).collect();
        writings.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        writings.dedup();
        Self { writings }
    }

    /// `said` without them.
    pub(super) fn taken_out_of(&self, said: &[u8]) -> Vec<u8> {
        let mut begins = [false; 256];
        let first_letters = self.writings.iter().filter_map(|writing| writing.bytes().next());
        for letter in first_letters.flat_map(|letter| [letter.to_ascii_lowercase(), letter.to_ascii_uppercase()]) {
            if let Some(begins) = begins.get_mut(usize::from(letter)) {
                *begins = true;
            }
        }
        let mut clean = Vec::with_capacity(said.len());
        let mut rest = said;
        while let Some((first, after)) = rest.split_first() {
            let here = begins.get(usize::from(*first)).is_some_and(|begins| *begins).then(|| self.at_the_beginning(rest)).flatten();
            match here {
                Some(beyond) => {
                    clean.extend_from_slice(HIDDEN.as_bytes());
                    rest = beyond;
                }
                None => {
                    clean.push(*first);
                    rest = after;
                }
            }
        }
        clean
    }

    /// The same of a text whose end was cut off, maybe in the middle of a secret.
    pub(super) fn taken_out_of_cut(&self, said: &[u8]) -> Vec<u8> {
        let mut clean = self.taken_out_of(said);
        let begins = |writing: &String, length: usize| writing.as_bytes().get(..length).is_some_and(|start| ends_with(&clean, start));
        let cut = |writing: &String| (BYTES_MIN..writing.len()).rev().find(|length| begins(writing, *length));
        if let Some(length) = self.writings.iter().filter_map(cut).max() {
            clean.truncate(clean.len() - length);
            clean.extend_from_slice(HIDDEN.as_bytes());
        }
        clean
    }

    /// The same for text.
    pub(super) fn taken_out_of_text(&self, said: &str) -> String {
        String::from_utf8_lossy(&self.taken_out_of(said.as_bytes())).into_owned()
    }

    /// What follows the secret that `said` begins with.
    fn at_the_beginning<'a>(&self, said: &'a [u8]) -> Option<&'a [u8]> {
        let begins = |writing: &&String| said.get(..writing.len()).is_some_and(|start| start.eq_ignore_ascii_case(writing.as_bytes()));
        said.get(self.writings.iter().find(begins)?.len()..)
    }
}

fn ends_with(text: &[u8], end: &[u8]) -> bool {
    text.len().checked_sub(end.len()).and_then(|at| text.get(at..)).is_some_and(|last| last.eq_ignore_ascii_case(end))
}

/// As it is; in an address, by the rules of forms and by those of paths; in JSON, and in JSON within JSON; in HTML; in base64. Each of an
/// address may stand in JSON or HTML again, which change nothing of it.
fn writings(secret: &str) -> Vec<String> {
    let unquoted = |text: String| text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default().to_owned();
    let in_json = |text: &str| unquoted(serde_json::to_string(text).unwrap_or_default());
    let in_html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    vec![
        secret.to_owned(),
        form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
        utf8_percent_encode(secret, &RESERVED).to_string(),
        in_json(secret),
        in_json(&in_json(secret)),
        in_html.clone(),
        in_html.replace('\'', "&#39;"),
        in_html.replace('\'', "&#x27;"),
        BASE64.encode(secret),
    ]
}

#[cfg(test)]
mod tests;
