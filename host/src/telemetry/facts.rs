//! What is logged and counted alike: one function for each fact. Lines bear the part of the host that they are about as their target,
//! so that `--log crowdhook::dispatch=debug` finds them.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;
use tracing::{debug, error, info, warn};

use super::labels::{OfAttempt, OfConnection, OfEvent, OfPlugin, OfRun};
use super::metrics::Metrics;
use crate::clock::Timestamp;
use crate::event::{EventKind, PlatformKind};
use crate::id::{ComponentName, DeliveryId, Digest, EventId, ProjectName, Scope};

/// What there is to say of a component.
#[derive(Clone, Copy, Debug)]
pub struct ComponentSaid<'a> {
    /// Its name.
    pub name: &'a ComponentName,
    /// Its own version.
    pub version: &'a str,
    /// Its file's digest.
    pub digest: &'a Digest,
    /// Its file.
    pub file: &'a Path,
}

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

/// The intake.
impl Metrics {
    /// Tells of all reasons for refusals from the start, not only of those that came up.
    pub fn refusals_are(&self, reasons: impl IntoIterator<Item = &'static str>) {
        for reason in reasons {
            self.all().intake.refused_for(reason);
        }
    }

    /// A request was answered with 200 after its events were on disk.
    pub fn request_stored(&self, took: Duration) {
        let intake = &self.all().intake;
        intake.stored.inc();
        observe(&intake.stored_duration, took);
    }

    /// Somebody asked whether a hook is there, and it is.
    pub fn hook_shown(&self) {
        self.all().intake.present.inc();
    }

    /// A request was refused. Neither the body nor the address is logged: a token may stand in both.
    pub fn request_refused(&self, reason: &'static str, project: Option<&ProjectName>) {
        self.all().intake.refused_for(reason).inc();
        debug!(target: "crowdhook::receive", project = project.map(ProjectName::as_str), reason, "Refused a request: {reason}");
    }

    /// It took so long to refuse a request to a hook.
    pub fn refusal_took(&self, took: Duration) {
        observe(&self.all().intake.refused_duration, took);
    }

    /// The events of one request are on disk.
    pub fn events_kept(&self, took: Duration) {
        observe(&self.all().intake.accept_duration, took);
    }

    /// An event came in, and `outcome` became of it.
    pub fn event_came(&self, (project, platform): (&ProjectName, PlatformKind), kind: &EventKind, outcome: &'static str, id: EventId) {
        self.all().intake.events.with(&OfEvent::new(project, platform, kind, outcome), Counter::inc);
        debug!(
            target: "crowdhook::receive", project = %project, event.id = %id, event.kind = %kind, outcome,
            "Event `{id}` of `{project}` came in: {outcome}"
        );
    }

    /// So many connections may be open.
    pub fn connections_may_be(&self, max: usize) {
        self.all().intake.connections_max.set(i64::try_from(max).unwrap_or(i64::MAX));
    }

    /// A connection has its place; it was `crowded` when all places were taken before.
    pub fn connection_opened(&self, was_crowded: bool) {
        let intake = &self.all().intake;
        intake.connections.inc();
        intake.connections_opened.inc();
        if was_crowded {
            intake.connections_crowded.inc();
        }
    }

    /// A connection has given up its place.
    pub fn connection_closed(&self) {
        self.all().intake.connections.dec();
    }

    /// The system could give no connection.
    pub fn connection_failed(&self) {
        self.all().intake.connections_failed.inc();
    }

    /// Completed tasks were found that the hook of their project had not brought.
    pub fn tasks_missed(&self, project: &ProjectName, made: usize) {
        self.all().others.tasks_missed.inc_by(u64::try_from(made).unwrap_or(u64::MAX));
        info!(
            target: "crowdhook::reconcile", project = %project, made,
            "Found {made} completed tasks of project `{project}` that its hook did not bring"
        );
    }
}

/// Plugins and deliveries.
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

