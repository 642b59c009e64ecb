use std::collections::BTreeSet;

use clap::ValueEnum as _;

use super::*;
use crate::case::{Case, Files, cases};

const NAME: &str = "bird-vote-2";

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files below a folder, by their paths in it, but for what its `.gitignore` names and what tools leave.
fn files_below(folder: &Path) -> BTreeSet<String> {
    let ignored = fs::read_to_string(folder.join(".gitignore")).unwrap_or_default();
    let ignored: Vec<&str> =
        ignored.lines().map(|line| line.trim_matches('/')).chain([".wasm", "target", ".mypy_cache", "__pycache__"]).collect();
    let mut found = BTreeSet::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(folder.join(&below)).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            let is_ignored =
                |line: &&str| !line.is_empty() && (name == **line || name.ends_with(line.trim_start_matches('*')) && line.contains('.'));
            if ignored.iter().any(is_ignored) && name != ".gitignore" {
                continue;
            }
            let path = below.join(&name);
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else {
                found.insert(path.to_str().unwrap().replace('\\', "/"));
            }
        }
    }
    found
}

fn names(files: &[(&str, &[u8])]) -> BTreeSet<String> {
    files.iter().map(|(path, _)| (*path).to_owned()).collect()
}

#[test]
fn every_file_of_an_example_is_in_what_is_made_of_it() {
    for language in Language::value_variants() {
        let folder = repository().join("examples/plugins").join(language.to_string().to_lowercase());
        assert_eq!(names(language.example()), files_below(&folder), "{language}: name all files in `Language::example`");
    }
    let wit = files_below(&repository().join("wit"));
    let wit: BTreeSet<String> = wit.into_iter().filter(|path| !path.starts_with("released/") && path != "README.md").collect();
    assert_eq!(names(template::WIT), wit, "name all files of `wit` in `template::WIT`");
    let vendored = files_below(&repository().join("plugins/sdk"));
    assert_eq!(names(Language::Rust.vendored()), vendored, "name all files of the SDK in `template::SDK`");
}

#[test]
fn what_is_made_names_itself_and_nothing_outside_of_its_folder() {
    for &language in Language::value_variants() {
        let made = template::files(language, NAME);
        let own: Vec<(&str, &str)> = made
            .iter()
            .filter(|(path, _)| !["wit/", "cases/", "vendor/"].iter().any(|folder| path.starts_with(folder)))
            .filter_map(|(path, content)| Some((path.as_str(), std::str::from_utf8(content).ok()?)))
            .collect();
        for (path, text) in &own {
            for left in ["../../", "../cases", "../README", "../wit", "vote.wasm", "\"vote\"", "'vote'", "plugins.vote", "vote.c"] {
                let places = text.match_indices(left).filter(|(place, _)| !text[..*place].ends_with("bird-"));
                assert_eq!(places.count(), 0, "{language}: `{left}` stands in `{path}`");
            }
        }
        let all: String = own.iter().map(|(_, text)| *text).collect();
        for wanted in [format!("{NAME}.wasm"), format!("\"{NAME}\""), format!("[plugins.{NAME}]"), "cases".to_owned()] {
            assert!(all.contains(&wanted) || all.contains(&wanted.replace('"', "'")), "{language}: there is no `{wanted}`");
        }
        let paths: BTreeSet<&str> = made.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths.len(), made.len(), "{language}: a file is there twice");
        for wanted in
            ["README.md", ".gitignore", "wit/plugin.wit", "wit/analysis.schema.json", "cases/README.md", "cases/agreed/expected.json"]
        {
            assert!(paths.contains(wanted), "{language}: there is no `{wanted}`");
        }
        assert!(!paths.iter().any(|path| path.contains("vote.") && !path.contains(NAME)), "{language}: {paths:?}");
    }
}

#[test]
fn cases_that_are_made_can_be_read_and_say_what_is_expected() {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in template::files(Language::Javascript, NAME) {
        write(&folder.path().join(path), &content).unwrap();
    }
    let found = cases(&folder.path().join("cases")).unwrap();
    assert_eq!(found.len(), 3);
    for of in found {
        Case::read(&Files { folder: Some(of.clone()), ..Files::default() }).unwrap();
        assert!(crate::case::Expected::read(&of).unwrap().is_some());
    }
    let said = fs::read_to_string(folder.path().join("cases/README.md")).unwrap();
    assert!(said.contains("On `task.completed` it counts") && said.contains("| `agreement` |"), "{said}");
    assert!(!said.contains("](javascript)") && !said.contains("](chat-note)"), "{said}");
    assert_eq!(1, said.matches("are no agreement.").count(), "{said}");
}

#[test]
fn names_that_no_package_can_have_are_refused() {
    for refused in ["", "Vote", "2-votes", "-vote", "vote-", "my_vote", "vöte"] {
        assert!(name(refused).is_err(), "{refused}");
    }
    assert_eq!(name("v2-birds").unwrap().as_str(), "v2-birds");
    for (language, word) in [(Language::Rust, "loop"), (Language::Rust, "serde"), (Language::C, "plugin")] {
        assert!(language.reserves(word));
    }
    assert!(!Language::Python.reserves("loop"));
}
