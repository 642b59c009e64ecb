use serde_json::{Value, json};

use super::{Format, Problem, SCHEMA, Target, parse};

/// What is wrong with settings beyond what the schema says.
fn check(json: &str) -> Vec<Problem> {
    parse(json).err().unwrap_or_default()
}

fn fits_schema(settings: &Value) -> bool {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    jsonschema::validator_for(&schema).unwrap().is_valid(settings)
}

fn problems(settings: Value) -> Vec<Problem> {
    assert!(fits_schema(&settings), "{settings}");
    check(&settings.to_string())
}

/// Where there is a problem, and that its message says this.
fn check_problem(settings: Value, at: &str, says: &str) {
    let problems = problems(settings);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].at, at);
    assert!(problems[0].message.contains(says), "{problems:?}");
}

fn target(settings: Value) -> Target {
    assert_eq!(problems(settings.clone()), []);
    parse(&settings.to_string()).unwrap().target
}

#[test]
fn a_folder_is_enough() {
    let folder = "results".to_owned();
    assert_eq!(target(json!({ "folder": "results" })), Target::File { folder: folder.clone() });
    let lines = |format| Target::Lines { folder: folder.clone(), format };
    assert_eq!(target(json!({ "folder": "results", "mode": "append" })), lines(Format::Csv));
    assert_eq!(target(json!({ "folder": "results", "mode": "append", "format": "jsonl" })), lines(Format::Jsonl));
    let dropbox = json!({ "via": "dropbox", "connection": "box", "path": "birds/{{ task.id }}.json" });
    assert_eq!(target(dropbox), Target::Dropbox { connection: "box".to_owned() });
}

#[test]
fn the_schema_refuses_what_the_parser_refuses() {
    for settings in [
        json!({ "folder": "a", "mode": "both" }),
        json!({ "folder": "a", "format": "xml" }),
        json!({ "folder": 1 }),
        json!({ "folder": "a", "flder": "b" }),
        json!({ "folder": "a", "via": "ftp" }),
        json!({ "folder": "a", "columns": ["answer"] }),
    ] {
        assert!(!fits_schema(&settings), "{settings}");
        assert!(parse(&settings.to_string()).is_err(), "{settings}");
    }
    assert!(!fits_schema(&json!({ "folder": "a", "columns": {} })));
}

#[test]
fn the_defaults_in_the_schema_are_those_of_the_code() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let default = |name: &str| schema["properties"][name]["default"].clone();
    let with = |mode: Value, via: Value, format: Value| target(json!({ "folder": "a", "mode": mode, "via": via, "format": format }));
    assert_eq!(target(json!({ "folder": "a", "mode": default("mode"), "via": default("via") })), target(json!({ "folder": "a" })));
    assert_eq!(with(json!("append"), default("via"), default("format")), target(json!({ "folder": "a", "mode": "append" })));
}

#[test]
fn it_has_to_be_said_where_files_go() {
    check_problem(json!({}), "", "write `folder = \"results\"`");
    check_problem(json!({ "via": "dropbox" }), "", "write `connection = \"dropbox\"`");
    check_problem(json!({ "folder": "a", "connection": "b" }), "/connection", "write `via = \"dropbox\"`");
    check_problem(json!({ "via": "dropbox", "folder": "a", "connection": "b" }), "/folder", "write the folder in `path`");
    check_problem(json!({ "via": "dropbox", "connection": "b", "mode": "append" }), "/mode", "keeps in step");
}

#[test]
fn a_file_per_task_is_json_and_has_the_task_in_its_path() {
    check_problem(json!({ "folder": "a", "format": "csv" }), "/format", "write `mode = \"append\"`");
    check_problem(json!({ "folder": "a", "path": "results.json" }), "/path", "write `{{ task.id }}`");
}

#[test]
fn a_path_stays_below_its_folder() {
    check_problem(json!({ "folder": "a", "path": "/tmp/{{ task.id }}.json" }), "/path", "write `tmp/{{ task.id }}.json`");
    check_problem(json!({ "folder": "a", "path": "../{{ task.id }}.json" }), "/path", "may not begin with a dot");
    check_problem(json!({ "folder": "a", "path": "{{ task.id }}/.hidden" }), "/path", "may not begin with a dot");
    check_problem(json!({ "folder": "a", "path": "a//{{ task.id }}" }), "/path", "empty name");
    check_problem(json!({ "folder": "a", "path": "a\\{{ task.id }}" }), "/path", "no path may have");
    check_problem(json!({ "folder": "a", "path": "{% if decided %}a{% endif %}/../{{ task.id }}" }), "/path", "may not begin with a dot");
}

#[test]
fn what_does_not_parse_or_exist_is_a_problem_where_it_stands() {
    check_problem(json!({ "folder": "a", "when": "decided and" }), "/when", "does not parse");
    check_problem(json!({ "folder": "a", "when": "agrement > 0.5" }), "/when", "did you mean `agreement`?");
    check_problem(json!({ "folder": "a", "path": "{{ task.idd }}-{{ task.id }}.json" }), "/path", "did you mean `id`?");
    check_problem(json!({ "folder": "a", "columns": { "a/b": "answr" } }), "/columns/a~1b", "did you mean `answer`?");
    check_problem(json!({ "folder": "a", "columns": { "b": "{{ answer }}" } }), "/columns/b", "without braces");
    check_problem(json!({ "folder": "a", "columns": { "task": "answer" } }), "/columns/task", "in any case");
    assert_eq!(problems(json!({ "folder": "a", "columns": { "a": "x", "b": "y" }, "when": "z" })).len(), 3);
}

#[test]
fn settings_that_are_no_object_are_a_problem_and_no_panic() {
    for text in ["", "[]", "1", "{", "null"] {
        assert_eq!(check(text).len(), 1, "{text}");
    }
}

#[test]
fn the_project_file_in_the_readme_works() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("```toml\n").unwrap();
    let project: toml::Table = rest.split_once("```").unwrap().0.parse().unwrap();
    let plugin = &project["plugins"]["table"];
    assert_eq!(plugin["component"].as_str(), Some("results-file"));
    assert_eq!(problems(serde_json::to_value(&plugin["settings"]).unwrap()), []);
}
