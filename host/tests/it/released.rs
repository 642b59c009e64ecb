//! The promise of `wit/released`: what was released stays as it is, `wit/` holds all of it unchanged, and components that were built for it
//! run on.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crowdhook::case::{Case, Expected, Files, cases, difference};
use sha2::{Digest, Sha256};

use crate::harness::{crate_folder, load};
use growth::Surface;

/// Whether one version holds all of another.
mod growth;

/// Each released version, with the digest of its files.
const RELEASED: [(&str, &str); 1] = [("0.1.0", "7d402619f20a2452d639a9193e39932b9700bc395782b2562408c9b1d65c50de")];

fn wit() -> PathBuf {
    crate_folder().join("../wit")
}

/// The names and texts of the `.wit` files in a folder, as one digest.
fn digest(folder: &Path) -> String {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut hasher = Sha256::new();
    for file in files {
        // However a checkout ends its lines.
        let text = std::fs::read_to_string(&file).unwrap().replace("\r\n", "\n");
        let name = file.file_name().unwrap().to_str().unwrap();
        hasher.update(format!("{name} {}\n{text}", text.len()));
    }
    hasher.finalize().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[test]
fn what_was_released_never_changes() {
    let there: Vec<_> = std::fs::read_dir(wit().join("released")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(there.len(), RELEASED.len(), "a released version has its digest in `RELEASED`: {there:?}");
    for (version, frozen) in RELEASED {
        let now = digest(&wit().join("released").join(version));
        assert_eq!(now, frozen, "`wit/released/{version}` was changed, comments count too: put it back, and change `wit/` instead");
    }
}

#[test]
fn the_interface_holds_all_of_what_was_released_of_its_version() {
    let released = Surface::of_folder(&wit().join("released/0.1.0"));
    let breaks = Surface::of_folder(&wit()).breaks(&released);
    assert!(
        breaks.is_empty(),
        "components that were built for 0.1.0 would not run on:\n{}\nadd a function or an interface instead, or begin a new version of the package",
        breaks.join("\n")
    );
}

/// A package that is looked at before and after a change.
const BEFORE: &str = "
    package crowdhook:plugin@0.1.0;
    interface types { record task { id: string, done: bool } enum level { low, high } variant failure { retry(string), gone } }
    interface crowd { use types.{task, failure}; find: func(id: string) -> result<option<task>, failure>; }
    world plugin { import crowd; export handle: func(kind: string); }";

#[test]
fn each_change_that_breaks_a_component_is_named() {
    let before = Surface::of_text(BEFORE);
    let checks = [
        ("id: string, done: bool", "id: string, done: bool, gold: bool", "`record task of types` was `id: string, done: bool` and is"),
        ("id: string, done: bool", "done: bool, id: string", "`record task of types` was"),
        ("low, high", "low, mid, high", "`enum level of types` was `low, high` and is `low, mid, high`"),
        ("retry(string), gone", "retry(string), gone(string)", "`variant failure of types` was"),
        ("find: func(id: string)", "find: func(id: u32)", "`func find of crowd` was"),
        ("find: func", "look: func", "`func find of crowd` is gone"),
        ("import crowd; ", "", "`import interface crowdhook:plugin/crowd@0.1.0 of world plugin` is gone"),
        ("export handle", "export close: func(); export handle", "`export func close of world plugin` is asked of plugins"),
        ("@0.1.0;", "@0.2.0;", "`package` was `crowdhook:plugin@0.1.0` and is `crowdhook:plugin@0.2.0`"),
    ];
    for (what, instead, words) in checks {
        let changed = BEFORE.replace(what, instead);
        let breaks = Surface::of_text(&changed).breaks(&before);
        assert!(breaks.iter().any(|line| line.starts_with(words)), "`{instead}` for `{what}`: {breaks:?}");
    }
}

#[test]
fn a_new_function_and_a_new_interface_break_nobody() {
    let grown = BEFORE
        .replace("find: func", "count: func() -> u32; find: func")
        .replace("world plugin {", "interface clock { now: func() -> string; } world plugin { import clock;");
    assert_eq!(Surface::of_text(&grown).breaks(&Surface::of_text(BEFORE)), Vec::<String>::new());
}

/// The components that are kept from when `version` was released, each in a folder with its cases.
fn kept(version: &str) -> Vec<PathBuf> {
    let folder = crate_folder().join("tests/kept").join(version);
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

#[tokio::test]
async fn components_that_were_built_for_a_released_interface_do_what_they_did() {
    for (version, _) in RELEASED {
        let folders = kept(version);
        assert!(!folders.is_empty(), "no component is kept for {version}");
        for folder in folders {
            let component = load(&folder.join("plugin.wasm")).await.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
            for of in cases(&folder).unwrap() {
                let case = Case::read(&Files { folder: Some(of.clone()), ..Files::default() }).unwrap();
                let came_out = case.run(&component).await.unwrap().outcome;
                let Expected(expected) = Expected::read(&of).unwrap().unwrap();
                assert_eq!(difference(&expected, &came_out), None, "{}", of.display());
            }
        }
    }
}
