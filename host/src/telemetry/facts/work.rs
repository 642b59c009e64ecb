//! What plugins do, and what leaves.

use std::sync::atomic::Ordering;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use tracing::{debug, warn};

use super::observe;
use crate::clock::Timestamp;
use crate::id::{DeliveryId, EventId, Scope};
use crate::telemetry::labels::{OfAttempt, OfConnection, OfPlugin, OfRun};
use crate::telemetry::metrics::Metrics;

/// A run whose end is recorded.
#[derive(Clone, Debug)]
pub struct RunEnded {
    /// The event.
    pub event: EventId,
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
    /// The connection it leaves through.
    pub connection: &'a str,
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
        let RunEnded { event, attempt, outcome, duration_ms, reason, again, is_dead, handled_after } = ended;
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

    /// An attempt to deliver has its verdict.
    pub fn delivery_attempted(&self, attempted: DeliveryAttempted<'_>) {
        let DeliveryAttempted { id, scope: Scope { project, plugin }, connection, attempt, took, verdict } = attempted;
        let deliveries = &self.all().deliveries;
        deliveries.attempts.with(&OfAttempt::new(project, connection, verdict.as_str()), Counter::inc);
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
