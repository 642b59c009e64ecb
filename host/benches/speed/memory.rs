//! The memory of a host with one plugin in each language: while nothing happens, and while more comes in than it can handle.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::client;
use super::figures::{self, Figures};
use super::folder::{self, JOB, Platform, Project};
use super::guests::{self, Guest};
use super::plan::Plan;
use super::posts::Posts;
use super::process::Host;
use super::progress;
use super::sandbox::Surroundings;
use super::start;
use super::throughput::VOTED;

const CONNECTIONS: usize = 64;
/// Sandboxes at a time, all of which the plugin may have.
const SANDBOXES: u32 = 8;
/// Of these it is told too how soon a version that was compiled before is in use.
const LARGE: [&str; 2] = ["vote-javascript", "vote-python"];
const LOOK: Duration = Duration::from_millis(50);

/// A host for each guest, and one without any to compare with.
pub(crate) async fn measure(
    plan: &Plan,
    program: &Path,
    below: &Path,
    (compiled, around): (&Path, &Surroundings),
    figures: &mut Figures,
) -> anyhow::Result<()> {
    progress("flooding a host without plugins");
    let plain = Project { name: VOTED, platform: Platform::Appen(JOB), components: &[] };
    let (empty, _) = flooded(plan, program, &below.join("memory-none"), compiled, (&plain, "")).await?;
    empty.tell("without plugins", None, figures);
    for guest in std::iter::once(guests::bundled()).chain(guests::votes()) {
        progress(&format!("flooding a host with {}", guest.name));
        around.compile(&guest).await?;
        let said = said(&guest);
        let component: &'static str = guest.component.clone().leak();
        let project = Project { name: VOTED, platform: Platform::Appen(JOB), components: Box::leak(Box::new([component])) };
        let folder = below.join(format!("memory-{component}"));
        let (memory, host) = flooded(plan, program, &folder, compiled, (&project, &said)).await?;
        memory.tell(&format!("with {}", guest.name), Some(&empty), figures);
        if LARGE.contains(&component) {
            host.until("runs", plan.flood_requests as u64, plan.turn_max).await?;
            reload(plan, &host, &folder, &guest, figures).await?;
        }
    }
    Ok(())
}

/// A component takes the place of another, as it did before: it was compiled then.
async fn reload(plan: &Plan, host: &Host, folder: &Path, guest: &Guest, figures: &mut Figures) -> anyhow::Result<()> {
    let other = folder::component_file("vote-rust");
    if !other.exists() {
        progress(&format!("not measured: the reload of {}, for want of a component to change it for", guest.name));
        return Ok(());
    }
    let file = folder.join("plugins").join(format!("{}.wasm", guest.component));
    let (component, other) = (fs::read(&file)?, fs::read(other)?);
    for _ in 0..plan.starts {
        start::replace(host, "vote", &file, &other).await?;
        figures.took(&figures::reload_known(&guest.name), start::replace(host, "vote", &file, &component).await?);
    }
    Ok(())
}

/// What a project's file says of the guest.
fn said(guest: &Guest) -> String {
    let component = if guest.component.starts_with("vote-") { "vote" } else { &guest.component };
    format!("\n[plugins.vote]\ncomponent = \"{component}\"\nallow = [\"results\", \"events\"]\n\n[plugins.vote.settings]\n{}\n", guest.toml)
}

/// Resident memory in MiB.
struct Memory {
    idle: f64,
    most: f64,
}

impl Memory {
    /// What each sandbox takes: by how much more a flood needs here than on `empty`, divided among those there may be.
    fn tell(&self, which: &str, empty: Option<&Self>, figures: &mut Figures) {
        figures.add(&format!("memory {which}: idle, RSS"), "MiB", self.idle);
        figures.add(&format!("memory {which}: most under a flood, RSS"), "MiB", self.most);
        if let Some(empty) = empty {
            let grew = (self.most - self.idle) - (empty.most - empty.idle);
            figures.add(&format!("memory {which}: for each of {SANDBOXES} sandboxes"), "MiB", grew.max(0.0) / f64::from(SANDBOXES));
        }
    }
}

async fn flooded(
    plan: &Plan,
    program: &Path,
    folder: &Path,
    compiled: &Path,
    (project, said): (&Project, &str),
) -> anyhow::Result<(Memory, Host)> {
    let limits = format!("\n[limits]\nsandboxes_max = {SANDBOXES}\nper_plugin_max = {SANDBOXES}\n");
    let addresses = folder::fill_all(folder, std::slice::from_ref(project), said, &limits)?;
    // The large components take long to compile; they do so once.
    fs::create_dir_all(folder.join("data"))?;
    fs::create_dir_all(compiled)?;
    std::os::unix::fs::symlink(std::path::absolute(compiled)?, folder.join("data/cache")).context("the compiled code cannot be shared")?;
    let host = Host::start(program, folder, addresses, 1)?;
    tokio::time::sleep(plan.idle_time).await;
    let (idle, _) = host.running.memory_mib()?;
    let posts = Arc::new(Posts::make(VOTED, 1, plan.flood_requests));
    let flood = client::closed(addresses.hooks, CONNECTIONS, &posts, plan.flood_requests);
    tokio::pin!(flood);
    let (began, mut most, mut is_over) = (Instant::now(), idle, false);
    // What came in is handled for a while longer.
    while !is_over || began.elapsed() < plan.flood_time {
        tokio::select! {
            done = &mut flood, if !is_over => {
                done?;
                is_over = true;
            }
            () = tokio::time::sleep(LOOK) => most = host.running.memory_mib()?.0.max(most),
        }
        anyhow::ensure!(began.elapsed() < plan.turn_max, "the flood does not end");
    }
    anyhow::ensure!(host.total("dead")? == 0, "a run was given up");
    Ok((Memory { idle, most }, host))
}
