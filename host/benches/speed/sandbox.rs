//! What a fresh sandbox costs for an event: in the host's own runner, and in a bare loop around wasmtime. By threads, since what one thread does
//! to the pages of its sandboxes holds up the others.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use rustix::time::{ClockId, clock_gettime};
use wasmtime::{Config, InstanceAllocationStrategy};

use crowdhook::id::{InvocationId, Scope};
use crowdhook::plugin::cache::Cache;
use crowdhook::plugin::call::Ended;
use crowdhook::plugin::engine::Engine;
use crowdhook::plugin::load::load as load_component;
use crowdhook::plugin::registry::{Bound, Project};
use crowdhook::store::{Claimed, Lease, Store};

use super::bare_guest::BareGuest;
use super::client::per_second;
use super::figures::{self, Figures};
use super::folder::{self, JOB, Platform, component_file};
use super::guests::{self, Guest};
use super::plan::Plan;
use super::throughput::VOTED;
use super::{backlog, handle, progress};

/// As the host has it.
#[cfg(target_os = "linux")]
const GUESTS_NICER: i32 = 10;
/// Before the time is taken.
const WARM_UP: usize = 20;
/// The unit that all runs are about.
const UNIT: u64 = 77;

/// A project as the host loaded it, and an event of it.
pub(crate) struct Surroundings {
    store: Arc<dyn Store>,
    project: Arc<Project>,
    claimed: Claimed,
    /// Compiled code of the bare loops, kept from one run of the benchmark to the next.
    cache: Cache,
    /// What the host's components are loaded with.
    engine: Engine,
    sandboxes: usize,
}

impl Surroundings {
    pub(crate) async fn open(folder: &Path, compiled: &Path) -> anyhow::Result<Self> {
        folder::fill(folder, &[folder::Project { name: VOTED, platform: Platform::Appen(JOB), components: &["majority-vote"] }])?;
        let (app, limits) = backlog::open(folder).await?;
        let project = app.registry().project(VOTED).context("the project did not load")?;
        let (store, plugin) = (app.store(), backlog::voter()?);
        // A store that knows the plugin has to look for what it asks.
        backlog::fill(store.as_ref(), std::slice::from_ref(&plugin), UNIT, 1).await?;
        let claimed = Claimed {
            lease: Lease { id: InvocationId(1), generation: 1 },
            event: backlog::acceptance(UNIT, &[])?.event,
            plugin,
            attempt: 1,
            traps: 0,
            parked_since: None,
            parked_times: 0,
            derived: 0,
            rerun: false,
            generation: 0,
        };
        let cache = Cache::open(compiled)?;
        let engine = Engine::start(&limits, Some(compiled))?;
        Ok(Self { store, project, claimed, cache, engine, sandboxes: limits.sandboxes_max })
    }

    /// The guest in the host's own runner.
    pub(crate) async fn hosted(self: &Arc<Self>, guest: &Guest) -> anyhow::Result<Arc<Hosted>> {
        let bytes = component(guest)?;
        let component = load_component(&self.engine, bytes.into()).await?;
        let plugin = self.project.plugin(&self.claimed.plugin).context("the plugin did not load")?;
        let mut config = plugin.config.as_ref().clone();
        guest.settings.clone_into(&mut config.settings);
        let bound = Bound { config: Arc::new(config), component: Some(Arc::new(component)) };
        Ok(Arc::new(Hosted { around: Arc::clone(self), bound }))
    }

    /// The guest in a loop of its own, by the host's settings of the engine.
    pub(crate) async fn bare(&self, guest: &Guest) -> anyhow::Result<Arc<BareGuest>> {
        self.bare_with(guest, Engine::settings(self.sandboxes)).await
    }

    /// The same, by wasmtime's own settings and its pool as it comes.
    async fn by_default(&self, guest: &Guest) -> anyhow::Result<Arc<BareGuest>> {
        let mut config = Config::new();
        config.allocation_strategy(InstanceAllocationStrategy::pooling());
        self.bare_with(guest, config).await
    }

