//! `crowdhook demo`.

use std::path::PathBuf;

use super::Common;
use super::report::Advice;

/// How to show it.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  crowdhook demo --once\n  crowdhook demo --dir demo     keep what it made, to look at")]
pub struct DemoArgs {
    /// End once every made-up task has its result; without it the demo goes on until Ctrl-C
    #[arg(long)]
    pub once: bool,
    /// Where to make settings, plugins and store; without it in a temporary folder that is removed at the end
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// How many made-up tasks there are
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub tasks: u32,
}

/// Shows it.
pub(super) async fn run(_args: DemoArgs, _common: &Common) -> anyhow::Result<()> {
    Err(Advice::new("`demo` is not wired yet", "use a newer version").into())
}
