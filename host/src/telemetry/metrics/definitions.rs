//! What is counted and measured when it happens.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use super::New;
use crate::id::ProjectName;
use crate::telemetry::bounded::Bounded;
use crate::telemetry::labels::{ByOutcome, Names, OfAttempt, OfConnection, OfEffect, OfEvent, OfPlugin, OfRequest, OfRun};

/// A counter with names in its labels tells so many sets of them; what comes beyond is added up under `other`.
const COUNTERS_MAX: usize = 1_000;
/// The same for what is told of each plugin and of each connection, where a histogram is some fifteen series.
const HISTOGRAMS_MAX: usize = 200;

/// Of why a connection fails, so much is kept.
const REASON_BYTES_MAX: usize = 300;

/// Of requests and commits, in seconds. Appen waits for five.
const ANSWERS: [f64; 13] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];
/// Of runs: a small plugin takes a fifth of a millisecond.
const RUNS: [f64; 12] = [0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];
/// Of attempts to deliver.
const ATTEMPTS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0];
/// From one stage to a later one, with all the waits in between: up to a day.
const AFTER: [f64; 13] = [0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 60.0, 300.0, 3_600.0, 21_600.0, 86_400.0];
/// Of compiling, or of taking what was compiled before.
const COMPILES: [f64; 10] = [0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0];
/// Of commands in a commit, up to as many as are committed together.
const COMMANDS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

type MakeHistogram = fn() -> Histogram;

/// What comes in.
#[derive(Debug)]
pub(in crate::telemetry) struct Intake {
    requests: Family<OfRequest, Counter>,
    refused: Mutex<BTreeMap<&'static str, Counter>>,
    pub(in crate::telemetry) stored: Counter,
    pub(in crate::telemetry) present: Counter,
    pub(in crate::telemetry) stored_duration: Histogram,
    pub(in crate::telemetry) refused_duration: Histogram,
    pub(in crate::telemetry) accept_duration: Histogram,
    pub(in crate::telemetry) events: Bounded<OfEvent, Counter>,
    pub(in crate::telemetry) connections: Gauge,
    pub(in crate::telemetry) connections_max: Gauge,
    pub(in crate::telemetry) connections_opened: Counter,
    pub(in crate::telemetry) connections_crowded: Counter,
    pub(in crate::telemetry) connections_failed: Counter,
}

impl Intake {
    pub(super) fn new(new: &mut New) -> Self {
        let requests = Family::<OfRequest, Counter>::default();
        let of = |outcome| requests.get_or_create_owned(&OfRequest { outcome, reason: "" });
        let durations = Family::<ByOutcome, Histogram, MakeHistogram>::new_with_constructor(|| Histogram::new(ANSWERS));
        let duration = |outcome| durations.get_or_create_owned(&ByOutcome { outcome });
        let intake = Self {
            stored: of("stored"),
            present: of("present"),
            refused: Mutex::default(),
            stored_duration: duration("stored"),
            refused_duration: duration("refused"),
            accept_duration: new.seconds(
                "crowdhook_accept_duration",
                "From handing the events of a request to the store until they are on disk",
                Histogram::new(ANSWERS),
            ),
            events: Bounded::new(
                new.metric("crowdhook_events", "Events that came in from outside, by what became of them then", Family::default()),
                COUNTERS_MAX,
            ),
            connections: new.metric("crowdhook_connections", "Connections that are open on the public listener", Gauge::default()),
            connections_max: new.metric(
                "crowdhook_connections_max",
                "Connections that may be open on the public listener (limits.connections_max)",
                Gauge::default(),
            ),
            connections_opened: new.metric("crowdhook_connections_opened", "Connections to the public listener", Counter::default()),
            connections_crowded: new.metric(
                "crowdhook_connections_crowded",
                "Connections to the public listener that found all places taken, so that others had to go",
                Counter::default(),
            ),
            connections_failed: new.metric(
                "crowdhook_connections_failed",
                "Times that the system could give no connection to the public listener, for want of file handles as a rule",
                Counter::default(),
            ),
            requests: requests.clone(),
        };
        new.metric("crowdhook_requests", "Requests to the public listener, by what they were answered", requests);
        new.seconds("crowdhook_request_duration", "From the end of a hook request's headers to its answer", durations);
        intake
    }

    /// How many requests were refused, by reason.
    pub(in crate::telemetry) fn refused(&self) -> MutexGuard<'_, BTreeMap<&'static str, Counter>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many were refused for this reason.
    pub(in crate::telemetry) fn refused_for(&self, reason: &'static str) -> Counter {
        let counter = || self.requests.get_or_create_owned(&OfRequest { outcome: "refused", reason });
        self.refused().entry(reason).or_insert_with(counter).clone()
    }
}

