//! `crowdhook demo`.

use std::path::PathBuf;

use super::{bundled, output};
use crate::{demo, shutdown};

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
}

/// Shows it.
pub(super) async fn run(args: DemoArgs) -> anyhow::Result<()> {
    let options = demo::Options { once: args.once, folder: args.dir, components: bundled() };
    // A reader of the lines that has gone away does not end the demo.
    let say = |line: &str| drop(output::lines(line));
    Box::pin(demo::run(options, say, shutdown::signal()?)).await
}
