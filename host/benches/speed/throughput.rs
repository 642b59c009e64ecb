//! Requests per second: of the bare server, of accepting alone, and of the whole path until every event is voted.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;

use super::client::{self, per_second};
use super::figures::{self, Figures};
use super::folder::{JOB, Platform, Project};
use super::plan::Plan;
use super::posts::Posts;
use super::process::{Bare, Host, Running};
use super::{Measured, progress, start};

/// Has no plugin: its events are stored and that is all.
pub(crate) const PLAIN: &str = "plain";
/// Has `majority-vote`.
pub(crate) const VOTED: &str = "voted";
/// So many posts of each turn come before the time is taken.
pub(crate) const WARM_UP: usize = 1000;
/// Between turns, for what is still to be folded into the database.
pub(crate) const REST: Duration = Duration::from_millis(500);

/// What takes turns.
pub(crate) struct Hosts {
    pub(crate) bare: Bare,
    pub(crate) accepts: Host,
    pub(crate) votes: Host,
    /// The first unit that was not yet posted: none is posted twice.
    next_unit: std::cell::Cell<u64>,
}

impl Hosts {
    pub(crate) fn start(program: &Path, folder: &Path, figures: &mut Figures) -> anyhow::Result<Self> {
        progress("starting the hosts");
        let plain = [Project { name: PLAIN, platform: Platform::Appen(JOB), components: &[] }];
        let voted = [Project { name: VOTED, platform: Platform::Appen(JOB), components: &["majority-vote"] }];
        let accepts = start(program, &folder.join("accepts"), &plain)?;
        let began = Instant::now();
        let votes = start(program, &folder.join("votes"), &voted)?;
        figures.took("cold start with `majority-vote`", began.elapsed());
        Ok(Self { bare: Bare::start()?, accepts, votes, next_unit: std::cell::Cell::new(1_000_000) })
    }

    /// Posts about units that were never posted before.
    pub(crate) fn posts(&self, project: &str, count: usize) -> Arc<Posts> {
        let first = self.next_unit.get();
        self.next_unit.set(first + count as u64);
        Arc::new(Posts::make(project, first, count))
    }

    /// Ends the hosts in order and looks at what they leave behind.
    pub(crate) fn end(self, figures: &mut Figures) -> anyhow::Result<()> {
        for (host, what) in [(self.accepts, "accepted"), (self.votes, "voted")] {
            let (rss, pss) = host.running.memory_mib()?;
            figures.add(&format!("memory after the load, host that {what}: RSS"), "MiB", rss);
            figures.add(&format!("memory after the load, host that {what}: PSS"), "MiB", pss);
            let (events, runs) = (host.total("events")?, host.total("runs")?);
            let events = if runs > 0 { runs } else { events };
            let bytes = host.end()?;
            if events > 0 {
                #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
                figures.add(&format!("on disk per event {what}"), "B", bytes as f64 / events as f64);
            }
        }
        Ok(())
    }
}

/// All rounds of what is wanted.
pub(crate) async fn measure(plan: &Plan, hosts: &Hosts, figures: &mut Figures, wants: impl Fn(Measured) -> bool) -> anyhow::Result<()> {
    tokio::time::sleep(plan.idle_time).await;
    let (rss, pss) = hosts.votes.running.memory_mib()?;
    figures.add(figures::IDLE, "MiB", rss);
    figures.add("idle memory with `majority-vote`: PSS", "MiB", pss);
    if !wants(Measured::Accept) && !wants(Measured::Whole) {
        return Ok(());
    }
    for round in 1..=plan.rounds {
        for &connections in plan.connections {
            progress(&format!("round {round} of {}, {connections} connections", plan.rounds));
            let bare = bare(plan, hosts, connections, figures).await?;
            if wants(Measured::Accept) {
                let accepted = accept(plan, hosts, connections, figures).await?;
                figures.add(&figures::accept(connections), "", accepted / bare);
            }
            if wants(Measured::Whole) {
                let voted = whole(plan, hosts, connections, figures).await?;
                figures.add(&figures::whole(connections), "", voted / bare);
            }
        }
    }
    Ok(())
}