    async fn bare_with(&self, guest: &Guest, config: Config) -> anyhow::Result<Arc<BareGuest>> {
        let plugin = self.project.plugin(&self.claimed.plugin).context("the plugin did not load")?;
        let mut plugin = plugin.config.as_ref().clone();
        guest.settings.clone_into(&mut plugin.settings);
        let said = self.project.platform.snapshot(&self.claimed.event).await?;
        BareGuest::new(&config, (&component(guest)?, &self.cache), &plugin, &self.claimed.event, &said).map(Arc::new)
    }

    /// Has the guest compiled, where it was not before: from then on a host that shares the compiled code finds it.
    pub(crate) async fn compile(&self, guest: &Guest) -> anyhow::Result<()> {
        load_component(&self.engine, component(guest)?.into()).await?;
        Ok(())
    }

    pub(crate) async fn close(&self) {
        self.store.close().await;
    }
}

fn component(guest: &Guest) -> anyhow::Result<Vec<u8>> {
    let file = component_file(&guest.component);
    fs::read(&file).with_context(|| format!("no component `{}`", file.display()))
}

/// A guest as the host runs it.
pub(crate) struct Hosted {
    around: Arc<Surroundings>,
    bound: Bound,
}

impl Hosted {
    pub(crate) fn project(&self) -> (&Arc<Project>, &Bound) {
        (&self.around.project, &self.bound)
    }
}

/// What is done again and again.
pub(crate) trait Repeated: Send + Sync + 'static {
    fn once(&self) -> impl Future<Output = anyhow::Result<()>> + Send;
}

impl Repeated for Hosted {
    /// All that `dispatch` does but for the commit: the snapshot is made, the state read, the sandbox run.
    async fn once(&self) -> anyhow::Result<()> {
        let Surroundings { store, project, claimed, .. } = self.around.as_ref();
        let report = handle::run(store.as_ref(), project, &self.bound, claimed).await?;
        match report.ended {
            Ended::Ok(wanted) if !wanted.asked.effects.is_empty() => Ok(()),
            ended => Err(anyhow!("the plugin did not end well: {ended:?}")),
        }
    }
}

/// A part of what the host's runner does.
enum Part {
    /// The snapshot is made of the event's payload.
    Snapshot,
    /// A key of the plugin's state is read, which is not there.
    State,
}

struct PartOf {
    around: Arc<Surroundings>,
    part: Part,
}

impl Repeated for PartOf {
    async fn once(&self) -> anyhow::Result<()> {
        let Surroundings { store, project, claimed, .. } = self.around.as_ref();
        match self.part {
            Part::Snapshot => drop(black_box(project.platform.snapshot(&claimed.event).await?)),
            Part::State => {
                let scope = Scope { project: claimed.event.project.clone(), plugin: claimed.plugin.clone() };
                black_box(store.get_state(&scope, "no/such/key").await?);
            }
        }
        Ok(())
    }
}

/// A sandbox that is made and thrown away without a call.
struct Uncalled(Arc<BareGuest>);

impl Repeated for Uncalled {
    async fn once(&self) -> anyhow::Result<()> {
        self.0.make().await
    }
}

impl Repeated for BareGuest {
    async fn once(&self) -> anyhow::Result<()> {
        self.run().await
    }
}

/// What came of a turn.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Turn {
    /// How often it was done in a second, by all threads together.
    pub(crate) rate: f64,
    /// CPU time of each, in µs. It waits for nothing: on a machine that does nothing else this is the time of a thread, and on another one it
    /// still is.
    pub(crate) cpu_us: f64,
}

