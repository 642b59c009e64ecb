//! What only a look can tell: how much waits, how large files are. Somebody looks when a page is asked for.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use super::{Names, New};
use crate::clock::Timestamp;
use crate::id::{ProjectName, Scope};
use crate::telemetry::labels::{ByFile, ByState, ByWhat, OfConnection, OfListener, OfPlugin, OfWaiting};

const INVOCATION: &str = "invocation";
const DELIVERY: &str = "delivery";
const COMPONENT: &str = "component";
const PROJECT: &str = "project";

/// So many connections are told of, as of other things that have names.
const BREAKERS_MAX: usize = 1_000;

/// What somebody has found who looked.
#[derive(Debug)]
pub struct Present {
    /// Names that are in use.
    pub names: Names,
    /// Components in use.
    pub components: usize,
    /// Projects in use.
    pub projects: usize,
    /// Projects that miss a component.
    pub degraded: usize,
    /// Component files that are refused as they are now.
    pub components_refused: usize,
    /// Project files that are refused as they are now.
    pub projects_refused: usize,
    /// When the host started.
    pub started_at: Timestamp,
    /// How calls through each connection go: 0 as they come, 1 one to see whether the service is up again, 2 none.
    pub breakers: Vec<(ProjectName, String, i64)>,
    /// When the certificate of the public listener ends; none where there is none.
    pub certificate_ends_at: Option<Timestamp>,
    /// What the store says; none when it does not answer.
    pub stored: Option<Stored>,
}

/// What the store says of itself.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// Invocations that are not finished.
    pub invocations: Waiting,
    /// Deliveries that are not finished.
    pub deliveries: Waiting,
    /// Invocations that may wait.
    pub waiting_max: usize,
    /// Invocations that were given up.
    pub dead_invocations: u64,
    /// Deliveries that were given up.
    pub dead_deliveries: u64,
    /// Plugins that are held.
    pub quarantined: Vec<Scope>,
    /// The database's file.
    pub database_bytes: u64,
    /// The log's file.
    pub log_bytes: u64,
    /// What is free on their disk; none where the system does not tell.
    pub free_bytes: Option<u64>,
    /// Who shares it.
    pub hosts: Hosts,
}

/// The hosts that share a store.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hosts {
    /// Those that told of themselves lately.
    pub at_work: usize,
    /// Those that did not, and did not take their leave.
    pub gone: usize,
    /// In so many things those at work differ: versions, components, project files.
    pub differences: usize,
}

/// How many wait, by where they stand, and for how long.
#[derive(Clone, Copy, Debug, Default)]
pub struct Waiting {
    /// As soon as there is room and those before them are done.
    pub queued: usize,
    /// Not due yet: parked, or between two attempts.
    pub later: usize,
    /// Being worked on.
    pub leased: usize,
    /// How long the oldest has been there; zero when there is none.
    pub oldest: Duration,
}

/// The metrics of it.
#[derive(Debug)]
pub(super) struct Gauges {
    started: Gauge<f64, AtomicU64>,
    breakers: Family<OfConnection, Gauge>,
    certificate_end: Family<OfListener, Gauge<f64, AtomicU64>>,
    components: Gauge,
    projects: Gauge,
    degraded: Gauge,
    files_refused: Family<ByWhat, Gauge>,
    store_answers: Gauge,
    waiting: Family<OfWaiting, Gauge>,
    waiting_max: Gauge,
    oldest: Family<ByWhat, Gauge<f64, AtomicU64>>,
    dead_letters: Family<ByWhat, Gauge>,
    quarantined: Gauge,
    quarantine: Family<OfPlugin, Gauge>,
    store_file: Family<ByFile, Gauge>,
    store_free: Gauge,
    hosts: Family<ByState, Gauge>,
    host_differences: Gauge,
}

