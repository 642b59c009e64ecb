//! `cargo xtask openapi`: requests made of the admin API's description, against the real host. What is made and checked stands in
//! `host/tests/openapi`.
//!
//! Where Python is missing they are skipped, and the reason is said. With `CROWDHOOK_CI` set nothing may be skipped.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, ensure};

use crate::command::to_its_end;
use crate::{root, soak, target};

/// What Schemathesis needs, and each version.
const REQUIREMENTS: &str = "host/tests/openapi/requirements.txt";
/// Below the target folder: the Python that it runs in.
const PARTS: &str = "openapi";

/// Makes requests of the admin API's description, those it allows and those it does not, and checks each answer of the real host.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Requests for each operation and phase.
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    examples: u32,
    /// What the requests are made of.
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    if let Some(missing) = without_python() {
        // The variable that makes tests fail, too, rather than skip what they lack.
        ensure!(std::env::var_os("CROWDHOOK_CI").is_none(), "{missing}, and with `CROWDHOOK_CI` set this may not be skipped");
        eprintln!("SKIPPED: {missing}");
        return Ok(ExitCode::SUCCESS);
    }
    let numbers = [("EXAMPLES", args.examples), ("SEED", args.seed)];
    soak::test_beside("openapi::properties::no_request_is_answered_otherwise_than_described", &numbers, ("SCHEMATHESIS", &installed()?))
}

fn without_python() -> Option<String> {
    let output = Command::new("python3").args(["-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))"]).output();
    let works = output.is_ok_and(|output| output.status.success());
    (!works).then(|| "no Python runs here with its `venv`; install Python 3.10 or later, on Debian `python3-venv`".to_owned())
}

/// Schemathesis, in a virtual environment of its own: it wants other versions of what the tests' Python holds.
fn installed() -> Result<PathBuf> {
    let wanted = std::fs::read_to_string(root().join(REQUIREMENTS)).with_context(|| format!("cannot read `{REQUIREMENTS}`"))?;
    let parts = target()?.join(PARTS);
    // Written last: what it names was installed whole.
    let stamp = parts.join("installed");
    let program = parts.join("bin/schemathesis");
    if !program.exists() || std::fs::read_to_string(&stamp).ok().as_ref() != Some(&wanted) {
        to_its_end(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&parts))?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
        to_its_end(Command::new(parts.join("bin/python")).args(pip).arg(root().join(REQUIREMENTS)))?;
        std::fs::write(&stamp, wanted).with_context(|| format!("cannot write `{}`", stamp.display()))?;
    }
    Ok(program)
}
