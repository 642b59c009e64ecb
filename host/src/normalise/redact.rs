//! Takes secrets out of payloads before anything is stored.
//!
//! Appen's Job carries its `secret` and the `webhook_uri` with our own token in it. What people were asked and answered is
//! theirs: a column may well be called `token` or `answer_key`, so there only the plainest names are taken for secrets.

use serde::de::DeserializeSeed as _;
use serde_json::{Map, Value};

use self::look::Look;

mod look;

/// Stands where a secret stood in a text.
const REMOVED: &str = "(removed)";

/// Takes secrets out of a payload that was parsed, at any depth.
pub(super) fn object(payload: &mut Map<String, Value>) {
    strip(payload, Owner::Platform);
}

/// A payload's text without its secrets. As a rule there are none: then it is the text that came, and what people answered has all its
/// digits and the spelling that they gave it.
///
/// # Errors
///
/// It is no JSON object, or nested deeper than serde_json reads.
pub(super) fn payload(text: &str) -> Result<String, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    let is_clean = Look(Owner::Platform).deserialize(&mut json)?;
    json.end()?;
    if is_clean {
        return Ok(text.trim_ascii().to_owned());
    }
    let mut payload: Map<String, Value> = serde_json::from_str(text)?;
    object(&mut payload);
    serde_json::to_string(&payload)
}

/// Takes secrets out of a list that was parsed.
pub(super) fn value(payload: &mut Value) {
    strip_value(payload, Owner::Platform);
}

/// One step of a way into a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A key of an object, or a place in a list.
    Key(String),
    /// Every item of a list.
    Each,
}

/// Takes secrets out of a payload, but not what stands at the end of one of the ways `kept`: the project's file says that it is a task's or an
/// answer's, so it is the crowd's, whatever its key is called.
pub(super) fn all_but(value: &mut Value, kept: &[&[Step]]) {
    if kept.iter().any(|way| way.is_empty()) {
        return strip_value(value, Owner::Crowd);
    }
    if kept.is_empty() {
        return strip_value(value, Owner::Platform);
    }
    // The ways that go on through one item.
    let through = |is_it: &dyn Fn(&Step) -> bool| -> Vec<&[Step]> {
        kept.iter().filter_map(|way| way.split_first()).filter(|(first, _)| is_it(first)).map(|(_, rest)| rest).collect()
    };
    match value {
        Value::Object(object) => {
            let through_key = |key: &str| through(&|step| matches!(step, Step::Key(own) if own == key));
            object.retain(|key, _| !is_secret(key) || !through_key(key).is_empty());
            object.iter_mut().for_each(|(key, value)| all_but(value, &through_key(key)));
        }
        Value::Array(items) => {
            for (place, item) in items.iter_mut().enumerate() {
                let place = place.to_string();
                all_but(item, &through(&|step| matches!(step, Step::Each) || matches!(step, Step::Key(own) if *own == place)));
            }
        }
        _ => {}
    }
}

/// The payload `text`, a JSON object, without `secrets`, in whatever value they stand; none where they stand in none.
pub(super) fn own(text: &str, secrets: &[&str]) -> Option<String> {
    if !secrets.iter().any(|secret| text.contains(secret)) {
        return None;
    }
    let mut payload = serde_json::from_str(text).ok()?;
    strip_own(&mut payload, secrets);
    Some(payload.to_string())
}

fn strip_own(value: &mut Value, secrets: &[&str]) {
    let without = |text: &str| secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, REMOVED));
    match value {
        Value::String(text) => *text = without(text),
        Value::Array(items) => items.iter_mut().for_each(|item| strip_own(item, secrets)),
        Value::Object(object) => {
            let members = std::mem::take(object).into_iter();
            object.extend(members.map(|(key, mut value)| {
                strip_own(&mut value, secrets);
                (without(&key), value)
            }));
        }
        _ => {}
    }
}

/// Who chose the keys of an object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// The platform.
    Platform,
    /// The platform, but for the questions of the project.
    Results,
    /// The project's owner.
    Crowd,
}

impl Owner {
    /// Who chose the keys within what stands at `key`; none where that is a secret.
    fn within(self, key: &str) -> Option<Self> {
        let is_secret = match self {
            Self::Platform => is_secret(key),
            Self::Results | Self::Crowd => is_plainly_secret(key),
        };
        let within = match (self, key) {
            (Self::Crowd, _) | (Self::Platform, "data" | "unit_data" | "info") => Self::Crowd,
            (Self::Platform, "results") => Self::Results,
            (Self::Results, "judgments") | (Self::Platform, _) => Self::Platform,
            (Self::Results, _) => Self::Crowd,
        };
        (!is_secret).then_some(within)
    }
}

