//! Every check, in the order in which a failure is cheapest to find.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::Context as _;

use crate::command::{cargo, to_its_end};

/// Runs every check; the first that fails ends it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: &Args) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    let rebuilt = tempfile::tempdir().context("no temporary folder can be had")?;
    let out = rebuilt.path();
    let step = |name: &str, command: &mut Command| -> anyhow::Result<()> {
        eprintln!("\n== {name} ({} s)", began.elapsed().as_secs());
        to_its_end(command).context(name.to_owned())
    };
    step("format", &mut cargo(&["fmt", "--all", "--check"]))?;
    step("lints", &mut cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))?;
    step("docs", cargo(&["doc", "--workspace", "--no-deps", "--locked", "--quiet"]).env("RUSTDOCFLAGS", "-D warnings"))?;
    step("the README's test command", &mut cargo(&["test", "--workspace", "--locked"]))?;
    step("prebuilt components are those of their sources", &mut cargo(&["xtask", "plugins", "--check"]))?;
    step("plugins from source", cargo(&["xtask", "plugins", "--out"]).arg(out))?;
    step("the same tests on the rebuilt components and on PostgreSQL", &mut on_others(out))?;
    step("the README's first command, once", &mut cargo(&["run", "--release", "--locked", "--", "demo", "--once"]))?;
    step("instructions an event takes", &mut cargo(&["xtask", "instructions"]))?;
    step("the example plugins, each by its own toolchain", &mut cargo(&["xtask", "examples"]))?;
    step("the dashboard in a browser", &mut cargo(&["xtask", "browser"]))?;
    step("requests made of the admin API's description", &mut cargo(&["xtask", "openapi"]))?;
    step(
        "kill -9 in the middle of a stream",
        &mut cargo(&["xtask", "soak", "kill", "--rounds", "2", "--events", "500", "--chains", "10", "--seed", "2"]),
    )?;
    eprintln!("\n== done ({} s)", began.elapsed().as_secs());
    Ok(ExitCode::SUCCESS)
}

/// The tests, on the components that were just built, and on hosts that keep their events in PostgreSQL. All of them: with `--test it`
/// alone, dependencies would have other features than before and be compiled again.
fn on_others(out: &Path) -> Command {
    let mut command = cargo(&["test", "--workspace", "--locked"]);
    command.env("CROWDHOOK_BUNDLED", out).env("CROWDHOOK_GUESTS", out).env("CROWDHOOK_TEST_STORE", "postgres");
    command
}
