//! What a new folder holds.

use super::*;
use crate::config::GuestLimits;
use crate::config::load::{Context, Env};

#[test]
fn what_is_made_can_be_loaded_and_is_kept_the_second_time() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("crowd");
    run(&InitArgs { dir: dir.clone() }).unwrap();
    let host = load::host(Some(&dir.join("crowdhook.toml"))).unwrap();
    let defaults = load::host_from_text(Path::new("crowdhook.toml"), "", &dir).unwrap();
    assert_eq!(format!("{host:?}"), format!("{defaults:?}"));
    fs::write(dir.join("crowdhook.toml"), "data = \"mine\"").unwrap();
    run(&InitArgs { dir: dir.clone() }).unwrap();
    assert_eq!(fs::read_to_string(dir.join("crowdhook.toml")).unwrap(), "data = \"mine\"");
}

#[test]
fn the_example_is_a_project() {
    let env = Env::of(&[("BIRDS_API_KEY", "key"), ("BIRDS_HOOK_TOKEN", "0123456789abcdef")]);
    let context = Context { env, guest: GuestLimits::default(), own_folders: Vec::new() };
    let name = "birds".parse().unwrap();
    let (_, warnings) = load::project_from_text(name, Path::new("birds.toml"), EXAMPLE, Path::new(""), &context).unwrap();
    assert!(warnings.is_empty(), "{warnings}");
}
