//! What `crowdhook plugin new` makes: built by the command that it names, and tested on its cases, with nothing changed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::build;
use super::host::Host;
use crate::plugins::compile;
use crate::root;

/// No other name stands in any file of an example, so one that was left there is found.
const NAME: &str = "made-up";

/// From `plugin new` to the last case, and how long that took.
///
/// # Errors
///
/// A command that fails: its words are on stderr.
pub(super) fn tried(language: &str, host: &Host) -> Result<Duration> {
    let folder = tempfile::tempdir().context("no temporary folder can be had")?;
    let folder = folder.path().join(NAME);
    let began = Instant::now();
    let made = host.asked(&["plugin".as_ref(), "new".as_ref(), NAME.as_ref(), "--lang".as_ref(), language.as_ref(), &folder])?;
    for command in ["build", "test"] {
        let line = made.get(command).and_then(|line| line.as_str()).with_context(|| format!("the host names no `{command}`"))?;
        shell(line, &folder, host)?;
    }
    Ok(began.elapsed())
}

/// As somebody types it.
fn shell(line: &str, folder: &Path, host: &Host) -> Result<()> {
    // Where rustup has no target for wasm, another compiler is at work behind the same words.
    let toolchain = if line.starts_with("cargo ") { compile::toolchain(&root())? } else { Default::default() };
    let cargo = toolchain.get("CARGO").and_then(|cargo| Path::new(cargo).parent()).map(Path::to_path_buf);
    let mut running = Command::new("sh");
    running.args(["-c", line]).current_dir(folder).envs(&toolchain).env("PATH", path(cargo, folder, host)?);
    running.env_remove("CARGO_TARGET_DIR");
    ensure!(running.status().context("`sh` does not start")?.success(), "`{line}` failed in what `plugin new` makes: see above");
    Ok(())
}

fn path(cargo: Option<PathBuf>, folder: &Path, host: &Host) -> Result<std::ffi::OsString> {
    let others = build::path(folder, host)?;
    std::env::join_paths(cargo.into_iter().chain(std::env::split_paths(&others))).context("a folder of `PATH` cannot be named")
}
