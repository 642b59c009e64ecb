//! The project's chores, as `cargo xtask <chore>`.
//!
//! A chore is a file: a struct of its arguments and a function `run`. It is listed here twice, in [`Chore`] and in [`main`].

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod bench;
mod browser;
mod ci;
mod command;
mod examples;
mod instructions;
mod openapi;
mod plugins;
mod soak;

/// The project's chores.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct Args {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Measure how fast the host is, as ratios to a bare server.
    Bench(bench::Args),
    /// Drive the dashboard in a real browser, over the real host.
    Browser(browser::Args),
    /// Run every check.
    Ci(ci::Args),
    /// Build the example plugins, each with its own toolchain, and try them in the host.
    Examples(examples::Args),
    /// Count the instructions that an event takes, and hold them against those that were recorded.
    Instructions(instructions::Args),
    /// Make requests of the admin API's description, and check each answer of the real host.
    Openapi(openapi::Args),
    /// Build the bundled plugins and the tests' guests as components, or say which are stale.
    Plugins(plugins::Args),
    /// Try to break the host: kill it, cut its power, fill its disk, and more.
    Soak(soak::Args),
}

fn main() -> ExitCode {
    let done = match Args::parse().chore {
        Chore::Bench(args) => bench::run(&args),
        Chore::Browser(args) => browser::run(&args),
        Chore::Ci(args) => ci::run(&args),
        Chore::Examples(args) => examples::run(&args),
        Chore::Instructions(args) => instructions::run(&args),
        Chore::Openapi(args) => openapi::run(&args),
        Chore::Plugins(args) => plugins::run(&args),
        Chore::Soak(args) => soak::run(&args),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The repository's top folder, wherever the chore was called from.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// Where cargo puts what it builds.
fn target() -> anyhow::Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Ok(std::path::absolute(target)?)
}
