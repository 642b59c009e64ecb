//! What a plugin is granted where a case does not say: every effect, and what its settings name.

use serde_json::Value;

use super::form::GrantsForm;
use super::http::Exchanges;
use crate::config::GRANTS;
use crate::plugin::load::Component;

/// All effects; of connections, folders and projects those that the settings name by the formats of the schema, and the connections that
/// answers are recorded of.
pub(super) fn usual(component: &Component, settings: &str, exchanges: &Exchanges) -> GrantsForm {
    let schema: Value = serde_json::from_str(&component.description.settings_schema).unwrap_or_default();
    let settings: Value = serde_json::from_str(settings).unwrap_or_default();
    let mut connections = named(&schema, &settings, "crowdhook:connection");
    connections.extend(exchanges.connections());
    connections.sort();
    connections.dedup();
    GrantsForm {
        allow: GRANTS.iter().map(|&word| word.to_owned()).collect(),
        connections,
        folders: named(&schema, &settings, "crowdhook:folder"),
        projects: named(&schema, &settings, "crowdhook:project").iter().filter_map(|name| name.parse().ok()).collect(),
        ..GrantsForm::default()
    }
}

/// The texts of the settings, or their defaults, that have this format. Those of tables too, as far as the schema spells them out.
fn named(schema: &Value, settings: &Value, format: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (setting, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        match settings.get(setting).or(property.get("default")) {
            Some(Value::String(name)) if property.get("format").and_then(Value::as_str) == Some(format) => names.push(name.clone()),
            Some(table @ Value::Object(_)) => names.extend(named(property, table, format)),
            _ => {}
        }
    }
    names
}