/// Does it on so many threads, each at it for `time`.
pub(crate) async fn turn(threads: usize, time: Duration, what: &Arc<impl Repeated>) -> anyhow::Result<Turn> {
    let each: Vec<_> = (0..threads)
        .map(|_| {
            let what = Arc::clone(what);
            let thread = std::thread::spawn(move || on_this_thread(what.as_ref(), time));
            tokio::task::spawn_blocking(move || thread.join())
        })
        .collect();
    let mut turn = Turn::default();
    for each in each {
        let one = each.await?.map_err(|_| anyhow!("a loop broke down"))??;
        turn.rate += one.rate;
        turn.cpu_us += one.cpu_us / as_f64(threads);
    }
    Ok(turn)
}

fn on_this_thread(what: &impl Repeated, time: Duration) -> anyhow::Result<Turn> {
    // As the host's threads of guests: beside whatever else runs, both have the same chance.
    #[cfg(target_os = "linux")]
    rustix::process::nice(GUESTS_NICER).ok();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        for _ in 0..WARM_UP {
            what.once().await?;
        }
        let (began, cpu, mut done) = (Instant::now(), thread_cpu(), 0);
        while began.elapsed() < time {
            what.once().await?;
            done += 1;
        }
        let (wall, cpu) = (began.elapsed(), thread_cpu().saturating_sub(cpu));
        Ok(Turn { rate: per_second(done, wall), cpu_us: 1e6 / per_second(done, cpu) })
    })
}

fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// All rounds: `majority-vote` on one thread and on all, then the vote in each language.
pub(crate) async fn measure(plan: &Plan, around: &Arc<Surroundings>, figures: &mut Figures) -> anyhow::Result<()> {
    progress("loading guests");
    let guest = guests::bundled();
    let (ours, bare, by_default) = (around.hosted(&guest).await?, around.bare(&guest).await?, around.by_default(&guest).await?);
    let mut votes = Vec::new();
    for guest in guests::votes() {
        votes.push((guest.name.clone(), around.hosted(&guest).await?, around.bare(&guest).await?));
    }
    let part = |part| Arc::new(PartOf { around: Arc::clone(around), part });
    let (uncalled, snapshot, state) = (Arc::new(Uncalled(Arc::clone(&bare))), part(Part::Snapshot), part(Part::State));
    for round in 1..=plan.short_rounds {
        progress(&format!("sandbox, round {round} of {}", plan.short_rounds));
        for threads in [1, cores()] {
            let on = figures::on_threads(threads);
            let bare = turn(threads, plan.sandbox_time, &bare).await?.cpu_us;
            let by_default = turn(threads, plan.sandbox_time, &by_default).await?.cpu_us;
            let ours = turn(threads, plan.sandbox_time, &ours).await?.cpu_us;
            for (what, each) in [("bare loop", bare), ("bare loop, default pool", by_default), ("the host's runner", ours)] {
                figures.add(&format!("sandbox, {on}: {what}"), "µs each", each);
            }
            figures.add(&figures::ours_to_bare(threads), "", ours / bare);
            figures.add(&figures::ours_to_default(threads), "", ours / by_default);
        }
        let parts = [
            ("a bare sandbox made and thrown away, without a call", turn(1, plan.sandbox_time, &uncalled).await?),
            ("the host makes the snapshot of a payload", turn(1, plan.sandbox_time, &snapshot).await?),
            ("the host reads a key of the plugin's state", turn(1, plan.sandbox_time, &state).await?),
        ];
        for (what, turn) in parts {
            figures.add(&format!("sandbox, of which: {what}"), "µs each", turn.cpu_us);
        }
        for (name, ours, bare) in &votes {
            let bare = turn(1, plan.sandbox_time, bare).await?.cpu_us;
            let ours = turn(1, plan.sandbox_time, ours).await?.cpu_us;
            figures.add(&format!("sandbox, {name}: bare loop"), "µs each", bare);
            figures.add(&format!("sandbox, {name}: the host's runner"), "µs each", ours);
        }
    }
    Ok(())
}

/// The host has a thread for guests on each.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn as_f64(threads: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "no machine has 2^52 threads")]
    let threads = threads as f64;
    threads
}
