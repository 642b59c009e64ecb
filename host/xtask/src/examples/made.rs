//! What `crowdhook plugin new` makes: built by the command that it names, and tested on its cases, with nothing changed.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::build;
use super::host::Host;

/// No other name stands in any file of an example, so one that was left there is found.
const NAME: &str = "made-up";

/// From `plugin new` to the last case, and how long that took.
///
/// # Errors
///
/// A command that fails: its words are on stderr.
pub(super) fn tried(language: &str, host: &Host) -> Result<Duration> {
    let folder = tempfile::tempdir().context("no temporary folder can be had")?;
    let folder = folder.path().join(NAME);
    let began = Instant::now();
    let made = host.asked(&["plugin".as_ref(), "new".as_ref(), NAME.as_ref(), "--lang".as_ref(), language.as_ref(), &folder])?;
    for command in ["build", "test"] {
        let line = made.get(command).and_then(|line| line.as_str()).with_context(|| format!("the host names no `{command}`"))?;
        // As somebody types it.
        build::to_its_end(Command::new("sh").args(["-c", line]), line, &folder, host)?;
    }
    Ok(began.elapsed())
}
