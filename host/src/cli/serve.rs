//! `crowdhook serve`.

use super::Common;
use crate::app::App;
use crate::config::load;
use crate::shutdown;

/// Runs the host until a signal.
pub(super) async fn run(common: &Common) -> anyhow::Result<()> {
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
