//! What the example plugins say in their cases. The plugins themselves are built and run by `cargo xtask examples`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::crate_folder;

fn read(file: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Each `expected.json` of an example plugin that has cases of its own.
fn expected() -> Vec<PathBuf> {
    let entries = |folder: PathBuf| std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let plugins = entries(crate_folder().join("../examples/plugins"));
    let mut files: Vec<_> = plugins.flat_map(|plugin| entries(plugin.join("cases"))).map(|case| case.join("expected.json")).collect();
    files.retain(|file| file.exists());
    files.sort();
    files
}

#[test]
fn analyses_have_the_shape_that_other_plugins_rely_on() {
    let schema = read(&crate_folder().join("../wit/analysis.schema.json"));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut seen = 0;
    for file in expected() {
        for event in read(&file)["events"].as_array().into_iter().flatten().filter(|event| event["kind"] == "task.analysed") {
            let wrong: Vec<String> =
                validator.iter_errors(&event["payload"]).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert!(wrong.is_empty(), "{}: {}", file.display(), wrong.join("\n"));
            seen += 1;
        }
    }
    assert!(seen > 5, "there are only {seen} analyses in the cases of the examples");
}
