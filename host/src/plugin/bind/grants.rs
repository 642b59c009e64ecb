//! Whether what a project's file grants to a plugin can be used, and whether the plugin's settings name only what it was granted.

use serde_json::Value;

use super::{at_line, built, is_built, setting_key};
use crate::config::{self, Auth, Problems, Service};
use crate::connection::egress;

/// A string of a settings schema with one of these formats names something that the project's file grants to the plugin:
/// the format, the key that grants it, and what it is.
const FORMATS: [(&str, &str, &str); 3] = [
    ("crowdhook:connection", "connections", "connection"),
    ("crowdhook:folder", "folders", "folder"),
    ("crowdhook:project", "projects", "project"),
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

/// What the file grants and this host cannot do, or the plugin could not use.
pub(super) fn unusable(project: &config::Project, plugin: &config::Plugin) -> Problems {
    let mut problems = Problems::default();
    for effect in plugin.allow.iter().filter(|effect| !is_built(effect)) {
        let message = format!("`plugins.{}.allow` grants `{effect}`, which this host does not do yet", plugin.name);
        problems.push(at_line(project, plugin.line, message, format!("take `\"{effect}\"` out; this host does {}", built())));
    }
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

/// Settings, or their defaults, that name a connection, a folder or a project which the plugin was not granted.
pub(super) fn named_in_settings(project: &config::Project, plugin: &config::Plugin, schema: &str) -> Problems {
    let mut found = Vec::new();
    let schema: Value = serde_json::from_str(schema).unwrap_or_default();
    let settings: Value = serde_json::from_str(&plugin.settings).unwrap_or_default();
    for (setting, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let format = property.get("format").and_then(Value::as_str);
        let Some((_, key, what)) = FORMATS.iter().find(|(known, ..)| format == Some(*known)) else { continue };
        // What is no string is the schema's to refuse.
        let Some(name) = settings.get(setting).or(property.get("default")).and_then(Value::as_str) else { continue };
        if is_granted(project, plugin, key, name) {
            continue;
        }
        let pointer = format!("/{}", setting.replace('~', "~0").replace('/', "~1"));
        let line = project.line_of(&plugin.name, &pointer);
        let is_default = if settings.get(setting).is_none() { ", by default," } else { "" };
        let message = format!(
            "`{}`{is_default} names {what} `{name}`, which this file does not grant to plugin `{}`",
            setting_key(plugin, &pointer),
            plugin.name
        );
        found.push(at_line(project, line, message, remedy(project, plugin, (key, what), name)));
    }
    // In the order of the file, which its author knows.
    found.sort_by_key(|problem| problem.line);
    found.into_iter().fold(Problems::default(), |mut problems, problem| {
        problems.push(problem);
        problems
    })
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
