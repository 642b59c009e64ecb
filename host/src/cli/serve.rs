//! `crowdhook serve`.

use super::Common;
use crate::app::App;
use crate::config::load;
use crate::shutdown;

/// Runs the host until a signal.
pub(super) async fn run(common: &Common) -> anyhow::Result<()> {
    raise_open_files();
    let mut signal = Box::pin(shutdown::signal()?);
    let host = load::host(common.config.as_deref())?;
    let program = std::env::current_exe().ok();
    let app = tokio::select! {
        opened = Box::pin(App::open_with(host, program.as_deref())) => opened?,
        // Nothing is served yet, so nothing has to end in order.
        () = &mut signal => return Ok(()),
    };
    Box::pin(app.serve(signal)).await
}

/// As many files and sockets as the system allows. The lower limit that programs begin with, often 1,024, is for those that use `select`;
/// here that many connections would leave no file to open.
fn raise_open_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let maximum = getrlimit(Resource::Nofile).maximum;
        // Where it may not be raised, what there is has to do.
        setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).ok();
    }
}
