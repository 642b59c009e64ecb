//! What plugins do, and what leaves.

use std::sync::atomic::Ordering;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use tracing::{debug, warn};

use super::observe;
use crate::clock::Timestamp;
use crate::id::{DeliveryId, EventId, PluginName, ProjectName, Scope};
use crate::telemetry::labels::{OfAttempt, OfConnection, OfEffect, OfPlugin, OfRun};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::spans::{self, Kind, Span};

/// A run whose end is recorded.
#[derive(Clone, Debug)]
pub struct RunEnded {
    /// The event.
    pub event: EventId,
    /// The event from outside behind it, which is itself where it comes from outside.
    pub root: EventId,
    /// The plugin that emitted it because of the event from outside; none where it comes from outside, or from further away.
    pub emitted_by: Option<PluginName>,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// How it ended, as its record says.
    pub outcome: String,
    /// How long it ran.
    pub duration_ms: u32,
    /// The first line of why.
    pub reason: String,
    /// When it is tried again after an attempt that counts.
    pub again: Option<Timestamp>,
    /// Whether it is given up.
    pub is_dead: bool,
    /// Whether the event is handled to its end.
    pub is_done: bool,
    /// How long after the receipt of its event it was done; none while it is not, and for what is not live.
    pub handled_after: Option<Duration>,
}

/// An attempt to deliver.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryAttempted<'a> {
    /// The delivery.
    pub id: DeliveryId,
    /// Who asked for it.
    pub scope: &'a Scope,
    /// The event whose handling led to it, and the one from outside behind that; none where nobody looked that up.
    pub because_of: Option<(EventId, EventId)>,
    /// The connection it leaves through.
    pub connection: &'a str,
    /// What is to be done.
    pub effect: &'static str,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// How long it took.
    pub took: Duration,
    /// What is to become of it.
    pub verdict: Verdict<'a>,
}

/// What is to become of a delivery, and why.
#[derive(Clone, Copy, Debug)]
pub enum Verdict<'a> {
    /// The other side has it, so long after it was asked for.
    Delivered {
        /// From asking to having.
        after: Duration,
    },
    /// Again, after an attempt that counts.
    Later {
        /// When.
        due: Timestamp,
        /// Why.
        reason: &'a str,
    },
    /// Again, and what was tried does not count.
    Parked {
        /// When.
        due: Timestamp,
        /// Why.
        reason: &'a str,
    },
    /// It is given up.
    Dead {
        /// Why.
        reason: &'a str,
    },
}

impl Verdict<'_> {
    fn as_str(self) -> &'static str {
        match self {
            Self::Delivered { .. } => "delivered",
            Self::Later { .. } => "later",
            Self::Parked { .. } => "parked",
            Self::Dead { .. } => "dead",
        }
    }
}

impl Metrics {
    /// A plugin ran, whatever its run came to.
    pub fn plugin_ran(&self, scope: &Scope, (wall, cpu): (Duration, Duration), memory_bytes: usize) {
        let (runs, labels) = (&self.all().runs, OfPlugin::new(scope));
        runs.duration.with(&labels, |duration| observe(duration, wall));
        runs.cpu.with(&labels, |seconds| seconds.inc_by(cpu.as_secs_f64()));
        let bytes = i64::try_from(memory_bytes).unwrap_or(i64::MAX);
        runs.memory_max.with(&labels, |max| max.inner().fetch_max(bytes, Ordering::Relaxed));
    }

    /// What became of a run is recorded.
    pub fn run_ended(&self, scope: &Scope, ended: &RunEnded) {
        let RunEnded { event, attempt, outcome, duration_ms, reason, again, is_dead, handled_after, .. } = ended;
        self.tell(|at| span_of_run(scope, ended, at));
        let runs = &self.all().runs;
        runs.runs.with(&OfRun::new(scope, outcome), Counter::inc);
        if let Some(after) = handled_after {
            observe(&runs.handled_after, *after);
        }
        let Scope { project, plugin } = scope;
        match again {
            _ if *is_dead => warn!(
                target: "crowdhook::dispatch", project = %project, plugin = %plugin, event.id = %event, attempt, outcome, duration_ms,
                "Plugin `{plugin}` gave up on event `{event}`: {reason}"
            ),
            Some(due) => warn!(
                target: "crowdhook::dispatch", project = %project, plugin = %plugin, event.id = %event, attempt, outcome, duration_ms,
                "Plugin `{plugin}` failed on event `{event}`, again at {due:.0}: {reason}"
            ),
            None => debug!(
                target: "crowdhook::dispatch", project = %project, plugin = %plugin, event.id = %event, attempt, outcome, duration_ms, reason,
                "Plugin `{plugin}` handled event `{event}`: {outcome}"
            ),
        }
    }

