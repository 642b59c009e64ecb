//! `crowdhook dashboard`.

use serde::Serialize;

use super::client::{reachable, tell};
use super::{Common, output};
use crate::admin::view::LoginLink;
use crate::config::load;

/// What is printed for machines.
#[derive(Serialize)]
struct Link {
    url: String,
}

pub(super) async fn run(common: &Common) -> anyhow::Result<()> {
    let host = load::host(common.config.as_deref())?;
    let link: LoginLink = tell(&host, "/v1/login-links", &serde_json::json!({})).await?;
    let url = format!("http://{}{}", reachable(host.admin), link.path);
    if common.json {
        return output::json(&Link { url });
    }
    output::lines(&url)?;
    output::note("it opens once, within a minute; after that the browser is let in for 30 days");
    Ok(())
}
