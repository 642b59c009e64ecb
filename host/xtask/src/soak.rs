//! `cargo xtask soak <name>`: what was tried to break the host, at length.
//!
//! Each is a test of the host or of its store that the ordinary suite runs in a short form, here run with the numbers it is given. It is
//! built as `cargo test --workspace` builds it, so that nothing is compiled twice.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use clap::Subcommand;

use crate::command::cargo;

mod disk;
mod fuzz;
mod hostile_plugins;
mod hostile_senders;
mod hosts;
mod kill;
mod model;
mod pages;
mod power;
mod timing;
mod week;

/// Arguments of `cargo xtask soak`.
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    soak: Soak,
}

#[derive(Debug, Subcommand)]
enum Soak {
    /// Let each call on the data folder's files fail in turn: a full disk, one that fails, and well again. Needs `strace`.
    Disk(disk::Args),
    /// Give every parser what is nearly right: payloads, headers, signatures, project files, components.
    Fuzz(fuzz::Args),
    /// Let hosts that share a PostgreSQL die, sleep and lose their connections, and look at each event afterwards. Needs PostgreSQL.
    Hosts(hosts::Args),
    /// Let plugins do harm beside a good one (loops, memory, stack, logs, sleep), and measure what that one notices.
    HostilePlugins(hostile_plugins::Args),
    /// Let strangers keep the host busy (idle sockets, slow and huge requests, wrong signatures), and measure what another sender notices.
    HostileSenders(hostile_senders::Args),
    /// Kill the host in the middle of a stream of events, again and again, and look at each event afterwards.
    Kill(kill::Args),
    /// Take a million random steps on a store (accept, claim, finish, fail, crash, clock) beside the plainest model there is.
    Model(model::Args),
    /// Fill a host with a million events, and measure each page and each list of the API.
    Pages(pages::Args),
    /// Cut the power of a recorded disk: writes that were not synced are dropped or torn, and a store is opened on what is left.
    Power(power::Args),
    /// Measure whether the time of a refusal tells how much of a secret was right. By hand, on a machine that does nothing else.
    Timing,
    /// A week of events on PostgreSQL, with what is old let go each day: tables and indexes must stay as large as what they hold.
    Week(week::Args),
}

/// Runs what was named.
///
/// # Errors
///
/// When cargo cannot be run.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    match &args.soak {
        Soak::Disk(args) => disk::run(args),
        Soak::Fuzz(args) => fuzz::run(args),
        Soak::Hosts(args) => hosts::run(args),
        Soak::HostilePlugins(args) => hostile_plugins::run(args),
        Soak::HostileSenders(args) => hostile_senders::run(args),
        Soak::Kill(args) => kill::run(args),
        Soak::Model(args) => model::run(args),
        Soak::Pages(args) => pages::run(args),
        Soak::Power(args) => power::run(args),
        Soak::Timing => timing::run(),
        Soak::Week(args) => week::run(args),
    }
}

/// Runs one test that the ordinary suite leaves out, with numbers that it takes from its environment.
fn test(name: &str, numbers: &[(&str, u32)]) -> Result<ExitCode> {
    run_test(&[], name, numbers)
}

/// The same with a program that the test is to talk to, under this name.
pub(crate) fn test_beside(name: &str, numbers: &[(&str, u32)], (variable, program): (&str, &Path)) -> Result<ExitCode> {
    let mut cargo = cargo_test(&[], name, numbers);
    cargo.env(format!("CROWDHOOK_{variable}"), program);
    to_its_end(&mut cargo)
}

/// The same on an optimised build: for tests that measure.
fn test_in_release(name: &str, numbers: &[(&str, u32)]) -> Result<ExitCode> {
    run_test(&["--release"], name, numbers)
}

fn run_test(build: &[&str], name: &str, numbers: &[(&str, u32)]) -> Result<ExitCode> {
    to_its_end(&mut cargo_test(build, name, numbers))
}

fn cargo_test(build: &[&str], name: &str, numbers: &[(&str, u32)]) -> Command {
    let mut cargo = cargo(&["test", "--quiet", "--locked", "--workspace"]);
    cargo.args(build).args([name, "--", "--exact", "--ignored", "--nocapture"]);
    cargo.envs(numbers.iter().map(|(name, number)| (format!("CROWDHOOK_SOAK_{name}"), number.to_string())));
    cargo
}

fn to_its_end(cargo: &mut Command) -> Result<ExitCode> {
    let status = cargo.status().context("cargo cannot be run")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
