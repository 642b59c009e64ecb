//! Metrics whose labels bear names that people give, and no more of them than a limit says.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use prometheus_client::metrics::family::{Family, MetricConstructor};

use super::labels::{Named, Names};

/// A family of metrics that tells at most `max` sets of labels by their names, and adds up all others under `other`.
#[derive(Debug)]
pub(super) struct Bounded<L, M, C = fn() -> M> {
    family: Family<L, M, C>,
    told: Mutex<Told<L>>,
    max: usize,
}

/// Which labels there are.
#[derive(Debug)]
struct Told<L> {
    named: HashSet<L>,
    /// There are as many as the labels beside the names have values.
    others: HashSet<L>,
}

impl<L> Default for Told<L> {
    fn default() -> Self {
        Self { named: HashSet::new(), others: HashSet::new() }
    }
}

impl<L: Named, M, C: MetricConstructor<M>> Bounded<L, M, C> {
    pub(super) fn new(family: Family<L, M, C>, max: usize) -> Self {
        Self { family, told: Mutex::default(), max }
    }

    /// Lets `change` have the metric of these labels.
    pub(super) fn with<T>(&self, labels: &L, change: impl FnOnce(&M) -> T) -> T {
        if let Some(metric) = self.family.get(labels) {
            return change(&metric);
        }
        // Held until the change is made, so that no series is dropped in between.
        let mut told = self.told();
        if told.named.len() < self.max || told.named.contains(labels) {
            told.named.insert(labels.clone());
            return change(&self.family.get_or_create(labels));
        }
        let others = labels.others();
        let changed = change(&self.family.get_or_create(&others));
        told.others.insert(others);
        changed
    }

    /// Drops the series whose names are in use no longer, after `last` has seen each. What was added up under `other` stays.
    pub(super) fn keep_only(&self, names: &Names, mut last: impl FnMut(&L, &M)) {
        self.told().named.retain(|labels| {
            let is_in_use = labels.is_in_use(names);
            if !is_in_use {
                if let Some(metric) = self.family.get(labels) {
                    last(labels, &metric);
                }
                self.family.remove(labels);
            }
            is_in_use
        });
    }

    /// Lets `look` see each series.
    pub(super) fn each(&self, mut look: impl FnMut(&L, &M)) {
        let told = self.told();
        for labels in told.named.iter().chain(&told.others) {
            if let Some(metric) = self.family.get(labels) {
                look(labels, &metric);
            }
        }
    }

    fn told(&self) -> MutexGuard<'_, Told<L>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
