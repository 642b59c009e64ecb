//! `cargo xtask soak hosts`: two and three hosts on one PostgreSQL, which die, sleep and lose their connections while a stream of events
//! comes in, and a look at each event afterwards.

use std::process::ExitCode;

use anyhow::Result;

/// Arguments of `cargo xtask soak hosts`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many rounds, each with a schema of its own.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rounds: u32,
    /// Events in each round.
    #[arg(long, default_value_t = 150, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    events: u32,
    /// What decides about hosts, faults and moments; each round takes the next number.
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let Args { rounds, events, seed } = *args;
    super::test("hosts::soak", &[("ROUNDS", rounds), ("EVENTS", events), ("SEED", seed)])
}
