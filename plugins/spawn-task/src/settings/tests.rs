use crowdhook_plugin::Origin;
use serde_json::{Value, json};

use super::{Problem, SCHEMA, Settings, Wanted, parse};

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

fn spawn(more: Value) -> Value {
    let mut spawn = json!({ "project": "species", "info": { "photo": "{{ task.info.url }}" } });
    for (name, value) in more.as_object().unwrap() {
        spawn[name] = value.clone();
    }
    json!({ "spawn": spawn })
}

fn parsed(settings: Value) -> Settings {
    assert_eq!(problems(settings.clone()), []);
    parse(&settings.to_string()).unwrap()
}

#[test]
fn the_defaults_in_the_schema_are_those_of_the_code() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let mut both = spawn(json!({}));
    both["more_answers"] = json!({});
    let settings = parsed(both);
    assert_eq!(schema["properties"]["origins"]["default"], json!(settings.origins));
    let default = |table: &str, name: &str| schema["properties"][table]["properties"][name]["default"].clone();
    let (spawn, more) = (settings.spawn.unwrap(), settings.more.unwrap());
    assert_eq!(default("spawn", "per_day"), json!(spawn.per_day));
    assert_eq!(default("spawn", "depth_max"), json!(spawn.depth_max));
    assert_eq!(default("spawn", "when"), "decided");
    assert!(format!("{:?}", spawn.when).contains("\"decided\""), "{:?}", spawn.when);
    assert_eq!(default("more_answers", "when"), "not decided");
    assert!(format!("{:?}", more.when).contains("\"not decided\""), "{:?}", more.when);
    assert_eq!((default("more_answers", "add"), more.wanted), (json!(2), Wanted::Add(2)));
    assert_eq!(default("more_answers", "cap"), json!(more.cap));
}

#[test]
fn the_schema_refuses_what_the_parser_refuses() {
    for settings in [
        json!({ "spawn": { "project": "species" } }),
        json!({ "spawn": { "info": {} } }),
        spawn(json!({ "info": "text" })),
        spawn(json!({ "redundancy": "many" })),
        spawn(json!({ "redundncy": 3 })),
        json!({ "more_answers": { "add": -1 } }),
        json!({ "more_answers": {}, "origins": ["dream"] }),
        json!({ "more": {} }),
    ] {
        assert!(!fits_schema(&settings), "{settings}");
        assert!(parse(&settings.to_string()).is_err(), "{settings}");
    }
}

#[test]
fn the_schema_knows_the_limits() {
    assert!(!fits_schema(&json!({})));
    assert!(!fits_schema(&spawn(json!({ "priority": 1.5 }))));
    assert!(!fits_schema(&spawn(json!({ "project": "No Name" }))));
    assert!(!fits_schema(&spawn(json!({ "depth_max": 0 }))));
    assert!(!fits_schema(&json!({ "more_answers": { "cap": 1001 } })));
}

#[test]
fn nothing_to_do_is_a_problem() {
    check_problem(json!({ "origins": ["live"] }), "", "write a table `spawn`");
    assert_eq!(problems(json!({ "more_answers": {} })), []);
    assert_eq!(problems(spawn(json!({}))), []);
}

#[test]
fn backfills_are_acted_on_only_where_the_settings_say_so() {
    let settings = parsed(spawn(json!({})));
    assert!(settings.acts_on(Origin::Live) && settings.acts_on(Origin::Rerun) && settings.acts_on(Origin::Replay));
    assert!(!settings.acts_on(Origin::Backfill) && !settings.acts_on("something new".into()));
    let mut backfill = spawn(json!({}));
    backfill["origins"] = json!(["backfill"]);
    assert!(parsed(backfill).acts_on(Origin::Backfill));
}

#[test]
fn what_does_not_parse_or_exist_is_a_problem_where_it_stands() {
    check_problem(spawn(json!({ "when": "answer = 'x'" })), "/spawn/when", "write `==` to compare");
    check_problem(spawn(json!({ "info": { "a/b": ["ok", { "c": "{{ answr }}" }] } })), "/spawn/info/a~1b/1/c", "did you mean `answer`?");
    check_problem(spawn(json!({ "info": { "a": "{{ answer" } })), "/spawn/info/a", "does not parse");
    check_problem(json!({ "more_answers": { "when": "undecided" } }), "/more_answers/when", "no name `undecided`");
}

#[test]
fn the_mark_is_the_plugins_own() {
    check_problem(spawn(json!({ "info": { "crowdhook": { "depth": 0 } } })), "/spawn/info/crowdhook", "give the member another name");
}

#[test]
fn how_many_answers_is_said_once_and_below_the_cap() {
    check_problem(json!({ "more_answers": { "add": 1, "to": 5 } }), "/more_answers/to", "leave one of them out");
    check_problem(json!({ "more_answers": { "to": 20 } }), "/more_answers/to", "write `cap = 20`");
    assert_eq!(parsed(json!({ "more_answers": { "to": 5 } })).more.unwrap().wanted, Wanted::To(5));
}

#[test]
fn the_task_is_read_in_any_case() {
    let settings = parsed(spawn(json!({ "info": { "a": 1 } })));
    assert!(settings.uses().task && !settings.uses().project);
    assert!(parsed(spawn(json!({ "info": { "a": ["{{ project.title }}"] } }))).uses().project);
}

#[test]
fn settings_that_are_no_object_are_a_problem_and_no_panic() {
    for text in ["", "1", "{", "null"] {
        assert_eq!(check(text).len(), 1, "{text}");
    }
}

#[test]
fn the_project_file_in_the_readme_works() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("```toml\n").unwrap();
    let project: toml::Table = rest.split_once("```").unwrap().0.parse().unwrap();
    let plugin = &project["plugins"]["next"];
    assert_eq!(plugin["component"].as_str(), Some("spawn-task"));
    assert_eq!(problems(serde_json::to_value(&plugin["settings"]).unwrap()), []);
}
