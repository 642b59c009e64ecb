use serde_json::{Value, json};

use super::{Problem, Right, SCHEMA, Settings, parse};

/// What is wrong with settings beyond what the schema says.
fn check(json: &str) -> Vec<Problem> {
    crowdhook_plugin::Settings::read(json).map(|_: Settings| ()).err().unwrap_or_default()
}

fn fits_schema(settings: &Value) -> bool {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    jsonschema::validator_for(&schema).unwrap().is_valid(settings)
}

fn badge(more: Value) -> Value {
    let mut badge = json!({ "id": "ten", "title": "Ten", "description": "Ten right answers.", "kind": "right-answers", "at": 10 });
    for (name, value) in more.as_object().unwrap() {
        badge[name] = value.clone();
    }
    badge
}

/// Settings that both the schema and the parser take or refuse.
fn check_both(settings: Value, fit: bool) {
    assert_eq!(fits_schema(&settings), fit, "the schema on {settings}");
    assert_eq!(parse(&settings.to_string()).is_ok(), fit, "the parser on {settings}");
}

fn problems(settings: Value) -> Vec<Problem> {
    assert!(fits_schema(&settings), "{settings}");
    check(&settings.to_string())
}

fn problems_at(settings: Value) -> Vec<String> {
    problems(settings).into_iter().map(|problem| problem.at).collect()
}

#[test]
fn schema_and_parser_take_and_refuse_the_same() {
    check_both(json!({ "badges": [badge(json!({}))] }), true);
    check_both(json!({ "badges": [badge(json!({ "kind": "streak", "take_back": true, "image_url": "https://a.example/b.svg" }))] }), true);
    check_both(json!({ "right": "gold", "badges": [badge(json!({ "kind": "gold" }))] }), true);
    check_both(json!({}), false);
    check_both(json!({ "badges": [badge(json!({ "kind": "luck" }))] }), false);
    check_both(json!({ "badges": [badge(json!({ "at": -1 }))] }), false);
    check_both(json!({ "badges": [badge(json!({ "when": "now" }))] }), false);
    check_both(json!({ "badges": [badge(json!({}))], "right": "left" }), false);
    check_both(json!({ "badges": [badge(json!({}))], "bagdes": 1 }), false);
}

#[test]
fn the_schema_knows_the_limits() {
    assert!(!fits_schema(&json!({ "badges": [] })));
    assert!(!fits_schema(&json!({ "badges": [badge(json!({ "at": 0 }))] })));
    assert!(!fits_schema(&json!({ "badges": [badge(json!({ "id": "Ten!" }))] })));
    assert!(!fits_schema(&json!({ "badges": [badge(json!({ "title": "" }))] })));
}

#[test]
fn the_defaults_in_the_schema_are_those_of_the_code() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let settings = parse(&json!({ "badges": [badge(json!({}))] }).to_string()).unwrap();
    assert_eq!((&schema["properties"]["right"]["default"], settings.right), (&json!("both"), Right::Both));
    let take_back = &schema["properties"]["badges"]["items"]["properties"]["take_back"]["default"];
    assert_eq!(take_back, &json!(settings.badges[0].take_back));
}

#[test]
fn a_number_is_needed_but_for_the_first_contribution() {
    let without = |kind: &str| {
        let mut badge = badge(json!({ "kind": kind }));
        badge.as_object_mut().unwrap().remove("at");
        json!({ "badges": [badge] })
    };
    assert_eq!(problems_at(without("right-answers")), ["/badges/0"]);
    assert_eq!(problems_at(without("streak")), ["/badges/0"]);
    assert_eq!(problems_at(without("first-contribution")), [""; 0]);
    let settings = parse(&without("first-contribution").to_string()).unwrap();
    assert_eq!(settings.badges[0].at(), 1);
}

#[test]
fn two_badges_of_one_id_are_a_problem() {
    assert_eq!(problems_at(json!({ "badges": [badge(json!({})), badge(json!({ "at": 20 }))] })), ["/badges/1/id"]);
    assert_eq!(problems_at(json!({ "badges": [badge(json!({})), badge(json!({ "id": "twenty" }))] })), [""; 0]);
}

#[test]
fn a_gold_badge_that_nobody_can_get_is_a_problem() {
    let settings = |right: &str| json!({ "right": right, "badges": [badge(json!({ "kind": "gold" }))] });
    assert_eq!(problems_at(settings("decided")), ["/badges/0/kind"]);
    assert_eq!(problems_at(settings("gold")), [""; 0]);
    assert_eq!(problems_at(settings("both")), [""; 0]);
}

#[test]
fn a_picture_has_an_https_address() {
    let at = |url: &str| problems_at(json!({ "badges": [badge(json!({ "image_url": url }))] }));
    assert_eq!(at("https://example.org/a%20b.svg?x=1"), [""; 0]);
    for url in ["http://example.org/a.svg", "https://", "https:///a.svg", "badge.svg", "https://example.org/\"><script>", "https://a b.org"]
    {
        assert_eq!(at(url), ["/badges/0/image_url"], "{url}");
    }
}

#[test]
fn the_problem_says_what_to_write() {
    let problems = problems(json!({ "right": "decided", "badges": [badge(json!({ "kind": "gold" }))] }));
    assert!(problems[0].message.contains("write `right = \"both\"`"), "{problems:?}");
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
    let plugin = &project["plugins"]["thanks"];
    assert_eq!(plugin["component"].as_str(), Some("badges"));
    assert_eq!(problems(serde_json::to_value(&plugin["settings"]).unwrap()), []);
}
