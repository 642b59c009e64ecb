//! The newest log lines, for whoever follows them from elsewhere: kept in memory, and only while somebody does.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::field::{Field, Visit};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{DynFilterFn, LevelFilter};
use tracing_subscriber::layer::{Context, Filter};

use crate::clock::{Clock, rfc3339};

/// As many lines are kept; older ones go, and whoever has not read them is told how many.
const LINES_MAX: usize = 4_000;
/// Lines of an answer.
const LINES_AT_ONCE: usize = 500;
/// A line's message is kept up to here, in bytes.
const MESSAGE_BYTES_MAX: usize = 4_096;
/// Lines are kept for so long after somebody asked for them last.
const FOLLOWED: Duration = Duration::from_secs(30);

/// A log line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// When, RFC 3339.
    pub at: String,
    /// `error`, `warn`, `info`, `debug`.
    pub level: String,
    /// What happened, for people.
    pub message: String,
    /// About what: `project`, `plugin`, `event.id` …
    pub fields: Map<String, Value>,
}

/// Lines behind one that was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lines {
    /// In their order.
    pub lines: Vec<Line>,
    /// What to ask for next.
    pub next: u64,
    /// How many there were in between that are kept no longer.
    pub missed: u64,
}

#[derive(Default)]
struct Kept {
    lines: VecDeque<Line>,
    last: u64,
    followed_until: Option<Instant>,
}

static KEPT: Mutex<Kept> = Mutex::new(Kept { lines: VecDeque::new(), last: 0, followed_until: None });
/// Asked at each log line, so that one costs next to nothing while nobody follows.
static IS_FOLLOWED: AtomicBool = AtomicBool::new(false);
static WRITTEN: Notify = Notify::const_new();

/// The lines behind number `after`, waiting for one for at most `wait`; with none, those that are written from now on.
pub async fn follow(after: Option<u64>, wait: Duration) -> Lines {
    IS_FOLLOWED.store(true, Ordering::Relaxed);
    let until = Instant::now() + wait;
    let after = after.unwrap_or_else(|| kept(|kept| kept.last));
    loop {
        let mut written = std::pin::pin!(WRITTEN.notified());
        written.as_mut().enable();
        let found = kept(|kept| kept.behind(after));
        if !found.lines.is_empty() || tokio::time::timeout_at(until, written).await.is_err() {
            return found;
        }
    }
}

fn kept<T>(look: impl FnOnce(&mut Kept) -> T) -> T {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    kept.followed_until = Some(Instant::now() + FOLLOWED);
    look(&mut kept)
}

impl Kept {
    fn behind(&self, after: u64) -> Lines {
        let oldest = self.lines.front().map_or(self.last + 1, |line| line.number);
        let missed = oldest.saturating_sub(after.saturating_add(1));
        let lines: Vec<Line> = self.lines.iter().filter(|line| line.number > after).take(LINES_AT_ONCE).cloned().collect();
        let next = lines.last().map_or(after.max(self.last.min(after.saturating_add(missed))), |line| line.number);
        Lines { lines, next, missed: if after == 0 || after > self.last { 0 } else { missed } }
    }

    fn keep(&mut self, line: impl FnOnce(u64) -> Line) {
        if self.followed_until.is_none_or(|until| until < Instant::now()) {
            // Nobody has asked for a while: they are let go, and no further ones are made.
            IS_FOLLOWED.store(false, Ordering::Relaxed);
            self.lines.clear();
            return;
        }
        self.last += 1;
        if self.lines.len() >= LINES_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back(line(self.last));
        WRITTEN.notify_waiters();
    }
}

/// Keeps lines for those who follow.
pub(super) struct Tail;

/// What [`Tail`] is to see: the host's own lines, and none while nobody follows.
pub(super) fn filter<S: Subscriber>() -> impl Filter<S> {
    let is_ours = |metadata: &Metadata<'_>| metadata.target().starts_with("crowdhook") && *metadata.level() <= Level::DEBUG;
    DynFilterFn::new(move |metadata, _: &Context<'_, S>| IS_FOLLOWED.load(Ordering::Relaxed) && is_ours(metadata))
        .with_callsite_filter(move |metadata| if is_ours(metadata) { Interest::sometimes() } else { Interest::never() })
        .with_max_level_hint(LevelFilter::DEBUG)
}

impl<S: Subscriber> Layer<S> for Tail {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut said = Said::default();
        event.record(&mut said);
        let level = event.metadata().level().as_str().to_ascii_lowercase();
        let at = rfc3339(Clock::System.now());
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        kept.keep(|number| Line { number, at, level, message: said.message, fields: said.fields });
    }
}

/// What a line says.
#[derive(Default)]
struct Said {
    message: String,
    fields: Map<String, Value>,
}

impl Said {
    fn take(&mut self, field: &Field, value: Value) {
        if field.name() == "message" {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            self.message = text.get(..text.floor_char_boundary(MESSAGE_BYTES_MAX)).unwrap_or_default().to_owned();
        } else {
            self.fields.insert(field.name().to_owned(), value);
        }
    }
}

impl Visit for Said {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.take(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.take(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.take(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.take(field, format!("{value:?}").into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: u64) -> Line {
        Line { number, at: String::new(), level: "info".to_owned(), message: format!("line {number}"), fields: Map::new() }
    }

    #[tokio::test]
    async fn lines_are_kept_up_to_a_limit_and_while_somebody_follows() {
        let mut kept = Kept::default();
        kept.keep(line);
        assert_eq!((kept.last, kept.lines.len()), (0, 0), "nobody follows");
        kept.followed_until = Some(Instant::now() + FOLLOWED);
        for _ in 0..LINES_MAX + 10 {
            kept.keep(line);
        }
        assert_eq!((kept.last, kept.lines.len()), (LINES_MAX as u64 + 10, LINES_MAX));
        let late = kept.behind(3);
        assert_eq!((late.missed, late.lines[0].number, late.lines.len(), late.next), (7, 11, LINES_AT_ONCE, 10 + LINES_AT_ONCE as u64));
        let rest = kept.behind(kept.last - 2);
        assert_eq!((rest.missed, rest.lines.len(), rest.next), (0, 2, kept.last));
        let none = kept.behind(kept.last);
        assert_eq!((none.missed, none.lines.len(), none.next), (0, 0, kept.last));
        kept.followed_until = Some(Instant::now() - Duration::from_secs(1));
        kept.keep(line);
        assert!(kept.lines.is_empty());
    }
}
