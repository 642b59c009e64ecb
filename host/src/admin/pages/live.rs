//! Says to open pages that something has changed, at most once a second. They fetch what they show anew.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use futures_util::Stream;
use futures_util::stream;

use super::super::Admin;
use crate::store::Totals;

/// From one look to the next.
const PAUSE: Duration = Duration::from_secs(1);
/// A stream ends after so many looks, before its connection is cut off; browsers come back by themselves.
const LOOKS_MAX: u32 = 50;
/// After how many milliseconds they do.
const RETRY: Duration = Duration::from_millis(500);

/// What was there at the last look.
struct Looked {
    admin: Arc<Admin>,
    totals: Option<Totals>,
    looks: u32,
}

pub(super) async fn stream(State(admin): State<Arc<Admin>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let looked = Looked { admin, totals: None, looks: 0 };
    Sse::new(stream::unfold(looked, |mut looked| async move {
        while looked.looks < LOOKS_MAX {
            looked.looks += 1;
            if looked.totals.is_some() {
                tokio::time::sleep(PAUSE).await;
            }
            let totals = looked.admin.store.totals().await.ok()?;
            if looked.totals == Some(totals) {
                continue;
            }
            let is_first = looked.totals.replace(totals).is_none();
            let event = if is_first { Event::default().event("hello").retry(RETRY) } else { Event::default().event("changed") };
            return Some((Ok(event.data(totals.events.to_string())), looked));
        }
        None
    }))
}
