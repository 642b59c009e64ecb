//! Reads a body up to a limit of bytes and time. A body is read whole or not at all: what is cut off is never stored.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use hyper::body::Body;

use super::answer::Refused;

/// Reads `body`, whose decoded size may be `bytes_max`. A compressed body is refused: no platform sends one, and then what
/// arrives is what is decoded.
///
/// # Errors
///
/// What to answer.
pub(super) async fn read<B>(body: B, headers: &HeaderMap, bytes_max: usize, timeout: Duration) -> Result<Bytes, Refused>
where
    B: Body<Data = Bytes> + Unpin,
{
    let plain = |value: &http::HeaderValue| value.is_empty() || value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers.get_all(header::CONTENT_ENCODING).iter().all(plain) {
        return Err(Refused::Encoding);
    }
    // What is declared too large is refused before a byte of it is read.
    if body.size_hint().lower() > u64::try_from(bytes_max).unwrap_or(u64::MAX) {
        return Err(Refused::TooLarge);
    }
    match tokio::time::timeout(timeout, whole(body, bytes_max)).await {
        Ok(read) => read,
        Err(_) => Err(Refused::TooSlow),
    }
}

async fn whole<B>(mut body: B, bytes_max: usize) -> Result<Bytes, Refused>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    while let Some(frame) = body.frame().await {
        // Trailers are of no use to anyone here.
        let Ok(data) = frame.map_err(|_| Refused::BodyBroken)?.into_data() else { continue };
        if data.len() > bytes_max.saturating_sub(first.len() + more.len()) {
            return Err(Refused::TooLarge);
        }
        if first.is_empty() && more.is_empty() {
            // Nearly every body comes in one piece and is not copied.
            first = data;
        } else {
            if more.is_empty() {
                more.extend_from_slice(&std::mem::take(&mut first));
            }
            more.extend_from_slice(&data);
        }
    }
    Ok(if more.is_empty() { first } else { more.freeze() })
}