impl Gauges {
    pub(super) fn new(new: &mut New) -> Self {
        Self {
            started: new.seconds("process_start_time", "When the host started, since 1970", Gauge::default()),
            breakers: new.metric(
                "crowdhook_connection_breaker",
                "How calls through a connection go: 0 as they come, 1 one at a time to see whether the service is up again, 2 none",
                Family::default(),
            ),
            certificate_end: new.seconds(
                "crowdhook_tls_certificate_end_timestamp",
                "When the certificate of a listener ends, since 1970; the first one of its chain",
                Family::default(),
            ),
            components: new.metric("crowdhook_components", "Components in use", Gauge::default()),
            projects: new.metric("crowdhook_projects", "Projects in use", Gauge::default()),
            degraded: new.metric("crowdhook_projects_degraded", "Projects that miss the component of a plugin", Gauge::default()),
            files_refused: new.metric(
                "crowdhook_files_refused",
                "Component and project files that are refused as they are now; what was in use before still is",
                Family::default(),
            ),
            store_answers: new.metric("crowdhook_store_answers", "1 when the store could be read just now, else 0", Gauge::default()),
            waiting: new.metric("crowdhook_waiting", "Invocations and deliveries that are not finished", Family::default()),
            waiting_max: new.metric(
                "crowdhook_waiting_max",
                "Invocations that may wait (limits.waiting_max); beyond it the hooks answer 503",
                Gauge::default(),
            ),
            oldest: new.seconds(
                "crowdhook_waiting_oldest",
                "How long ago the oldest event that waits for a plugin was received, and the oldest delivery that waits was asked for",
                Family::default(),
            ),
            dead_letters: new.metric(
                "crowdhook_dead_letters",
                "Invocations and deliveries that were given up and not replayed",
                Family::default(),
            ),
            quarantined: new.metric("crowdhook_plugins_quarantined", "Plugins that are held after their own faults", Gauge::default()),
            quarantine: new.metric(
                "crowdhook_plugin_quarantined",
                "1 for each plugin that is held after its own faults",
                Family::default(),
            ),
            store_file: new.bytes("crowdhook_store_file", "The files of the store", Family::default()),
            store_free: new.bytes("crowdhook_store_free", "Free on the disk of the store's files, for this host", Gauge::default()),
            hosts: new.metric(
                "crowdhook_hosts",
                "Hosts that share the store: at_work, or gone without having taken their leave",
                Family::default(),
            ),
            host_differences: new.metric(
                "crowdhook_host_differences",
                "Things in which hosts that share the store differ: their own version, a component, a project's file",
                Gauge::default(),
            ),
        }
    }

    /// Takes over what was found. What the store has not said stays as it was said last.
    pub(super) fn set(&self, present: &Present) {
        self.started.set(present.started_at.as_duration().as_secs_f64());
        self.breakers.clear();
        for (project, connection, state) in present.breakers.iter().take(BREAKERS_MAX) {
            self.breakers.get_or_create(&OfConnection::new(project, connection)).set(*state);
        }
        match present.certificate_ends_at {
            Some(end) => {
                self.certificate_end.get_or_create(&OfListener { listener: "public" }).set(end.as_duration().as_secs_f64());
            }
            None => self.certificate_end.clear(),
        }
        set(&self.components, present.components);
        set(&self.projects, present.projects);
        set(&self.degraded, present.degraded);
        for (what, count) in [(COMPONENT, present.components_refused), (PROJECT, present.projects_refused)] {
            set(&self.files_refused.get_or_create(&ByWhat { what }), count);
        }
        set(&self.store_answers, usize::from(present.stored.is_some()));
        if let Some(stored) = &present.stored {
            self.set_stored(stored, &present.names);
        }
    }

    fn set_stored(&self, stored: &Stored, names: &Names) {
        for (what, waiting) in [(INVOCATION, stored.invocations), (DELIVERY, stored.deliveries)] {
            for (state, count) in [("queued", waiting.queued), ("later", waiting.later), ("leased", waiting.leased)] {
                set(&self.waiting.get_or_create(&OfWaiting { what, state }), count);
            }
            self.oldest.get_or_create(&ByWhat { what }).set(waiting.oldest.as_secs_f64());
        }
        set(&self.waiting_max, stored.waiting_max);
        for (what, count) in [(INVOCATION, stored.dead_invocations), (DELIVERY, stored.dead_deliveries)] {
            set(&self.dead_letters.get_or_create(&ByWhat { what }), count);
        }
        set(&self.quarantined, stored.quarantined.len());
        self.quarantine.clear();
        for scope in stored.quarantined.iter().filter(|scope| names.plugins.contains(scope)) {
            self.quarantine.get_or_create(&OfPlugin::new(scope)).set(1);
        }
        for (file, bytes) in [("database", stored.database_bytes), ("log", stored.log_bytes)] {
            set(&self.store_file.get_or_create(&ByFile { file }), bytes);
        }
        if let Some(free) = stored.free_bytes {
            set(&self.store_free, free);
        }
        for (state, count) in [("at_work", stored.hosts.at_work), ("gone", stored.hosts.gone)] {
            set(&self.hosts.get_or_create(&ByState { state }), count);
        }
        set(&self.host_differences, stored.hosts.differences);
    }
}

fn set(gauge: &Gauge, value: impl TryInto<i64>) {
    gauge.set(value.try_into().unwrap_or(i64::MAX));
}
