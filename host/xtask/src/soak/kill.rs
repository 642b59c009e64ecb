//! `cargo xtask soak kill`: a stream of events, a host that is killed in the middle of it, and a look at each event afterwards.

use std::process::ExitCode;

use anyhow::Result;

/// Arguments of `cargo xtask soak kill`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many rounds, each with a store of its own.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rounds: u32,
    /// Events in each round.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
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

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let Args { rounds, events, kills, chains, seed } = *args;
    super::test("crash::soak", &[("ROUNDS", rounds), ("EVENTS", events), ("KILLS", kills), ("CHAINS", chains), ("SEED", seed)])
}
