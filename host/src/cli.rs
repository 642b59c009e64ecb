//! The `crowdhook` command: arguments in, text and an exit code out. One file for each command.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::plugin::compile;
use crate::telemetry::LogArgs;

mod backfill;
mod backup;
mod bundled;
mod check;
mod client;
mod completions;
mod dashboard;
mod dead;
mod delivery;
mod demo;
mod event;
mod forget_worker;
mod give_up;
mod hook;
mod init;
mod invocation;
mod listing;
mod man;
mod offline;
mod output;
mod plugin;
mod practice;
mod project;
pub mod report;
mod serve;
mod status;
mod store;
mod tail;

pub use bundled::bundled;
pub use demo::DemoArgs;

/// What the command line says.
#[derive(Debug, Parser)]
#[command(name = PROGRAM, version, about = ABOUT, after_help = EXAMPLES, max_term_width = 100, arg_required_else_help = true)]
pub struct Args {
    /// Where and how to log.
    #[command(flatten)]
    pub log: LogArgs,
    /// What every command takes.
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    command: Command,
}

const PROGRAM: &str = "crowdhook";

const ABOUT: &str = "Receives webhooks of crowdsourcing platforms, stores them, and runs sandboxed plugins on them";

const EXAMPLES: &str = "\
Examples:
  crowdhook demo --once          see it work, with a crowd that is made up
  crowdhook init my-crowd        make a folder with settings and plugins to begin with
  crowdhook check                say everything that is wrong before it goes live
  crowdhook serve                receive, store, run
  crowdhook status               what a running host does

Exit codes:
  0  done    1  failed, with the reason on standard error    2  the arguments make no sense";

/// What every command takes.
#[derive(Clone, Debug, clap::Args)]
pub struct Common {
    /// The host's settings; without it `crowdhook.toml` in the current folder, if there is one
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Answer in JSON, for machines
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Receive hooks, store events, run plugins, until a signal
    ///
    /// SIGINT or SIGTERM ends it in order: nothing new is taken, what runs gets `limits.drain_s`. A second signal ends it at once;
    /// what ran then is run again at the next start.
    #[command(after_help = "Examples:\n  crowdhook serve\n  crowdhook serve --config /etc/crowdhook/crowdhook.toml --log-format json")]
    Serve,
    /// Say everything that is wrong with settings, projects and plugins, without starting
    ///
    /// Looks at all that `serve` would refuse, and opens no port. Exits with 1 when something is wrong.
    #[command(
        after_help = "Example, before a change goes live:\n  crowdhook check --config new/crowdhook.toml && cp new/projects/*.toml /etc/crowdhook/projects/"
    )]
    Check,
    /// See it work: a made-up crowd answers made-up tasks, on this machine alone
    Demo(DemoArgs),
    /// Make a folder to begin with: settings, a first project, the bundled plugins
    ///
    /// Asks for the project on a terminal; flags say it without a question. The hook's token is made at random. What there is to do next is
    /// said at the end.
    #[command(after_help = init::EXAMPLES)]
    Init(init::InitArgs),
    /// Start a practice PYBOSSA on this machine, to set a host of your own up against
    ///
    /// It has one project, says what to do with it, and as soon as its hook is set, made-up people answer its tasks and the results that come
    /// back are shown.
    #[command(after_help = "Example:\n  crowdhook practice\n\n`crowdhook demo` shows the same with nothing to do.")]
    Practice(practice::PracticeArgs),
    /// What a running host does, and how much of everything is stored
    #[command(after_help = "Example, for a watchdog:\n  crowdhook status --running > /dev/null || echo 'crowdhook does not answer'")]
    Status(status::StatusArgs),
    /// What a running host does, line by line as it happens, until Ctrl-C
    ///
    /// All that it could log, also what its `--log` leaves out.
    #[command(after_help = tail::EXAMPLES)]
    Tail(tail::TailArgs),
    /// Print a link that opens the running host's pages in a browser, once and within a minute
    #[command(
        after_help = "Example:\n  crowdhook dashboard\n\nFrom another machine, through SSH:\n  ssh -L 8081:127.0.0.1:8081 crowd.example.org crowdhook dashboard"
    )]
    Dashboard,
    /// The address that a platform calls: set it there, and see what is set
    #[command(subcommand)]
    Hook(hook::HookCommand),
    /// Handle what was completed before the host could hear of it
    ///
    /// Pages through the completed tasks of a project on PYBOSSA and makes events of those that were never handled here. Plugins that
    /// tell people something leave them alone. What stands in a result already stays, unless `--overwrite` is given. The
    /// running host does the work, as fast as the platform allows; Ctrl-C stops after a page, and the same command goes on there. So it
    /// does after half an hour without a page: a run ends then, with 1, and says what it waited for.
    ///
    /// Appen's API lists no rows: there the test questions are posted to the hook, which happens at no other time, and nothing else.
    #[command(after_help = backfill::EXAMPLES)]
    Backfill(backfill::BackfillArgs),
    /// Components: what is loaded, what a file is
    #[command(subcommand)]
    Plugin(plugin::PluginCommand),
    /// Events: what came in, and what became of it
    #[command(subcommand)]
    Event(event::EventCommand),
    /// Invocations: what each plugin did about each event
    #[command(subcommand)]
    Invocation(invocation::InvocationCommand),
    /// Deliveries: what leaves, and what the other side said
    #[command(subcommand)]
    Delivery(delivery::DeliveryCommand),
    /// Projects: what is in use, what each misses, what its answers come to
    #[command(subcommand)]
    Project(project::ProjectCommand),
    /// Dead letters: what was given up, and why
    #[command(subcommand)]
    Dead(dead::DeadCommand),
    /// Copy the store into a file, as it is in this moment, whether a host runs or not
    ///
    /// To restore: stop the host, remove `crowdhook.db` and what begins with that name from the data folder, put the copy there as
    /// `crowdhook.db`, start the host. Settings, project files and components are files of yours: back these up as files.
    ///
    /// The host then goes on from the moment of the copy. What left since may leave again under the same key, and is done twice where the
    /// other side does not look at keys. What came in since is not there: on PYBOSSA the host finds it by itself (`reconcile_minutes`),
    /// and so does `crowdhook backfill` where that is switched off; what other senders posted has to be sent again.
    #[command(after_help = "Example, each night:\n  crowdhook backup /backups/crowdhook-$(date +%F).db")]
    Backup(backup::BackupArgs),
    /// The store: copy it to another engine
    #[command(subcommand)]
    Store(store::StoreCommand),
    /// Take a worker's id out of all that is kept of a project
    ///
    /// Their answers go on counting, under an alias that says nothing. Their badges are gone, and so is what plugins keep under the id. What
    /// plugins wrote into log lines, files and mails goes from the store with `keep.details_days`; files and mails that have left, and what
    /// the platform itself keeps, are not touched. A walk that was broken off goes on with the same command.
    #[command(after_help = "Example:\n  crowdhook forget-worker birds 4711")]
    ForgetWorker(forget_worker::ForgetWorkerArgs),
    /// Print what a shell completes of this command line
    #[command(after_help = completions::EXAMPLES)]
    Completions(completions::CompletionsArgs),
    /// Write the help of each command as a page for `man`
    #[command(after_help = "Examples:\n  crowdhook man ~/.local/share/man/man1\n  crowdhook man | man -l -")]
    Man(man::ManArgs),
    /// Compile the component on standard input into a cache: what `serve` has a process of its own for
    #[command(name = compile::COMMAND, hide = true)]
    Compile {
        /// The compile cache
        #[arg(value_name = "DIR")]
        cache: PathBuf,
    },
}

