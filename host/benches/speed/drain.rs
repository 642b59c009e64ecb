//! How fast a stored backlog is handled, against a bare loop of sandboxes on the same threads.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};

use super::backlog::{self, Kept};
use super::client::per_second;
use super::figures::{self, Figures};
use super::folder::{self, JOB, Platform, Project};
use super::guests;
use super::plan::Plan;
use super::process::Host;
use super::progress;
use super::sandbox::{self, Surroundings};
use super::throughput::{REST, VOTED};

/// How often the host is asked how far it is.
const LOOK: Duration = Duration::from_millis(20);

/// All rounds, on a store in a file of its own.
pub(crate) async fn measure(
    plan: &Plan,
    program: &Path,
    below: &Path,
    around: &Arc<Surroundings>,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    progress("filling a store");
    let folder = below.join("drain");
    let addresses = folder::fill(&folder, &voted())?;
    let bare = around.bare(&guests::bundled()).await?;
    backlog::leave(&folder, &[backlog::voter()?], 1, plan.backlog).await?;
    let kept = Kept::of(&folder)?;
    for round in 1..=plan.rounds {
        progress(&format!("drain, round {round} of {}", plan.rounds));
        let bare = sandbox::turn(sandbox::cores(), plan.sandbox_time, &bare).await?.rate;
        kept.restore()?;
        let began = Instant::now();
        let host = Host::start(program, &folder, addresses, 1)?;
        figures.took(&figures::start_with(plan.backlog), began.elapsed());
        let drained = until_drained(&host, 0, plan.backlog, plan.turn_max).await?;
        tokio::time::sleep(REST).await;
        host.end()?;
        figures.add("bare loop of sandboxes on all threads", "/s", bare);
        figures.add("drain of a backlog", "/s", drained);
        figures.add(figures::DRAIN, "", drained / bare);
    }
    Ok(())
}

/// The same on a store in PostgreSQL that holds so many events which nobody waits for. Each round adds to it.
pub(crate) async fn on_postgres(plan: &Plan, program: &Path, folder: &Path, settings: &str, figures: &mut Figures) -> anyhow::Result<()> {
    let addresses = folder::fill_set(folder, &voted(), settings)?;
    let (mut units, mut runs) = (0, 0);
    for &stored in plan.shared_stored {
        progress(&format!("drain on PostgreSQL, {} events", figures::number(stored)));
        let missing = stored.saturating_sub(units);
        backlog::leave(folder, &[], units + 1, missing).await?;
        units += missing;
        for _ in 0..plan.rounds {
            backlog::leave(folder, &[backlog::voter()?], units + 1, plan.shared_backlog).await?;
            units += plan.shared_backlog;
            let host = Host::start(program, folder, addresses, 1)?;
            let drained = until_drained(&host, runs, plan.shared_backlog, plan.turn_max).await?;
            host.end()?;
            runs += plan.shared_backlog;
            figures.add(&figures::drain_on_postgres(stored), "/s", drained);
        }
    }
    Ok(())
}

fn voted() -> [Project; 1] {
    [Project { name: VOTED, platform: Platform::Appen(JOB), components: &["majority-vote"] }]
}

/// Waits until a host that has just been started has handled `count` events more than `before`. How many were handled in a second, from the first
/// that were seen to be.
pub(crate) async fn until_drained(host: &Host, before: u64, count: u64, wait: Duration) -> anyhow::Result<f64> {
    let (asked, mut seen) = (Instant::now(), None);
    let runs = loop {
        let (runs, now) = (host.total("runs")?, Instant::now());
        if runs > before && seen.is_none() {
            seen = Some((runs, now));
        }
        if runs >= before + count {
            break runs;
        }
        if asked.elapsed() > wait {
            bail!("after {} s {runs} of {} were handled", wait.as_secs(), before + count);
        }
        tokio::time::sleep(LOOK).await;
    };
    ensure!(
        runs == before + count && host.total("dead")? == 0,
        "{runs} runs for {count} events more than {before}, or a vote was given up"
    );
    let Some((first, at)) = seen.filter(|(first, _)| *first < runs) else { bail!("all was handled before anybody looked") };
    Ok(per_second(usize::try_from(runs - first)?, at.elapsed()))
}
