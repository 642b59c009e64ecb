//! The way of an event as a trace, as a receiver of OTLP sees it.

use crowdhook::practice::{Pybossa, Seed};
use serde_json::{Value, json};

use crate::harness::crate_folder;
use crate::harness::folder::{Folder, VOTE};
use crate::harness::part::{self, tried};
use crate::harness::patience::until;
use crate::harness::process::{Process, crowdhook};
use crate::harness::remote::Remote;
use crate::harness::wire;

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// The spans that were sent so far.
fn spans(receiver: &Remote) -> Vec<Value> {
    let bodies = receiver.seen().into_iter().map(|seen| serde_json::from_str::<Value>(&seen.body).unwrap());
    let spans = bodies.flat_map(|body| body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().cloned().unwrap());
    spans.collect()
}

/// What a span says under a key.
fn said<'a>(span: &'a Value, key: &str) -> &'a str {
    let attribute = span["attributes"].as_array().unwrap().iter().find(|attribute| attribute["key"] == key);
    attribute.map_or("", |attribute| attribute["value"]["stringValue"].as_str().unwrap())
}

/// A host that sends its spans to `receiver`.
async fn tracing(folder: &Folder, receiver: &Remote) -> Process {
    let mut command = crowdhook(&[]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url()).env("OTEL_SERVICE_NAME", "birds-host");
    command.env("OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%20key");
    let mut host = Process::spawn_as(command, folder);
    assert!(host.ready(folder).await.is_none(), "{}", host.log());
    host
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_leads_from_the_request_to_the_delivery_also_over_a_restart() {
    let (receiver, server) = (Remote::start([]).await, Pybossa::start(Seed::empty()).await.unwrap());
    server.add_project("birds");
    let folder = Folder::new();
    folder.component("majority-vote");
    folder.component("counts");
    folder.pybossa("birds", &server, &format!("{VOTE}\n[plugins.counts]\n"));
    let task = server.add_task("birds", json!({}), 1).unwrap();
    server.answer(task, "ada", json!({"animal": "red"})).unwrap();
    server.settled().await;
    server.go_down().await;
    let host = tracing(&folder, &receiver).await;
    let post = wire::completed(&Folder::hook("birds"), "birds", 1, task, task);
    let reply = wire::send(folder.listen, post.replacen("\r\n", &format!("\r\nTraceparent: {PARENT}\r\n"), 1)).await.unwrap();
    assert_eq!(reply.status, 200);
    assert_eq!(host.stop().await.code(), Some(0));
    assert!(spans(&receiver).iter().any(|span| span["name"] == "receive"), "what is left is sent at the end");
    let log = std::fs::read_to_string(folder.path("host.log")).unwrap();
    assert!(!log.contains("panicked"), "it stopped while spans were gathered: {log}");

    server.come_back().await.unwrap();
    let host = tracing(&folder, &receiver).await;
    let all = ["receive", "handle vote", "handle counts", "handle counts", "deliver vote"];
    let name = |span: &Value| format!("{} {}", span["name"].as_str().unwrap(), said(span, "crowdhook.plugin")).trim_end().to_owned();
    // What was parked before is told as well.
    let ended =
        || spans(&receiver).into_iter().filter(|span| !["parked", "retry"].contains(&said(span, "crowdhook.outcome"))).collect::<Vec<_>>();
    until("all of it was sent", async || ended().len() == all.len()).await;
    host.stop().await;
    let ended = ended();
    let named = |wanted: &str| ended.iter().find(|span| name(span) == wanted).unwrap_or_else(|| panic!("no `{wanted}` in {ended:#?}"));
    let (receive, vote, deliver) = (named("receive"), named("handle vote"), named("deliver vote"));
    let mut names: Vec<String> = ended.iter().map(name).collect();
    names.sort();
    assert_eq!(names, ["deliver vote", "handle counts", "handle counts", "handle vote", "receive"]);

    let event = said(receive, "crowdhook.event.id").replace('-', "");
    assert!(ended.iter().all(|span| span["traceId"] == event.as_str()), "{ended:#?}");
    assert_eq!(receive["links"], json!([{ "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "00f067aa0ba902b7" }]));
    assert!(receive["parentSpanId"].is_null() && receive["kind"] == 2, "{receive}");
    assert_eq!((&vote["parentSpanId"], &deliver["parentSpanId"]), (&receive["spanId"], &vote["spanId"]));
    // The other plugin heard of the event, and of what the first one made of it.
    let parents: Vec<&Value> = ended.iter().filter(|span| name(span) == "handle counts").map(|span| &span["parentSpanId"]).collect();
    assert!(parents.contains(&&receive["spanId"]) && parents.contains(&&vote["spanId"]), "{parents:?}");
    assert_eq!((said(deliver, "crowdhook.verdict"), said(vote, "crowdhook.outcome")), ("delivered", "ok"));
    let time = |span: &Value, key: &str| span[key].as_str().unwrap().parse::<u128>().unwrap();
    assert!(ended.iter().all(|span| time(span, "startTimeUnixNano") <= time(span, "endTimeUnixNano")), "{ended:#?}");

    let seen = &receiver.seen()[0];
    assert_eq!(
        (seen.line.as_str(), seen.header("content-type"), seen.header("x-key")),
        ("POST /v1/traces", Some("application/json"), Some("a key"))
    );
    let resource = &serde_json::from_str::<Value>(&seen.body).unwrap()["resourceSpans"][0]["resource"];
    assert_eq!(said(resource, "service.name"), "birds-host");
    check_by_the_protocols_own_parser(&seen.body);
}

/// OpenTelemetry's own description of the messages has each field, with this type.
fn check_by_the_protocols_own_parser(body: &str) {
    let Some(python) = part::python("opentelemetry.proto.collector.trace.v1.trace_service_pb2") else { return };
    let script = crate_folder().join("tests/python/otlp.py");
    let (parsed, complaints) = tried(&python, &[script.to_str().unwrap()], body);
    assert!(parsed, "{complaints}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_not_there_costs_nothing_but_the_spans() {
    let server = Pybossa::start(Seed::empty()).await.unwrap();
    server.add_project("birds");
    let folder = Folder::new();
    folder.component("majority-vote");
    folder.pybossa("birds", &server, VOTE);
    let mut command = crowdhook(&[]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", Remote::nowhere().await));
    let mut host = Process::spawn_as(command, &folder);
    assert!(host.ready(&folder).await.is_none(), "{}", host.log());
    server.save_webhook("birds", &folder.hook_url("birds")).await.unwrap();
    let task = server.add_task("birds", json!({}), 1).unwrap();
    server.answer(task, "ada", json!({"animal": "red"})).unwrap();
    until("the result stands on the platform", async || server.result_of(task).unwrap()["info"]["answer"] == "red").await;
    host.logs("Spans could not be sent and are dropped").await;
    assert_eq!(host.stop().await.code(), Some(0));
}

#[tokio::test]
async fn a_variable_that_makes_no_sense_is_said_at_the_start() {
    let folder = Folder::new();
    let mut command = crowdhook(&["serve", "--config"]);
    command.arg(folder.config()).env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4317").env("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    crate::harness::process::said(command).await.fails(1, &["`OTEL_EXPORTER_OTLP_PROTOCOL` asks for `grpc`", "port 4318"]);
}
