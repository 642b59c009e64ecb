//! Spans: the way of one event from outside through the host, as those read it who gather traces (OpenTelemetry).
//!
//! No column keeps a trace. Its id is the id of the event from outside, a UUID of version 7, and a span that others hang below has an id
//! that is made of what it is about. So a trace goes on after a restart, and a delivery that leaves tomorrow hangs where it belongs.

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use super::Metrics;
use crate::clock::{Clock, Timestamp};
use crate::id::{EventId, PluginName, Scope};

/// Names a span.
pub type SpanId = [u8; 8];

/// Spans that wait to be sent; further ones are dropped and counted.
pub const WAITING_MAX: usize = 4_096;

/// What a span is, in OpenTelemetry's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A request that came in.
    Server = 2,
    /// A call that left.
    Client = 3,
    /// Work on something that had waited.
    Consumer = 5,
}

/// One stretch of work on behalf of an event from outside.
#[derive(Clone, Debug)]
pub struct Span {
    /// The event from outside, which is the trace.
    pub root: EventId,
    /// Its id.
    pub id: SpanId,
    /// The span that it hangs below; none for the first one.
    pub parent: Option<SpanId>,
    /// What was done.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// When it ended, by the machine's clock.
    pub ended_at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What is to be known of it.
    pub attributes: Vec<(&'static str, String)>,
    /// The sender's span, where it told of one.
    pub link: Option<Link>,
    /// Why it failed.
    pub error: Option<String>,
}

/// A span of another program, as its `traceparent` header tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its trace.
    pub trace: [u8; 16],
    /// Its id.
    pub span: SpanId,
}

impl Link {
    /// Reads the header (W3C Trace Context); none where it says nothing that can be read.
    #[must_use]
    pub fn of(header: &str) -> Option<Self> {
        let mut parts = header.trim().split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        // Later versions may add parts; 255 is none.
        let is_known = version.len() == 2 && version != "ff" && flags.len() == 2 && (version != "00" || parts.next().is_none());
        let link = Self { trace: bytes(trace)?, span: bytes(span)? };
        (is_known && bytes::<1>(version).is_some() && link.trace != [0; 16] && link.span != [0; 8]).then_some(link)
    }
}

/// Lower-case hexadecimal digits, as the header wants them.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |digit: u8| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        };
        let (high, low) = (digit(*pair.first()?)?, digit(*pair.last()?)?);
        *byte = high << 4 | low;
    }
    Some(bytes)
}

/// The span of an event's receipt.
#[must_use]
pub fn of_event(event: EventId) -> SpanId {
    named(&[event.as_bytes()])
}

/// The span of the run in which a plugin handled an event to its end.
#[must_use]
pub fn of_handling(event: EventId, plugin: &PluginName) -> SpanId {
    named(&[event.as_bytes(), plugin.as_str().as_bytes()])
}

/// The span of an attempt: of one of an invocation that did not end it, of one of a delivery.
#[must_use]
pub fn of_attempt(of: &[u8; 16], plugin: &PluginName, attempt: u32, at: Timestamp) -> SpanId {
    // One that is parked again and again is the same attempt each time.
    named(&[of, plugin.as_str().as_bytes(), &attempt.to_be_bytes(), &at.as_nanosecond().to_be_bytes()])
}

fn named(parts: &[&[u8]]) -> SpanId {
    let mut digest = Sha256::new();
    parts.iter().for_each(|part| digest.update(part));
    let mut id = SpanId::default();
    id.iter_mut().zip(digest.finalize()).for_each(|(byte, digit)| *byte = digit);
    id
}

impl Metrics {
    /// From now on what happens is also told as spans, to who has the other end of this.
    pub fn tell_spans(&self, spans: mpsc::Sender<Span>) {
        // A second one changes nothing.
        self.all().spans.set(spans).ok();
    }

    /// Whether anybody wants spans: what only they need is not looked up otherwise.
    #[must_use]
    pub fn tells_spans(&self) -> bool {
        self.all().spans.get().is_some()
    }

    /// An event came in with a request that took so long up to now.
    pub fn event_received(&self, event: EventId, took: Duration, link: Option<Link>, attributes: Vec<(&'static str, String)>) {
        self.tell(|ended_at| Span {
            root: event,
            id: of_event(event),
            parent: None,
            name: "receive",
            kind: Kind::Server,
            ended_at,
            took,
            attributes: [vec![("crowdhook.event.id", event.to_string())], attributes].concat(),
            link,
            error: None,
        });
    }

    /// Makes a span and hands it over, where somebody wants it.
    pub(super) fn tell(&self, span: impl FnOnce(Timestamp) -> Span) {
        let Some(spans) = self.all().spans.get() else { return };
        if spans.try_send(span(Clock::System.wall())).is_err() {
            self.all().others.spans_dropped.inc();
        }
    }

    /// So many spans were sent, or were given up since they could not be.
    pub fn spans_left(&self, spans: usize, were_sent: bool) {
        let (others, spans) = (&self.all().others, u64::try_from(spans).unwrap_or(u64::MAX));
        if were_sent { &others.spans_sent } else { &others.spans_dropped }.inc_by(spans);
    }
}

/// The attributes of what is done for a plugin.
pub(super) fn of_plugin(Scope { project, plugin }: &Scope, attempt: u32) -> [(&'static str, String); 3] {
    [("crowdhook.project", project.to_string()), ("crowdhook.plugin", plugin.to_string()), ("crowdhook.attempt", attempt.to_string())]
}

#[cfg(test)]
mod tests;