fn strip(object: &mut Map<String, Value>, owner: Owner) {
    object.retain(|key, value| match owner.within(key) {
        Some(inner) => {
            strip_value(value, inner);
            true
        }
        None => false,
    });
}

// Nesting is bounded by the parser, which refuses what is deeper than 128.
fn strip_value(value: &mut Value, owner: Owner) {
    match value {
        Value::Object(object) => strip(object, owner),
        Value::Array(items) => items.iter_mut().for_each(|item| strip_value(item, owner)),
        _ => {}
    }
}

/// Keys that hold a secret wherever they stand.
fn is_plainly_secret(key: &str) -> bool {
    ["secret", "secret_key", "api_key", "apikey", "password", "webhook_uri"].iter().any(|name| key.eq_ignore_ascii_case(name))
}

/// Keys that hold a secret where the platform chose them.
fn is_secret(key: &str) -> bool {
    let begins = |with: &str| key.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    let ends =
        |with: &str| key.len().checked_sub(with.len()).and_then(|at| key.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(with));
    is_plainly_secret(key)
        || ["token", "authorization", "webhook", "cookie"].iter().any(|name| key.eq_ignore_ascii_case(name))
        || begins("secret")
        || begins("passw")
        || ["_key", "-key", "apikey", "_token", "-token", "_secret", "-secret", "password"].iter().any(|end| ends(end))
        || ["Token", "Secret", "Key"].iter().any(|word| is_after_a_small_letter(key, word))
}

/// Whether `key` ends with `word` as the words of `accessToken` are told apart; `monkey` ends with none.
fn is_after_a_small_letter(key: &str, word: &str) -> bool {
    key.strip_suffix(word).is_some_and(|before| before.ends_with(|letter: char| letter.is_ascii_lowercase()))
}

/// Takes secrets out of a text that could not be parsed, as well as can be: whatever equals one of `known`; what follows a
/// name of a secret and `:` or `=`, up to the end of that value; and the user and password in an address. Where the end
/// of the value does not show, all of the rest goes.
pub(super) fn text(raw: &str, known: &[&str]) -> String {
    let mut clean = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        let (taken, after) = rest.split_at(word.max(first.len_utf8()));
        clean.push_str(taken);
        rest = after;
        if is_secret(taken)
            && let Some((between, value)) = value_after(rest)
        {
            clean.push_str(between);
            clean.push_str(REMOVED);
            rest = value;
        }
    }
    let clean = known.iter().fold(clean, |clean, secret| clean.replace(secret, REMOVED));
    without_userinfo(&clean)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// When `:` or `=` comes next, with quotes and spaces around it: what stands before the value, and what follows it.
fn value_after(rest: &str) -> Option<(&str, &str)> {
    let quotes = |c: char| matches!(c, '"' | '\'' | '\\') || c.is_whitespace();
    let separator = rest.find(|c| !quotes(c))?;
    let tail = rest.get(separator..)?.strip_prefix([':', '='])?;
    let value = tail.trim_start();
    let between = rest.get(..rest.len() - value.len())?;
    let end = match value.chars().find(|&c| c != '\\') {
        Some(quote @ ('"' | '\'')) => closing_quote(value, quote),
        // Where an object or a list ends in a text that is broken, nobody can tell.
        Some('{' | '[') => value.len(),
        _ => value.find([',', '&', '}', ']', '\n', '"']).unwrap_or(value.len()),
    };
    Some((between, value.get(end..)?))
}

/// Where the string that begins `value` ends, behind its closing quote. The quote may be escaped itself, in JSON within
/// JSON; then the one that closes it is escaped as often.
fn closing_quote(value: &str, quote: char) -> usize {
    let escapes = value.find(quote).unwrap_or(0);
    let mut run = 0;
    for (at, c) in value.char_indices().skip(escapes + 1) {
        match c {
            '\\' => run += 1,
            c if c == quote && run <= escapes => return at + c.len_utf8(),
            _ => run = 0,
        }
    }
    value.len()
}

/// `scheme://user:password@host` loses the user and the password.
fn without_userinfo(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut parts = text.split("://");
    clean.push_str(parts.next().unwrap_or_default());
    for part in parts {
        clean.push_str("://");
        let authority = part.find(|c: char| matches!(c, '/' | '?' | '#' | '"' | '\'') || c.is_whitespace()).unwrap_or(part.len());
        let (authority, after) = part.split_at(authority);
        match authority.rsplit_once('@') {
            Some((_, host)) => clean.extend([REMOVED, "@", host]),
            None => clean.push_str(authority),
        }
        clean.push_str(after);
    }
    clean
}
