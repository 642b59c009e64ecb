//! How fast the host is, as ratios to what does the same work without it, measured in the same run: a bare hyper server that only reads
//! the body, a bare loop around wasmtime, SQLite alone.
//!
//! `cargo xtask bench` builds and starts this. It runs the real host as a process of its own on a store in a temporary folder,
//! the bare server as another, and a load generator on one thread. Variants take turns in rounds, so that what else the machine
//! does meets all of them; figures are medians over the rounds. Everything is bounded in count and time, talks over loopback alone
//! and ends with this process.

mod backlog;
mod bare;
mod bare_guest;
mod bare_store;
mod build;
mod client;
mod commit;
mod disk;
mod drain;
mod figures;
mod folder;
mod growth;
mod guests;
#[path = "../instructions/handle.rs"]
mod handle;
mod hosts;
mod latency;
mod memory;
mod plan;
mod plot;
mod posts;
mod process;
mod report;
mod sandbox;
mod start;
mod throughput;
mod trouble;
mod wider;
#[path = "../instructions/world.rs"]
mod world;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use figures::Figures;
use plan::Plan;
use process::Host;

/// How fast the host is, as ratios to bare baselines.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Args {
    /// A look in a minute instead of a measurement
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// Up to a million stored events and a clean build, in the better part of an hour
    #[arg(long)]
    full: bool,
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
    #[arg(long, value_name = "PER_SECOND", value_parser = clap::value_parser!(u32).range(1..))]
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
    /// The whole path, against the bare server: with one plugin, with three, with a delivery
    Whole,
    /// Latency at a fixed rate
    Latency,
    /// A fresh sandbox, against a bare loop around wasmtime
    Sandbox,
    /// Recording ended runs, against SQLite alone
    Commit,
    /// Handling a stored backlog, against a bare loop of sandboxes
    Drain,
    /// Stores of 10,000 events and more
    Growth,
    /// Memory with a plugin in each language, under a flood
    Memory,
    /// Starting, reloading, idle memory, size
    Start,
    /// One and two hosts on PostgreSQL
    Hosts,
    /// A clean release build; without `--full` only where it is asked for
    Build,
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
    let plan = match args {
        Args { quick: true, .. } => Plan::QUICK,
        Args { full: true, .. } => Plan::FULL,
        _ => Plan::DEFAULT,
    };
    let below = args.folder.clone().unwrap_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")));
    fs::create_dir_all(&below).with_context(|| format!("`{}` cannot be made", below.display()))?;
    // Removed when this returns.
    let folder = tempfile::Builder::new().prefix("speed-").tempdir_in(&below)?;
    let program = args.host.clone().unwrap_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_crowdhook")));

    let mut figures = Figures::default();
    let disk = disk::measure(folder.path(), plan.syncs)?;
    let run = Run { args, plan: &plan, program: &program, folder: folder.path(), compiled: &below.join("compiled") };
    tokio::select! {
        measured = Box::pin(run.measure(&mut figures)) => measured?,
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

/// One run of the benchmark.
struct Run<'a> {
    args: &'a Args,
    plan: &'a Plan,
    program: &'a Path,
    folder: &'a Path,
    /// Compiled code, kept from one run to the next.
    compiled: &'a Path,
}

impl Run<'_> {
    /// All parts that are wanted.
    async fn measure(&self, figures: &mut Figures) -> anyhow::Result<()> {
        let wants = |part| self.args.wants(part);
        if [Measured::Accept, Measured::Whole, Measured::Latency].into_iter().any(wants) {
            self.under_load(figures).await?;
        }
        if wants(Measured::Start) {
            start::measure(self.plan, self.program, self.folder, figures).await?;
        }
        if [Measured::Sandbox, Measured::Commit, Measured::Drain, Measured::Memory].into_iter().any(wants) {
            self.within(figures).await?;
        }
        if wants(Measured::Growth) {
            growth::measure(self.plan, self.program, self.folder, figures).await?;
        }
        if wants(Measured::Hosts) {
            hosts::measure(self.plan, self.program, self.folder, figures).await?;
        }
        if self.args.only.contains(&Measured::Build) || (self.args.full && wants(Measured::Build)) {
            build::measure(self.folder, figures)?;
        }
        Ok(())
    }

    /// What is measured with the load generator.
    async fn under_load(&self, figures: &mut Figures) -> anyhow::Result<()> {
        let wants = |part| self.args.wants(part);
        let hosts = throughput::Hosts::start(self.program, self.folder, figures)?;
        throughput::measure(self.plan, &hosts, figures, wants).await?;
        if wants(Measured::Whole) {
            wider::measure(self.plan, self.program, self.folder, &hosts, figures).await?;
        }
        if wants(Measured::Latency) {
            let half = self.args.rate.map(f64::from).or_else(|| figures.median(figures::PEAK).map(|peak| peak / 2.0));
            latency::measure(self.plan, self.program, self.folder, &hosts, half, figures).await?;
        }
        hosts.end(figures)
    }

    /// What is measured within this process, or held against it, or has its guests compiled here.
    async fn within(&self, figures: &mut Figures) -> anyhow::Result<()> {
        let around = Arc::new(sandbox::Surroundings::open(&self.folder.join("sandbox"), self.compiled).await?);
        if self.args.wants(Measured::Sandbox) {
            sandbox::measure(self.plan, &around, figures).await?;
        }
        if self.args.wants(Measured::Commit) {
            commit::measure(self.plan, self.folder, &around, figures).await?;
        }
        if self.args.wants(Measured::Drain) {
            drain::measure(self.plan, self.program, self.folder, &around, figures).await?;
        }
        if self.args.wants(Measured::Memory) {
            memory::measure(self.plan, self.program, self.folder, (self.compiled, &around), figures).await?;
        }
        around.close().await;
        Ok(())
    }
}

/// Starts a host in a folder of its own.
fn start(program: &Path, folder: &Path, projects: &[folder::Project]) -> anyhow::Result<Host> {
    let addresses = folder::fill(folder, projects)?;
    Host::start(program, folder, addresses, projects.len() as u64)
}

/// Prints.
fn say(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{text}").context("nobody reads what is printed")
}

/// Says on standard error how far it is, and after how many seconds.
fn progress(text: &str) {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    eprintln!("bench: {:>4} s  {text}", BEGAN.elapsed().as_secs());
}
