//! The style sheet, the script and the icon, under addresses that change with what they hold.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::super::answer::Refusal;
use super::Refused;
use crate::id::Digest;

/// A file that pages load.
struct Asset {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
}

const ASSETS: [Asset; 3] = [
    Asset { name: "style.css", kind: "text/css; charset=utf-8", text: include_str!("style.css") },
    Asset { name: "live.js", kind: "text/javascript; charset=utf-8", text: include_str!("live.js") },
    Asset { name: "icon.svg", kind: "image/svg+xml", text: include_str!("icon.svg") },
];

/// A browser keeps them for a year: what is new has another address.
const CACHED: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");

static ADDRESSES: LazyLock<Vec<(&'static str, String)>> = LazyLock::new(|| {
    let of = |asset: &Asset| (asset.name, format!("/assets/{}?{}", asset.name, Digest::of(asset.text.as_bytes()).short()));
    ASSETS.iter().map(of).collect()
});

/// Where an asset is.
pub(super) fn address(name: &str) -> &'static str {
    ADDRESSES.iter().find(|(known, _)| *known == name).map_or("", |(_, address)| address)
}

pub(super) async fn asset(Path(name): Path<String>) -> Result<Response, Refused> {
    let missing = || Refusal::new(StatusCode::NOT_FOUND, "there is no such file", "the pages name those that there are");
    let asset = ASSETS.iter().find(|asset| asset.name == name).ok_or_else(missing)?;
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind)), (header::CACHE_CONTROL, CACHED)];
    Ok((headers, asset.text).into_response())
}
