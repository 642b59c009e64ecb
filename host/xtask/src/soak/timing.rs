//! `cargo xtask soak timing`: whether the time that a refusal takes tells how much of a secret was right.

use std::process::ExitCode;

use anyhow::Result;

use crate::command::cargo;

pub(super) fn run() -> Result<ExitCode> {
    super::to_its_end(&mut cargo(&["bench", "--quiet", "--locked", "--workspace", "--bench", "timing"]))
}
