//! What operators see: log lines and metrics. A fact that is both logged and counted has one function in `facts`, which does both.
//! Never takes bodies, secrets or addresses of people.

use std::io::IsTerminal as _;

use tracing::debug;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

pub use facts::{ComponentSaid, DeliveryAttempted, RunEnded, Verdict};
pub use metrics::Metrics;

mod bounded;
mod facts;
mod labels;
pub mod metrics;
pub mod spans;
pub mod tail;

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
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let colours = colours_wanted(std::io::stderr().is_terminal());
    let begin = tracing_subscriber::registry().with(tail::Tail.with_filter(tail::filter()));
    let begun = match args.log_format {
        LogFormat::Text => begin.with(lines.with_ansi(colours).with_target(false).with_filter(filter)).try_init(),
        LogFormat::Json => begin.with(lines.json().flatten_event(true).with_filter(filter)).try_init(),
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
