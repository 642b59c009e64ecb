//! The structure holds: no module imports one that it should know nothing of, and what may stand in one place only does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::harness::crate_folder;

/// What each module may import of ours. The words that everyone uses are free for all and not listed.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("receive", &["verify", "normalise", "inbox", "store", "config", "plugin", "telemetry"]),
    ("verify", &["config"]),
    ("normalise", &["verify", "config", "platform"]),
    ("inbox", &["store", "plugin", "platform"]),
    ("dispatch", &["inbox", "plugin", "outbox", "store", "platform", "connection", "config", "telemetry"]),
    ("plugin", &["config", "platform", "connection", "store", "telemetry"]),
    ("outbox", &["store"]),
    ("deliver", &["outbox", "platform", "connection", "config", "store", "plugin", "telemetry"]),
    ("missed", &["normalise", "inbox", "plugin", "store", "platform"]),
    ("reconcile", &["telemetry", "missed", "normalise", "inbox", "plugin", "store", "platform"]),
    ("backfill", &["missed", "inbox", "plugin", "store", "platform"]),
    ("case", &["plugin", "platform", "connection", "store", "config"]),
    ("store", &["telemetry"]),
    ("figures", &["store"]),
    ("retention", &["store", "config"]),
    ("platform", &["connection", "config"]),
    ("connection", &["config"]),
    ("config", &[]),
    ("backoff", &[]),
    ("clock", &[]),
    ("effect", &[]),
    ("event", &[]),
    ("id", &[]),
    ("secret", &[]),
    ("shutdown", &[]),
    ("telemetry", &[]),
    ("traces", &["telemetry", "connection", "config"]),
    ("practice", &[]),
];
/// These put the others together and may import all of them.
const ABOVE: &[&str] = &["admin", "app", "cli", "demo", "main", "lib"];
const WORDS: &[&str] = &["backoff", "clock", "effect", "event", "id", "secret"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Each source file below `src`: the module of ours that it belongs to, its path, and its text without tests.
fn files() -> Vec<(String, PathBuf, String)> {
    let root = crate_folder().join("src");
    let mut found = Vec::new();
    sources(&root, &mut found);
    found
        .into_iter()
        .filter(|path| {
            !path.ends_with("tests.rs") && !path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "conformance")
        })
        .map(|path| {
            let below = path.strip_prefix(&root).unwrap();
            let module = below.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            (module, below.to_path_buf(), text)
        })
        .collect()
}

#[test]
fn no_module_imports_what_it_should_know_nothing_of() {
    let modules: BTreeSet<&str> = MAY_IMPORT.iter().map(|(module, _)| *module).chain(ABOVE.iter().copied()).collect();
    let mut wrong = Vec::new();
    for (module, path, text) in files() {
        if ABOVE.contains(&module.as_str()) {
            continue;
        }
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{}: module `{module}` stands in no list: say what it may import", path.display()));
            continue;
        };
        let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect();
        for imported in code.match_indices("crate::").map(|(place, found)| &code[place + found.len()..]) {
            let imported: String = imported.chars().take_while(|letter| letter.is_ascii_lowercase() || *letter == '_').collect();
            let free = imported == module || WORDS.contains(&imported.as_str()) || !modules.contains(imported.as_str());
            if !free && !allowed.contains(&imported.as_str()) {
                wrong.push(format!("{}: `{module}` may not import `{imported}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_may_stand_in_one_place_only_does() {
    let mut wrong = Vec::new();
    for (module, path, text) in files() {
        let at = |needle: &str| text.lines().any(|line| line.contains(needle) && !line.trim_start().starts_with("//"));
        if at("bindgen!(") && path != Path::new("plugin/bindings.rs") {
            wrong.push(format!("{}: `bindgen!` is called in `plugin/bindings.rs` alone", path.display()));
        }
        // `practice` quotes an error of PYBOSSA that quotes SQL.
        let sql = at("rusqlite") || (at("SELECT ") && module != "practice");
        if sql && module != "store" {
            wrong.push(format!("{}: SQL stands below `store/` alone", path.display()));
        }
        if path.file_name().is_some_and(|name| ["mod.rs", "utils.rs", "common.rs", "types.rs", "manager.rs"].iter().any(|bad| name == *bad))
        {
            wrong.push(format!("{}: say what is in it", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<_> = files().into_iter().filter(|(_, _, text)| !text.starts_with("//!")).map(|(_, path, _)| path).collect();
    assert!(silent.is_empty(), "these begin with no `//!`: {silent:?}");
}

/// What fields of log lines are called. One name, one thing; a new one belongs here and, where others will want it, into
/// `ARCHITECTURE.md`.
const LOG_FIELDS: &[&str] = &[
    "project",
    "plugin",
    "event.id",
    "event.kind",
    "invocation.id",
    "delivery.id",
    "connection",
    "component",
    "attempt",
    "outcome",
    "verdict",
    "reason",
    "error",
    "duration_ms",
    "size_bytes",
    "file",
    "line",
    "digest",
    "version",
    "plugins",
    "schema",
    "events",
    "result",
    "made",
    "rows",
    "invocations",
    "deliveries",
    "rows",
    "commands",
    "left_out",
    "listen",
    "admin",
    "peer",
    "signal",
    "threads",
];

/// The fields of each log line of `text`, as `name` of `name = value`, `%name` and `name`.
fn log_fields(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (place, level) in ["trace!(", "debug!(", "info!(", "warn!(", "error!("].iter().flat_map(|level| text.match_indices(level)) {
        let mut rest = text[place + level.len()..].trim_start();
        if let Some(target) = rest.strip_prefix("target: \"") {
            rest = target.split_once("\",").unwrap().1;
        }
        // The message is the first text that no field's value is.
        let fields = rest.split_once('"').map_or("", |(fields, _)| fields);
        let names = fields.split(',').map(|field| field.split('=').next().unwrap().trim().trim_start_matches(['%', '?']).to_owned());
        found.extend(names.filter(|name| !name.is_empty()));
    }
    found
}

#[test]
fn fields_of_log_lines_are_called_alike_everywhere() {
    let line = "warn!(\n    target: \"a::b\", project = %name, %error, attempt,\n    \"Text, with = and %\"\n);";
    assert_eq!(log_fields(line), ["project", "error", "attempt"]);
    let mut wrong = Vec::new();
    for (_, path, text) in files() {
        let others = log_fields(&text).into_iter().filter(|name| !LOG_FIELDS.contains(&name.as_str()));
        wrong.extend(others.map(|name| format!("{}: `{name}` is no field of log lines", path.display())));
        if text.contains("warn!(?") || text.contains("error = ?") {
            wrong.push(format!("{}: log lines show errors by Display", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
