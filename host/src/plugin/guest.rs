//! What the host knows of one sandbox while it runs: what the call is about, what it has read, what it has asked for, and
//! what it has used up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::limits::{CpuMeter, Memory};
use super::output::Kept;
use super::reads::Reads;
use crate::config::{self, GuestLimits};
use crate::effect::{Effect, OnceKey};
use crate::event::{Event, EventKind};
use crate::store::{StateEntry, StateRead};

mod fixed;

/// One log message is cut after so many bytes.
const LOG_MESSAGE_BYTES_MAX: usize = 8 << 10;
/// One value of a field is cut after so many bytes.
const LOG_VALUE_BYTES_MAX: usize = 1 << 10;
/// Fields beyond so many are dropped.
const LOG_FIELDS_MAX: usize = 32;

/// A line for the operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// `debug`, `info`, `warn` or `error`; `stdout` or `stderr` for what was printed.
    pub level: &'static str,
    /// The message.
    pub message: String,
    /// Named values beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<(String, String)>,
}

/// Log lines up to a limit, then a count of those that were dropped.
#[derive(Debug, Default)]
pub(super) struct Log {
    lines: Vec<LogLine>,
    bytes: usize,
    dropped: usize,
}

impl Log {
    pub(super) fn write(&mut self, limits: &GuestLimits, level: &'static str, message: &str, fields: Vec<(String, String)>) {
        if self.lines.len() >= limits.log_lines || self.bytes >= limits.log_bytes {
            self.dropped += 1;
            return;
        }
        let room = limits.log_bytes - self.bytes;
        let message = cut(message, LOG_MESSAGE_BYTES_MAX.min(room));
        let fields: Vec<_> =
            fields.into_iter().take(LOG_FIELDS_MAX).map(|(name, value)| (cut(&name, 64), cut(&value, LOG_VALUE_BYTES_MAX))).collect();
        self.bytes += message.len() + fields.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        self.lines.push(LogLine { level, message, fields });
    }

    fn into_lines(mut self) -> Vec<LogLine> {
        if self.dropped > 0 {
            let message = format!("{} more lines were dropped: the limit is reached", self.dropped);
            self.lines.push(LogLine { level: "warn", message, fields: Vec::new() });
        }
        self.lines
    }
}

/// The beginning of `text`, at most `bytes_max` long, cut between characters.
pub(super) fn cut(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let end = (0..=bytes_max).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default().to_owned()
}

/// A change of state that this call has written and that is not stored yet.
#[derive(Clone, Debug)]
pub(super) enum Pending {
    Set(String),
    Removed,
    Added(i64),
}

/// An event that a call emits.
#[derive(Clone, Debug)]
pub struct Derived {
    /// What happened.
    pub kind: EventKind,
    /// About which task; none for the task of the event being handled.
    pub task: Option<String>,
    /// A JSON object as text.
    pub payload: String,
    /// Emitted once per (project, plugin, key).
    pub once: Option<OnceKey>,
}

/// What a call asks for.
#[derive(Debug, Default)]
pub struct Asked {
    /// Effects, in order.
    pub effects: Vec<(Effect, Option<OnceKey>)>,
    /// Events, in order.
    pub events: Vec<Derived>,
    pub(super) bytes: usize,
}

/// The host's memory of one call of `handle`.
pub(super) struct Handling {
    pub(super) event: Arc<Event>,
    pub(super) plugin: Arc<config::Plugin>,
    pub(super) reads: Arc<dyn Reads>,
    /// What it wrote to its state.
    pub(super) written: BTreeMap<String, Pending>,
    /// What it read of its state: kept, so that a second look in one call sees the same.
    pub(super) looked_up: BTreeMap<String, Option<StateEntry>>,
    /// What commit has to check.
    pub(super) state_reads: Vec<StateRead>,
    /// Bytes of state that it has written and read, each time anew.
    pub(super) state_written: usize,
    pub(super) state_read: usize,
    /// What else it read, for the record.
    pub(super) other_reads: BTreeMap<String, serde_json::Value>,
    pub(super) asked: Asked,
    /// How many events the event from outside behind this one has led to before this call.
    pub(super) derived: usize,
    /// How many responses it has fetched.
    pub(super) fetched: u32,
    /// When the call is stopped, however it stands.
    pub(super) until: Instant,
    /// The platform, a service or the store was not to be had: how long it asks to wait, and why.
    pub(super) waits_for: Option<(Option<Duration>, String)>,
}

/// The data of one sandbox.
pub struct Guest {
    pub(super) limits: GuestLimits,
    pub(super) memory: Memory,
    pub(super) cpu: Arc<CpuMeter>,
    pub(super) log: Log,
    /// None while the guest is only asked what it is.
    pub(super) handling: Option<Handling>,
    stdout: Kept,
    stderr: Kept,
    /// Made when the guest first asks for anything of WASI.
    wasi: Option<WasiCtx>,
    table: ResourceTable,
}

impl Guest {
    pub(super) fn new(limits: GuestLimits, handling: Option<Handling>) -> Self {
        Self {
            limits,
            memory: Memory::new(limits.memory_bytes),
            cpu: Arc::default(),
            log: Log::default(),
            handling,
            stdout: Kept::new(limits.log_bytes),
            stderr: Kept::new(limits.log_bytes),
            wasi: None,
            table: ResourceTable::new(),
        }
    }

    /// Whether its author looks on.
    pub(super) fn is_tried_out(&self) -> bool {
        self.handling.as_ref().is_some_and(|handling| handling.reads.fixed().is_some())
    }

    /// What the guest logged and printed, and the call it was about.
    pub(super) fn into_parts(self) -> (Vec<LogLine>, Option<Handling>) {
        let mut lines = self.log.into_lines();
        for (level, kept) in [("stdout", self.stdout), ("stderr", self.stderr)] {
            let message = kept.text();
            if !message.trim().is_empty() {
                lines.push(LogLine { level, message: message.trim_end().to_owned(), fields: Vec::new() });
            }
        }
        (lines, self.handling)
    }
}

impl WasiView for Guest {
    /// WASI with nothing in it: no files, environment, arguments or network; clocks and random numbers work.
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let (stdout, stderr, handling) = (&self.stdout, &self.stderr, &self.handling);
        let ctx = self.wasi.get_or_insert_with(|| {
            let mut builder = WasiCtx::builder();
            builder.stdout(stdout.clone()).stderr(stderr.clone());
            if let Some(fixed) = handling.as_ref().and_then(|handling| handling.reads.fixed()) {
                fixed::fix(&mut builder, fixed);
            }
            builder.build()
        });
        WasiCtxView { ctx, table: &mut self.table }
    }
}
