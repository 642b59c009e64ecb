//! A plugin's settings: any TOML → JSON, and the line of each of them by its JSON Pointer.

use std::ops::Range;

use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::document::Document;

/// A plugin's settings.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Settings {
    /// A JSON object.
    pub(super) json: Map<String, Value>,
    /// JSON Pointer → line; the empty pointer is the line where they begin.
    pub(super) lines: Vec<(String, usize)>,
}

/// Takes `plugins.<plugin>.settings` out of the file's table. None when there are none.
pub(super) fn take(document: &mut Document<'_>, file: &mut DeTable<'_>, plugin: &str) -> Option<Settings> {
    let Some(DeValue::Table(plugins)) = file.get_mut("plugins").map(Spanned::get_mut) else { return None };
    let Some(DeValue::Table(table)) = plugins.get_mut(plugin).map(Spanned::get_mut) else { return None };
    let (key, value) = table.remove_entry("settings")?;
    let mut settings = Settings::default();
    let path = format!("plugins.{plugin}.settings");
    match value.get_ref() {
        DeValue::Table(values) => {
            settings.lines.push((String::new(), document.line(key.span().start)));
            let mut walk = Walk { document, path: &path, lines: &mut settings.lines };
            settings.json = walk.table(values, "");
        }
        _ => {
            document.error(&value.span(), format!("`{path}` must be a table"), Some(format!("write `[{path}]` and the settings below it")))
        }
    }
    Some(settings)
}

struct Walk<'w, 'd> {
    document: &'w mut Document<'d>,
    path: &'w str,
    lines: &'w mut Vec<(String, usize)>,
}

impl Walk<'_, '_> {
    fn table(&mut self, table: &DeTable<'_>, pointer: &str) -> Map<String, Value> {
        // In the order of the file, which is the order that its author knows.
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let mut object = Map::new();
        for (key, value) in entries {
            let pointer = format!("{pointer}/{}", key.get_ref().replace('~', "~0").replace('/', "~1"));
            self.lines.push((pointer.clone(), self.document.line(key.span().start)));
            let value = self.value(value, &pointer);
            object.insert(key.get_ref().to_string(), value);
        }
        object
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, pointer: &str) -> Value {
        match value.get_ref() {
            DeValue::String(text) => Value::String(text.to_string()),
            DeValue::Boolean(yes) => Value::Bool(*yes),
            DeValue::Datetime(moment) => Value::String(moment.to_string()),
            DeValue::Integer(number) => match whole(number) {
                Some(number) => Value::Number(number.into()),
                None => self.refuse(&value.span(), pointer, "is a whole number beyond 64 bits"),
            },
            DeValue::Float(number) => match number.as_str().parse().ok().and_then(Number::from_f64) {
                Some(number) => Value::Number(number),
                None => self.refuse(&value.span(), pointer, "is no number that JSON can hold"),
            },
            DeValue::Table(table) => Value::Object(self.table(table, pointer)),
            DeValue::Array(items) => {
                let each = items.iter().enumerate().map(|(index, item)| {
                    let pointer = format!("{pointer}/{index}");
                    self.lines.push((pointer.clone(), self.document.line(item.span().start)));
                    self.value(item, &pointer)
                });
                Value::Array(each.collect())
            }
        }
    }

    fn refuse(&mut self, span: &Range<usize>, pointer: &str, why: &str) -> Value {
        let key = pointer.replace('/', ".");
        self.document.error(span, format!("`{}{key}` {why}", self.path), Some("settings reach the plugin as JSON".to_owned()));
        Value::Null
    }
}

fn whole(number: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}
