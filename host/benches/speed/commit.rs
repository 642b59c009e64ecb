//! What recording ended runs costs: the store's own way, and SQLite alone with the same rows in groups of the same size.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use rustix::time::{ClockId, clock_gettime};

use crowdhook::clock;
use crowdhook::store::sqlite::{Options, SqliteStore};
use crowdhook::store::{Claimed, Finished, Outcome, Run, Store};
use crowdhook::telemetry::Metrics;
use crowdhook::telemetry::metrics::{Names, Present};

use super::backlog::{self, Kept};
use super::figures::{self, Figures};
use super::guests;
use super::handle;
use super::plan::Plan;
use super::sandbox::{Hosted, Surroundings};
use super::{bare_store, progress};

/// Ended runs that wait for their commit at a time: as many as a host has of one plugin.
const AT_ONCE: usize = 256;
/// Claimed at a time.
const CLAIM: usize = 512;
/// Longer than any round.
const LEASE: Duration = Duration::from_secs(3600);

/// All rounds.
pub(crate) async fn measure(plan: &Plan, below: &Path, around: &Arc<Surroundings>, figures: &mut Figures) -> anyhow::Result<()> {
    progress("filling a store");
    let folder = below.join("commit");
    let store = SqliteStore::open(&folder.join("data"), Options::default())?;
    backlog::fill(&store, &[backlog::voter()?], 1, plan.backlog).await?;
    store.close().await;
    drop(store);
    let kept = Kept::of(&folder)?;
    let (count, voter) = (usize::try_from(plan.backlog)?, around.hosted(&guests::bundled()).await?);
    for round in 1..=plan.short_rounds {
        progress(&format!("commit, round {round} of {}", plan.short_rounds));
        kept.restore()?;
        let metrics = Metrics::default();
        let ours = ours(&folder, &metrics, &voter, count).await?;
        let group = mean_group(&metrics, ours.commits_before)?;
        let rows = bare_store::Rows::written(&backlog::database(&folder))?;
        ensure!(rows.len() == count, "{} of {count} runs were recorded", rows.len());
        figures.add("commit: ended runs in one", "", group);
        figures.add("commit of an ended run", "µs each", ours.wall / as_f64(count));
        figures.add("commit of an ended run: CPU time", "µs each", ours.cpu / as_f64(count));
        for (synchronous, name) in [("FULL", "SQLite alone"), ("NORMAL", "SQLite alone, not synced")] {
            kept.restore()?;
            let began = Began::now();
            bare_store::write(&backlog::database(&folder), &rows, group, synchronous)?;
            let (wall, cpu) = began.micros();
            figures.add(&format!("commit, {name}"), "µs each", wall / as_f64(count));
            figures.add(&format!("commit, {name}: CPU time"), "µs each", cpu / as_f64(count));
            if synchronous == "FULL" {
                figures.add(figures::COMMIT, "", ours.wall / wall);
            }
        }
    }
    Ok(())
}

/// What the store's own way took, in µs, and how many commits there were before it.
struct Ours {
    wall: f64,
    cpu: f64,
    commits_before: (f64, f64),
}

async fn ours(folder: &Path, metrics: &Metrics, voter: &Hosted, count: usize) -> anyhow::Result<Ours> {
    let store = SqliteStore::open(&folder.join("data"), Options { metrics: metrics.clone(), ..Options::default() })?;
    let mut ended = Vec::with_capacity(count);
    while ended.len() < count {
        for claimed in store.claim(CLAIM, count, LEASE).await? {
            ended.push(run(&store, voter, claimed).await?);
        }
    }
    let commits_before = commits(metrics)?;
    let began = Began::now();
    let finishing = stream::iter(ended).map(|(claimed, outcome, run)| store.finish(claimed.lease, outcome, run));
    let finished: Vec<Finished> = finishing.buffer_unordered(AT_ONCE).try_collect().await?;
    let (wall, cpu) = began.micros();
    ensure!(finished.iter().all(|finished| *finished == Finished::Recorded), "not every run was recorded");
    store.close().await;
    Ok(Ours { wall, cpu, commits_before })
}

async fn run(store: &SqliteStore, voter: &Hosted, claimed: Claimed) -> anyhow::Result<(Claimed, Outcome, Run)> {
    let (project, bound) = voter.project();
    let report = handle::run(store, project, bound, &claimed).await?;
    let (completion, run) = handle::asked(project, &claimed, report)?;
    Ok((claimed, Outcome::Done(completion), run))
}

/// How many runs each commit held since there were so many.
fn mean_group(metrics: &Metrics, (commands, commits): (f64, f64)) -> anyhow::Result<f64> {
    let (all_commands, all_commits) = self::commits(metrics)?;
    Ok((all_commands - commands) / (all_commits - commits))
}

/// How many commands there were, in how many commits.
fn commits(metrics: &Metrics) -> anyhow::Result<(f64, f64)> {
    let page = metrics.page(&present())?;
    let of = |name: &str| {
        let line = page.lines().find_map(|line| line.strip_prefix("crowdhook_store_commit_commands")?.strip_prefix(name));
        let value = line.and_then(|value| value.trim().parse::<f64>().ok());
        value.with_context(|| format!("the metrics do not tell `crowdhook_store_commit_commands{name}`"))
    };
    Ok((of("_sum")?, of("_count")?))
}

fn present() -> Present {
    Present {
        names: Names::default(),
        components: 0,
        projects: 0,
        degraded: 0,
        components_refused: 0,
        projects_refused: 0,
        started_at: clock::from_millis(0),
        breakers: Vec::new(),
        certificate_ends_at: None,
        stored: None,
    }
}

/// When something began, by the clock and by the CPU time of this process.
struct Began(Instant, Duration);

impl Began {
    fn now() -> Self {
        Self(Instant::now(), cpu())
    }

    /// What passed since, of both, in µs.
    fn micros(&self) -> (f64, f64) {
        (self.0.elapsed().as_secs_f64() * 1e6, cpu().saturating_sub(self.1).as_secs_f64() * 1e6)
    }
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn as_f64(count: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let count = count as f64;
    count
}
