//! A JSON object whose values stay as they came: numbers keep their digits, texts their escapes, objects their order. What
//! people answered passes through the host untouched.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The fields of a JSON object in their order, with values as they were written.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// Reads a JSON object.
    pub(super) fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Whether there is a field of this name, whatever it holds.
    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The value as JSON text; none when it is null or not there.
    pub(super) fn json(&self, name: &str) -> Option<&'a str> {
        self.find(name).filter(|json| *json != "null")
    }

    /// The value where it is a string.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.json(name)?).ok()
    }

    /// The value where it is an id: a whole number or a string.
    pub(super) fn id(&self, name: &str) -> Option<String> {
        id_of(self.json(name)?)
    }

    /// The value where it is a number, or a string that holds one.
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        let json = self.json(name)?;
        let number = serde_json::from_str(json).ok().or_else(|| self.text(name)?.trim().parse().ok());
        number.filter(|number: &f64| number.is_finite())
    }

    /// The value where it is a count; one beyond four billion is cut to that.
    pub(super) fn count(&self, name: &str) -> Option<u32> {
        let count: u64 = serde_json::from_str(self.json(name)?).ok()?;
        Some(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Whether the value says yes: anything but null, false, zero and what is empty.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.json(name).is_some_and(|json| !matches!(json, "false" | "0" | "0.0" | "\"\"" | "\"false\"" | "[]" | "{}"))
    }

    /// The value where it is an object.
    pub(super) fn object(&self, name: &str) -> Option<Self> {
        Self::parse(self.json(name)?).ok()
    }

    /// The value where it is a list of objects.
    pub(super) fn objects(&self, name: &str) -> Option<Vec<Self>> {
        serde_json::from_str(self.json(name)?).ok()
    }

    /// The names, in their order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// All but the fields whose name `leave_out` picks, as the text of a JSON object.
    pub(super) fn rest(&self, leave_out: impl Fn(&str) -> bool) -> String {
        let mut text = String::from("{");
        for (name, json) in self.0.iter().filter(|(name, _)| !leave_out(name)) {
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(&quoted(name));
            text.push(':');
            text.push_str(json.get());
        }
        text.push('}');
        text
    }

    /// Of two fields of one name the later counts, as it does for the platforms.
    fn find(&self, name: &str) -> Option<&'a str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, json)| json.get())
    }
}

/// An id as text, where JSON text is an id: a whole number or a string that is not empty.
pub(super) fn id_of(json: &str) -> Option<String> {
    if json.starts_with('"') {
        return serde_json::from_str(json).ok().filter(|id: &String| !id.is_empty());
    }
    json.parse::<i64>().ok().map(|id| id.to_string())
}

/// `text` as a JSON string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
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
        while let Some(field) = map.next_entry::<String, &'de RawValue>()? {
            fields.push(field);
        }
        Ok(Fields(fields))
    }
}

#[cfg(test)]
mod tests;
