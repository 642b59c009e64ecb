use bytes::Bytes;
use serde_json::Value;
use std::time::Duration;

use super::*;

/// What the recorded answer with this label comes to.
fn recorded(label: &str, writes: bool) -> Result<(), PlatformError> {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings/pybossa/api.json"));
    let calls: Vec<Value> = serde_json::from_str(text).unwrap();
    let call = calls.iter().find(|call| call["label"] == label).unwrap_or_else(|| panic!("no call `{label}`"));
    answered(u16::try_from(call["status"].as_u64().unwrap()).unwrap(), call["body"].as_str().unwrap(), writes)
}

fn answered(status: u16, body: &str, writes: bool) -> Result<(), PlatformError> {
    let project = "birds".parse().unwrap();
    let what = if writes { "save result 12 of task 7" } else { "read task 7" };
    let asked = Asked { address: "https://p.example", project: &project, short_name: "garden", what, writes };
    let wait = (status == 429).then_some(Duration::from_secs(30));
    verdict(asked, &Response { status, body: Bytes::copy_from_slice(body.as_bytes()), location: None, wait })
}

fn refused(answer: Result<(), PlatformError>) -> String {
    let Err(PlatformError::KeyRefused { why } | PlatformError::Refused { why }) = answer else { panic!("{answer:?}") };
    why
}

fn later(answer: Result<(), PlatformError>) -> (Option<Duration>, String) {
    let Err(PlatformError::Later { after, why }) = answer else { panic!("{answer:?}") };
    (after, why)
}

#[test]
fn yes_is_yes() {
    assert_eq!(recorded("PUT result info, api_key", true), Ok(()));
    assert_eq!(recorded("GET taskruns", false), Ok(()));
}

#[test]
fn a_key_that_is_not_known_is_named_with_the_fix() {
    let expected =
        "PYBOSSA at `https://p.example` does not know the API key of project `birds` (to save result 12 of task 7): set `platform.api_key`";
    assert_eq!(refused(recorded("PUT result wrong key", true)), expected);
    assert_eq!(refused(recorded("PUT result anonymous", true)), expected);
    assert_eq!(refused(recorded("PUT result info, Authorization Bearer", true)), expected);
}

#[test]
fn a_key_of_somebody_else_is_named_with_the_fix() {
    assert_eq!(
        refused(recorded("PUT result other user", true)),
        "the API key of project `birds` is of nobody who may save result 12 of task 7 on PYBOSSA at `https://p.example`: set \
         `platform.api_key` to the key of an owner of `garden`"
    );
}

#[test]
fn what_is_not_there_is_missing() {
    for label in ["PUT result missing", "GET result missing"] {
        assert!(matches!(recorded(label, true), Err(PlatformError::Missing { .. })), "{label}");
    }
}

#[test]
fn a_refusal_says_why_in_pybossas_words() {
    assert_eq!(
        refused(recorded("PUT result last_version (reserved)", true)),
        "PYBOSSA at `https://p.example` refuses to save result 12 of task 7 for project `birds` (status 400, BadRequest: Reserved keys \
         in payload): what is written must change"
    );
    for label in ["PUT result unknown attr", "PUT result bad json", "PUT result JSON array", "POST task bad json"] {
        assert!(refused(recorded(label, true)).contains("refuses to save"), "{label}");
    }
    assert!(refused(recorded("GET result unknown filter", false)).contains("has no attribute 'foo'"));
}

#[test]
fn what_was_sent_is_never_quoted() {
    let why = refused(recorded("GET result bad int filter", false));
    assert!(why.contains("DataError") && !why.contains("SELECT") && !why.contains("parameters"), "{why}");
    assert!(why.len() < 500);
}

#[test]
fn a_ration_that_is_used_up_passes_when_the_window_does() {
    let (after, why) = later(recorded("rate limited", false));
    assert_eq!(after, Some(Duration::from_secs(30)));
    assert_eq!(why, "PYBOSSA at `https://p.example` allows no more calls for now (to read task 7 for project `birds`)");
}

#[test]
fn trouble_of_the_server_passes() {
    let lost = r#"{"action": "GET", "status": "failed", "status_code": 415, "target": "task", "exception_cls": "OperationalError", "exception_msg": "could not connect"}"#;
    later(answered(415, lost, false));
    later(answered(500, r#"{"code":500,"description":"x","template":"500.html"}"#, true));
    later(answered(500, "<html>", true));
    later(answered(502, "", true));
}

#[test]
fn pages_that_are_not_pybossas_pass() {
    for status in [400, 401, 403, 404, 405, 415] {
        let (_, why) = later(answered(status, "<!DOCTYPE html><title>Wait</title>", false));
        assert!(why.contains("page that is not PYBOSSA's") && !why.contains("DOCTYPE"), "{why}");
    }
}

#[test]
fn being_sent_on_is_refused_with_the_address_to_set() {
    let project = "birds".parse().unwrap();
    let asked = Asked { address: "http://p.example", project: &project, short_name: "garden", what: "read task 7", writes: false };
    let response = Response { status: 301, body: Bytes::new(), location: Some("https://p.example".to_owned()), wait: None };
    assert_eq!(
        refused(verdict(asked, &response)),
        "`http://p.example` sends calls of project `birds` on to `https://p.example` (status 301), which is not followed: set \
         `platform.url` to PYBOSSA's own address"
    );
}
