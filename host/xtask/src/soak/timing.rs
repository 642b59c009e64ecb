//! `cargo xtask soak timing`: whether the time that a refusal takes tells how much of a secret was right.

use std::process::{Command, ExitCode};

use anyhow::Result;

pub(super) fn run() -> Result<ExitCode> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(crate::root()).args(["bench", "--quiet", "--locked", "--workspace", "--bench", "timing"]);
    super::to_its_end(&mut cargo)
}
