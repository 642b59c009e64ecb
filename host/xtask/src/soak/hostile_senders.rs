//! `cargo xtask soak hostile-senders`: strangers who keep a host busy, beside a sender that means well; then the same over TLS, until the
//! sender has posted a thousand times.

use std::process::ExitCode;

use anyhow::Result;

/// Arguments of `cargo xtask soak hostile-senders`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// For how long without TLS, in seconds.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
    /// Idle sockets at a time; as many as the system allows this user, if that is less.
    #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u32).range(0..=60_000))]
    idle: u32,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let numbers = [("SECONDS", args.seconds), ("IDLE", args.idle)];
    let plain = super::test_in_release("hostile_senders::soak", &numbers)?;
    let over_tls = super::test_in_release("tls::strangers::soak", &numbers)?;
    Ok(if plain == ExitCode::SUCCESS { over_tls } else { plain })
}
