//! What an operator waits for: from the start to ready, and from a changed file to its new version in use. And what the host takes while
//! nothing happens, and how large it is.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::figures::{self, Figures};
use super::folder::{self, JOB, Platform, Project};
use super::plan::Plan;
use super::process::Host;
use super::progress;

const FIVE: &str = "five";
const COMPONENTS: &[&str] = &["majority-vote", "badges", "results-file", "tweet", "email"];
/// Which of them is replaced while the host runs.
const REPLACED: &str = "majority-vote";
/// A version that is not in use after this never will be.
const LIVE_MAX: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(2);

/// All of it, on a host with five bundled plugins.
pub(crate) async fn measure(plan: &Plan, program: &Path, below: &Path, figures: &mut Figures) -> anyhow::Result<()> {
    progress("starting and reloading five plugins");
    let folder = below.join("five");
    fs::create_dir_all(folder.join("results"))?;
    let project = Project { name: FIVE, platform: Platform::Appen(JOB), components: COMPONENTS };
    let addresses = folder::fill_with(&folder, &[project], include_str!("five.toml"))?;
    let begin = |figures: &mut Figures, name: &str| -> anyhow::Result<Host> {
        let began = Instant::now();
        let host = Host::start(program, &folder, addresses, 1)?;
        figures.took(name, began.elapsed());
        Ok(host)
    };
    begin(figures, "start to ready with five plugins, nothing compiled")?.end()?;
    for round in 1..=plan.starts {
        let host = begin(figures, figures::START)?;
        if round == plan.starts {
            tokio::time::sleep(plan.idle_time).await;
            figures.add(figures::IDLE_FIVE, "MiB", host.running.memory_mib()?.0);
            reload(plan, &host, &folder, figures).await?;
        }
        host.end()?;
    }
    #[expect(clippy::cast_precision_loss, reason = "no program has 2^52 bytes")]
    let bytes = fs::metadata(program).with_context(|| format!("`{}` cannot be looked at", program.display()))?.len() as f64;
    figures.add(figures::PROGRAM, "MB", bytes / 1e6);
    Ok(())
}

/// Replaces a component by one that does the same and was never compiled.
async fn reload(plan: &Plan, host: &Host, folder: &Path, figures: &mut Figures) -> anyhow::Result<()> {
    let file = folder.join("plugins").join(format!("{REPLACED}.wasm"));
    let component = fs::read(&file)?;
    for round in 1..=plan.starts {
        let changed = with_note(&component, &format!("{round} {:?}", Instant::now()));
        figures.took(figures::RELOAD, replace(host, REPLACED, &file, &changed).await?);
    }
    Ok(())
}

/// Puts `bytes` in the place of `file`, where the host found the component that it calls `name`. Gives the time until they are in use.
pub(crate) async fn replace(host: &Host, name: &str, file: &Path, bytes: &[u8]) -> anyhow::Result<Duration> {
    let (before, next) = (host.digest(name)?, file.with_extension("next"));
    fs::write(&next, bytes)?;
    let began = Instant::now();
    fs::rename(&next, file)?;
    while host.digest(name)? == before {
        if began.elapsed() > LIVE_MAX {
            bail!("a changed component is not in use after {} s", LIVE_MAX.as_secs());
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(began.elapsed())
}

/// A component with a section that says nothing to anybody: the same to run, and another file.
fn with_note(component: &[u8], note: &str) -> Vec<u8> {
    const NAME: &str = "bench";
    let mut section = vec![u8::try_from(NAME.len()).unwrap_or_default()];
    section.extend_from_slice(NAME.as_bytes());
    section.extend(note.bytes().take(64));
    let mut changed = component.to_vec();
    // A custom section: its number, its length (below 128: one byte), what it holds.
    changed.push(0);
    changed.push(u8::try_from(section.len()).unwrap_or_default());
    changed.extend(section);
    changed
}
