//! `crowdhook practice`.

use super::output;
use super::report::Advice;
use crate::{demo, shutdown};

/// Where it is.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct PracticeArgs {
    /// The port of this machine; 0 for any that is free
    #[arg(long, default_value_t = 5000)]
    port: u16,
}

/// Runs it until a signal.
pub(super) async fn run(args: PracticeArgs) -> anyhow::Result<()> {
    // A reader of the lines that has gone away does not end it.
    let say = |line: &str| drop(output::lines(line));
    demo::practise(args.port, say, shutdown::signal()?).await.map_err(|error| {
        let message = format!("the practice PYBOSSA cannot be at port {}", args.port);
        Advice::new(message, "name another port: `crowdhook practice --port 5001`").because(error.into()).into()
    })
}
