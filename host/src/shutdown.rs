//! When to stop: the first signal asks for an orderly end, a second one ends the process at once.

use std::io;

use tracing::{info, warn};

/// What a process exits with that a second signal ended: 128 and the number of SIGINT, as shells count.
const EXIT_AT_ONCE: i32 = 130;

/// What it gives ends when the process is asked to end, by SIGINT (Ctrl-C) or SIGTERM, from this call on: a signal that comes while the
/// host still starts is not lost, and does not cut it off either.
///
/// After the first, a further signal exits the process at once, without any draining: what is stored stays, what ran
/// is run again at the next start. Call it once.
///
/// # Errors
///
/// When the system gives no signal handler: nothing would end the host in order, so do not start it.
pub fn signal() -> io::Result<impl Future<Output = ()>> {
    let mut signals = Signals::new()?;
    Ok(async move {
        let name = signals.next().await;
        info!(signal = name, "Ending on {name}; once more ends at once");
        // Only the process's end, or another signal, ends this loop.
        tokio::spawn(async move {
            let name = signals.next().await;
            warn!(signal = name, "Ending at once on a second {name}");
            #[expect(clippy::exit, reason = "a second signal is a person who does not want to wait")]
            std::process::exit(EXIT_AT_ONCE)
        });
    })
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> &'static str {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}
