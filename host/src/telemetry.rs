//! What operators see: log lines and counts. A fact that is both logged and counted has one function here, which does both.
//! Never takes bodies, secrets or addresses of people.

use std::collections::BTreeMap;
use std::fmt;
use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::{debug, info, warn};
use tracing_subscriber::EnvFilter;

use crate::id::{ComponentName, Digest, ProjectName};

/// What is logged, and how.
#[derive(Clone, Debug, clap::Args)]
pub struct LogArgs {
    /// What to log: `error`, `warn`, `info`, `debug`, `trace`, or by part: `info,crowdhook::dispatch=debug` [default: `info` for `serve`, `warn` for the others]
    #[arg(long, value_name = "LEVEL", env = "CROWDHOOK_LOG", global = true, help_heading = "Logging")]
    pub log: Option<String>,
    /// How to log, to standard error
    #[arg(long, value_name = "FORMAT", default_value = "text", global = true, help_heading = "Logging")]
    pub log_format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people: a line each, coloured on a terminal.
    Text,
    /// For machines: a JSON object a line.
    Json,
}

/// A log filter that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("`--log {filter}` is no level and no list of them: {why}")]
pub struct FilterError {
    filter: String,
    why: String,
}

/// Begins to log, to standard error: what `args` says, or else `usual`. A second call changes nothing.
///
/// # Errors
///
/// When `--log` cannot be read.
pub fn init(args: &LogArgs, usual: &str) -> Result<(), FilterError> {
    let wanted = args.log.as_deref().unwrap_or(usual);
    let unreadable = |error: tracing_subscriber::filter::ParseError| FilterError { filter: wanted.to_owned(), why: error.to_string() };
    let filter = EnvFilter::builder().parse(wanted).map_err(unreadable)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let begun = match args.log_format {
        LogFormat::Text => builder.with_ansi(colours_wanted(std::io::stderr().is_terminal())).with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if begun.is_err() {
        debug!("Logging had begun before");
    }
    Ok(())
}

/// Whether to write colours where `is_terminal` says who reads: never under `NO_COLOR`.
#[must_use]
pub fn colours_wanted(is_terminal: bool) -> bool {
    is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

macro_rules! counts {
    ($($(#[doc = $doc:literal])* $name:ident => $text:literal,)*) => {
        /// What is counted since the start of the process.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Count {
            $($(#[doc = $doc])* $name,)*
        }

        impl Count {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name in the admin API.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

counts! {
    /// Components loaded or replaced.
    ComponentsLoaded => "components_loaded",
    /// Components that could not be loaded.
    ComponentsRefused => "components_refused",
    /// Project files loaded or replaced.
    ProjectsLoaded => "projects_loaded",
    /// Project files that could not be loaded.
    ProjectsRefused => "projects_refused",
    /// Completed tasks that were found though no hook had brought them.
    TasksMissed => "tasks_missed",
    /// Requests to the admin listener without the token, or under a foreign name.
    AdminRefused => "admin_refused",
}

static COUNTS: [AtomicU64; Count::ALL.len()] = [const { AtomicU64::new(0) }; Count::ALL.len()];

/// Adds one.
pub fn count(what: Count) {
    count_many(what, 1);
}

fn count_many(what: Count, many: usize) {
    if let Some(counter) = COUNTS.get(what as usize) {
        counter.fetch_add(u64::try_from(many).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// All counts, by name.
#[must_use]
pub fn counts() -> BTreeMap<String, u64> {
    Count::ALL.iter().zip(&COUNTS).map(|(what, counter)| (what.as_str().to_owned(), counter.load(Ordering::Relaxed))).collect()
}

/// A component is in use from now on.
pub fn component_loaded(name: &ComponentName, version: &str, digest: &Digest, file: &Path) {
    count(Count::ComponentsLoaded);
    info!(component = %name, version, digest = %digest.short(), file = %file.display(), "Loaded component `{name}` {version}");
}

/// A file in the drop folder could not be loaded; a version that was in use before stays so.
pub fn component_refused(file: &Path, error: &dyn fmt::Display) {
    count(Count::ComponentsRefused);
    warn!(file = %file.display(), error = %error, "Refused component `{}`", file.display());
}

/// A project is in use from now on.
pub fn project_loaded(name: &ProjectName) {
    count(Count::ProjectsLoaded);
    info!(project = %name, "Loaded project `{name}`");
}

/// A project's file could not be loaded; a version that was in use before stays so. Each reason is a [`problem`] of its own.
pub fn project_refused(file: &Path) {
    count(Count::ProjectsRefused);
    warn!(file = %file.display(), "Refused project file `{}`", file.display());
}

/// Something is wrong with a file, or to be looked at.
pub fn problem(file: &Path, line: usize, message: &str, help: Option<&str>) {
    let place = if line > 0 { format!("{}:{line}", file.display()) } else { file.display().to_string() };
    warn!(file = %file.display(), line, help, "{place}: {message}");
}

/// Completed tasks were found that the hook of their project had not brought.
pub fn tasks_missed(project: &ProjectName, made: usize) {
    count_many(Count::TasksMissed, made);
    info!(project = %project, made, "Found {made} completed tasks of project `{project}` that its hook did not bring");
}

/// Somebody came to the admin listener who may not.
pub fn admin_refused(peer: SocketAddr, why: &str) {
    count(Count::AdminRefused);
    warn!(peer = %peer, "Refused a request to the admin listener: {why}");
}
