//! One call of one component, in a sandbox of its own that is thrown away afterwards.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wasmtime::{Store, UpdateDeadline};

use super::bindings::crowdhook::plugin::types;
use super::bindings::{Plugin, PluginPre};
use super::guest::{Asked, Guest, Handling, LogLine};
use super::imports::Failure;
use super::limits::Metered;
use super::load::Component;
use super::reads::Reads;
use crate::clock;
use crate::config::{self, GuestLimits};
use crate::event::Event;
use crate::store::{StateChange, StateRead};

mod words;

/// No reason is kept longer, in bytes.
const REASON_BYTES_MAX: usize = 4 << 10;

/// One event for one plugin.
pub struct Call {
    /// The event.
    pub event: Arc<Event>,
    /// The number of this attempt, from 1.
    pub attempt: u32,
    /// Whether the plugin has handled the event to its end before.
    pub rerun: bool,
    /// The plugin.
    pub plugin: Arc<config::Plugin>,
    /// What it may read.
    pub reads: Arc<dyn Reads>,
    /// How many events the event from outside behind this one has led to so far.
    pub derived: u32,
}

/// How a call ended.
#[derive(Debug)]
pub enum Ended {
    /// `ok`: what it asks for is to be stored.
    Ok(Wanted),
    /// The plugin asks to be called again later.
    Retry(String),
    /// The plugin, or a failure that it passed on, says that this will never work.
    Rejected(String),
    /// A panic, an uncaught exception, too much time or memory.
    Trapped(String),
    /// The platform or the store was not to be had: no fault of the plugin.
    Parked {
        /// How long to wait, where that was said.
        after: Option<Duration>,
        /// Why.
        why: String,
    },
}

/// What a call that ended well wants stored.
#[derive(Debug, Default)]
pub struct Wanted {
    /// What commit has to check.
    pub reads: Vec<StateRead>,
    /// What it changed of its state.
    pub changes: Vec<StateChange>,
    /// Effects and events.
    pub asked: Asked,
}

/// How a call ended, and what is known of it whatever the end.
#[derive(Debug)]
pub struct Report {
    /// The end.
    pub ended: Ended,
    /// What it logged and printed.
    pub log: Vec<LogLine>,
    /// What it read besides the snapshot, as a JSON object.
    pub read: String,
    /// From start to end.
    pub wall: Duration,
    /// CPU time of the guest.
    pub cpu: Duration,
    /// Memory of the sandbox at its end.
    pub memory_bytes: usize,
    /// Effects and events that it asked for, also where nothing of them is kept.
    pub asked: usize,
    /// Everything in them together.
    pub asked_bytes: usize,
}

#[derive(Debug, thiserror::Error)]
#[error("it used up its {} ms of CPU time (`cpu_ms`)", .0.as_millis())]
struct OverCpu(Duration);

/// Runs `handle` of `component`.
pub async fn handle(component: &Component, call: Call) -> Report {
    let limits = call.plugin.limits;
    let event = event_record(&call);
    let plugin = Arc::clone(&call.plugin);
    let handling = Handling {
        event: call.event,
        plugin: Arc::clone(&plugin),
        reads: call.reads,
        written: std::collections::BTreeMap::new(),
        looked_up: std::collections::BTreeMap::new(),
        state_written: 0,
        state_read: 0,
        state_reads: Vec::new(),
        other_reads: std::collections::BTreeMap::new(),
        asked: Asked::default(),
        derived: call.derived as usize,
        fetched: 0,
        until: Instant::now() + limits.wall,
        waits_for: None,
    };
    let ran = run(component.pre(), limits, Some(handling), async |guest: &Plugin, store: &mut Store<Guest>| {
        guest.call_handle(store, &event, &plugin.settings).await
    })
    .await;
    report(ran)
}

/// What became of one call of any export.
pub(super) struct Ran<T> {
    /// What the export gave, or why it gave nothing.
    pub(super) outcome: Result<T, String>,
    pub(super) log: Vec<LogLine>,
    handling: Option<Handling>,
    wall: Duration,
    cpu: Duration,
    pub(super) memory_bytes: usize,
}

