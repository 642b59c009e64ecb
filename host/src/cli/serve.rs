//! `crowdhook serve`.

use super::Common;
use super::report::Advice;
use crate::config::load;

/// Runs the host until a signal.
pub(super) async fn run(common: &Common) -> anyhow::Result<()> {
    let host = load::host(common.config.as_deref())?;
    Err(Advice::new(format!("`serve` on {} is not wired yet", host.listen), "use a newer version").into())
}
