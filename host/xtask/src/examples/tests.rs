use super::*;

/// The folders of the examples, cases apart.
fn folders() -> Vec<String> {
    let entries = std::fs::read_dir(root().join(FOLDER)).unwrap().map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name().to_string_lossy().into_owned());
    folders.filter(|name| name != "cases").collect()
}

#[test]
fn every_example_is_built_here() {
    let missing: Vec<String> = folders().into_iter().filter(|name| !list::ALL.iter().any(|example| example.name == name)).collect();
    assert!(missing.is_empty(), "not in `examples/list.rs`: {}", missing.join(", "));
}

#[test]
fn every_example_is_built_as_its_readme_says() {
    for example in list::ALL {
        let readme = std::fs::read_to_string(root().join(FOLDER).join(example.name).join("README.md")).unwrap();
        for command in example.build {
            assert!(readme.contains(command), "the README of `{}` does not say `{command}`", example.name);
        }
    }
}
