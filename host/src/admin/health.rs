//! Whether the host lives, and whether it is ready to work: for supervisors, so without a token.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use super::Admin;
use crate::store::StoreError;

/// The folders are looked at every second; after so long without a look nobody looks any more.
const LOOK_MAX: Duration = Duration::from_secs(60);

/// How long the store may take to answer.
const STORE_WAIT_MAX: Duration = Duration::from_secs(2);

/// The answer of `/ready`.
#[derive(Serialize)]
pub(super) struct Ready {
    ready: bool,
    /// Why not. Without paths and names: anybody may read them.
    reasons: Vec<&'static str>,
}

/// The process runs and answers.
pub(super) async fn health() -> &'static str {
    "live\n"
}

/// The store can be read, and the folders are looked at and can be read.
pub(super) async fn ready(State(admin): State<Arc<Admin>>) -> (StatusCode, Json<Ready>) {
    let mut reasons = Vec::new();
    match tokio::time::timeout(STORE_WAIT_MAX, admin.store.vitals()).await {
        Ok(Ok(_)) => {}
        Ok(Err(StoreError::Replaced)) => reasons.push("another host took this one's place in the store"),
        Ok(Err(_)) | Err(_) => reasons.push("the store does not answer"),
    }
    if admin.registry.looked_at().is_none_or(|at| at.elapsed() > LOOK_MAX) {
        reasons.push("the folders of plugins and projects are looked at no longer");
    }
    if !admin.registry.now().status.folders.is_empty() {
        reasons.push("a folder of plugins or projects cannot be read whole: the host's log says which");
    }
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Ready { ready: reasons.is_empty(), reasons }))
}
