//! All metrics of a host, and the page that tells them: OpenMetrics text, as Prometheus reads it. Each is defined once: `definitions`
//! has what is counted when it happens, `present` what only a look can tell, `process` what the system knows of us.
//!
//! A counter gets `_total` and what has a unit gets that behind its name when it is told. No label holds anything but words of ours and
//! names from files that are in use; see `labels`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use prometheus_client::encoding::text;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry, Unit};
use tokio::sync::mpsc;

use super::spans::Span;
use crate::id::ProjectName;
use definitions::{Deliveries, Intake, Loads, Others, Runs, Store};
use present::Gauges;

pub use super::labels::Names;
pub use definitions::Failing;
pub use present::{Hosts, Present, Stored, Waiting};

mod definitions;
mod present;
mod process;

/// What [`Metrics::page`] is, for the header of an answer.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics of one host. Clones are the same metrics.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<All>);

#[derive(Debug)]
pub(super) struct All {
    registry: Registry,
    pub(super) intake: Intake,
    pub(super) runs: Runs,
    pub(super) deliveries: Deliveries,
    pub(super) loads: Loads,
    pub(super) store: Store,
    pub(super) others: Others,
    /// Who wants to be told of spans.
    pub(super) spans: OnceLock<mpsc::Sender<Span>>,
    present: Gauges,
    /// By outcome, the events of projects that are told no longer. Held while a page is made, which begins with changes that belong
    /// together.
    gone: Mutex<BTreeMap<&'static str, u64>>,
}

/// Metrics on their way into the registry.
struct New(Registry);

impl New {
    fn metric<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.0.register(name, help, metric.clone());
        metric
    }

    fn seconds<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.0.register_with_unit(name, help, Unit::Seconds, metric.clone());
        metric
    }

    fn bytes<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.0.register_with_unit(name, help, Unit::Bytes, metric.clone());
        metric
    }
}

impl Default for All {
    fn default() -> Self {
        let mut new = New(Registry::default());
        new.0.register("crowdhook_build", "The version of the host", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        new.0.register_collector(Box::new(process::Process));
        Self {
            intake: Intake::new(&mut new),
            runs: Runs::new(&mut new),
            deliveries: Deliveries::new(&mut new),
            loads: Loads::new(&mut new),
            store: Store::new(&mut new),
            others: Others::new(&mut new),
            spans: OnceLock::new(),
            present: Gauges::new(&mut new),
            gone: Mutex::default(),
            registry: new.0,
        }
    }
}

impl Metrics {
    pub(super) fn all(&self) -> &All {
        &self.0
    }

    /// The page, with what somebody has found who looked just now. Series of names that are in use no longer are gone from it.
    ///
    /// # Errors
    ///
    /// When it cannot be written, which takes a fault in the program.
    pub fn page(&self, present: &Present) -> Result<String, fmt::Error> {
        let all = self.all();
        let mut gone = all.gone.lock().unwrap_or_else(PoisonError::into_inner);
        all.intake.events.keep_only(&present.names, |labels, events| *gone.entry(labels.outcome).or_default() += events.get());
        all.runs.keep_only(&present.names);
        all.deliveries.keep_only(&present.names);
        all.present.set(present);
        let mut page = String::new();
        text::encode(&mut page, &all.registry)?;
        Ok(page)
    }

    /// The connections of projects through which the last attempt did not get.
    #[must_use]
    pub fn failing(&self) -> BTreeMap<(ProjectName, String), Failing> {
        self.all().deliveries.failing().clone()
    }

    /// What the admin API tells of it: counts since the start, by name.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let all = self.all();
        let mut counts = BTreeMap::new();
        for (outcome, count) in all.gone.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            counts.insert((*outcome).to_owned(), *count);
        }
        all.intake.events.each(|labels, events| *counts.entry(labels.outcome.to_owned()).or_default() += events.get());
        for (reason, count) in all.intake.refused().iter() {
            counts.insert(format!("refused.{reason}"), count.get());
        }
        let loads = &all.loads;
        for (name, count) in [
            ("components_loaded", loads.components.taken()),
            ("components_refused", loads.components.refused.get()),
            ("projects_loaded", loads.projects.taken()),
            ("projects_refused", loads.projects.refused.get()),
            ("tasks_missed", all.others.tasks_missed.get()),
            ("admin_refused", all.others.admin_refused.get()),
        ] {
            counts.insert(name.to_owned(), count);
        }
        counts
    }
}

#[cfg(test)]
mod tests;
