use serde_json::{Value, json};

use crate::{Condition, Context, Event, Facts, Scope, Task, Uses};

fn holds(source: &str, answer: &Value) -> Result<bool, String> {
    let condition = Condition::parse(source, &Scope::of_kind("task.analysed")).map_err(|error| format!("refused: {error}"))?;
    let event = Event { origin: "live".to_owned(), task_id: Some("7".to_owned()), ..Event::default() };
    let task = Some(Task { info: json!({ "n": 2 }), ..Task::default() });
    let analysis = Some(json!({ "answer": answer, "agreement": 0.8, "votes": 4, "total": 5, "decided": true }));
    condition.holds(&Context::new(&Facts { event, task, analysis, project: None })).map_err(|error| error.to_string())
}

fn check(source: &str, expected: bool) {
    assert_eq!(holds(source, &json!("yes")), Ok(expected), "{source}");
}

fn wrong(source: &str, expected: &str) {
    assert_eq!(holds(source, &json!("yes")).unwrap_err(), expected, "{source}");
}

#[test]
fn conditions_hold_or_do_not() {
    check("answer == 'yes' and agreement >= 0.8", true);
    check("answer == 'yes' and agreement > 0.8", false);
    check("answer in ['yes', 'perhaps']", true);
    check("not decided or votes < 3", false);
    check("task.info.n == 2", true);
    check("event.origin == \"live\"\n  and votes > 1", true);
    check("answer", true);
    check("previous", false);
}

#[test]
fn an_undecided_answer_equals_nothing_and_has_no_members() {
    assert_eq!(holds("answer == 'yes'", &Value::Null), Ok(false));
    assert_eq!(holds("decided and answer is none", &Value::Null), Ok(true));
}

#[test]
fn what_is_missing_is_an_error_unless_asked_for() {
    let advice = "; what may be missing wants a default: `task.info.name | default(\"?\")`";
    wrong("task.info.m == 2", &format!("`task.info.m` is not there{advice}"));
    wrong("task.info.m < 2", &format!("`task.info.m` is not there{advice}"));
    check("task.info.m is defined and task.info.m == 2", false);
    check("task.info.m | default(2) == 2", true);
    check("not task.info.m", true);
}

#[test]
fn what_is_no_condition_is_refused_with_what_to_write() {
    wrong("answer = 'yes'", "refused: does not parse: unexpected input after expression; write `==` to compare");
    wrong("{{ answer }}", "refused: a condition stands without braces: write `answer == \"yes\"`");
    wrong("answer) %}{% if (answer", "refused: a condition stands without braces: write `answer == \"yes\"`");
    wrong("answer %} x", "refused: does not parse: unexpected `}`");
    wrong(" ", "refused: is empty: leave the condition out where there is none");
    wrong("agreemnt > 1", "refused: there is no name `agreemnt`; did you mean `agreement`?");
    wrong("votes > 1\n and task.idd", "refused: line 2: `task` has no `idd`; did you mean `id`?");
    wrong("answer | uper == 'X'", "refused: there is no filter `uper`; did you mean `upper`?");
    wrong(&"(".repeat(40), "refused: is nested too deep, or too long in one place: write it in smaller parts");
}

#[test]
fn only_what_is_used_has_to_be_read() {
    let uses = |source: &str| Condition::parse(source, &Scope::of_kind("task.analysed")).unwrap().uses();
    assert_eq!(uses("answer == 'yes'"), Uses::default());
    assert_eq!(uses("task.info.n > 1 and project.title"), Uses { project: true, task: true });
}
