use crowdhook_texts::{Context, Event, Facts, Scope, Task};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::Leaf;

fn context(answer: Value) -> Context {
    let event = Event { kind: "task.analysed".to_owned(), task_id: Some("7".to_owned()), ..Event::default() };
    let task = Task { info: json!({ "url": "https://example.org/a?b=1&c=<d>" }), ..Task::default() };
    Context::new(&Facts { event, task: Some(task), analysis: Some(json!({ "answer": answer, "votes": 3 })), ..Facts::default() })
}

fn check(source: &str, expected: Value) {
    let leaf = Leaf::parse(source, &Scope::of_kind("task.analysed")).unwrap();
    assert_eq!(leaf.fill(&context(json!(["x"]))).unwrap(), expected, "{source}");
}

#[test]
fn a_text_is_a_text() {
    check("plain", json!("plain"));
    check("", json!(""));
    check("{}", json!("{}"));
    check("Is it really {{ answer | first }}?", json!("Is it really x?"));
    check("{{ votes }}{{ votes }}", json!("33"));
    check("{% if votes > 2 %}many{% endif %}", json!("many"));
}

#[test]
fn nothing_but_a_place_keeps_its_type() {
    check("{{ votes }}", json!(3));
    check(" {{ answer }} ", json!(["x"]));
    check("{{ task.info }}", json!({ "url": "https://example.org/a?b=1&c=<d>" }));
    check("{{ task.info.url }}", json!("https://example.org/a?b=1&c=<d>"));
    check("{{ votes > 2 }}", json!(true));
}

#[test]
fn signs_that_take_away_white_space_are_no_minus() {
    check("{{- votes -}}", json!("3"));
    check("{{ -votes }}", json!(-3));
}

proptest! {
    #[test]
    fn whatever_the_crowd_answers_stays_inside_its_text(answer in "(?s)[\"{}\\\\,:]{0,4}.{0,12}") {
        let scope = Scope::of_kind("task.analysed");
        for source in ["{{ answer }}", "<{{ answer }}>"] {
            let filled = Leaf::parse(source, &scope).unwrap().fill(&context(json!(answer))).unwrap();
            prop_assert_eq!(filled, json!(source.replace("{{ answer }}", &answer)));
        }
    }
}