impl Args {
    /// What is logged when `--log` does not say: a host tells what it decides, the others only what somebody must look at.
    #[must_use]
    pub fn usual_log(&self) -> &'static str {
        match self.command {
            Command::Serve => "info",
            _ => "warn",
        }
    }
}

/// Reads the command line; exits with 2 and the usage when it makes no sense.
#[must_use]
pub fn parse() -> Args {
    Args::parse()
}

/// Does what the command line says.
///
/// # Errors
///
/// Whatever kept it from doing so; [`report::show`] tells people.
#[tokio::main]
pub async fn run(args: Args) -> anyhow::Result<()> {
    let common = args.common;
    match args.command {
        Command::Serve => Box::pin(serve::run(&common)).await,
        Command::Check => check::run(&common).await,
        Command::Demo(args) => Box::pin(demo::run(args)).await,
        Command::Init(args) => init::run(args),
        Command::Practice(args) => Box::pin(practice::run(args)).await,
        Command::Status(args) => status::run(&args, &common).await,
        Command::Tail(args) => tail::run(args, &common).await,
        Command::Dashboard => dashboard::run(&common).await,
        Command::Hook(command) => hook::run(command, &common).await,
        Command::Backfill(args) => Box::pin(backfill::run(args, &common)).await,
        Command::Plugin(command) => plugin::run(command, &common).await,
        Command::Event(command) => event::run(command, &common).await,
        Command::Invocation(command) => invocation::run(command, &common).await,
        Command::Delivery(command) => delivery::run(command, &common).await,
        Command::Project(command) => project::run(command, &common).await,
        Command::Dead(command) => dead::run(command, &common).await,
        Command::Backup(args) => backup::run(&args, &common),
        Command::Store(command) => Box::pin(store::run(command, &common)).await,
        Command::ForgetWorker(args) => forget_worker::run(args, &common).await,
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
        Command::Compile { cache } => compile::into_cache(&cache, std::io::stdin().lock()),
    }
}

#[cfg(test)]
mod tests;
