//! Sends spans to whoever gathers traces: OTLP, as JSON over HTTP, which OpenTelemetry's collector and most other receivers take at
//! port 4318. Off unless the variables that OpenTelemetry has agreed on say where to.
//!
//! The protocol is a few fields of JSON, so it is written out here: the crates for it would bring a second HTTP stack or a runtime of
//! their own, and could not give a span the id that is made of what it is about.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing::{info, warn};

use self::settings::Settings;
use crate::connection::{Connection, Connections};
use crate::id::hex;
use crate::telemetry::Metrics;
use crate::telemetry::spans::{Span, SpanId, WAITING_MAX};

pub mod settings;

/// Spans that are sent together.
const BATCH_MAX: usize = 512;
/// A batch that is not full yet is sent after this.
const GATHER: Duration = Duration::from_secs(1);
/// That spans cannot be sent is said no more often.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// Sends what the host tells as spans.
pub struct Traces {
    settings: Settings,
    connection: Arc<Connection>,
    metrics: Metrics,
    spans: mpsc::Receiver<Span>,
    said: Option<Instant>,
}

impl Traces {
    /// From now on `metrics` tells spans too, and they wait here to be sent.
    #[must_use]
    pub fn new(settings: Settings, connections: &Connections, metrics: &Metrics) -> Self {
        let (told, spans) = mpsc::channel(WAITING_MAX);
        metrics.tell_spans(told);
        info!("Spans are sent to `{}`", settings.endpoint.origin().ascii_serialization());
        Self { connection: connections.to(&settings.endpoint), settings, metrics: metrics.clone(), spans, said: None }
    }

    /// Sends until `stop`, and then what has been told by then.
    pub async fn serve(mut self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let mut batch = Vec::new();
        let mut is_stopping = false;
        while !is_stopping {
            tokio::select! {
                told = self.spans.recv_many(&mut batch, BATCH_MAX) => if told == 0 { return },
                () = &mut stop => break,
            }
            let until = Instant::now() + GATHER;
            while batch.len() < BATCH_MAX && !is_stopping {
                let room = BATCH_MAX - batch.len();
                tokio::select! {
                    told = self.spans.recv_many(&mut batch, room) => if told == 0 { break },
                    () = tokio::time::sleep_until(until) => break,
                    // It has come, and may not be asked again.
                    () = &mut stop => is_stopping = true,
                }
            }
            self.send(&mut batch).await;
        }
        while let Ok(span) = self.spans.try_recv() {
            batch.push(span);
            if batch.len() == BATCH_MAX {
                self.send(&mut batch).await;
            }
        }
        self.send(&mut batch).await;
    }

    /// Sends a batch once. What does not get through is dropped: spans are for looking, and those that come next need the room.
    async fn send(&mut self, batch: &mut Vec<Span>) {
        batch.retain(|span| self.settings.keeps(span.root));
        let spans: Vec<Value> = batch.drain(..).map(|span| encode(&span)).collect();
        if spans.is_empty() {
            return;
        }
        let (count, body) = (spans.len(), self.document(spans).to_string());
        let failed = match self.connection.post("traces", self.settings.headers.clone(), body).await {
            Ok(answer) if (200..300).contains(&answer.status) => None,
            Ok(answer) => Some(format!("it answered {}", answer.status)),
            Err(error) => Some(error.to_string()),
        };
        self.metrics.spans_left(count, failed.is_none());
        if let Some(error) = failed
            && self.said.is_none_or(|at| at.elapsed() >= SAY_EVERY)
        {
            self.said = Some(Instant::now());
            warn!(%error, "Spans could not be sent and are dropped: {error}");
        }
    }

    fn document(&self, spans: Vec<Value>) -> Value {
        let resource = self.settings.resource.iter().map(|(key, value)| attribute(key, value));
        json!({ "resourceSpans": [{
            "resource": { "attributes": resource.collect::<Vec<_>>() },
            "scopeSpans": [{ "scope": { "name": "crowdhook", "version": env!("CARGO_PKG_VERSION") }, "spans": spans }],
        }] })
    }
}

/// A span as OTLP writes it in JSON: ids as hexadecimal digits, times as texts of nanoseconds.
fn encode(span: &Span) -> Value {
    let end = span.ended_at.as_nanosecond();
    let start = end.saturating_sub(i128::try_from(span.took.as_nanos()).unwrap_or(0));
    let mut encoded = json!({
        "traceId": hex(span.root.as_bytes()),
        "spanId": hex(&span.id),
        "name": span.name,
        "kind": span.kind as u8,
        "startTimeUnixNano": start.max(0).to_string(),
        "endTimeUnixNano": end.max(0).to_string(),
        "attributes": span.attributes.iter().map(|(key, value)| attribute(key, value)).collect::<Vec<_>>(),
    });
    let further = [
        ("parentSpanId", span.parent.map(|parent: SpanId| hex(&parent).into())),
        ("links", span.link.map(|link| json!([{ "traceId": hex(&link.trace), "spanId": hex(&link.span) }]))),
        ("status", span.error.as_ref().map(|error| json!({ "code": 2, "message": error }))),
    ];
    if let Some(fields) = encoded.as_object_mut() {
        fields.extend(further.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
    }
    encoded
}

fn attribute(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}
