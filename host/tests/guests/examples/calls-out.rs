//! Fetches and sends through the connection that its settings name, and logs what it is told.
#![cfg(target_arch = "wasm32")]

use crowdhook_guests::host::{http, log};
use crowdhook_guests::{Description, Event, Failure, Misbehaves};
use serde_json::Value;

struct CallsOut;

impl Misbehaves for CallsOut {
    const NAME: &str = "calls-out";

    fn describe() -> Description {
        Description {
            name: Self::NAME.to_owned(),
            version: Self::VERSION.to_owned(),
            summary: "Calls other services, for a test.".to_owned(),
            handles: vec!["task.*".to_owned()],
            needs: Vec::new(),
            settings_schema: SCHEMA.to_owned(),
            extra: "{}".to_owned(),
        }
    }

    fn handle(event: &Event, settings: &str) -> Result<(), Failure> {
        let settings: Value = serde_json::from_str(settings).unwrap();
        let text = |key: &str| settings[key].as_str();
        let connection = text("connection").unwrap_or("web");
        let task = event.task_id.as_deref().unwrap_or("none");
        let headers: Vec<http::Header> = settings["headers"].as_object().into_iter().flatten().map(header).collect();
        for path in settings["fetch"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let fetched = http::fetch(connection, path, &headers).map(|response| said(&response));
            tell(&format!("fetch {path}"), fetched)?;
        }
        let Some(path) = text("send") else { return Ok(()) };
        let request = http::Request {
            method: text("method").unwrap_or("POST").to_owned(),
            path: path.to_owned(),
            headers,
            body: text("body").map_or_else(|| format!("{{\"task\":\"{task}\"}}"), str::to_owned),
        };
        let once = text("once").map(|once| format!("{once}/{task}"));
        tell(&format!("send {path}"), http::send(connection, &request, once.as_deref()).map(|()| "asked for".to_owned()))
    }
}

const SCHEMA: &str = r#"{
    "type": "object",
    "properties": {
        "connection": { "type": "string", "format": "crowdhook:connection" },
        "folder": { "type": "string", "format": "crowdhook:folder" },
        "project": { "type": "string", "format": "crowdhook:project" },
        "fetch": { "type": "array", "items": { "type": "string" } },
        "send": { "type": "string" },
        "method": { "type": "string" },
        "headers": { "type": "object" },
        "body": { "type": "string" },
        "once": { "type": "string" }
    },
    "additionalProperties": false
}"#;

fn header((name, value): (&String, &Value)) -> http::Header {
    http::Header { name: name.clone(), value: value.as_str().unwrap_or_default().to_owned() }
}

/// Status, headers and the beginning of the body.
fn said(response: &http::Response) -> String {
    let headers: Vec<String> = response.headers.iter().map(|header| format!("{}={}", header.name, header.value)).collect();
    let body: String = String::from_utf8_lossy(&response.body).chars().take(200).collect();
    format!("{} {} bytes [{}] {body}", response.status, response.body.len(), headers.join(" "))
}

/// One line for each answer. A failure is passed on.
fn tell(what: &str, answer: Result<String, Failure>) -> Result<(), Failure> {
    let line = match &answer {
        Ok(said) => said.clone(),
        Err(failure) => format!("{failure:?}"),
    };
    log::write(log::Level::Info, &format!("{what}: {line}"), &[]);
    answer.map(drop)
}

crowdhook_guests::guest!(CallsOut);
