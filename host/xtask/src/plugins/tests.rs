use std::fs;
use std::path::Path;

use super::list::{self, Component, Origin};
use super::{COMMAND, encode, sources};

#[test]
fn the_committed_components_are_built_from_the_sources_as_they_are() {
    let stale = super::stale(&crate::root()).unwrap();
    assert!(stale.is_empty(), "stale: {}; run `{COMMAND}` and commit what it writes", stale.join(", "));
}

#[test]
fn the_committed_components_are_valid_and_import_nothing_but_our_own_interfaces() {
    let root = crate::root();
    for component in list::all(&root).unwrap() {
        let bytes = fs::read(component.prebuilt(&root)).unwrap();
        wasmparser::validate(&bytes).unwrap();
        if !matches!(component.origin, Origin::ByHand(_)) {
            for import in encode::imports(&bytes).unwrap() {
                assert!(import.starts_with("crowdhook:plugin/"), "{} imports {import}", component.name);
                assert!(import.ends_with("@0.1.0"), "{} imports {import}", component.name);
            }
        }
    }
}

#[test]
fn the_component_for_another_version_shows_it_in_its_imports() {
    let root = crate::root();
    let file = root.join("host/tests/guests/prebuilt/other-version.wasm");
    let imports = encode::imports(&fs::read(file).unwrap()).unwrap();
    assert_eq!(imports, ["crowdhook:plugin/log@0.2.0"]);
}

/// A repository with one plugin in it.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| {
        let file = folder.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    };
    put("plugins/vote/Cargo.toml", "crate-type = [\"cdylib\"]");
    put("plugins/vote/src/lib.rs", "one");
    put("plugins/vote/src/tests.rs", "one");
    put("plugins/tweet/Cargo.toml", "crate-type = [\"cdylib\"]\ncrowdhook-texts.workspace = true");
    put("plugins/tweet/src/lib.rs", "one");
    put("plugins/texts/src/lib.rs", "one");
    put("plugins/texts/Cargo.toml", "one");
    put("plugins/sdk/src/lib.rs", "one");
    put("plugins/sdk/Cargo.toml", "one");
    put("host/tests/guests/examples/spins.rs", "one");
    put("host/tests/guests/src/lib.rs", "one");
    put("wit/log.wit", "one");
    put("wit/README.md", "one");
    folder
}

/// Whether a change of this file makes the component stale.
fn changes(name: &str, origin: Origin, path: &str) -> bool {
    let folder = repository();
    let component = Component { name: name.to_owned(), origin };
    let hash = |root: &Path| sources::hash(root, &component).unwrap();
    let before = hash(folder.path());
    fs::write(folder.path().join(path), "two").unwrap();
    before != hash(folder.path())
}

#[test]
fn a_change_of_what_is_compiled_in_makes_a_component_stale() {
    let plugin = |path| changes("vote", Origin::Plugin, path);
    assert!(plugin("plugins/vote/src/lib.rs"));
    assert!(plugin("plugins/vote/Cargo.toml"));
    assert!(plugin("plugins/sdk/src/lib.rs"));
    assert!(plugin("wit/log.wit"));
    assert!(changes("tweet", Origin::Plugin, "plugins/texts/src/lib.rs"));
    assert!(changes("tweet", Origin::Plugin, "plugins/texts/Cargo.toml"));
    let guest = |path| changes("spins", Origin::Guest, path);
    assert!(guest("host/tests/guests/examples/spins.rs"));
    assert!(guest("host/tests/guests/src/lib.rs"));
    assert!(guest("wit/log.wit"));
}

#[test]
fn a_change_of_anything_else_does_not() {
    assert!(!changes("vote", Origin::Plugin, "plugins/vote/src/tests.rs"));
    assert!(!changes("vote", Origin::Plugin, "wit/README.md"));
    assert!(!changes("vote", Origin::Plugin, "plugins/texts/src/lib.rs"));
    assert!(!changes("vote", Origin::Plugin, "host/tests/guests/src/lib.rs"));
    assert!(!changes("spins", Origin::Guest, "plugins/vote/src/lib.rs"));
}

#[test]
fn a_missing_component_is_stale_and_one_without_a_source_is_named() {
    let folder = repository();
    let orphan = folder.path().join("plugins/prebuilt/gone.wasm");
    fs::create_dir_all(orphan.parent().unwrap()).unwrap();
    fs::write(orphan, "x").unwrap();
    let stale = super::stale(folder.path()).unwrap();
    assert!(stale.iter().any(|name| name == "vote"), "{stale:?}");
    assert!(stale.iter().any(|name| name.contains("gone.wasm")), "{stale:?}");
}

#[test]
fn a_path_of_this_machine_is_not_published() {
    let root = Path::new("/somewhere/checkout");
    assert!(encode::check_text(root, b"panicked at /somewhere/checkout/src/lib.rs").is_err());
    assert!(encode::check_text(root, b"panicked at /crowdhook/src/lib.rs").is_ok());
}
