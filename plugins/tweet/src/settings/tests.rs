use serde_json::{Value, json};

use super::{Problem, SCHEMA, TooLong, parse};
use crate::length::Service;

/// What is wrong with settings beyond what the schema says.
fn check(json: &str) -> Vec<Problem> {
    parse(json).err().unwrap_or_default()
}

fn fits_schema(settings: &Value) -> bool {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    jsonschema::validator_for(&schema).unwrap().is_valid(settings)
}

/// Settings with what every project has to set, and these.
fn with(more: Value) -> Value {
    let mut settings = json!({ "connection": "x", "text": "{{ answer }}" });
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    settings
}

/// What is wrong with settings that fit the schema.
fn problems(settings: &Value) -> Vec<(String, String)> {
    assert!(fits_schema(settings), "{settings}");
    check(&settings.to_string()).into_iter().map(|problem| (problem.at, problem.message)).collect()
}

fn wrong(more: Value, at: &str, message: &str) {
    assert_eq!(problems(&with(more)), [(at.to_owned(), message.to_owned())]);
}

#[test]
fn defaults_are_those_of_the_schema() {
    let settings = parse(&with(json!({})).to_string()).unwrap();
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let default = |name: &str| schema["properties"][name]["default"].clone();
    assert_eq!((default("service"), settings.service), (json!("x"), Service::X));
    assert_eq!(default("on"), json!(settings.on));
    assert_eq!(default("origins"), json!(settings.origins));
    assert_eq!((default("too_long"), settings.too_long), (json!("cut"), TooLong::Cut));
    assert_eq!(default("allow_mentions"), false);
    assert_eq!(default("allow_links"), false);
    assert_eq!(settings.length_max, 280);
    assert_eq!(parse(&with(json!({ "service": "mastodon" })).to_string()).unwrap().length_max, 500);
}

#[test]
fn schema_and_parser_take_and_refuse_the_same() {
    let both = |settings: Value, fit: bool| {
        assert_eq!(fits_schema(&settings), fit, "the schema on {settings}");
        assert_eq!(parse(&settings.to_string()).is_ok(), fit, "the parser on {settings}");
    };
    both(with(json!({})), true);
    both(with(json!({ "service": "mastodon", "visibility": "unlisted", "language": "en", "length_max": 1000 })), true);
    both(with(json!({ "origins": ["live", "backfill"], "too_long": "refuse", "when": "votes > 1", "allow_links": true })), true);
    both(json!({ "text": "x" }), false);
    both(json!({ "connection": "x" }), false);
    both(with(json!({ "service": "myspace" })), false);
    both(with(json!({ "txt": "x" })), false);
    both(with(json!({ "too_long": "keep" })), false);
}

#[test]
fn texts_and_conditions_are_checked() {
    wrong(json!({ "text": "a\n{{ task.idd }}" }), "/text", "line 2: `task` has no `idd`; did you mean `id`?");
    wrong(json!({ "when": "answr == 1" }), "/when", "there is no name `answr`; did you mean `answer`?");
    let message = "`answer` is there for `task.analysed`, not for `project.completed`";
    wrong(json!({ "on": "project.completed" }), "/text", message);
    wrong(json!({ "visibility": "public" }), "/visibility", "X knows no `visibility`: leave it out, or set `service = \"mastodon\"`");
    wrong(json!({ "language": "en" }), "/language", "X knows no `language`: leave it out, or set `service = \"mastodon\"`");
    let both = problems(&with(json!({ "text": "{{ a }}", "when": "b" })));
    assert_eq!(both.iter().map(|(at, _)| at.as_str()).collect::<Vec<_>>(), ["/text", "/when"]);
}

#[test]
fn the_project_file_in_the_readme_has_settings_that_fit() {
    let readme = include_str!("../../README.md");
    let files: Vec<&str> = readme.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(files.len(), 2);
    for file in files {
        let project: toml::Table = toml::from_str(file).unwrap();
        for (_, plugin) in project["plugins"].as_table().unwrap() {
            if plugin["component"].as_str() == Some("tweet") {
                let settings = serde_json::to_value(&plugin["settings"]).unwrap();
                assert_eq!(problems(&settings), [], "{file}");
            }
        }
    }
}