/// What plugins do.
#[derive(Debug)]
pub(in crate::telemetry) struct Runs {
    pub(in crate::telemetry) runs: Bounded<OfRun, Counter>,
    pub(in crate::telemetry) duration: Bounded<OfPlugin, Histogram, MakeHistogram>,
    pub(in crate::telemetry) cpu: Bounded<OfPlugin, Counter<f64, AtomicU64>>,
    pub(in crate::telemetry) memory_max: Bounded<OfPlugin, Gauge>,
    pub(in crate::telemetry) conflicts: Counter,
    pub(in crate::telemetry) handled_after: Histogram,
}

impl Runs {
    pub(super) fn new(new: &mut New) -> Self {
        let duration = Family::<OfPlugin, Histogram, MakeHistogram>::new_with_constructor(|| Histogram::new(RUNS));
        Self {
            runs: Bounded::new(new.metric("crowdhook_runs", "Attempts of invocations, by how they ended", Family::default()), COUNTERS_MAX),
            duration: Bounded::new(
                new.seconds("crowdhook_run_duration", "How long plugins ran, computing and waiting together", duration),
                HISTOGRAMS_MAX,
            ),
            cpu: Bounded::new(new.seconds("crowdhook_run_cpu", "CPU time that plugins used", Family::default()), HISTOGRAMS_MAX),
            memory_max: Bounded::new(
                new.bytes(
                    "crowdhook_run_memory_max",
                    "The most memory that a run of the plugin had since the host's start",
                    Family::default(),
                ),
                HISTOGRAMS_MAX,
            ),
            conflicts: new.metric(
                "crowdhook_run_conflicts",
                "Runs that were repeated at once, since state that they had read had changed meanwhile",
                Counter::default(),
            ),
            handled_after: new.seconds(
                "crowdhook_handled_after",
                "From the receipt of a live event until a plugin had handled it, all attempts and waits included",
                Histogram::new(AFTER),
            ),
        }
    }

    pub(super) fn keep_only(&self, names: &Names) {
        self.runs.keep_only(names, |_, _| {});
        self.duration.keep_only(names, |_, _| {});
        self.cpu.keep_only(names, |_, _| {});
        self.memory_max.keep_only(names, |_, _| {});
    }
}

/// A connection through which the last attempt did not get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// How many attempts in a row have failed since one got through, as far as this host knows.
    pub attempts: u64,
    /// Why the last one did.
    pub reason: String,
}

/// What leaves.
#[derive(Debug)]
pub(in crate::telemetry) struct Deliveries {
    pub(in crate::telemetry) attempts: Bounded<OfAttempt, Counter>,
    pub(in crate::telemetry) by_effect: Family<OfEffect, Counter>,
    /// Through which connections the last attempt did not get: for people, on no page of metrics.
    failing: Mutex<BTreeMap<(ProjectName, String), Failing>>,
    pub(in crate::telemetry) duration: Bounded<OfConnection, Histogram, MakeHistogram>,
    pub(in crate::telemetry) delivered_after: Histogram,
}

impl Deliveries {
    pub(super) fn new(new: &mut New) -> Self {
        let duration = Family::<OfConnection, Histogram, MakeHistogram>::new_with_constructor(|| Histogram::new(ATTEMPTS));
        Self {
            attempts: Bounded::new(
                new.metric("crowdhook_delivery_attempts", "Attempts to deliver, by connection and verdict", Family::default()),
                COUNTERS_MAX,
            ),
            by_effect: new.metric(
                "crowdhook_effect_attempts",
                "Attempts to deliver, by what was to be done and verdict",
                Family::default(),
            ),
            failing: Mutex::default(),
            duration: Bounded::new(
                new.seconds("crowdhook_delivery_duration", "How long attempts to deliver took, by connection", duration),
                HISTOGRAMS_MAX,
            ),
            delivered_after: new.seconds(
                "crowdhook_delivered_after",
                "From asking for a delivery until it was delivered, all attempts and waits included",
                Histogram::new(AFTER),
            ),
        }
    }

    pub(super) fn keep_only(&self, names: &Names) {
        self.attempts.keep_only(names, |_, _| {});
        self.duration.keep_only(names, |_, _| {});
        self.failing().retain(|of, _| names.connections.contains(of));
    }

    /// The connections through which the last attempt did not get.
    pub(in crate::telemetry) fn failing(&self) -> MutexGuard<'_, BTreeMap<(ProjectName, String), Failing>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One attempt more did not get through.
    pub(in crate::telemetry) fn failed(&self, project: &ProjectName, connection: &str, reason: &str) {
        let mut failing = self.failing();
        let of = (project.clone(), connection.to_owned());
        if failing.len() < HISTOGRAMS_MAX || failing.contains_key(&of) {
            let entry = failing.entry(of).or_insert_with(|| Failing { attempts: 0, reason: String::new() });
            entry.attempts += 1;
            reason.get(..reason.floor_char_boundary(REASON_BYTES_MAX)).unwrap_or(reason).clone_into(&mut entry.reason);
        }
    }