/// The bare server's rate.
pub(crate) async fn bare(plan: &Plan, hosts: &Hosts, connections: usize, figures: &mut Figures) -> anyhow::Result<f64> {
    let posts = hosts.posts(PLAIN, plan.accept_requests);
    figures.bodies(&posts);
    let address = hosts.bare.address;
    client::closed(address, connections, &posts, WARM_UP).await?;
    let watch = Watch::begin(&hosts.bare.running)?;
    let done = tokio::time::timeout(plan.turn_max, client::closed(address, connections, &posts, plan.bare_requests)).await??;
    let name = format!("bare, {connections} connections");
    figures.add(&name, "/s", done.per_second());
    figures.add(&format!("{name}: p99"), "ms", done.quantile_ms(0.99));
    watch.end(&hosts.bare.running, &name, done.requests, figures)?;
    Ok(done.per_second())
}

async fn accept(plan: &Plan, hosts: &Hosts, connections: usize, figures: &mut Figures) -> anyhow::Result<f64> {
    let host = &hosts.accepts;
    client::closed(host.hooks, connections, &hosts.posts(PLAIN, WARM_UP), WARM_UP).await?;
    let posts = hosts.posts(PLAIN, plan.accept_requests);
    tokio::time::sleep(REST).await;
    let before = host.total("events")?;
    let watch = Watch::begin(&host.running)?;
    let done = tokio::time::timeout(plan.turn_max, client::closed(host.hooks, connections, &posts, plan.accept_requests)).await??;
    ensure!(host.total("events")? == before + plan.accept_requests as u64, "not every accepted event is stored");
    let name = figures::accepted(connections);
    figures.add(&name, "/s", done.per_second());
    figures.add(&format!("{name}: p99"), "ms", done.quantile_ms(0.99));
    watch.end(&host.running, &name, done.requests, figures)?;
    Ok(done.per_second())
}

/// Posts, and waits until each event is voted: the time of both together counts.
async fn whole(plan: &Plan, hosts: &Hosts, connections: usize, figures: &mut Figures) -> anyhow::Result<f64> {
    let host = &hosts.votes;
    let ran = host.total("runs")?;
    client::closed(host.hooks, connections, &hosts.posts(VOTED, WARM_UP), WARM_UP).await?;
    let posts = hosts.posts(VOTED, plan.whole_requests);
    host.until("runs", ran + WARM_UP as u64, plan.turn_max).await?;
    tokio::time::sleep(REST).await;
    let (events, ran) = (host.total("events")?, host.total("runs")?);
    let watch = Watch::begin(&host.running)?;
    let began = Instant::now();
    let done = tokio::time::timeout(plan.turn_max, client::closed(host.hooks, connections, &posts, plan.whole_requests)).await??;
    host.until("runs", ran + plan.whole_requests as u64, plan.turn_max).await?;
    let rate = per_second(plan.whole_requests, began.elapsed());
    // Each vote tells its verdict by an event of its own.
    let (events, ran) = (host.total("events")? - events, host.total("runs")? - ran);
    ensure!(
        events == 2 * plan.whole_requests as u64 && ran == plan.whole_requests as u64,
        "{events} events and {ran} runs: not every event is voted once"
    );
    ensure!(host.total("dead")? == 0, "a vote was given up");
    let name = format!("whole path, {connections} connections");
    figures.add(&name, "/s", rate);
    figures.add(&format!("{name}: accepted meanwhile"), "/s", done.per_second());
    figures.add(&format!("{name}: p99 of the answer"), "ms", done.quantile_ms(0.99));
    watch.end(&host.running, &name, done.requests, figures)?;
    Ok(rate)
}

/// Takes the CPU time that something costs.
struct Watch(Duration);

impl Watch {
    fn begin(running: &Running) -> anyhow::Result<Self> {
        Ok(Self(running.cpu()?))
    }

    fn end(self, running: &Running, name: &str, events: usize, figures: &mut Figures) -> anyhow::Result<()> {
        let spent = running.cpu()?.saturating_sub(self.0);
        figures.add(&format!("{name}: CPU time of the server"), "µs each", 1e6 / per_second(events, spent));
        Ok(())
    }
}