    /// A run is repeated at once, for state that it had read has changed.
    pub fn run_conflicted(&self, scope: &Scope, event: EventId) {
        self.all().runs.conflicts.inc();
        let Scope { project, plugin } = scope;
        debug!(
            target: "crowdhook::dispatch", project = %project, plugin = %plugin, event.id = %event,
            "State of plugin `{plugin}` changed meanwhile, running it again on event `{event}`"
        );
    }

    /// A host that starts finds a delivery that waits for another attempt.
    pub fn delivery_waits(&self, project: &ProjectName, connection: &str, reason: &str) {
        self.all().deliveries.failed(project, connection, reason);
    }

    /// An attempt to deliver has its verdict.
    pub fn delivery_attempted(&self, attempted: DeliveryAttempted<'_>) {
        if let Some(because_of) = attempted.because_of {
            self.tell(|at| span_of_delivery(&attempted, because_of, at));
        }
        let DeliveryAttempted { id, scope: Scope { project, plugin }, connection, effect, attempt, took, verdict, .. } = attempted;
        let deliveries = &self.all().deliveries;
        deliveries.attempts.with(&OfAttempt::new(project, connection, verdict.as_str()), Counter::inc);
        deliveries.by_effect.get_or_create(&OfEffect { effect, verdict: verdict.as_str() }).inc();
        match verdict {
            Verdict::Delivered { .. } => deliveries.got_through(project, connection),
            Verdict::Later { reason, .. } | Verdict::Parked { reason, .. } => deliveries.failed(project, connection, reason),
            // It answered, or had failed before.
            Verdict::Dead { .. } => {}
        }
        deliveries.duration.with(&OfConnection::new(project, connection), |duration| observe(duration, took));
        let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        match verdict {
            Verdict::Delivered { after } => {
                observe(&deliveries.delivered_after, after);
                debug!(
                    target: "crowdhook::deliver", project = %project, plugin = %plugin, delivery.id = %id, connection, attempt, duration_ms,
                    "Delivered `{id}` through `{connection}`"
                );
            }
            Verdict::Later { due, reason } | Verdict::Parked { due, reason } => warn!(
                target: "crowdhook::deliver", project = %project, plugin = %plugin, delivery.id = %id, connection, attempt, duration_ms,
                "Delivery `{id}` through `{connection}` did not get through, again at {due:.0}: {reason}"
            ),
            Verdict::Dead { reason } => warn!(
                target: "crowdhook::deliver", project = %project, plugin = %plugin, delivery.id = %id, connection, attempt, duration_ms,
                "Delivery `{id}` through `{connection}` is given up: {reason}"
            ),
        }
    }
}

/// It hangs below the receipt of its event, or below the run that emitted that.
fn span_of_run(scope: &Scope, ended: &RunEnded, ended_at: Timestamp) -> Span {
    let RunEnded { event, root, emitted_by, attempt, outcome, .. } = ended;
    let failed = ended.is_dead || ended.again.is_some();
    let attempts = [("crowdhook.event.id", event.to_string()), ("crowdhook.outcome", outcome.clone())];
    Span {
        root: *root,
        id: if ended.is_done {
            spans::of_handling(*event, &scope.plugin)
        } else {
            spans::of_attempt(event.as_bytes(), &scope.plugin, *attempt, ended_at)
        },
        parent: Some(emitted_by.as_ref().map_or_else(|| spans::of_event(*root), |plugin| spans::of_handling(*root, plugin))),
        name: "handle",
        kind: Kind::Consumer,
        ended_at,
        took: Duration::from_millis(ended.duration_ms.into()),
        attributes: spans::of_plugin(scope, *attempt).into_iter().chain(attempts).collect(),
        link: None,
        error: failed.then(|| ended.reason.clone()),
    }
}

/// It hangs below the run that asked for it.
fn span_of_delivery(attempted: &DeliveryAttempted<'_>, (event, root): (EventId, EventId), ended_at: Timestamp) -> Span {
    let DeliveryAttempted { id, scope, connection, attempt, took, verdict, .. } = attempted;
    let of_delivery = [
        ("crowdhook.event.id", event.to_string()),
        ("crowdhook.delivery.id", id.to_string()),
        ("crowdhook.connection", (*connection).to_owned()),
        ("crowdhook.verdict", verdict.as_str().to_owned()),
    ];
    Span {
        root,
        id: spans::of_attempt(id.as_bytes(), &scope.plugin, *attempt, ended_at),
        parent: Some(spans::of_handling(event, &scope.plugin)),
        name: "deliver",
        kind: Kind::Client,
        ended_at,
        took: *took,
        attributes: spans::of_plugin(scope, *attempt).into_iter().chain(of_delivery).collect(),
        link: None,
        error: match verdict {
            Verdict::Delivered { .. } => None,
            Verdict::Later { reason, .. } | Verdict::Parked { reason, .. } | Verdict::Dead { reason } => Some((*reason).to_owned()),
        },
    }
}
