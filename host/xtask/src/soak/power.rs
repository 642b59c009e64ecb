//! `cargo xtask soak power`: a store works on a disk that is recorded, and is opened on what a power cut may leave of it.

use std::process::ExitCode;

use anyhow::Result;

/// Arguments of `cargo xtask soak power`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many disks to look at; as many again of disks whose syncs failed now and then.
    #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    images: u32,
    /// What decides about the work, the cuts and what is left; each 500 disks take the next number.
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    super::test("store::sqlite::tests::power::soak", &[("IMAGES", args.images), ("SEED", args.seed)])
}
