//! The whole path on one host with its own store, on one with PostgreSQL, and on two that share a PostgreSQL: on the same cores, in turns.

use std::path::Path;
use std::time::Instant;

use futures_util::future::try_join_all;

use super::client::{self, per_second};
use super::drain;
use super::figures::{self, Figures};
use super::folder::{self, JOB, Platform, Project};
use super::plan::Plan;
use super::posts::Posts;
use super::process::Host;
use super::progress;
use super::throughput::{REST, VOTED};

#[path = "../../src/store/postgres/tests/cluster.rs"]
#[allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::panic, reason = "the tests have it too, and need more of it")]
mod cluster;

/// Connections of all hosts together.
const CONNECTIONS: usize = 64;

/// Hosts that share a store.
struct Group {
    name: &'static str,
    hosts: Vec<Host>,
    next_unit: u64,
}

/// All rounds. Says so and measures nothing where there is no PostgreSQL.
pub(crate) async fn measure(plan: &Plan, program: &Path, below: &Path, figures: &mut Figures) -> anyhow::Result<()> {
    let Some(cluster) = cluster::Cluster::own() else {
        progress("skipped: PostgreSQL is not here; on Debian, install the package `postgresql`");
        return Ok(());
    };
    let start = |name: &str, settings: &str| {
        let project = Project { name: VOTED, platform: Platform::Appen(JOB), components: &["majority-vote"] };
        let folder = below.join(name);
        let addresses = folder::fill_set(&folder, &[project], settings)?;
        Host::start(program, &folder, addresses, 1)
    };
    let shared = |schema: &str, name: &str| format!("store = \"{}?schema={schema}\"\nname = \"{name}\"\n", cluster.address());
    let mut groups = [
        Group { name: figures::ON_SQLITE, hosts: vec![start("alone", "")?], next_unit: 1 },
        Group { name: figures::ON_POSTGRES, hosts: vec![start("one", &shared("one", "one"))?], next_unit: 1 },
        Group {
            name: figures::TWO_ON_POSTGRES,
            hosts: vec![start("north", &shared("two", "north"))?, start("south", &shared("two", "south"))?],
            next_unit: 1,
        },
    ];
    for round in 1..=plan.rounds {
        progress(&format!("round {round} of {}, one and two hosts", plan.rounds));
        let mut rates = Vec::new();
        for group in &mut groups {
            group.turn(plan, plan.shared_warm_up).await?;
            tokio::time::sleep(REST).await;
            let rate = group.turn(plan, plan.shared_requests).await?;
            figures.add(group.name, "/s", rate);
            rates.push(rate);
        }
        if let [_, one, two] = rates[..] {
            figures.add(figures::TWO_OF_ONE, "", two / one);
        }
    }
    groups.into_iter().flat_map(|group| group.hosts).try_for_each(|host| host.end().map(|_| ()))?;
    drain::on_postgres(plan, program, &below.join("drained"), &shared("drained", "drained"), figures).await
}

impl Group {
    /// Posts to all hosts at once and waits until each event is voted. Gives how many were in a second.
    async fn turn(&mut self, plan: &Plan, requests: usize) -> anyhow::Result<f64> {
        let Some(first) = self.hosts.first() else { return Ok(0.0) };
        let each = requests / self.hosts.len();
        let ran = first.total("runs")?;
        let (connections, next) = (CONNECTIONS / self.hosts.len(), &mut self.next_unit);
        let posts: Vec<_> = self
            .hosts
            .iter()
            .map(|host| {
                *next += each as u64;
                (host.hooks, std::sync::Arc::new(Posts::make(VOTED, *next - each as u64, each)))
            })
            .collect();
        let began = Instant::now();
        let posting = posts.iter().map(|(address, posts)| client::closed(*address, connections, posts, each));
        tokio::time::timeout(plan.turn_max, try_join_all(posting)).await??;
        let all = each * self.hosts.len();
        first.until("runs", ran + all as u64, plan.turn_max).await?;
        anyhow::ensure!(first.total("dead")? == 0, "a vote was given up");
        Ok(per_second(all, began.elapsed()))
    }
}