    /// One got through.
    pub(in crate::telemetry) fn got_through(&self, project: &ProjectName, connection: &str) {
        self.failing().remove(&(project.clone(), connection.to_owned()));
    }
}

/// Components, or project files, as they come and go.
#[derive(Debug)]
pub(in crate::telemetry) struct Outcomes {
    pub(in crate::telemetry) loaded: Counter,
    pub(in crate::telemetry) replaced: Counter,
    pub(in crate::telemetry) removed: Counter,
    pub(in crate::telemetry) refused: Counter,
}

impl Outcomes {
    fn of(family: &Family<ByOutcome, Counter>) -> Self {
        let of = |outcome| family.get_or_create_owned(&ByOutcome { outcome });
        Self { loaded: of("loaded"), replaced: of("replaced"), removed: of("removed"), refused: of("refused") }
    }

    /// How often something came to be in use.
    pub(super) fn taken(&self) -> u64 {
        self.loaded.get() + self.replaced.get()
    }
}

/// What is loaded.
#[derive(Debug)]
pub(in crate::telemetry) struct Loads {
    pub(in crate::telemetry) components: Outcomes,
    pub(in crate::telemetry) projects: Outcomes,
    pub(in crate::telemetry) compile_duration: Histogram,
}

impl Loads {
    pub(super) fn new(new: &mut New) -> Self {
        let components =
            new.metric("crowdhook_component_loads", "Component files, by what became of them when they changed", Family::default());
        let projects = new.metric("crowdhook_project_loads", "Project files, by what became of them when they changed", Family::default());
        Self {
            components: Outcomes::of(&components),
            projects: Outcomes::of(&projects),
            compile_duration: new.seconds(
                "crowdhook_component_compile_duration",
                "How long it took to compile a component that was loaded, or to take what had been compiled before",
                Histogram::new(COMPILES),
            ),
        }
    }
}

/// The store at work.
#[derive(Debug)]
pub(in crate::telemetry) struct Store {
    pub(in crate::telemetry) commit_duration: Histogram,
    pub(in crate::telemetry) commit_commands: Histogram,
    pub(in crate::telemetry) commits_failed: Counter,
    pub(in crate::telemetry) checkpoint_duration: Histogram,
    pub(in crate::telemetry) checkpoints_failed: Counter,
}

impl Store {
    pub(super) fn new(new: &mut New) -> Self {
        Self {
            commit_duration: new.seconds(
                "crowdhook_store_commit_duration",
                "How long commits took, from the begin of the transaction until it was on disk",
                Histogram::new(ANSWERS),
            ),
            commit_commands: new.metric(
                "crowdhook_store_commit_commands",
                "Commands (requests, finished runs, finished deliveries and others) that were committed together",
                Histogram::new(COMMANDS),
            ),
            commits_failed: new.metric(
                "crowdhook_store_commits_failed",
                "Commits that failed, each with all its commands",
                Counter::default(),
            ),
            checkpoint_duration: new.seconds(
                "crowdhook_store_checkpoint_duration",
                "How long it took to fold the log into the database",
                Histogram::new(ANSWERS),
            ),
            checkpoints_failed: new.metric("crowdhook_store_checkpoints_failed", "Checkpoints that failed", Counter::default()),
        }
    }
}

/// What belongs to no stage.
#[derive(Debug)]
pub(in crate::telemetry) struct Others {
    pub(in crate::telemetry) tasks_missed: Counter,
    pub(in crate::telemetry) admin_refused: Counter,
    pub(in crate::telemetry) spans_sent: Counter,
    pub(in crate::telemetry) spans_dropped: Counter,
}

impl Others {
    pub(super) fn new(new: &mut New) -> Self {
        let spans = Family::<ByOutcome, Counter>::default();
        let of = |outcome| spans.get_or_create_owned(&ByOutcome { outcome });
        let (spans_sent, spans_dropped) = (of("sent"), of("dropped"));
        new.metric("crowdhook_spans", "Spans of traces that were sent, or dropped since they could not be", spans);
        Self {
            spans_sent,
            spans_dropped,
            tasks_missed: new.metric(
                "crowdhook_tasks_missed",
                "Completed tasks that were found though no hook had brought them",
                Counter::default(),
            ),
            admin_refused: new.metric(
                "crowdhook_admin_refused",
                "Requests to the admin listener without the token, or under a foreign name",
                Counter::default(),
            ),
        }
    }
}
