//! How long the sender waits for its answer at a fixed rate, while nothing else happens and while plugins hang, spin and trap.

use std::net::SocketAddr;
use std::path::Path;

use super::client::{self, Done};
use super::figures::{self, Figures};
use super::folder::{JOB, Platform, Project};
use super::plan::Plan;
use super::throughput::{Hosts, PLAIN, REST, VOTED};
use super::trouble::Trouble;
use super::{progress, start};

/// A busy hour of a large platform, in requests a second.
const STEADY: f64 = 1000.0;

/// All rounds. `half` is half of what was accepted in a second at best; none when that was not measured.
///
/// The quiet turns come first: a host in trouble uses up every core that it finds, whoever else is measured.
pub(crate) async fn measure(
    plan: &Plan,
    program: &Path,
    folder: &Path,
    hosts: &Hosts,
    half: Option<f64>,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let (bare, idle, votes) = ((hosts.bare.address, VOTED), (hosts.accepts.hooks, PLAIN), (hosts.votes.hooks, VOTED));
    for round in 1..=plan.rounds {
        progress(&format!("latency, round {round} of {}", plan.rounds));
        turn(plan, hosts, (figures::BARE_STEADY, bare, STEADY), figures).await?;
        turn(plan, hosts, (figures::QUIET_STEADY, votes, STEADY), figures).await?;
        if let Some(half) = half {
            turn(plan, hosts, (figures::BARE_HALF, bare, half), figures).await?;
            turn(plan, hosts, (figures::IDLE_HALF, idle, half), figures).await?;
            turn(plan, hosts, (figures::VOTING_HALF, votes, half), figures).await?;
        }
    }
    progress("making trouble");
    let trouble = Trouble::prepare().await?;
    let mut projects = Vec::from(trouble.projects());
    projects.push(Project { name: VOTED, platform: Platform::Appen(JOB), components: &["majority-vote"] });
    let troubled = start(program, &folder.join("troubled"), &projects)?;
    trouble.begin(&troubled).await?;
    for round in 1..=plan.rounds {
        progress(&format!("latency in trouble, round {round} of {}", plan.rounds));
        turn(plan, hosts, (figures::TROUBLED_BARE, bare, STEADY), figures).await?;
        turn(plan, hosts, (figures::TROUBLED_STEADY, (troubled.hooks, VOTED), STEADY), figures).await?;
        if let Some(half) = half {
            turn(plan, hosts, (figures::TROUBLED_HALF, (troubled.hooks, VOTED), half), figures).await?;
        }
    }
    if let Some(half) = half {
        figures.add("rate of half the peak", "/s", half);
    }
    for (name, what) in [("runs", "runs recorded in trouble"), ("dead", "invocations given up in trouble")] {
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        figures.add(what, "", troubled.total(name)? as f64);
    }
    Ok(())
}

/// Where posts go, and which project they are for.
type To = (SocketAddr, &'static str);

async fn turn(plan: &Plan, hosts: &Hosts, (name, to, rate): (&str, To, f64), figures: &mut Figures) -> anyhow::Result<()> {
    let done = tokio::time::timeout(plan.turn_max, open(plan, hosts, to, rate)).await??;
    figures.latency(name, &done);
    tokio::time::sleep(REST).await;
    Ok(())
}

async fn open(plan: &Plan, hosts: &Hosts, (to, project): To, rate: f64) -> anyhow::Result<Done> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of requests")]
    let count = (rate * plan.open_time.as_secs_f64()) as usize;
    let posts = hosts.posts(project, count.max(1));
    client::open(to, plan.open_connections, &posts, rate).await
}
