use crowdhook::event::PlatformKind;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};

use super::bodies::{project, taken};
use super::fuzz;

/// Stands in every secret, and nowhere else.
const PLANTED: &str = "hunter2";

/// Keys that hold a secret wherever they stand.
const SECRET: &[&str] = &["secret", "secret_key", "api_key", "apikey", "password", "webhook_uri", "API_KEY", "Password"];
/// Keys that do not.
const PLAIN: &[&str] =
    &["id", "data", "info", "results", "judgments", "item", "labels", "label", "unit_data", "a", "ñ", "x y", "", "\"", "\\", "a:b", "{"];

fn plain() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        "[ -~ñ🐈]{0,12}".prop_map(Value::from),
        Just(Value::Null),
    ]
}

/// A secret: a text, or a value with texts in it.
fn secret() -> impl Strategy<Value = Value> {
    let text = "[ -~ñ\\n]{0,6}".prop_map(|around| format!("{around}{PLANTED}{around}"));
    prop_oneof![
        text.clone().prop_map(Value::from),
        vec(text.clone(), 1..3).prop_map(Value::from),
        (select(PLAIN), text).prop_map(|(key, text)| json!({ key: text })),
    ]
}

fn tree() -> impl Strategy<Value = Value> {
    plain().prop_recursive(4, 40, 5, |inner| {
        let plain = (select(PLAIN), inner.clone());
        let field = prop_oneof![3 => plain, 1 => (select(SECRET), secret())];
        let object = vec(field, 0..5).prop_map(|fields| {
            let fields = fields.into_iter().map(|(key, value)| (key.to_owned(), value));
            Value::Object(fields.collect::<Map<_, _>>())
        });
        prop_oneof![object, vec(inner, 0..4).prop_map(Value::from)]
    })
}

fn has_secret(payloads: &[String]) -> Option<&String> {
    payloads.iter().find(|payload| payload.contains(PLANTED))
}

#[test]
fn no_secret_outlives_its_dialect() {
    fuzz("planted secrets", 1, &(tree(), tree(), any::<Index>(), any::<bool>()), |(one, other, at, pretty)| {
        let payload = json!({
            "event": "task_completed", "project_short_name": "birds", "task_id": 1, "result_id": 1,
            "type": "done", "campaign": "birds", "sent": one, "item": {"id": 1, "data": one, "labels": [{"id": 1, "label": other, "more": one}]},
            "id": 1, "job_id": 4242, "data": other, "results": {"judgments": [{"id": 1, "data": one, "unit_data": other}], "animal": one}, "more": other,
        });
        let text = if pretty { format!("{payload:#}") } else { payload.to_string() };
        // Whole, and broken off anywhere.
        let end = (0..=at.index(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap();
        for text in [text.as_str(), &text[..end]] {
            let fields = [("signal", "unit_complete"), ("payload", text)];
            let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            let bodies = [(PlatformKind::Pybossa, text), (PlatformKind::Generic, text), (PlatformKind::Appen, &form)];
            for (kind, body) in bodies {
                let events = taken(&project(kind), None, body.as_bytes()).unwrap().unwrap();
                let payloads: Vec<String> = events.into_iter().map(|event| event.payload).collect();
                prop_assert!(has_secret(&payloads).is_none(), "{kind}: {:?} of {text}", has_secret(&payloads));
            }
        }
        Ok(())
    });
}
