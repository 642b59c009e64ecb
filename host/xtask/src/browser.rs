//! `cargo xtask browser`: the dashboard in a real browser, over the real host. The tests are `host/tests/browser`.
//!
//! Where Node.js or Chromium is missing they are skipped, and the reason is said. With `CROWDHOOK_CI` set nothing may be skipped.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};

use crate::command::{cargo, to_its_end};
use crate::{root, target};

/// Where the tests are.
pub(crate) const FOLDER: &str = "host/tests/browser";
/// Below the target folder: the pictures of all pages.
const SHOTS: &str = "browser";

/// Builds the host, runs it under the demo's load, and drives its dashboard in Chromium.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The host to test, instead of the debug build.
    #[arg(long, value_name = "FILE")]
    host: Option<PathBuf>,
    /// The browser, from Debian's package `chromium` by default.
    #[arg(long, value_name = "FILE", default_value = "/usr/bin/chromium")]
    chromium: PathBuf,
    /// Only tests whose names fit this pattern.
    #[arg(value_name = "PATTERN")]
    only: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    if let Some(missing) = without_node().or_else(|| without(&args.chromium)) {
        // The variable that makes tests fail, too, rather than skip what they lack.
        ensure!(std::env::var_os("CROWDHOOK_CI").is_none(), "{missing}, and with `CROWDHOOK_CI` set the browser tests may not be skipped");
        eprintln!("SKIPPED: {missing}");
        return Ok(ExitCode::SUCCESS);
    }
    let host = match &args.host {
        Some(file) => std::path::absolute(file)?,
        None => built()?,
    };
    let folder = root().join(FOLDER);
    let shots = target()?.join(SHOTS);
    if shots.exists() {
        std::fs::remove_dir_all(&shots).with_context(|| format!("cannot empty `{}`", shots.display()))?;
    }
    to_its_end(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&folder))?;
    let mut tests = Command::new("node");
    tests.args(["--test", "--test-reporter=spec"]).current_dir(&folder);
    if let Some(only) = &args.only {
        tests.args(["--test-name-pattern", only]);
    }
    tests.env("CROWDHOOK_HOST", host).env("CROWDHOOK_SHOTS", &shots).env("CROWDHOOK_CHROMIUM", &args.chromium);
    let done = to_its_end(&mut tests);
    print(&shots)?;
    done.map(|()| ExitCode::SUCCESS)
}

/// What does not run of Node.js, and what to do about it.
pub(crate) fn without_node() -> Option<String> {
    let runs = |program: &str| Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    let missing = ["node", "npm"].into_iter().find(|tool| !runs(tool))?;
    Some(format!("`{missing}` does not run here; install Node.js 20.11 or later"))
}

fn without(chromium: &Path) -> Option<String> {
    let help = "on Debian, install `chromium`, elsewhere name one with `--chromium`";
    (!chromium.exists()).then(|| format!("there is no `{}`; {help}", chromium.display()))
}

fn built() -> Result<PathBuf> {
    // All of the workspace, as the tests are built: else dependencies would have other features and be compiled again.
    to_its_end(&mut cargo(&["build", "--workspace", "--locked"]))?;
    Ok(target()?.join("debug").join(format!("crowdhook{}", std::env::consts::EXE_SUFFIX)))
}

/// The pictures, to be looked at.
#[expect(clippy::print_stdout, reason = "the list is for whoever looks at them")]
fn print(shots: &Path) -> Result<()> {
    if !shots.exists() {
        return Ok(());
    }
    let read = || -> std::io::Result<Vec<PathBuf>> { std::fs::read_dir(shots)?.map(|entry| Ok(entry?.path())).collect() };
    let mut files = read().with_context(|| format!("cannot read `{}`", shots.display()))?;
    files.sort();
    for file in files {
        println!("{}", file.display());
    }
    Ok(())
}
