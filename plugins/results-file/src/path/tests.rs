use crowdhook_texts::{Escape, Event, Facts, Scope, Task, Text};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{BYTES_MAX, path};

fn facts(answer: Value) -> Facts {
    let event = Event { kind: "task.analysed".to_owned(), task_id: Some("7".to_owned()), ..Event::default() };
    let task = Task { info: json!({ "name": answer }), ..Task::default() };
    Facts { event, task: Some(task), analysis: Some(json!({ "answer": answer })), ..Facts::default() }
}

fn filled(source: &str, answer: Value) -> Result<String, String> {
    path(&Text::parse(source, Escape::None, &Scope::of_kind("task.analysed")).unwrap(), &facts(answer))
}

fn check(source: &str, answer: &str, expected: &str) {
    assert_eq!(filled(source, json!(answer)).as_deref(), Ok(expected), "{source} of {answer}");
}

#[test]
fn values_are_filled_in() {
    check("{{ task.id }}.json", "", "7.json");
    check("by-answer/{{ answer }}/{{ task.id }}.json", "robin", "by-answer/robin/7.json");
    check("{{ task.info.name }}.csv", "Rotkehlchen ü", "Rotkehlchen ü.csv");
}

#[test]
fn a_value_makes_no_folders_and_leaves_none() {
    check("{{ answer }}.json", "a/b", "a_b.json");
    check("{{ answer }}.json", "../../etc/passwd", "_._.._etc_passwd.json");
    check("x/{{ answer }}/y", "..", "x/_./y");
    check("x/{{ answer }}/y", "", "x/_/y");
    check("{{ answer }}.json", ".htaccess", "_htaccess.json");
    check("{{ answer }}.json", "C:\\a", "C__a.json");
    check("{{ answer }}.json", "a\nb\0", "a_b_.json");
}

#[test]
fn a_long_value_is_cut_and_a_long_path_refused() {
    check("{{ answer }}", &"a".repeat(500), &"a".repeat(80));
    let error = filled("{{ answer }}{{ answer }}{{ answer }}", json!("a".repeat(500))).unwrap_err();
    assert!(error.contains("has 240 bytes, and may have 200"), "{error}");
}

#[test]
fn a_path_that_became_none_is_refused_with_its_words() {
    let error = filled("{% if answer == 'x' %}..{% endif %}/{{ task.id }}", json!("x")).unwrap_err();
    assert!(error.contains("`../7`") && error.contains("may not begin with a dot"), "{error}");
    let error = filled("{{ task.info.nosuch }}.json", json!("x")).unwrap_err();
    assert!(error.starts_with("`path`: "), "{error}");
}

proptest! {
    #[test]
    fn whatever_the_crowd_answers_the_path_stays_below_its_folder(answer in prop_oneof!["(?s).{0,30}", "[./\\\\]{1,6}"]) {
        for source in ["{{ answer }}.json", "a/{{ answer }}/{{ answer }}", "{{ task.info.name }}{{ answer }}/{{ task.id }}"] {
            if let Ok(path) = filled(source, json!(answer)) {
                prop_assert!(path.len() <= BYTES_MAX);
                prop_assert_eq!(path.matches('/').count(), source.matches('/').count());
                prop_assert!(path.split('/').all(|part| !part.is_empty() && !part.starts_with('.')), "{path:?}");
                prop_assert!(!path.chars().any(|one| one.is_control() || one == '\\'), "{path:?}");
            }
        }
    }
}
