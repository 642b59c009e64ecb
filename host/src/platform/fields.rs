//! A JSON object whose values stay as they came: numbers keep their digits, texts their escapes, objects their order. What
//! people answered passes through the host untouched.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The fields of a JSON object in their order, with values as they were written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields<'a>(Vec<(Name<'a>, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// Reads a JSON object.
    pub(crate) fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Whether there is a field of this name, whatever it holds.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The value as JSON text; none when it is null or not there.
    pub(crate) fn json(&self, name: &str) -> Option<&'a str> {
        self.find(name).filter(|json| *json != "null")
    }

    /// The value where it is a string.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.json(name)?).ok()
    }

    /// The value where it is an id: a whole number or a string.
    pub(crate) fn id(&self, name: &str) -> Option<String> {
        id_of(self.json(name)?)
    }

    /// The value where it is a number, or a string that holds one.
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        let json = self.json(name)?;
        let number = serde_json::from_str(json).ok().or_else(|| self.text(name)?.trim().parse().ok());
        number.filter(|number: &f64| number.is_finite())
    }

    /// The value where it is a count; one beyond four billion is cut to that.
    pub(crate) fn count(&self, name: &str) -> Option<u32> {
        let count: u64 = serde_json::from_str(self.json(name)?).ok()?;
        Some(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Whether the value says yes: anything but null, false, zero and what is empty.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.json(name).is_some_and(|json| !matches!(json, "false" | "0" | "0.0" | "\"\"" | "\"false\"" | "[]" | "{}"))
    }

    /// The value where it is an object.
    pub(crate) fn object(&self, name: &str) -> Option<Self> {
        Self::parse(self.json(name)?).ok()
    }

    /// The value where it is a list of objects.
    pub(crate) fn objects(&self, name: &str) -> Option<Vec<Self>> {
        serde_json::from_str(self.json(name)?).ok()
    }

    /// The names, in their order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.0.as_ref())
    }

    /// All but the fields whose name `leave_out` picks, as the text of a JSON object.
    pub(crate) fn rest(&self, leave_out: impl Fn(&str) -> bool) -> String {
        let mut text = String::from("{");
        for (name, json) in self.0.iter().filter(|(name, _)| !leave_out(&name.0)) {
            if text.len() > 1 {
                text.push(',');
            }
            quote(&mut text, &name.0);
            text.push(':');
            text.push_str(json.get());
        }
        text.push('}');
        text
    }

    /// Of two fields of one name the later counts, as it does for the platforms.
    fn find(&self, name: &str) -> Option<&'a str> {
        self.0.iter().rev().find(|(key, _)| key.0 == name).map(|(_, json)| json.get())
    }
}

/// An id as text, where JSON text is an id: a whole number or a string that is not empty.
pub(crate) fn id_of(json: &str) -> Option<String> {
    if json.starts_with('"') {
        return serde_json::from_str(json).ok().filter(|id: &String| !id.is_empty());
    }
    json.parse::<i64>().ok().map(|id| id.to_string())
}

/// `text` as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quote(&mut quoted, text);
    quoted
}

/// Writes `text` as a JSON string. Most need no escapes, and are written as they are.
fn quote(to: &mut String, text: &str) {
    if text.bytes().any(|byte| byte < b' ' || matches!(byte, b'"' | b'\\')) {
        to.push_str(&serde_json::Value::from(text).to_string());
    } else {
        to.extend(["\"", text, "\""]);
    }
}

/// The name of a field: as it stands in the text, where nothing in it is escaped.
#[derive(Clone, Debug)]
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NameVisitor)
    }
}

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = Name<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Borrowed(name)))
    }

    fn visit_str<E>(self, name: &str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Owned(name.to_owned())))
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry::<Name<'de>, &'de RawValue>()? {
            fields.push(field);
        }
        Ok(Fields(fields))
    }
}

#[cfg(test)]
mod tests;
