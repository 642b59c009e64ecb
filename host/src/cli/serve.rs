//! `crowdhook serve`.

use super::Common;
use crate::app::App;
use crate::config::load;
use crate::shutdown;

/// Runs the host until a signal.
pub(super) async fn run(common: &Common) -> anyhow::Result<()> {
    let host = load::host(common.config.as_deref())?;
    let app = Box::pin(App::open_with(host, std::env::current_exe().ok().as_deref())).await?;
    let mut unable = Ok(());
    let signal = async { unable = shutdown::signal().await };
    Box::pin(app.serve(signal)).await?;
    Ok(unable?)
}
