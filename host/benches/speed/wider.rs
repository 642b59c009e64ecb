//! The whole path where more happens on it: with three plugins for each event, and with a request that is delivered to a service.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use anyhow::ensure;

use super::client::{self, per_second};
use super::figures::{self, Figures};
use super::folder::{self, JOB, Platform, Project};
use super::plan::Plan;
use super::process::{Bare, Host};
use super::progress;
use super::throughput::{self, Hosts, REST, WARM_UP};

/// Those that the goal is for.
const CONNECTIONS: usize = 256;
/// Has `majority-vote` three times, under three names.
const THREE: Project = Project { name: "three", platform: Platform::Appen(JOB), components: &["majority-vote"] };
/// Its plugin asks for one request for each event.
const SENT: Project = Project { name: "sent", platform: Platform::Appen(JOB), components: &["calls-out"] };

/// A host, and what it does with an event.
struct Wide {
    host: Host,
    project: &'static str,
    /// Runs that each event leads to.
    runs: u64,
    rate: &'static str,
    ratio: &'static str,
}

/// All rounds.
pub(crate) async fn measure(plan: &Plan, program: &Path, below: &Path, hosts: &Hosts, figures: &mut Figures) -> anyhow::Result<()> {
    let service = Bare::start()?;
    let start = |project: &Project, said: &str| {
        let folder = below.join(project.name);
        let addresses = folder::fill_with(&folder, std::slice::from_ref(project), said)?;
        if project.name == THREE.name {
            folder::begin_with(&folder, project, "results_by_several = true")?;
        }
        Host::start(program, &folder, addresses, 1)
    };
    let wide = [
        Wide {
            host: start(&THREE, &three())?,
            project: THREE.name,
            runs: 3,
            rate: "whole path with three plugins, 256 connections",
            ratio: figures::THREE,
        },
        Wide {
            host: start(&SENT, &sent(service.address))?,
            project: SENT.name,
            runs: 1,
            rate: "whole path with delivery, 256 connections",
            ratio: figures::SENT,
        },
    ];
    for round in 1..=plan.rounds {
        progress(&format!("three plugins and delivery, round {round} of {}", plan.rounds));
        let bare = throughput::bare(plan, hosts, CONNECTIONS, figures).await?;
        for wide in &wide {
            wide.turn(plan, hosts, WARM_UP).await?;
            tokio::time::sleep(REST).await;
            let rate = wide.turn(plan, hosts, plan.more_requests).await?;
            figures.add(wide.rate, "/s", rate);
            figures.add(wide.ratio, "", rate / bare);
        }
    }
    wide.into_iter().try_for_each(|wide| wide.host.end().map(|_| ()))
}

impl Wide {
    /// Posts, and waits until all has run and nothing is left to be delivered. Gives how many events that were in a second.
    async fn turn(&self, plan: &Plan, hosts: &Hosts, requests: usize) -> anyhow::Result<f64> {
        let (host, posts) = (&self.host, hosts.posts(self.project, requests));
        let runs = host.total("runs")? + self.runs * requests as u64;
        let began = Instant::now();
        tokio::time::timeout(plan.turn_max, client::closed(host.hooks, CONNECTIONS, &posts, requests)).await??;
        host.until("runs", runs, plan.turn_max).await?;
        host.until_none("deliveries_waiting", plan.turn_max).await?;
        let rate = per_second(requests, began.elapsed());
        ensure!(host.total("runs")? == runs, "not every plugin ran once for each event");
        ensure!(host.total("dead")? == 0 && host.total("deliveries_dead")? == 0, "a run or a delivery was given up");
        Ok(rate)
    }
}

fn three() -> String {
    let plugin = |name: &str| {
        format!(
            "\n[plugins.{name}]\ncomponent = \"majority-vote\"\nallow = [\"results\", \"events\"]\n\n[plugins.{name}.settings]\n\
             pointer = \"/animal\"\n"
        )
    };
    ["first", "second", "third"].map(plugin).concat()
}

fn sent(to: SocketAddr) -> String {
    format!(
        "\n[connections.web]\nurl = \"http://{to}\"\n\n[plugins.calls-out]\ncomponent = \"calls-out\"\nallow = [\"http.send\"]\n\
         connections = [\"web\"]\n\n[plugins.calls-out.settings]\nconnection = \"web\"\nsend = \"/notes\"\n"
    )
}
