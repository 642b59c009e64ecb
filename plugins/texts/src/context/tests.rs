use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Context, Event, Facts, Project, Task};
use crate::scope::{Scope, Shape};

fn facts() -> Facts {
    let event = Event { task_id: Some("7".to_owned()), ..Event::default() };
    Facts { event, project: Some(Project::default()), task: Some(Task::default()), analysis: Some(json!({})) }
}

/// The names below a value, as the scope has them.
fn members(value: &Value) -> BTreeSet<&str> {
    value.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn the_context_has_each_name_that_the_scope_promises() {
    let values = serde_json::to_value(Context::new(&facts()).values()).unwrap();
    let scope = Scope::of_kind("task.analysed");
    assert_eq!(members(&values), scope.names().collect());
    for name in ["event", "project", "task"] {
        let Some(Shape::Members(shape)) = scope.get(name) else { panic!("{name} has members") };
        assert_eq!(members(&values[name]), shape.keys().copied().collect(), "of {name}");
    }
}

#[test]
fn the_scope_has_the_members_of_the_published_analysis() {
    let schema: Value = serde_json::from_str(include_str!("../../../../wit/analysis.schema.json")).unwrap();
    let published: BTreeSet<&str> =
        members(&schema["properties"]).union(&members(&schema["$defs"]["verdict"]["properties"])).copied().collect();
    assert_eq!(crate::scope::analysis().map(|(name, _)| name).into_iter().collect::<BTreeSet<_>>(), published);
    let Some(Shape::Members(previous)) = Scope::of_kind("task.analysed").get("previous").cloned() else { panic!("previous has members") };
    let shape = &schema["properties"]["previous"]["anyOf"][1]["properties"];
    assert_eq!(previous.keys().copied().collect::<BTreeSet<_>>(), members(shape));
}

#[test]
fn what_was_not_read_is_absent() {
    let event = Event { task_id: Some("7".to_owned()), project: "birds".to_owned(), ..Event::default() };
    let values = serde_json::to_value(Context::new(&Facts { event, ..Facts::default() }).values()).unwrap();
    assert_eq!(values["task"], json!({ "id": "7" }));
    assert_eq!(values["project"], json!({ "name": "birds", "platform": "" }));
    assert_eq!(values.get("answer"), None);
}

#[test]
fn events_are_wanted_for_their_kind_and_for_why_they_are_here() {
    let event = |origin: &str, rerun| Event { kind: "task.analysed".to_owned(), origin: origin.to_owned(), rerun, ..Event::default() };
    let live = ["live".to_owned()];
    let more = ["live".to_owned(), "replay".to_owned()];
    assert!(event("live", false).is_wanted("task.analysed", &live));
    assert!(!event("live", false).is_wanted("task.completed", &live));
    for origin in ["backfill", "rerun", "replay", "whatever"] {
        assert!(!event(origin, false).is_wanted("task.analysed", &live), "{origin}");
    }
    assert!(!event("live", true).is_wanted("task.analysed", &live));
    assert!(event("replay", true).is_wanted("task.analysed", &more));
    assert!(!event("rerun", true).is_wanted("task.analysed", &more));
}