/// What is loaded.
impl Metrics {
    /// A component that was not there is in use from now on.
    pub fn component_loaded(&self, said: ComponentSaid<'_>, compiled_in: Duration) {
        let loads = &self.all().loads;
        loads.components.loaded.inc();
        observe(&loads.compile_duration, compiled_in);
        let ComponentSaid { name, version, digest, file } = said;
        info!(
            target: "crowdhook::plugin", component = %name, version, digest = %digest, file = %file.display(),
            "Loaded component `{name}` {version} ({}) from `{}`", digest.short(), file.display()
        );
    }

    /// A component is in use in the place of `old`.
    pub fn component_replaced(&self, said: ComponentSaid<'_>, old: ComponentSaid<'_>, compiled_in: Duration) {
        let loads = &self.all().loads;
        loads.components.replaced.inc();
        observe(&loads.compile_duration, compiled_in);
        let ComponentSaid { name, version, digest, file } = said;
        info!(
            target: "crowdhook::plugin", component = %name, version, digest = %digest, file = %file.display(),
            "Replaced component `{name}` {} ({}) by {version} ({}) from `{}`",
            old.version, old.digest.short(), digest.short(), file.display()
        );
    }

    /// A component is in use no longer.
    pub fn component_removed(&self, said: ComponentSaid<'_>) {
        self.all().loads.components.removed.inc();
        let ComponentSaid { name, version, digest, file } = said;
        info!(
            target: "crowdhook::plugin", component = %name, version, digest = %digest, file = %file.display(),
            "Removed component `{name}` {version} ({}): `{}` is gone", digest.short(), file.display()
        );
    }

    /// A project's file is in use from now on, in the place of another one or not.
    pub fn project_loaded(&self, name: &ProjectName, digest: &Digest, plugins: usize, replaces: bool) {
        let (projects, what) = (&self.all().loads.projects, if replaces { "Replaced" } else { "Loaded" });
        if replaces {
            projects.replaced.inc()
        } else {
            projects.loaded.inc()
        };
        info!(
            target: "crowdhook::plugin", project = %name, digest = %digest, plugins,
            "{what} project `{name}` ({}) with {plugins} plugins", digest.short()
        );
    }

    /// A project is in use no longer.
    pub fn project_removed(&self, name: &ProjectName, file: &Path) {
        self.all().loads.projects.removed.inc();
        info!(
            target: "crowdhook::plugin", project = %name, file = %file.display(),
            "Removed project `{name}`: `{}` is gone; its rows wait", file.display()
        );
    }

    /// A file is refused as it is now; what was in use of it still is. `problems` begin with its name.
    pub fn file_refused(&self, file: &Path, is_component: bool, problems: &str) {
        let loads = &self.all().loads;
        if is_component { &loads.components } else { &loads.projects }.refused.inc();
        error!(target: "crowdhook::plugin", file = %file.display(), "Refused {problems}");
    }
}

/// The store and the admin listener.
impl Metrics {
    /// A group of commands is on disk.
    pub fn committed(&self, commands: usize, took: Duration) {
        let store = &self.all().store;
        observe(&store.commit_duration, took);
        store.commit_commands.observe(f64::from(u32::try_from(commands).unwrap_or(u32::MAX)));
    }

    /// A group of commands could not be written.
    pub fn commit_failed(&self, commands: usize, error: &dyn fmt::Display) {
        self.all().store.commits_failed.inc();
        error!(target: "crowdhook::store", error = %error, commands, "The store failed to write: {error}");
    }

    /// The log was folded into the database, as far as that could be.
    pub fn checkpointed(&self, took: Duration) {
        observe(&self.all().store.checkpoint_duration, took);
    }

    /// The log could not be folded into the database.
    pub fn checkpoint_failed(&self, error: &dyn fmt::Display) {
        self.all().store.checkpoints_failed.inc();
        debug!(target: "crowdhook::store", error = %error, "A checkpoint failed, the next one will do its work: {error}");
    }

    /// Somebody came to the admin listener who may not.
    pub fn admin_refused(&self, peer: SocketAddr, why: &str) {
        self.all().others.admin_refused.inc();
        warn!(target: "crowdhook::admin", peer = %peer, "Refused a request to the admin listener: {why}");
    }
}

fn observe(histogram: &Histogram, took: Duration) {
    histogram.observe(took.as_secs_f64());
}
