use serde_json::{Value, json};

use super::{Attach, On, Problem, SCHEMA, Workers, parse};

/// What is wrong with settings beyond what the schema says.
fn check(json: &str) -> Vec<Problem> {
    parse(json).err().unwrap_or_default()
}

fn fits_schema(settings: &Value) -> bool {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    jsonschema::validator_for(&schema).unwrap().is_valid(settings)
}

/// What is wrong with settings that fit the schema.
fn problems(settings: &Value) -> Vec<(String, String)> {
    assert!(fits_schema(settings), "{settings}");
    check(&settings.to_string()).into_iter().map(|problem| (problem.at, problem.message)).collect()
}

fn with(more: Value) -> Value {
    let mut settings = json!({ "to": ["ann@example.org"] });
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    settings
}

fn wrong(settings: Value, at: &str, message: &str) {
    assert_eq!(problems(&settings), [(at.to_owned(), message.to_owned())]);
}

#[test]
fn defaults_are_those_of_the_schema() {
    let settings = parse(&with(json!({})).to_string()).unwrap();
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let default = |name: &str| schema["properties"][name]["default"].clone();
    assert_eq!((default("on"), settings.on), (json!("task.analysed"), On::Task));
    assert_eq!((default("workers"), settings.workers), (json!("none"), Workers::None));
    assert_eq!((default("attach"), settings.attach), (json!("none"), Attach::None));
    assert_eq!(default("origins"), json!(settings.origins));
    for (name, addresses) in [("to", None), ("cc", Some(settings.cc)), ("bcc", Some(settings.bcc))] {
        assert_eq!(default(name), json!(addresses.unwrap_or_default()), "{name}");
    }
}

#[test]
fn schema_and_parser_take_and_refuse_the_same() {
    let both = |settings: Value, fit: bool| {
        assert_eq!(fits_schema(&settings), fit, "the schema on {settings}");
        assert_eq!(parse(&settings.to_string()).is_ok(), fit, "the parser on {settings}");
    };
    both(with(json!({})), true);
    both(json!({ "workers": "agreeing" }), true);
    both(with(json!({ "cc": ["b@example.org"], "bcc": ["c@example.org"], "reply_to": "d@example.org", "attach": "csv" })), true);
    both(with(json!({ "on": "project.completed", "text": "{{ tasks.count }}", "subject": "x", "html": "" })), true);
    both(with(json!({ "on": "task.completed" })), false);
    both(with(json!({ "workers": "all" })), false);
    both(with(json!({ "attach": "pdf" })), false);
    both(with(json!({ "from": "x@example.org" })), false);
}

#[test]
fn texts_and_conditions_are_checked() {
    wrong(with(json!({ "subject": "{{ task.idd }}" })), "/subject", "`task` has no `idd`; did you mean `id`?");
    wrong(
        with(json!({ "text": "a\n{{ x | y" })),
        "/text",
        "line 2: does not parse: unexpected end of input, expected end of variable block",
    );
    wrong(
        with(json!({ "html": "{{ answer | safe }}" })),
        "/html",
        "there is no filter `safe` or `escape`: what is filled in is always escaped as its place needs it",
    );
    wrong(with(json!({ "when": "answer = 1" })), "/when", "does not parse: unexpected input after expression; write `==` to compare");
    let message = "`answer` is there for `task.analysed`, not for `project.completed`";
    wrong(with(json!({ "on": "project.completed", "when": "answer" })), "/when", message);
    wrong(with(json!({ "on": "project.completed", "text": "{{ tasks.cont }}" })), "/text", "`tasks` has no `cont`; did you mean `count`?");
    let message = "there is no name `tasks`; did you mean `task`?";
    wrong(with(json!({ "text": "{{ tasks.count }}" })), "/text", message);
}

#[test]
fn addresses_are_plain() {
    for address in ["ann", "a@b@c", "@example.org", "ann@", "Ann <ann@example.org>", "ann@example.org\r\nBcc: x@y", "a,b@c.d", "ann@.org"] {
        let found = problems(&with(json!({ "cc": ["good@example.org", address] })));
        assert_eq!(found.len(), 1, "{address}");
        assert_eq!(found[0].0, "/cc/1");
        assert!(found[0].1.ends_with("is no plain address: write `ann@example.org`") && !found[0].1.contains('\n'), "{}", found[0].1);
    }
    wrong(with(json!({ "reply_to": "ann" })), "/reply_to", "`ann` is no plain address: write `ann@example.org`");
    assert_eq!(problems(&with(json!({ "cc": ["jörg@exämple.org"] }))), []);
}

#[test]
fn a_mail_goes_to_somebody() {
    wrong(json!({}), "", "a mail needs somebody to go to: set `to = [\"ann@example.org\"]`, or `workers`");
    wrong(
        json!({ "cc": ["a@b.c"] }),
        "",
        "a mail needs somebody to go to beside the copies: set `to = [\"ann@example.org\"]`, or `workers`",
    );
    wrong(
        json!({ "workers": "counted", "bcc": ["a@b.c"] }),
        "/bcc",
        "each worker gets a mail of their own, without copies: name these people in `to`",
    );
    let message = "a `project.completed` names nobody who answered: leave `workers` out, or set `on = \"task.analysed\"`";
    wrong(with(json!({ "on": "project.completed", "workers": "counted" })), "/workers", message);
}

#[test]
fn html_comes_along_unless_there_is_a_text_of_ones_own() {
    let html = |more: Value| parse(&with(more).to_string()).unwrap().html.is_some();
    assert!(html(json!({})));
    assert!(html(json!({ "text": "x", "html": "<p>x</p>" })));
    assert!(!html(json!({ "text": "x" })));
    assert!(!html(json!({ "html": "" })));
}

#[test]
fn the_project_file_in_the_readme_has_settings_that_fit() {
    let readme = include_str!("../../README.md");
    let file = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let project: toml::Table = toml::from_str(file).unwrap();
    let plugins = project["plugins"].as_table().unwrap().values();
    let mails: Vec<_> = plugins.filter(|plugin| plugin["component"].as_str() == Some("email")).collect();
    assert_eq!(mails.len(), 2);
    for mail in mails {
        assert_eq!(problems(&serde_json::to_value(&mail["settings"]).unwrap()), []);
    }
}
