//! Plugins that hang, spin and trap, kept at it while something else is measured. On a thread of its own: a practice PYBOSSA that
//! takes a second for every answer, and a practice Appen that posts on and on.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use crowdhook::practice::appen::{Job, Settings, Signal};
use crowdhook::practice::seed::{SeedProject, SeedTask};
use crowdhook::practice::{Appen, Fault, Pybossa, Seed};
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use url::Url;

use super::folder::{HOOK_TOKEN, Platform, Project, SIGNING_TOKEN};
use super::posts;
use super::process::Host;

/// On PYBOSSA: its plugin reads tasks until it runs out of time, each read takes a second.
const STUCK: &str = "stuck";
/// On Appen: its plugins compute without end, and panic.
const BROKEN: &str = "broken";
const BROKEN_JOB: i64 = 4243;
/// Each takes up three times ten seconds of a sandbox: enough for as many sandboxes as there are.
const STUCK_TASKS: u32 = 200;
const PLATFORM_TAKES: Duration = Duration::from_secs(1);
/// Between two posts about broken things.
const POST_EVERY: Duration = Duration::from_millis(100);
/// A host in trouble uses at least so much CPU time in one second.
const BUSY: Duration = Duration::from_millis(900);
const BUSY_WAIT_MAX: Duration = Duration::from_secs(20);

/// The practice platforms behind the trouble.
pub(crate) struct Trouble {
    runtime: Aside,
    pybossa: Pybossa,
}

/// A runtime that ends without being waited for, as one must that is dropped within another.
struct Aside(Option<Runtime>);

impl Drop for Aside {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Aside {
    fn start() -> anyhow::Result<Self> {
        Ok(Self(Some(tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?)))
    }

    fn spawn<F: Future<Output: Send> + Send + 'static>(&self, future: F) -> anyhow::Result<JoinHandle<F::Output>> {
        Ok(self.0.as_ref().context("it has ended")?.spawn(future))
    }
}

impl Trouble {
    pub(crate) async fn prepare() -> anyhow::Result<Self> {
        let runtime = Aside::start()?;
        let task = |number: u32| SeedTask::answered(json!({"picture": number}), vec![json!({"animal": "cat"})]);
        let project = SeedProject { tasks: (0..STUCK_TASKS).map(task).collect(), ..SeedProject::new(STUCK) };
        let seed = Seed { rate_limit: None, projects: vec![project], ..Seed::empty() };
        let pybossa = runtime.spawn(Pybossa::start(seed))?.await??;
        Ok(Self { runtime, pybossa })
    }

    pub(crate) fn projects(&self) -> [Project; 2] {
        let pybossa = Platform::Pybossa(self.pybossa.url(), self.pybossa.owner_key());
        [
            Project { name: STUCK, platform: pybossa, components: &["hangs"] },
            Project { name: BROKEN, platform: Platform::Appen(BROKEN_JOB), components: &["spins", "traps"] },
        ]
    }

    /// Begins, and waits until the host has its hands full.
    pub(crate) async fn begin(&self, host: &Host) -> anyhow::Result<()> {
        let hooks = host.hooks;
        self.pybossa.set_webhook(STUCK, &format!("http://{hooks}/hooks/{STUCK}/{HOOK_TOKEN}"))?;
        self.pybossa.fault(Fault::Slow(PLATFORM_TAKES));
        self.pybossa.give_planned(STUCK);
        self.runtime.spawn(post_on(hooks))?;
        let began = Instant::now();
        loop {
            let before = host.running.cpu()?;
            tokio::time::sleep(Duration::from_secs(1)).await;
            if host.running.cpu()?.saturating_sub(before) >= BUSY && host.total("runs")? > 0 {
                return Ok(());
            }
            anyhow::ensure!(began.elapsed() < BUSY_WAIT_MAX, "nothing hangs or spins after {} s", BUSY_WAIT_MAX.as_secs());
        }
    }
}

/// Posts units until this is dropped, or the host does not take them.
async fn post_on(hooks: SocketAddr) -> anyhow::Result<()> {
    let appen = Appen::new(Settings { wait_scale: 0.0, ..Settings::new(SIGNING_TOKEN) }, Job::new(BROKEN_JOB));
    appen.set_webhook(Url::parse(&format!("http://{hooks}/hooks/{BROKEN}/{HOOK_TOKEN}")).context("no address")?);
    let mut every = tokio::time::interval(POST_EVERY);
    for unit in 1.. {
        every.tick().await;
        appen.post(&Signal::UnitComplete, &posts::payload(BROKEN_JOB, unit)).await;
    }
    Ok(())
}
