//! `cargo xtask soak`: a stream of events, a host that is killed in the middle of it, and a look at each event afterwards.
//!
//! The rounds are a test of the host, `crash::soak`, run with these numbers. It is built as `cargo test --workspace` builds it, so
//! that nothing is compiled twice.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

/// Arguments of `cargo xtask soak`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many rounds, each with a store of its own.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rounds: u32,
    /// Events in each round.
    #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    events: u32,
    /// How often the host is killed in each round.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    kills: u32,
    /// How many votes with all that follows from them (post, mail, badge, new task), each with a kill on the way.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    chains: u32,
    /// What decides about the moments of the kills; each round takes the next number.
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

/// Runs the rounds.
///
/// # Errors
///
/// When cargo cannot be run.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let cargo = ["test", "--quiet", "--locked", "--workspace", "crash::soak"];
    let test = ["--", "--exact", "--ignored", "--nocapture"];
    let status = Command::new("cargo")
        .args(cargo.iter().chain(&test))
        .current_dir(crate::root())
        .env("CROWDHOOK_SOAK_ROUNDS", args.rounds.to_string())
        .env("CROWDHOOK_SOAK_EVENTS", args.events.to_string())
        .env("CROWDHOOK_SOAK_KILLS", args.kills.to_string())
        .env("CROWDHOOK_SOAK_CHAINS", args.chains.to_string())
        .env("CROWDHOOK_SOAK_SEED", args.seed.to_string())
        .status()
        .context("cargo cannot be run")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
