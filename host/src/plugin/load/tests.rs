//! Components of the released interface on a host whose interface has grown.

use std::path::{Path, PathBuf};

use wit_parser::{Resolve, WorldItem};

use super::*;
use crate::case::{Case, Expected, Files, cases, difference};
use crate::config::Limits;

fn kept(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kept").join(below)
}

/// The interface of today in `folder`, with a function and an interface that it has not.
fn grow(folder: &Path) {
    let text = |file: PathBuf| std::fs::read_to_string(file).unwrap();
    for entry in std::fs::read_dir("../wit").unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
        let more = match entry.file_name().to_str().unwrap() {
            "crowd.wit" => text(entry.path()).trim_end().strip_suffix('}').unwrap().to_owned() + &text(kept("grown/crowd.wit")),
            "plugin.wit" => text(entry.path()).replace("    import log;", "    import log;\n    import clock;"),
            _ => text(entry.path()),
        };
        std::fs::write(folder.join(entry.file_name()), more).unwrap();
    }
    std::fs::copy(kept("grown/clock.wit"), folder.join("clock.wit")).unwrap();
}

/// Offers all functions of a world that this host does not have, and says which ones.
fn offer_the_rest(linker: &mut Linker<Guest>, wit: &Path) -> Vec<String> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(wit).unwrap();
    let world = &resolve.worlds[*resolve.packages[package].worlds.get("plugin").unwrap()];
    let mut new = Vec::new();
    for (key, item) in &world.imports {
        let WorldItem::Interface { id, .. } = item else { continue };
        let (name, interface) = (resolve.name_world_key(key), &resolve.interfaces[*id]);
        let ours = imports::OURS.iter().find(|(ours, _)| interface.name.as_deref() == Some(*ours)).map_or(&[][..], |(_, ours)| ours);
        for function in interface.functions.keys().filter(|function| !ours.contains(&function.as_str())) {
            let mut instance = linker.instance(&name).unwrap();
            instance.func_new(function, |_, _, _, _| Err(wasmtime::Error::msg("nobody who was built before asks for this"))).unwrap();
            new.push(format!("{name} {function}"));
        }
    }
    new
}

/// All sandboxes share what the engine has set aside: one file may not take the memories of several.
#[tokio::test]
async fn a_component_of_more_memories_than_a_sandbox_has_is_refused() {
    let modules: String =
        (0..5).map(|number| format!("(core module $m{number} (memory 1)) (core instance (instantiate $m{number}))")).collect();
    let bytes: Arc<[u8]> = wat::parse_str(format!("(component {modules})")).unwrap().into();
    let engine = Engine::start(&Limits { sandboxes_max: 1, ..Limits::default() }, None).unwrap();
    let digest = Digest::of(&bytes);
    let why = compile::compile(&engine, bytes, digest).await.err().unwrap().to_string();
    assert!(why.contains("5") && why.contains("4") && why.contains("memories"), "{why}");
}

#[tokio::test]
async fn a_component_of_the_released_interface_runs_on_a_host_that_offers_more() {
    let wit = tempfile::tempdir().unwrap();
    grow(wit.path());
    let engine = Engine::start(&Limits { sandboxes_max: 1, ..Limits::default() }, None).unwrap();
    let mut linker = linker(&engine).unwrap();
    let new = offer_the_rest(&mut linker, wit.path());
    assert_eq!(new, ["crowdhook:plugin/crowd@0.1.0 count-answers", "crowdhook:plugin/clock@0.1.0 set"]);
    let mut ran = 0;
    for folder in std::fs::read_dir(kept("0.1.0")).unwrap().map(|entry| entry.unwrap().path()) {
        let bytes: Arc<[u8]> = std::fs::read(folder.join("plugin.wasm")).unwrap().into();
        let digest = Digest::of(&bytes);
        let compiled = compile::compile(&engine, bytes, digest).await.unwrap();
        let component = asked(&linker, &compiled.component, (digest, Duration::ZERO)).await.unwrap();
        for of in cases(&folder).unwrap() {
            let case = Case::read(&Files { folder: Some(of.clone()), ..Files::default() }).unwrap();
            let came_out = case.run(&component).await.unwrap().outcome;
            let Expected(expected) = Expected::read(&of).unwrap().unwrap();
            assert_eq!(difference(&expected, &came_out), None, "{}", of.display());
            ran += 1;
        }
    }
    assert!(ran > 10, "{ran}");
}
