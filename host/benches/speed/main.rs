//! How fast the host is, as ratios to a bare hyper server that only reads the body: same client, same bodies, same run.
//!
//! `cargo xtask bench` builds and starts this. It runs the real host as a process of its own on a store in a temporary folder,
//! the bare server as another, and a load generator on one thread. Variants take turns in rounds, so that what else the machine
//! does meets all of them; figures are medians over the rounds. Everything is bounded in count and time, talks over loopback alone
//! and ends with this process.

mod bare;
mod client;
mod disk;
mod figures;
mod folder;
mod hosts;
mod latency;
mod plan;
mod plot;
mod posts;
mod process;
mod report;
mod start;
mod throughput;
mod trouble;

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use figures::Figures;
use plan::Plan;
use process::Host;

/// How fast the host is, as ratios to a bare server.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Args {
    /// A look in half a minute instead of a measurement
    #[arg(long)]
    quick: bool,
    /// Measure this alone; may be said several times
    #[arg(long, value_name = "PART")]
    only: Vec<Measured>,
    /// Write the figures here as JSON too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draw the figures that have a goal here, as SVG
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Make the store below this folder, on the disk that is to be measured; without it below the build's folder
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Measure this host instead of the one that was built
    #[arg(long, value_name = "PROGRAM")]
    host: Option<PathBuf>,
    /// Requests a second at which latency is measured, instead of half of the peak that was measured before
    #[arg(long, value_name = "PER_SECOND")]
    rate: Option<u32>,
    /// What `cargo bench` says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    part: Option<Part>,
}

/// What can be measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Measured {
    /// Accepting, against the bare server
    Accept,
    /// The whole path, against the bare server
    Whole,
    /// Latency at a fixed rate
    Latency,
    /// Starting, reloading, idle memory, size
    Start,
    /// One and two hosts on PostgreSQL
    Hosts,
}

impl Args {
    fn wants(&self, part: Measured) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

/// What this program is when it starts itself.
#[derive(Debug, Subcommand)]
enum Part {
    /// The bare server
    #[command(hide = true)]
    Bare,
    /// Another program that ends when its parent does
    #[command(hide = true, disable_help_flag = true)]
    Tied {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<std::ffi::OsString>,
    },
}

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match args.part {
        Some(Part::Bare) => bare::serve(),
        Some(Part::Tied { command }) => process::become_tied(&command),
        None => measure(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Measures everything and reports it.
#[tokio::main(flavor = "current_thread")]
async fn measure(args: &Args) -> anyhow::Result<()> {
    let began = Instant::now();
    let plan = if args.quick { Plan::QUICK } else { Plan::FULL };
    let below = args.folder.clone().unwrap_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")));
    fs::create_dir_all(&below).with_context(|| format!("`{}` cannot be made", below.display()))?;
    // Removed when this returns.
    let folder = tempfile::Builder::new().prefix("speed-").tempdir_in(&below)?;
    let program = args.host.clone().unwrap_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_crowdhook")));

    let mut figures = Figures::default();
    let disk = disk::measure(folder.path(), plan.syncs)?;
    let measured = async {
        let hosts = throughput::Hosts::start(&program, folder.path(), &mut figures)?;
        throughput::measure(&plan, &hosts, &mut figures, |part| args.wants(part)).await?;
        if args.wants(Measured::Latency) {
            let half = args.rate.map(f64::from).or_else(|| figures.median(figures::PEAK).map(|peak| peak / 2.0));
            latency::measure(&plan, &program, folder.path(), &hosts, half, &mut figures).await?;
        }
        hosts.end(&mut figures)?;
        if args.wants(Measured::Start) {
            start::measure(&plan, &program, folder.path(), &mut figures).await?;
        }
        if args.wants(Measured::Hosts) {
            hosts::measure(&plan, &program, folder.path(), &mut figures).await?;
        }
        anyhow::Ok(())
    };
    tokio::select! {
        measured = measured => measured?,
        () = tokio::time::sleep(plan.time_max) => anyhow::bail!("not done after {} s: given up", plan.time_max.as_secs()),
        stopped = tokio::signal::ctrl_c() => {
            stopped?;
            anyhow::bail!("stopped");
        }
    }
    let report = report::Report { plan: &plan, disk: &disk, figures: &figures, took: began.elapsed() };
    say(&report.table())?;
    if let Some(file) = &args.json {
        fs::write(file, format!("{:#}\n", report.json())).with_context(|| format!("`{}` cannot be written", file.display()))?;
    }
    if let Some(file) = &args.plot {
        fs::write(file, plot::svg(&figures)).with_context(|| format!("`{}` cannot be written", file.display()))?;
    }
    Ok(())
}

/// Starts a host in a folder of its own.
fn start(program: &std::path::Path, folder: &std::path::Path, projects: &[folder::Project]) -> anyhow::Result<Host> {
    let addresses = folder::fill(folder, projects)?;
    Host::start(program, folder, addresses, projects.len() as u64)
}

/// Prints.
fn say(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{text}").context("nobody reads what is printed")
}

/// Says on standard error how far it is.
fn progress(text: &str) {
    eprintln!("bench: {text}");
}
