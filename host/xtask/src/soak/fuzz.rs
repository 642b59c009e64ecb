//! `cargo xtask soak fuzz`: whatever parses what strangers or people write, on what is nearly right.

use std::process::ExitCode;

use anyhow::Result;

use crate::command::cargo;

/// Arguments of `cargo xtask soak fuzz`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Cases for each parser; fewer for those that take long.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..))]
    cases: u32,
    /// What decides about them.
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let mut cargo = cargo(&["test", "--quiet", "--locked", "--workspace", "fuzz::", "--", "--nocapture"]);
    cargo.env("CROWDHOOK_FUZZ_CASES", args.cases.to_string()).env("CROWDHOOK_FUZZ_SEED", args.seed.to_string());
    super::to_its_end(&mut cargo)
}
