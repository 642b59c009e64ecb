//! `cargo xtask soak disk`: each call on the files of the data folder fails in turn, of the store alone and of the whole host.

use std::process::ExitCode;

use anyhow::Result;

/// Arguments of `cargo xtask soak disk`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Let one call in so many of the whole host fail. (Of the store alone each does.)
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    step: u32,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let store = super::test("store::sqlite::tests::disk::soak", &[])?;
    if store != ExitCode::SUCCESS {
        return Ok(store);
    }
    super::test("disk::soak", &[("STEP", args.step)])
}
