//! The description of the admin API is held against its routes and against what it answers.

/// Any request that the description allows, and any that it does not.
mod properties;

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::admin::{EVENT, get, post, start};
use crate::harness::crate_folder;

fn description() -> Value {
    serde_json::from_str(&fs::read_to_string(crate_folder().join("src/admin/openapi.json")).unwrap()).unwrap()
}

/// Method and path of each route that programs ask, as the router has them.
fn routes() -> BTreeSet<(String, String)> {
    let text = fs::read_to_string(crate_folder().join("src/admin.rs")).unwrap();
    let mut routes = BTreeSet::new();
    for route in text.split(".route(\"").skip(1) {
        let (path, rest) = route.split_once('"').unwrap();
        let handlers = rest.split_once('\n').unwrap().0;
        for method in ["get", "post", "put", "delete"] {
            if handlers.contains(&format!("{method}(")) {
                routes.insert((method.to_owned(), path.to_owned()));
            }
        }
    }
    routes
}

#[test]
fn each_route_is_described_and_nothing_else_is() {
    let paths = description()["paths"].as_object().unwrap().clone();
    let methods = |(path, methods): (&String, &Value)| {
        methods.as_object().unwrap().keys().map(|method| (method.clone(), path.clone())).collect::<Vec<_>>()
    };
    let described: BTreeSet<(String, String)> = paths.iter().flat_map(methods).collect();
    assert_eq!(described, routes());
    let ids: Vec<&Value> = paths.values().flat_map(|methods| methods.as_object().unwrap().values()).map(|of| &of["operationId"]).collect();
    let unique: BTreeSet<String> = ids.iter().map(ToString::to_string).collect();
    assert_eq!(unique.len(), ids.len(), "{ids:?}");
}

/// Whether an answer is one that the description has for its status.
fn check(doc: &Value, (method, path): (&str, &str), (status, answer): (u16, Value)) {
    let mut described = &doc["paths"][path][method]["responses"][status.to_string()];
    if let Some(name) = described["$ref"].as_str() {
        described = doc.pointer(name.trim_start_matches('#')).unwrap();
    }
    let schema = &described["content"]["application/json"]["schema"];
    assert!(!schema.is_null(), "{method} {path} says nothing of {status}: {answer}");
    let whole = json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "components": doc["components"], "allOf": [schema] });
    let validator = jsonschema::options().should_validate_formats(true).build(&whole).unwrap();
    let wrong: Vec<String> = validator.iter_errors(&answer).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{method} {path} answers {status} {answer:#}\n{}", wrong.join("\n"));
}

#[test]
fn answers_are_as_they_are_described() {
    let running = start();
    let doc = description();
    let event = format!("/v1/events/{EVENT}");
    let reads = [
        ("/v1/openapi.json", "/v1/openapi.json"),
        ("/v1/status", "/v1/status"),
        ("/v1/hosts", "/v1/hosts"),
        ("/v1/plugins", "/v1/plugins"),
        ("/v1/plugins/{name}", "/v1/plugins/none"),
        ("/v1/projects", "/v1/projects"),
        ("/v1/projects/{name}", "/v1/projects/birds"),
        ("/v1/projects/{name}", "/v1/projects/owls"),
        ("/v1/projects/{name}/badges", "/v1/projects/birds/badges"),
        ("/v1/projects/{name}/figures", "/v1/projects/birds/figures"),
        ("/v1/projects/{name}/analyses", "/v1/projects/birds/analyses"),
        ("/v1/projects/{name}/analyses", "/v1/projects/birds/analyses?decided=perhaps"),
        ("/v1/projects/{name}/tasks/{task}", "/v1/projects/birds/tasks/7"),
        ("/v1/projects/{name}/tasks/{task}", "/v1/projects/birds/tasks/99"),
        ("/v1/projects/{name}/hook", "/v1/projects/birds/hook"),
        ("/v1/events", "/v1/events?since=1000d&text=task"),
        ("/v1/events", "/v1/events?since=yesterday"),
        ("/v1/events/{id}", event.as_str()),
        ("/v1/events/{id}", "/v1/events/7"),
        ("/v1/invocations", "/v1/invocations?state=dead"),
        ("/v1/invocations", "/v1/invocations?event=7"),
        ("/v1/deliveries", "/v1/deliveries"),
        ("/v1/deliveries/{id}", "/v1/deliveries/7"),
        ("/v1/dead", "/v1/dead"),
        ("/v1/dead", "/v1/dead?limit=0"),
        ("/v1/quarantine", "/v1/quarantine"),
        ("/v1/tail", "/v1/tail?wait_s=0"),
        ("/v1/tail", "/v1/tail?wait=0"),
        ("/ready", "/ready"),
    ];
    for (template, path) in reads {
        check(&doc, ("get", template), get(&running, path));
    }
    let replay = format!("/v1/events/{EVENT}/replay");
    let writes = [
        ("/v1/events/{id}/replay", replay.as_str(), json!({})),
        ("/v1/events/{id}/replay", replay.as_str(), json!({ "plugni": "vote" })),
        ("/v1/dead/replay", "/v1/dead/replay?limit=1", json!({})),
        ("/v1/dead/replay", "/v1/dead/replay?limit=501", json!({})),
        ("/v1/invocations/give-up", "/v1/invocations/give-up?limit=1", json!({ "project": "birds" })),
        ("/v1/invocations/give-up", "/v1/invocations/give-up", json!({ "state": "done" })),
        ("/v1/deliveries/give-up", "/v1/deliveries/give-up", json!({})),
        ("/v1/deliveries/give-up", "/v1/deliveries/give-up?project=birds", json!({})),
        ("/v1/login-links", "/v1/login-links", json!({})),
        ("/v1/projects/{name}/forget", "/v1/projects/birds/forget", json!({})),
        ("/v1/projects/{name}/forget", "/v1/projects/owls/forget", json!({})),
        ("/v1/projects/{name}/forget-worker", "/v1/projects/birds/forget-worker", json!({ "worker": "7" })),
        ("/v1/projects/{name}/rebind", "/v1/projects/owls/rebind", json!({})),
        ("/v1/projects/{name}/plugins/{plugin}/release", "/v1/projects/birds/plugins/vote/release", json!({})),
        ("/v1/projects/{name}/backfill", "/v1/projects/birds/backfill", json!({ "rows": "all" })),
    ];
    for (template, path, body) in writes {
        check(&doc, ("post", template), post(&running, path, &body));
    }
}
