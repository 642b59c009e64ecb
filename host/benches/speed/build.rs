//! What it takes to have the program at all: a clean release build, as README's first command makes one.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, ensure};

use super::figures::{self, Figures};
use super::{process, progress};

/// Builds the program from nothing, below `below`. What has to be downloaded for it is downloaded before.
pub(crate) fn measure(below: &Path, figures: &mut Figures) -> anyhow::Result<()> {
    progress("building the program from nothing, which takes minutes");
    let target = below.join("clean-build");
    cargo(&["fetch", "--locked"], &target)?;
    let (began, cpu) = (Instant::now(), process::cpu_of_ended_children()?);
    cargo(&["build", "--release", "--locked", "--quiet"], &target)?;
    figures.add(figures::BUILD, "s", began.elapsed().as_secs_f64());
    let cpu = process::cpu_of_ended_children()?.saturating_sub(cpu);
    figures.add(figures::BUILD_CPU, "s", cpu.as_secs_f64());
    Ok(())
}

fn cargo(arguments: &[&str], target: &Path) -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("no workspace around the package")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).current_dir(root).args(arguments).env("CARGO_TARGET_DIR", target).status();
    let status = status.context("cargo cannot be started")?;
    ensure!(status.success(), "`cargo {}` failed: see above", arguments.join(" "));
    Ok(())
}
