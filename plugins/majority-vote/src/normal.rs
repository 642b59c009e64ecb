//! When two values are the same.
//!
//! A value is first brought into the form in which it is shown (composed letters, single spaces), then made a key: the
//! same text for values that are the same. Numbers are compared by what they are, so `1` and `1.0` are one; a text that
//! looks like a number is a text, unless the settings say otherwise.

use serde_json::{Number, Value};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick, is_nfkc_quick};

use crate::settings::{Rules, Unicode};
use crate::size;

/// The value as it is shown: everything ignored is gone, but for the case of letters.
#[must_use]
pub fn shown(value: &Value, rules: &Rules) -> Value {
    match value {
        Value::String(text) => {
            let text = spaced(composed(text, rules.unicode), rules.ignore_space);
            if rules.text_numbers
                && let Some(number) = number_in(&text)
            {
                return Value::Number(number);
            }
            Value::String(text)
        }
        Value::Array(values) => values.iter().map(|value| shown(value, rules)).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), shown(value, rules))).collect(),
        other => other.clone(),
    }
}

/// What values have in common that are the same; for what [`shown`] has returned.
///
/// JSON text, with members in the order of their names and numbers in one spelling.
#[must_use]
pub fn key(value: &Value, rules: &Rules) -> String {
    let mut key = String::new();
    write_key(&mut key, value, rules);
    key
}

fn write_key(key: &mut String, value: &Value, rules: &Rules) {
    match value {
        Value::Null => key.push_str("null"),
        Value::Bool(true) => key.push_str("true"),
        Value::Bool(false) => key.push_str("false"),
        Value::Number(number) => key.push_str(&spelled(number)),
        Value::String(text) => write_text(key, text, rules),
        Value::Array(values) => {
            key.push('[');
            for value in values {
                write_key(key, value, rules);
                key.push(',');
            }
            key.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            key.push('{');
            for (name, value) in members {
                write_quoted(key, name);
                key.push(':');
                write_key(key, value, rules);
                key.push(',');
            }
            key.push('}');
        }
    }
}

fn write_text(key: &mut String, text: &str, rules: &Rules) {
    if rules.ignore_case {
        // Upper case first: `ß` and `SS` have the same lower case only then.
        write_quoted(key, &text.to_uppercase().to_lowercase());
    } else {
        write_quoted(key, text);
    }
}

fn write_quoted(key: &mut String, text: &str) {
    if size::is_plain(text) {
        key.push('"');
        key.push_str(text);
        key.push('"');
    } else {
        key.push_str(&Value::from(text).to_string());
    }
}

/// A number in the one spelling of its value.
#[must_use]
pub fn spelled(number: &Number) -> String {
    match number.as_f64() {
        Some(0.0) => "0".to_owned(),
        // Whole numbers are spelled like integers; beyond this size no integer of JSON's readers is equal.
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e20 => {
            format!("{float:.0}")
        }
        // Not serde_json's spelling, which on wasm32 is `5e-1`: people read this as the name of a value.
        Some(float) if number.is_f64() => format!("{float:?}"),
        _ => number.to_string(),
    }
}

fn composed(text: &str, form: Unicode) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    match form {
        Unicode::Nfc if is_nfc_quick(text.chars()) != IsNormalized::Yes => text.nfc().collect(),
        Unicode::Nfkc if is_nfkc_quick(text.chars()) != IsNormalized::Yes => text.nfkc().collect(),
        _ => text.to_owned(),
    }
}

fn spaced(text: String, ignore_space: bool) -> String {
    // Without spaces there is nothing to do, which is quickly seen where all is ASCII.
    if !ignore_space || text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return text;
    }
    let mut single = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !single.is_empty() {
            single.push(' ');
        }
        single.push_str(word);
    }
    single
}

/// The number that a text is, written as JSON writes numbers, or with a sign or zeros in front.
fn number_in(text: &str) -> Option<Number> {
    let text = text.trim();
    let begins_well = text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first));
    if !begins_well {
        return None;
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    // Rust also reads `+inf`, which is no JSON number: `from_f64` knows.
    Number::from_f64(text.parse().ok()?)
}

#[cfg(test)]
mod tests;
