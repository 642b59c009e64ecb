//! `cargo xtask soak pages`: how quick the dashboard and the lists of the API are on a large store.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Result, bail};

use crate::browser::{FOLDER, without_node};
use crate::command::{cargo, to_its_end};
use crate::{root, target};

/// Arguments of `cargo xtask soak pages`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many events the host is to hold: one that came in and one that the vote emitted for each task.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(20_000..=10_000_000))]
    events: u32,
    /// The host's folder, to be kept; one that is full already is measured at once. Without it, a temporary one.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    if let Some(missing) = without_node() {
        bail!(missing);
    }
    to_its_end(&mut cargo(&["build", "--release", "--locked"]))?;
    let host = target()?.join("release").join(format!("crowdhook{}", std::env::consts::EXE_SUFFIX));
    let mut measuring = Command::new("node");
    measuring.arg("speed.mjs").current_dir(root().join(FOLDER));
    measuring.env("CROWDHOOK_HOST", host).env("CROWDHOOK_SOAK_EVENTS", args.events.to_string());
    if let Some(folder) = &args.folder {
        measuring.env("CROWDHOOK_SOAK_FOLDER", std::path::absolute(folder)?);
    }
    to_its_end(&mut measuring)?;
    Ok(ExitCode::SUCCESS)
}
