use serde_json::json;

use super::*;
use crate::effect::{Attachment, Bytes, Mail, NewTask, Recipient, Request};

#[test]
fn a_trap_is_told_without_the_places_in_the_component() {
    let cases = [
        ("it used up its 100 ms of CPU time (`cpu_ms`)", "it used up its 100 ms of CPU time (`cpu_ms`)"),
        (
            "it wanted more than its 16 MiB of memory (`memory_mib`)\nerror while executing\n\nCaused by:\n    wasm trap: unreachable",
            "it wanted more than its 16 MiB of memory (`memory_mib`)",
        ),
        (
            "error while executing at wasm backtrace:\n    0: 0x1f - <unknown>!f\n\nCaused by:\n    wasm trap: integer divide by zero",
            "integer divide by zero",
        ),
        (
            "ValueError: no\nerror while executing at wasm backtrace:\n    0: 0x1f - f\n\nCaused by:\n    wasm trap: unreachable",
            "ValueError: no",
        ),
    ];
    for (why, short) in cases {
        assert_eq!(trap_in_short(why), short);
    }
}

#[test]
fn what_an_effect_carries_is_shown_as_people_read_it() {
    let task = NewTask { info: r#"{"url":null}"#.into(), redundancy: None, priority: Some(0.5), extra: "{}".into() };
    let mail = Mail {
        to: vec![Recipient::Worker("7".into())],
        cc: Vec::new(),
        bcc: Vec::new(),
        reply_to: None,
        subject: "Done".into(),
        text: "It is.".into(),
        html: None,
        attachments: vec![
            Attachment { name: "a.txt".into(), media_type: "text/plain".into(), content: Bytes(b"a".to_vec()) },
            Attachment { name: "b".into(), media_type: "image/png".into(), content: Bytes(vec![0xff]) },
        ],
    };
    let request = |body: &str| Request { method: "POST".into(), path: "/a".into(), headers: Vec::new(), body: body.into() };
    let send = |body: &str| Effect::SendRequest { connection: "web".into(), request: request(body) };
    let cases = [
        (
            Effect::SaveResult { task: "1".into(), result: Some("9".into()), info: "null".into() },
            json!({ "effect": "save-result", "task": "1", "info": null }),
        ),
        (
            Effect::CreateTask { project: None, task },
            json!({ "effect": "create-task", "task": { "info": { "url": null }, "priority": 0.5, "extra": {} } }),
        ),
        (
            Effect::SendMail { mail: Box::new(mail) },
            json!({ "effect": "send-mail", "mail": {
                "to": [{ "worker": "7" }], "cc": [], "bcc": [], "subject": "Done", "text": "It is.",
                "attachments": [
                    { "name": "a.txt", "media_type": "text/plain", "text": "a" },
                    { "name": "b", "media_type": "image/png", "content": "/w==" },
                ],
            } }),
        ),
        (
            send(r#"{"a":1}"#),
            json!({ "effect": "send-request", "connection": "web", "request": { "method": "POST", "path": "/a", "headers": [], "body": { "a": 1 } } }),
        ),
        // A body that is a number may as well be a text.
        (
            send("12"),
            json!({ "effect": "send-request", "connection": "web", "request": { "method": "POST", "path": "/a", "headers": [], "body": "12" } }),
        ),
        (
            Effect::WriteFile { folder: "out".into(), path: "a.txt".into(), content: Bytes(b"line\n".to_vec()) },
            json!({ "effect": "write-file", "folder": "out", "path": "a.txt", "text": "line\n" }),
        ),
    ];
    for (effect, shown) in cases {
        assert_eq!(effect_shown(&effect, None), shown);
    }
    assert_eq!(effect_shown(&send(""), Some("k".into())).get("once"), Some(&json!("k")));
}
