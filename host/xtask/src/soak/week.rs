//! `cargo xtask soak week`: a week of events on PostgreSQL, with what is old let go each day, and how large each table is afterwards.

use std::process::ExitCode;

use anyhow::Result;

/// Arguments of `cargo xtask soak week`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Days. Details are kept for one and events for two, so from the third on as much goes as comes.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(4..=1000))]
    days: u32,
    /// Events of each day.
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(100..=10_000_000))]
    events: u32,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    super::test("store::postgres::tests::week::soak", &[("DAYS", args.days), ("EVENTS", args.events)])
}
