//! `cargo xtask soak model`: random work on a store, compared with the plainest model there is.

use std::process::ExitCode;

use anyhow::Result;

/// Arguments of `cargo xtask soak model`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many steps to take.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..))]
    steps: u32,
    /// What decides about them; each 50 stores take the next number.
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    super::test("store::sqlite::tests::model::soak", &[("STEPS", args.steps), ("SEED", args.seed)])
}