/// Makes a sandbox, calls one export in it, and throws it away.
pub(super) async fn run<T>(
    pre: &PluginPre<Guest>,
    limits: GuestLimits,
    handling: Option<Handling>,
    export: impl AsyncFnOnce(&Plugin, &mut Store<Guest>) -> wasmtime::Result<T>,
) -> Ran<T> {
    let began = Instant::now();
    let mut store = Store::new(pre.engine(), Guest::new(limits, handling));
    store.limiter(|guest| &mut guest.memory);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|context| {
        let guest = context.data();
        if guest.cpu.spent_so_far() > guest.limits.cpu {
            return Err(wasmtime::Error::new(OverCpu(guest.limits.cpu)));
        }
        Ok(UpdateDeadline::Yield(1))
    });
    let meter = Arc::clone(&store.data().cpu);
    let whole = async {
        let guest = pre.instantiate_async(&mut store).await?;
        export(&guest, &mut store).await
    };
    let ran = Metered::new(Arc::clone(&meter), limits.wall, whole).await;
    let guest = store.into_data();
    let (refused, memory_bytes) = (guest.memory.refused, guest.memory.bytes);
    let (log, handling) = guest.into_parts();
    let outcome = match ran {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(trap_reason(&error, refused, limits, &log)),
        Err(_) => Err(format!("it took longer than {} ms (`wall_ms`)", limits.wall.as_millis())),
    };
    Ran { outcome, log, handling, wall: began.elapsed(), cpu: meter.spent_so_far(), memory_bytes }
}

/// Why the guest stopped, for its author: the limit it ran into, or its own last words and the trap with its backtrace.
fn trap_reason(error: &wasmtime::Error, memory_refused: bool, limits: GuestLimits, log: &[LogLine]) -> String {
    if let Some(over) = error.downcast_ref::<OverCpu>() {
        return over.to_string();
    }
    let reason = format!("{error:?}");
    let reason = super::guest::cut(&reason, REASON_BYTES_MAX);
    if memory_refused {
        return format!("it wanted more than its {} MiB of memory (`memory_mib`)\n{reason}", limits.memory_bytes >> 20);
    }
    match words::last_words(log) {
        Some(words) => format!("{words}\n{reason}"),
        None => reason,
    }
}

fn report(ran: Ran<Result<(), Failure>>) -> Report {
    let mut handling = ran.handling;
    let waits_for = handling.as_mut().and_then(|handling| handling.waits_for.take());
    let parked = |why: String| match waits_for {
        Some((after, why)) => Ended::Parked { after, why },
        None => Ended::Retry(why),
    };
    let read = handling.as_ref().map_or_else(|| "{}".to_owned(), read_record);
    let (asked, asked_bytes) = handling.as_ref().map_or((0, 0), |handling| {
        let asked = &handling.asked;
        (asked.effects.len() + asked.events.len(), asked.bytes)
    });
    let ended = match ran.outcome {
        Ok(Ok(())) => Ended::Ok(handling.map(wanted).unwrap_or_default()),
        Ok(Err(Failure::Retry(why))) => parked(why),
        Ok(Err(Failure::Reject(why) | Failure::NotGranted(why) | Failure::Invalid(why) | Failure::OverLimit(why))) => {
            Ended::Rejected(super::guest::cut(&why, REASON_BYTES_MAX))
        }
        Err(why) => Ended::Trapped(why),
    };
    Report { ended, log: ran.log, read, wall: ran.wall, cpu: ran.cpu, memory_bytes: ran.memory_bytes, asked, asked_bytes }
}

fn wanted(handling: Handling) -> Wanted {
    Wanted { changes: handling.changes(), reads: handling.state_reads, asked: handling.asked }
}

/// What the call read besides the snapshot, as a JSON object: `{}` for nothing.
fn read_record(handling: &Handling) -> String {
    let mut record = serde_json::Map::new();
    if !handling.looked_up.is_empty() {
        let value = |entry: &Option<crate::store::StateEntry>| entry.as_ref().map(|entry| entry.value.clone()).into();
        let state = handling.looked_up.iter().map(|(key, entry)| (key.clone(), value(entry))).collect();
        record.insert("state".into(), serde_json::Value::Object(state));
    }
    record.extend(handling.other_reads.iter().map(|(what, read)| (what.clone(), read.clone())));
    serde_json::Value::Object(record).to_string()
}

fn event_record(call: &Call) -> types::Event {
    let event = &call.event;
    types::Event {
        id: event.id.to_string(),
        kind: event.kind.to_string(),
        project: event.project.to_string(),
        platform: event.platform.to_string(),
        task_id: event.task.clone(),
        occurred_at: clock::rfc3339(event.occurred_at),
        attempt: call.attempt,
        origin: event.origin.to_string(),
        rerun: call.rerun,
        emitted_by: event.emitted_by.as_ref().map(ToString::to_string),
        payload: event.payload.clone(),
        extra: "{}".to_owned(),
    }
}
