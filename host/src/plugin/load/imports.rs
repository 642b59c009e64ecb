//! What a component asks of a host and has to have, beside what this host offers and calls.

use wasmtime::component;
use wasmtime::component::types::ComponentItem;

use super::super::engine::Engine;
use super::{INTERFACE_VERSION, LoadError};

const PACKAGE: &str = "crowdhook:plugin/";
const WASI: [&str; 6] = ["wasi:io/", "wasi:cli/", "wasi:clocks/", "wasi:random/", "wasi:filesystem/", "wasi:sockets/"];
/// The interfaces of our package, with their functions. A test holds this beside `wit/`.
pub(super) const OURS: [(&str, &[&str]); 11] = [
    ("types", &[]),
    ("crowd", &["get-project", "find-worker", "event-task", "event-answers", "find-task", "list-answers", "find-task-result"]),
    ("state", &["get", "set", "remove", "increment", "scan"]),
    ("http", &["fetch", "send"]),
    ("results", &["save"]),
    ("tasks", &["create", "raise-redundancy"]),
    ("email", &["send"]),
    ("files", &["write", "append"]),
    ("badges", &["award", "revoke"]),
    ("events", &["emit"]),
    ("log", &["write"]),
];
/// What a plugin exports.
pub(in crate::plugin) const EXPORTS: [&str; 3] = ["describe", "check-settings", "handle"];

/// What a component imports.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Import {
    /// As the file has it: `crowdhook:plugin/results@0.1.0`.
    pub name: String,
    /// Whether this host offers it, with all functions of it that are used.
    pub is_offered: bool,
    /// The functions of it that are used.
    pub functions: Vec<String>,
    /// Those of them that this host does not have, of an interface that it has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

impl Import {
    fn of(name: &str, functions: Vec<String>) -> Self {
        let missing = match our_functions(name) {
            Some(ours) => functions.iter().filter(|function| !ours.contains(&function.as_str())).cloned().collect(),
            None => Vec::new(),
        };
        let is_wasi = WASI.iter().any(|family| name.starts_with(family)) && name.contains("@0.2.");
        Self { is_offered: missing.is_empty() && (our_functions(name).is_some() || is_wasi), name: name.to_owned(), functions, missing }
    }

    /// What is not offered of it, by name.
    fn wanted(&self) -> Vec<String> {
        if self.missing.is_empty() {
            return vec![format!("`{}`", self.name)];
        }
        self.missing.iter().map(|function| format!("`{function}` of `{}`", self.name)).collect()
    }

    /// What to do about what is not offered of it.
    fn help(&self) -> String {
        if !self.missing.is_empty() {
            return format!(
                "it was built for a newer host of `crowdhook:plugin@{INTERFACE_VERSION}`: run it on a newer Crowdhook, or build it with this host's `wit` folder"
            );
        }
        match self.name.strip_prefix(PACKAGE).and_then(|rest| rest.split_once('@')) {
            Some((_, version)) if version != INTERFACE_VERSION => {
                format!(
                    "it was built for `crowdhook:plugin@{version}`, this host offers `{INTERFACE_VERSION}`: build it with this host's `wit` folder"
                )
            }
            Some((interface, _)) => {
                format!("there is no interface `{interface}` here: run it on a newer Crowdhook, or build it with this host's `wit` folder")
            }
            None if self.name.starts_with("wasi:http") => {
                "build it without `wasi:http` (componentize-js: `disableFeatures: ['http', 'fetch-event']`) and use `http.fetch`".to_owned()
            }
            None if WASI.iter().any(|family| self.name.starts_with(family)) => {
                format!("`{}` is not of WASI 0.2: build it for the target `wasm32-wasip2`, or with tools that make WASI 0.2", self.name)
            }
            None => format!("a plugin may import `crowdhook:plugin@{INTERFACE_VERSION}` and WASI 0.2 without `wasi:http`"),
        }
    }
}

/// The functions of an interface of ours.
fn our_functions(import: &str) -> Option<&'static [&'static str]> {
    let (name, version) = import.strip_prefix(PACKAGE)?.split_once('@')?;
    let (_, functions) = OURS.iter().find(|(ours, _)| version == INTERFACE_VERSION && name == *ours)?;
    Some(functions)
}

/// What a component imports, in the order of its file.
pub(super) fn imports(engine: &Engine, compiled: &component::Component) -> Vec<Import> {
    let kind = compiled.component_type();
    let functions = |item: ComponentItem| match item {
        ComponentItem::ComponentInstance(instance) => {
            let exports = instance.exports(&engine.wasmtime);
            exports.filter(|(_, export)| matches!(export.ty, ComponentItem::ComponentFunc(_))).map(|(name, _)| name.to_owned()).collect()
        }
        _ => Vec::new(),
    };
    kind.imports(&engine.wasmtime).map(|(name, import)| Import::of(name, functions(import.ty))).collect()
}

/// Names everything that a component wants and this host does not offer, with what to do about each, rather than the first one only; then
/// everything that a plugin has and it has not.
pub(super) fn check(engine: &Engine, compiled: &component::Component) -> Result<(), LoadError> {
    let not_offered: Vec<Import> = imports(engine, compiled).into_iter().filter(|import| !import.is_offered).collect();
    if !not_offered.is_empty() {
        let mut helps: Vec<String> = not_offered.iter().map(Import::help).collect();
        helps.sort();
        helps.dedup();
        return Err(LoadError::Imports { wants: not_offered.iter().flat_map(Import::wanted).collect(), help: helps.join("; ") });
    }
    let kind = compiled.component_type();
    let exports: Vec<(&str, bool)> =
        kind.exports(&engine.wasmtime).map(|(name, export)| (name, matches!(export.ty, ComponentItem::ComponentFunc(_)))).collect();
    let missing: Vec<&str> = EXPORTS.into_iter().filter(|wanted| !exports.contains(&(wanted, true))).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let is_program = exports.iter().any(|(name, _)| name.starts_with("wasi:cli/run"));
    Err(LoadError::Exports {
        missing: missing.into_iter().map(|name| format!("`{name}`")).collect(),
        help: if is_program { A_PROGRAM } else { A_PLUGIN }.to_owned(),
    })
}

const A_PLUGIN: &str = "export the three functions of the world `plugin` in `wit/plugin.wit` (`check-settings` is `checkSettings` in JavaScript, and \
                        `check_settings` in Rust, Python and C); `crowdhook plugin new` makes a plugin that has them";
const A_PROGRAM: &str = "it is a program with a `main`: build a library instead (Rust: `crate-type = [\"cdylib\"]`; C: `-mexec-model=reactor`) that exports the \
                         three functions of the world `plugin` in `wit/plugin.wit`";

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use wit_parser::Resolve;

    use super::*;

    #[test]
    fn what_is_offered_is_what_the_interface_says() {
        let mut resolve = Resolve::default();
        let (package, _) = resolve.push_dir("../wit").unwrap();
        let interfaces = &resolve.packages[package].interfaces;
        let said: BTreeMap<&str, Vec<&str>> = interfaces
            .iter()
            .map(|(name, &id)| (name.as_str(), resolve.interfaces[id].functions.keys().map(String::as_str).collect()))
            .collect();
        let ours: BTreeMap<&str, Vec<&str>> = OURS.iter().map(|(name, functions)| (*name, functions.to_vec())).collect();
        assert_eq!(ours, said);
        assert_eq!(resolve.packages[package].name.version.as_ref().unwrap().to_string(), INTERFACE_VERSION);
    }
}
