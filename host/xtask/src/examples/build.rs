//! Building an example, as its README says.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::host::Host;
use super::list::{Example, Tool};
use crate::plugins::{compile, sources};
use crate::root;

/// The first tool that is not there, and what to do about it.
pub(super) fn missing(example: &Example) -> Option<String> {
    let is_there = |tool: &Tool| match tool.probe {
        [program, arguments @ ..] => {
            Command::new(on_path(program)).current_dir(root()).args(arguments).output().is_ok_and(|output| output.status.success())
        }
        [] => true,
    };
    let tool = example.tools.iter().find(|tool| !is_there(tool))?;
    Some(format!("`{}` does not run here; {}", tool.probe.join(" "), tool.install))
}

/// Builds it, and says how long that took.
///
/// # Errors
///
/// A command that fails: its words are on stderr. Or files that are committed and are not what makes them any more.
pub(super) fn run(example: &Example, folder: &Path, host: &Host) -> Result<Duration> {
    let component = folder.join(example.component);
    // What an earlier build left must not be taken for what this one makes.
    if component.exists() {
        fs::remove_file(&component).with_context(|| format!("cannot remove `{}`", component.display()))?;
    }
    let began = Instant::now();
    for command in example.build {
        step(command, folder, host)?;
    }
    let built_in = began.elapsed();
    ensure!(component.exists(), "`{}` did not write `{}`", example.build.join(" && "), component.display());
    if let Some((command, generated)) = example.generated {
        let before = contents(&folder.join(generated))?;
        step(command, folder, host)?;
        let is_same = before == contents(&folder.join(generated))?;
        ensure!(is_same, "`{generated}` was not what `{command}` makes; commit what it has made now");
    }
    Ok(built_in)
}

/// Runs one command in `folder`, where `crowdhook` is the host that is tried.
fn step(command: &str, folder: &Path, host: &Host) -> Result<()> {
    let mut words = command.split_whitespace();
    let Some(program) = words.next() else { bail!("there is a command without a word") };
    let mut running = Command::new(on_path(program));
    running.args(words);
    to_its_end(&mut running, command, folder, host)
}

/// Runs `line`, as `running` has it, in `folder` and for an author's machine: `crowdhook` is the host that is tried.
pub(super) fn to_its_end(running: &mut Command, line: &str, folder: &Path, host: &Host) -> Result<()> {
    // Where rustup has no target for wasm, another compiler is at work behind the same words.
    let toolchain = if line.starts_with("cargo ") { compile::toolchain(&root())? } else { BTreeMap::new() };
    let cargo = toolchain.get("CARGO").and_then(|cargo| Path::new(cargo).parent());
    running.envs(&toolchain).current_dir(folder).env("PATH", path(cargo, folder, host)?);
    // A README does not know of the folder that we build in.
    running.env_remove("CARGO_TARGET_DIR");
    let status = running.status().with_context(|| format!("`{line}` does not start"))?;
    ensure!(status.success(), "`{line}` failed in `{}`: see above", folder.display());
    Ok(())
}

/// Windows has `npm` as a script, which is found by its whole name alone.
fn on_path(program: &str) -> String {
    let is_script = cfg!(windows) && program == "npm";
    if is_script { format!("{program}.cmd") } else { program.to_owned() }
}

/// The cargo to use, the programs of the plugin's own Python, if it has one, and the host, before all others.
fn path(cargo: Option<&Path>, folder: &Path, host: &Host) -> Result<OsString> {
    let others = std::env::var_os("PATH").unwrap_or_default();
    let python = [folder.join(".venv").join(if cfg!(windows) { "Scripts" } else { "bin" })];
    let host = host.program.parent().map(Path::to_path_buf);
    std::env::join_paths(cargo.map(Path::to_path_buf).into_iter().chain(python).chain(host).chain(std::env::split_paths(&others)))
        .context("a folder of `PATH` cannot be named")
}

fn contents(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let read = |file: PathBuf| {
        let content = fs::read(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
        Ok((file, content))
    };
    sources::files(folder)?.into_iter().map(read).collect()
}
