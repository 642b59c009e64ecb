//! `cargo xtask bench`: how fast the host is, as ratios to bare baselines measured in the same run.
//!
//! The measuring itself is `host/benches/speed`, which needs the host's library for its practice platforms. Here only the build is
//! started, in release, and what was said is passed on.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::command::cargo;

/// Arguments of `cargo xtask bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A look in a minute instead of a measurement of less than ten.
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// Stores of up to a million events and a clean build too, which takes the better part of an hour.
    #[arg(long)]
    full: bool,
    /// Measure this alone: `accept`, `whole`, `latency`, `start`, `sandbox`, `commit`, `drain`, `growth`, `memory`, `hosts` or `build`; may be
    /// said several times.
    #[arg(long, value_name = "PART")]
    only: Vec<String>,
    /// Requests a second at which latency is measured, instead of half of the peak that is measured before.
    #[arg(long, value_name = "PER_SECOND", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Write the figures here as JSON too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draw the figures that have a goal here, as SVG.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Make the store below this folder, on the disk that is to be measured; without it below the build's folder.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Measure this host instead of the one that is built.
    #[arg(long, value_name = "PROGRAM")]
    host: Option<PathBuf>,
}

/// Builds the host and its benchmark in release, and measures.
///
/// # Errors
///
/// No cargo, or a path that cannot be made absolute. What else goes wrong, cargo and the benchmark say on stderr.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let mut command = cargo(&["bench", "--quiet", "--package", "crowdhook", "--bench", "speed", "--"]);
    if args.quick {
        command.arg("--quick");
    }
    if args.full {
        command.arg("--full");
    }
    for part in &args.only {
        command.args(["--only", part]);
    }
    if let Some(rate) = args.rate {
        command.args(["--rate", &rate.to_string()]);
    }
    // Cargo starts a benchmark in the folder of its package.
    for (option, path) in [("--json", &args.json), ("--plot", &args.plot), ("--folder", &args.folder), ("--host", &args.host)] {
        if let Some(path) = path {
            command.arg(option).arg(absolute(path)?);
        }
    }
    let status = command.status().context("cargo cannot be started")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("`{}` is no path", path.display()))
}
