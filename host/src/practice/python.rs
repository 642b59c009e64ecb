//! The marks that Python, SQLAlchemy and PostgreSQL leave on what PYBOSSA says.
//!
//! Spacing and escapes of `json.dumps`, the key order of a JSONB column, the words of
//! Python's JSON parser: a reader that leans on one of them by accident should find out here.

use std::io;

use serde::Serialize;
use serde_json::{Map, Value, ser::Formatter};

/// Writes `value` as Python's `json.dumps` does: `", "` and `": "`, ASCII only.
pub(super) fn dumps(value: &Value) -> String {
    let mut out = Vec::with_capacity(256);
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, Spaced);
    value.serialize(&mut serializer).expect("a JSON value has text keys and a Vec takes all bytes");
    String::from_utf8(out).expect("the formatter writes ASCII only")
}

struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(float(value).as_bytes())
    }

    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut units = [0_u16; 2];
        for letter in fragment.chars() {
            if matches!(letter, ' '..='~') {
                write!(writer, "{letter}")?;
            } else {
                for unit in letter.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

/// A finite number as Python's `repr` writes it: `1e-05` where Rust says `1e-5`.
fn float(value: f64) -> String {
    let text = format!("{value:?}");
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, exponent) = match exponent.strip_prefix('-') {
                Some(rest) => ('-', rest),
                None => ('+', exponent),
            };
            format!("{digits}e{sign}{exponent:0>2}")
        }
        None => text,
    }
}

/// Orders all keys as a JSONB column does: shorter first, then by bytes.
pub(super) fn jsonb(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(jsonb).collect()),
        Value::Object(map) => {
            let mut pairs: Vec<_> = map.into_iter().map(|(key, value)| (key, jsonb(value))).collect();
            pairs.sort_by(|(a, _), (b, _)| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
            Value::Object(Map::from_iter(pairs))
        }
        plain => plain,
    }
}

/// What Python's `json.loads` says about a text that serde refused with `error`.
///
/// The kinds of error are Python's, the place is where serde noticed it, which differs by a
/// few characters for some texts.
pub(super) fn json_error(text: &str, error: &serde_json::Error) -> String {
    let said = error.to_string();
    let what = if said.starts_with("key must be a string") || said.starts_with("EOF while parsing an object") {
        "Expecting property name enclosed in double quotes"
    } else if said.starts_with("trailing characters") {
        "Extra data"
    } else if said.starts_with("expected `:`") {
        "Expecting ':' delimiter"
    } else if said.starts_with("expected `,`") {
        "Expecting ',' delimiter"
    } else if said.starts_with("EOF while parsing a string") {
        "Unterminated string starting at"
    } else {
        "Expecting value"
    };
    let (line, column) = (error.line().max(1), error.column().max(1));
    let before: usize = text.split_inclusive('\n').take(line - 1).map(|line| line.chars().count()).sum();
    format!("{what}: line {line} column {column} (char {})", before + column - 1)
}

/// A value as Python's `repr` shows it in an error of the database.
pub(super) fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => format!("'{text}'"),
        other => dumps(other),
    }
}

#[cfg(test)]
mod tests;
