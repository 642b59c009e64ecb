//! Components made of core modules, for toolchains that stop one step short: C and C++, TinyGo, Rust for `wasm32-unknown-unknown` and
//! `wasm32-wasip1`.
//!
//! A module that can be packed says itself which functions it takes and gives: bindings made by `wit-bindgen` write that into it, as
//! custom sections. What it imports of the older WASI (`wasi_snapshot_preview1`) is translated by an adapter that is packed with it.

use std::collections::BTreeSet;

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as PREVIEW1, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as PREVIEW1_ADAPTER,
};
use wasmparser::{Encoding, Parser, Payload};
use wit_component::{ComponentEncoder, metadata};

use super::load::{EXPORTS, LoadError};

/// The custom sections that say what a module takes and gives.
const TYPES: &str = "component-type";
/// Where a module imports the functions that a world imports outside of any interface.
const ROOT: &str = "$root";

/// Why no component can be made of a file.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// Not WebAssembly, or a broken file.
    #[error(transparent)]
    Broken(#[from] LoadError),
    /// Nothing is left to do.
    #[error("it is a component already\nhelp: drop it as it is; `crowdhook plugin check` says whether a host would load it")]
    Component,
    /// Nothing in it says what it is a component of.
    #[error(
        "it holds no component types, so nothing says what it takes and gives\nhelp: build it with bindings that were made of the `wit` folder: \
         in C, link `plugin.c` and `plugin_component_type.o` of `wit-bindgen c`; in Rust, use the crate `crowdhook-plugin` or \
         `wit_bindgen::generate!`"
    )]
    NoTypes,
    /// It lacks what a plugin has to export.
    #[error(
        "it does not export {}\nhelp: in C, define `exports_plugin_describe`, `exports_plugin_check_settings` and `exports_plugin_handle`, and \
         link with `-mexec-model=reactor`; in Rust, build a `cdylib` that exports its plugin by the macro of its bindings", quoted(.0)
    )]
    Exports(Vec<String>),
    /// It imports what neither its own types nor the adapter have.
    #[error("it wants what no host offers: {}\nhelp: {help}", quoted(wants))]
    Imports {
        /// Each import, `module.name`.
        wants: Vec<String>,
        /// What to do.
        help: String,
    },
    /// It cannot be packed for another reason.
    #[error("no component can be made of it: {0}")]
    Other(String),
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A module's own words on what it takes and gives.
#[derive(Default)]
struct Module {
    has_types: bool,
    imports: BTreeSet<(String, String)>,
    exports: BTreeSet<String>,
}

/// The component made of a core module. It is valid; whether a host would load it, [`super::load::load`] says.
///
/// # Errors
///
/// [`PackError`], for the module's author to read.
pub fn pack(bytes: &[u8]) -> Result<Vec<u8>, PackError> {
    let module = read(bytes)?;
    if !module.has_types {
        return Err(PackError::NoTypes);
    }
    let lacks: Vec<String> = EXPORTS.iter().filter(|name| !module.exports.contains(**name)).map(|name| (*name).to_owned()).collect();
    if !lacks.is_empty() {
        return Err(PackError::Exports(lacks));
    }
    check_imports(bytes, &module)?;
    let mut encoder = ComponentEncoder::default().validate(true).module(bytes).map_err(other)?;
    if module.imports.iter().any(|(from, _)| from == PREVIEW1) {
        encoder = encoder.adapter(PREVIEW1, PREVIEW1_ADAPTER).map_err(other)?;
    }
    encoder.encode().map_err(other)
}

fn other(error: anyhow::Error) -> PackError {
    PackError::Other(format!("{error:#}"))
}

fn read(bytes: &[u8]) -> Result<Module, PackError> {
    if !bytes.starts_with(b"\0asm") {
        return Err(LoadError::NotWasm.into());
    }
    let broken = |error: wasmparser::BinaryReaderError| PackError::Broken(LoadError::Broken(error.to_string()));
    let mut module = Module::default();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(broken)? {
            Payload::Version { encoding: Encoding::Component, .. } => return Err(PackError::Component),
            Payload::CustomSection(section) => module.has_types |= section.name().starts_with(TYPES),
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.map_err(broken)?;
                    module.imports.insert((import.module.to_owned(), import.name.to_owned()));
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    module.exports.insert(export.map_err(broken)?.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(module)
}

/// Names every import that nothing stands behind, rather than the first one only.
fn check_imports(bytes: &[u8], module: &Module) -> Result<(), PackError> {
    let (_, types) = metadata::decode(bytes).map_err(other)?;
    let world = types.resolve.worlds.get(types.world);
    let interfaces = world.into_iter().flat_map(|world| world.imports.keys()).map(|key| types.resolve.name_world_key(key));
    let known: BTreeSet<String> = interfaces.chain([ROOT.to_owned()]).collect();
    let adapter = read(PREVIEW1_ADAPTER)?;
    let is_known = |(from, name): &&(String, String)| match from.as_str() {
        PREVIEW1 => adapter.exports.contains(name),
        _ => known.contains(from),
    };
    let (mut wants, mut helps) = (Vec::new(), BTreeSet::new());
    for (from, name) in module.imports.iter().filter(|import| !is_known(import)) {
        wants.push(format!("{from}.{name}"));
        helps.insert(help_without(from, name));
    }
    if wants.is_empty() {
        return Ok(());
    }
    Err(PackError::Imports { wants, help: helps.into_iter().collect::<Vec<_>>().join("; ") })
}

/// What to do about an import that nothing stands behind.
fn help_without(from: &str, name: &str) -> &'static str {
    match (from, name) {
        ("env", "memory") => "build without threads: a plugin has a memory of its own and exports it",
        ("env", _) => {
            "link what defines these functions, or do without them; without `--allow-undefined` the linker says where they are used"
        }
        ("wasi", "thread-spawn") => "build without threads",
        (PREVIEW1, _) => "do without it: the adapter to WASI 0.2 does not have it",
        ("wasi_unstable", _) => "build with a newer wasi-libc: this is the WASI of 2019",
        (from, _) if from.starts_with("__wbindgen") => {
            "build without `wasm-bindgen`, which is for browsers: often a feature `js` or `wasmbind` of a dependency"
        }
        _ => "make the bindings of the `wit` folder anew, and build with nothing but them and WASI",
    }
}
