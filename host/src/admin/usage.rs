//! What a component has used lately: time and memory of the newest events that it handled well, by all plugins that run it.

use serde::{Deserialize, Serialize};

use crate::id::Scope;
use crate::plugin::registry::Catalogue;
use crate::store::browse::{InvocationState, PAGE_ROWS_MAX, Place, WantedInvocations};
use crate::store::{Store, StoreError};

/// Bounds of time, in milliseconds.
const BOUNDS_MS: [u64; 7] = [1, 3, 10, 30, 100, 300, 1_000];
/// Bounds of memory, in bytes.
const BOUNDS_BYTES: [u64; 7] = [1 << 20, 2 << 20, 4 << 20, 8 << 20, 16 << 20, 32 << 20, 64 << 20];

/// What a component has used lately; of `GET /v1/plugins/{name}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// How long each event took, from start to end.
    pub duration_ms: Distribution,
    /// How much of that was CPU time.
    pub cpu_ms: Distribution,
    /// The most memory that the sandbox had.
    pub memory_bytes: Distribution,
}

/// How numbers are spread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distribution {
    /// How many there are.
    pub count: u64,
    /// Half of them are not above this one.
    pub median: u64,
    /// The greatest.
    pub max: u64,
    /// How many lie between two bounds, from the lowest up.
    pub spans: Vec<Span>,
}

/// How many lie between two bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Not below this.
    pub from: u64,
    /// Below this; none for the last.
    pub below: Option<u64>,
    /// How many.
    pub count: u64,
}

impl Distribution {
    /// How `numbers` are spread between these bounds, which grow.
    fn of(mut numbers: Vec<u64>, bounds: &[u64]) -> Self {
        numbers.sort_unstable();
        let ends = bounds.iter().copied().map(Some).chain([None]);
        let begins = [0].into_iter().chain(bounds.iter().copied());
        let spans = begins.zip(ends).map(|(from, below)| {
            let count = numbers.iter().filter(|number| **number >= from && below.is_none_or(|below| **number < below)).count() as u64;
            Span { from, below, count }
        });
        Self {
            spans: spans.collect(),
            count: numbers.len() as u64,
            median: numbers.get(numbers.len() / 2).copied().unwrap_or_default(),
            max: numbers.last().copied().unwrap_or_default(),
        }
    }
}

/// What the component `name` has used lately; none when it has handled nothing.
pub(super) async fn of_component(store: &dyn Store, catalogue: &Catalogue, name: &str) -> Result<Option<Usage>, StoreError> {
    let (mut wall, mut cpu, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for Scope { project, plugin } in users(catalogue, name) {
        let state = Some(InvocationState::Done);
        let wanted = WantedInvocations { project: Some(project), plugin: Some(plugin), state, ..WantedInvocations::default() };
        let page = store.browse().invocations(&wanted, Place { before: None, limit: PAGE_ROWS_MAX }).await?;
        wall.extend(page.rows.iter().filter_map(|found| found.duration_ms.map(u64::from)));
        cpu.extend(page.rows.iter().filter_map(|found| found.cpu_ms.map(u64::from)));
        memory.extend(page.rows.iter().filter_map(|found| found.memory_bytes));
    }
    let usage = |(wall, cpu, memory)| Usage {
        duration_ms: Distribution::of(wall, &BOUNDS_MS),
        cpu_ms: Distribution::of(cpu, &BOUNDS_MS),
        memory_bytes: Distribution::of(memory, &BOUNDS_BYTES),
    };
    Ok((!wall.is_empty()).then(|| usage((wall, cpu, memory))))
}

/// The plugins that run a component.
fn users(catalogue: &Catalogue, name: &str) -> Vec<Scope> {
    let of = |project: &crate::plugin::registry::Project| {
        let own = project.plugins.iter().filter(|plugin| plugin.config.component.as_str() == name);
        own.map(|plugin| Scope { project: project.config.name.clone(), plugin: plugin.config.name.clone() }).collect::<Vec<_>>()
    };
    catalogue.projects.values().flat_map(|project| of(project)).collect()
}

#[cfg(test)]
mod tests;
