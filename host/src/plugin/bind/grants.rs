//! Whether what a project's file grants to a plugin can be used, and whether the plugin's settings name only what it was granted.

use serde_json::Value;

use super::{at_line, setting_key};
use crate::config::{self, Auth, Problem, Problems, Service};
use crate::connection::egress;

/// What a string of a settings schema may name, by its format.
struct Named {
    format: &'static str,
    /// The key that grants it by its name.
    key: &'static str,
    /// What it is.
    what: &'static str,
    /// What uses it: one of these must be granted too, the last one as a rule.
    effects: &'static [&'static str],
}

const FORMATS: [Named; 3] = [
    Named { format: "crowdhook:connection", key: "connections", what: "connection", effects: &["http.fetch", "http.send"] },
    Named { format: "crowdhook:folder", key: "folders", what: "folder", effects: &["files"] },
    Named { format: "crowdhook:project", key: "projects", what: "project", effects: &["tasks"] },
];

/// Addresses of connections where this host does not connect.
pub(super) fn addresses(project: &config::Project) -> Problems {
    let mut problems = Problems::default();
    for connection in &project.connections {
        let Service::Http(service) = &connection.to else { continue };
        let tokens = if let Auth::OAuth2 { token_url, .. } = &service.auth { Some(("auth.token_url", token_url)) } else { None };
        for (key, url) in [("url", &service.url)].into_iter().chain(tokens) {
            let Err(what) = egress::check_base(url) else { continue };
            let message = format!("`connections.{}.{key}` is {what}, where this host does not connect", connection.name);
            problems.push(at_line(project, connection.line, message, "write the address of the service itself".to_owned()));
        }
    }
    problems
}

/// What the file grants and the plugin could not use.
pub(super) fn unusable(project: &config::Project, plugin: &config::Plugin) -> Problems {
    let mut problems = Problems::default();
    let calls: Vec<String> = plugin.allow.iter().filter(|effect| effect.starts_with("http.")).map(|effect| format!("`{effect}`")).collect();
    if !calls.is_empty() && plugin.connections.is_empty() {
        let message = format!("`plugins.{}.allow` grants {}, but no connection to use it with", plugin.name, calls.join(", "));
        let there = project.connections.iter().find(|connection| matches!(connection.to, Service::Http(_)));
        let help = match there {
            Some(connection) => format!("add `connections = [\"{}\"]` below `[plugins.{}]`", connection.name, plugin.name),
            None => format!(
                "write `[connections.web]` with the `url` of a service, and add `connections = [\"web\"]` below `[plugins.{}]`",
                plugin.name
            ),
        };
        problems.push(at_line(project, plugin.line, message, help));
    }
    problems
}

/// Settings, or their defaults, that name a connection, a folder or a project which the plugin was not granted. Those of tables within the
/// settings too, as far as the schema spells them out.
pub(super) fn named_in_settings(project: &config::Project, plugin: &config::Plugin, schema: &str) -> Problems {
    let mut problems = Problems::default();
    let schema: Value = serde_json::from_str(schema).unwrap_or_default();
    let settings: Value = serde_json::from_str(&plugin.settings).unwrap_or_default();
    let mut tables = vec![(&schema, &settings, String::new())];
    while let Some((schema, settings, above)) = tables.pop() {
        for (setting, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let pointer = format!("{above}/{}", setting.replace('~', "~0").replace('/', "~1"));
            if let Some(table) = settings.get(setting).filter(|said| said.is_object()) {
                tables.push((property, table, pointer));
                continue;
            }
            let format = property.get("format").and_then(Value::as_str);
            let Some(named) = FORMATS.iter().find(|named| format == Some(named.format)) else { continue };
            // What is no string is the schema's to refuse.
            let Some(name) = settings.get(setting).or(property.get("default")).and_then(Value::as_str) else { continue };
            let is_default = settings.get(setting).is_none();
            if let Some(problem) = ungranted(project, plugin, named, &Setting { pointer: &pointer, name, is_default }) {
                problems.push(problem);
            }
        }
    }
    problems.sorted()
}

/// A setting that names something.
struct Setting<'s> {
    pointer: &'s str,
    name: &'s str,
    is_default: bool,
}

/// What is missing for the plugin to use what a setting names.
fn ungranted(project: &config::Project, plugin: &config::Plugin, named: &Named, setting: &Setting<'_>) -> Option<Problem> {
    let Named { key, what, effects, .. } = named;
    let name = setting.name;
    let line = project.line_of(&plugin.name, setting.pointer);
    let by_default = if setting.is_default { ", by default," } else { "" };
    let says = format!("`{}`{by_default} names {what} `{name}`", setting_key(plugin, setting.pointer));
    if !is_granted(project, plugin, key, name) {
        let message = format!("{says}, which this file does not grant to plugin `{}`", plugin.name);
        return Some(at_line(project, line, message, remedy(project, plugin, (key, what), name)));
    }
    if effects.iter().any(|effect| plugin.allow.iter().any(|allowed| allowed == effect)) {
        return None;
    }
    let wanted = effects.iter().map(|effect| format!("`{effect}`")).collect::<Vec<_>>().join(" or ");
    let usual = effects.last().copied().unwrap_or_default();
    let message = format!("{says}, and plugin `{}` may not use it: this file does not grant {wanted}", plugin.name);
    Some(at_line(project, line, message, format!("add \"{usual}\" to `allow` below `[plugins.{}]`", plugin.name)))
}

fn is_granted(project: &config::Project, plugin: &config::Plugin, key: &str, name: &str) -> bool {
    match key {
        "connections" => plugin.connections.iter().any(|granted| granted == name),
        "folders" => plugin.folders.iter().any(|granted| granted == name),
        // Its own project needs no grant.
        _ => project.name.as_str() == name || plugin.projects.iter().any(|granted| granted.as_str() == name),
    }
}

/// The line to add.
fn remedy(project: &config::Project, plugin: &config::Plugin, (key, what): (&str, &str), name: &str) -> String {
    let is_there = match key {
        "connections" => project.connection(name).is_some(),
        "folders" => project.folder(name).is_some(),
        _ => true,
    };
    let granted: Vec<&str> = match key {
        "connections" => plugin.connections.iter().map(String::as_str).collect(),
        "folders" => plugin.folders.iter().map(String::as_str).collect(),
        _ => plugin.projects.iter().map(crate::id::ProjectName::as_str).collect(),
    };
    let list = granted.into_iter().chain([name]).map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let grant = format!("write `{key} = [{list}]` below `[plugins.{}]`", plugin.name);
    match (is_there, key) {
        (true, _) => grant,
        (false, "folders") => format!("the file has no such {what}: write `{name} = \"path\"` below `[folders]`, and {grant}"),
        (false, _) => format!("the file has no such {what}: write `[{key}.{name}]`, and {grant}"),
    }
}
