//! `cargo xtask soak hostile-plugins`: plugins that do harm, beside one that does as it should.

use std::process::ExitCode;

use anyhow::Result;

/// Arguments of `cargo xtask soak hostile-plugins`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many events of the good plugin to measure: alone, beside the bad ones, and when those are held.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    events: u32,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    super::test_in_release("hostile_plugins::soak", &[("EVENTS", args.events)])
}
