//! Counts behind the events what they come to: the newest analysis of each task, and how much happened in each minute. Nobody waits for
//! it: a host that stopped in between goes on where it was.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tracing::warn;

use crate::clock::Clock;
use crate::event::{Event, EventKind};
use crate::id::PLATFORM_ID_BYTES_MAX;
use crate::store::figures::{Analysed, Analysis, Sample, Tally, Vote};
use crate::store::{Store, StoreError, Totals};

/// From one look at what is new to the next.
const PAUSE: Duration = Duration::from_secs(1);
/// After a failure of the store.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(30);
/// Events that are looked at at a time.
const STEP: u32 = 200;
/// Between two steps, so that others have their turn.
const BREATH: Duration = Duration::from_millis(5);
/// While more invocations wait than this, a step a second has to do: what is at work has the writer first.
const BUSY: u64 = 1_000;
/// Samples are kept for 32 days.
const MINUTES_KEPT: i64 = 32 * 24 * 60;
/// What an aggregator emits.
const ANALYSED: &str = "task.analysed";
/// No more votes of an analysis are kept for plots.
const TALLY_MAX: usize = 20;
/// A text of an answer is kept up to here, in bytes; the event has all of it.
const VALUE_BYTES_MAX: usize = 1_024;

/// Counts what comes in, until it is told to stop.
pub struct Figures {
    store: Arc<dyn Store>,
    clock: Clock,
}

impl Figures {
    /// For what is in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// Counts until `stop`, or until the store is closed.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let counting = async {
            let mut sampled = None;
            loop {
                let pause = match self.turn(&mut sampled).await {
                    Ok(true) => BREATH,
                    Ok(false) => PAUSE,
                    Err(StoreError::Closed) => return,
                    Err(error) => {
                        warn!(%error, "Analyses could not be counted, will try again");
                        PAUSE_AFTER_FAILURE
                    }
                };
                tokio::time::sleep(pause).await;
            }
        };
        tokio::select! {
            () = counting => {}
            () = stop => {}
        }
    }

    /// One step, and a sample once a minute. True when there is more to count at once.
    async fn turn(&self, sampled: &mut Option<i64>) -> Result<bool, StoreError> {
        let minute = self.clock.now().as_second().div_euclid(60);
        let totals = self.store.totals().await?;
        if *sampled != Some(minute) {
            self.store.put_sample(sample(minute, &totals), minute - MINUTES_KEPT).await?;
            *sampled = Some(minute);
        }
        Ok(self.step().await? && totals.waiting <= BUSY)
    }

    /// Counts the next events. True when there may be more.
    ///
    /// # Errors
    ///
    /// As [`Store::count_analyses`]; nothing was counted.
    pub async fn step(&self) -> Result<bool, StoreError> {
        let from = self.store.browse().counted().await?;
        let behind = self.store.browse().behind(from, &kind(), STEP).await?;
        let Some(reached) = behind.reached else { return Ok(false) };
        let analyses = behind.events.iter().filter_map(|(row, event)| analysed(*row, event)).collect();
        self.store.count_analyses((from, reached), analyses).await?;
        Ok(reached - from >= i64::from(STEP))
    }
}

fn kind() -> EventKind {
    ANALYSED.parse().expect("it is two words with a dot between them")
}

fn sample(minute: i64, totals: &Totals) -> Sample {
    Sample {
        minute,
        events: totals.events,
        runs: totals.runs,
        waiting: totals.waiting,
        deliveries_waiting: totals.deliveries_waiting,
        dead: totals.dead + totals.deliveries_dead,
    }
}

/// What is kept of an event that carries an analysis; none of one that says something else, or was let go.
fn analysed(row: i64, event: &Event) -> Option<Analysed> {
    let said: Said = serde_json::from_str(&event.payload).ok()?;
    let workers = said.answers.into_iter().filter(|answer| answer.counted).filter_map(|answer| {
        // What is longer no platform gave, and no store could index.
        let worker = answer.worker.filter(|worker| worker.len() <= PLATFORM_ID_BYTES_MAX)?;
        Some(Vote { worker, agrees: answer.agrees.unwrap_or(false) })
    });
    let tally = said.verdict.tally.into_iter().take(TALLY_MAX).map(|tally| Tally { value: in_short(tally.value), ..tally });
    Some(Analysed {
        project: event.project.clone(),
        task: event.task.clone()?,
        row,
        at: event.received_at,
        analysis: Analysis { answer: in_short(said.verdict.answer), workers: workers.collect(), tally: tally.collect(), ..said.verdict },
    })
}

/// What an aggregator says, as far as it matters here; `wit/analysis.schema.json` has all of it.
#[derive(Deserialize)]
struct Said {
    #[serde(flatten)]
    verdict: Analysis,
    #[serde(default)]
    answers: Vec<SaidAnswer>,
}

#[derive(Deserialize)]
struct SaidAnswer {
    worker: Option<String>,
    #[serde(default)]
    counted: bool,
    agrees: Option<bool>,
}

/// A value, or its beginning as text where it is long.
fn in_short(value: Value) -> Value {
    let text = value.to_string();
    if text.len() <= VALUE_BYTES_MAX {
        return value;
    }
    let end = text.floor_char_boundary(VALUE_BYTES_MAX);
    Value::String(format!("{}…", text.get(..end).unwrap_or_default()))
}

#[cfg(test)]
mod tests;
