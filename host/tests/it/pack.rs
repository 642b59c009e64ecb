//! Core modules that are made into components, and those that cannot be.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use wasmparser::{Parser, Payload};

use crate::harness::process::{Said, crowdhook, said};
use crate::harness::{crate_folder, guest_file};

/// A module made of C, which prints: it imports the older WASI.
fn prints() -> Vec<u8> {
    std::fs::read(crate_folder().join("tests/modules/prints.wasm")).unwrap()
}

/// A module of this text, with the types that the bindings write into each.
fn typed(text: &str) -> Vec<u8> {
    let mut module = wat::parse_str(text).unwrap();
    let prints = prints();
    for payload in Parser::new(0).parse_all(&prints) {
        if let Payload::CustomSection(section) = payload.unwrap()
            && section.name().starts_with("component-type")
        {
            let (name, mut body) = (section.name().as_bytes(), Vec::new());
            body.extend(leb(name.len()));
            body.extend(name);
            body.extend(section.data());
            module.push(0);
            module.extend(leb(body.len()));
            module.extend(body);
        }
    }
    module
}

/// A number as WebAssembly writes it.
fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push((number % 0x80) as u8 | 0x80);
        number /= 0x80;
    }
    bytes.push(number as u8);
    bytes
}

/// With all that a plugin exports, and nothing in it.
fn hollow(imports: &str) -> String {
    format!(
        r#"(module {imports}
            (memory (export "memory") 1)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
            (func (export "describe") (result i32) unreachable)
            (func (export "check-settings") (param i32 i32) (result i32) unreachable)
            (func (export "handle") (param i32) (result i32) unreachable))"#
    )
}

fn folder_with(module: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.wasm");
    std::fs::write(&file, module).unwrap();
    (folder, file)
}

async fn pack(module: &Path, more: &[&str]) -> Said {
    let mut command = crowdhook(&["plugin", "pack", module.to_str().unwrap()]);
    command.args(more);
    said(command).await
}

/// The module is refused with these words, and nothing is written.
async fn refused(module: &[u8], words: &[&str]) {
    let (folder, file) = folder_with(module);
    pack(&file, &[]).await.fails(1, words);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "a file was written for a module that is refused");
}

#[tokio::test]
async fn what_a_c_compiler_makes_is_packed_and_what_it_prints_is_logged() {
    let (folder, module) = folder_with(&prints());
    let shown = pack(&module, &[]).await.well();
    let component = folder.path().join("mine.component.wasm");
    assert!(
        shown.contains("prints 0.1.0: ") && shown.contains("mine.component.wasm`, ") && shown.contains("a host would load it"),
        "{shown}"
    );

    let event = folder.path().join("event.json");
    std::fs::write(&event, json!({ "kind": "task.completed", "task": "7" }).to_string()).unwrap();
    let run = crowdhook(&["plugin", "run", component.to_str().unwrap(), "--event", event.to_str().unwrap(), "--json"]);
    let told: Value = serde_json::from_str(&said(run).await.well()).unwrap();
    let line = |level: &str, message: &str| json!({ "level": level, "message": message });
    assert_eq!(told["log"], json!([line("stdout", "printed for task 7"), line("stderr", "said on stderr")]));

    let named = folder.path().join("named.wasm");
    let told: Value = serde_json::from_str(&pack(&module, &["-o", named.to_str().unwrap(), "--json"]).await.well()).unwrap();
    assert_eq!((&told["component"], told["bytes"].as_u64()), (&json!("prints"), Some(named.metadata().unwrap().len())));
    assert_eq!(std::fs::read(&named).unwrap(), std::fs::read(&component).unwrap());
}

#[tokio::test]
async fn what_cannot_be_packed_is_told_from_what_it_is() {
    refused(b"int main() {}", &["mine.wasm` cannot be packed", "it is not a WebAssembly file"]).await;
    refused(&prints()[..1000], &["it does not compile"]).await;
    let component = std::fs::read(guest_file("counts")).unwrap();
    refused(&component, &["it is a component already", "help: drop it as it is"]).await;
    let untyped = std::fs::read(guest_file("core-module")).unwrap();
    refused(&untyped, &["it holds no component types", "help: build it with bindings", "plugin_component_type.o"]).await;
    let other_kind = typed(&hollow("").replace(r#"(func (export "describe") (result i32)"#, r#"(func (export "describe") (result f64)"#));
    refused(&other_kind, &["no component can be made of it", "describe"]).await;
}

#[tokio::test]
async fn exports_that_are_missing_are_named_at_once() {
    let module = typed(r#"(module (memory (export "memory") 1) (func (export "describe") (result i32) unreachable))"#);
    refused(&module, &["it does not export `check-settings`, `handle`", "-mexec-model=reactor"]).await;
}

#[tokio::test]
async fn imports_that_no_host_offers_are_named_at_once_with_what_to_do() {
    let imports = r#"
        (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_frobnicate" (func))
        (import "wasi" "thread-spawn" (func (param i32) (result i32)))
        (import "env" "sqlite3_open" (func))
        (import "__wbindgen_placeholder__" "__wbindgen_describe" (func (param i32)))"#;
    refused(
        &typed(&hollow(imports)),
        &[
            "it wants what no host offers: `__wbindgen_placeholder__.__wbindgen_describe`, `env.sqlite3_open`, `wasi.thread-spawn`, \
             `wasi_snapshot_preview1.fd_frobnicate`",
            "build without `wasm-bindgen`",
            "link what defines these functions",
            "build without threads",
            "the adapter to WASI 0.2 does not have it",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_component_that_no_host_would_load_is_not_written() {
    refused(&typed(&hollow("")), &["no plugin that a host would load, and is not written", "its `describe` failed"]).await;
}

#[tokio::test]
async fn a_module_is_not_written_over() {
    let (folder, module) = folder_with(&prints());
    let same = folder.path().join(".").join("mine.wasm");
    pack(&module, &["--out", same.to_str().unwrap()]).await.fails(1, &["would be written over its own module", "help: name another file"]);
    assert_eq!(std::fs::read(&module).unwrap(), prints());
}
