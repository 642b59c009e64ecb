//! What a query asks for: filters as people write them, and where a page begins.

use axum::extract::Query;
use axum::http::{StatusCode, Uri};
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::answer::Refusal;
use crate::clock::{self, Timestamp};
use crate::store::browse::{PAGE_ROWS_MAX, Place};

/// Rows of a page when nobody says how many.
pub(super) const ROWS_USUAL: u32 = 50;

/// The filters and the place that a query names. An empty filter, as a form sends it, filters nothing. `help` says which filters there are.
pub(super) fn listing<T: DeserializeOwned>(query: Option<&str>, now: Timestamp, help: &str) -> Result<(T, Place), Refusal> {
    let refused = |why: String| Refusal::new(StatusCode::BAD_REQUEST, why, help);
    let mut place = Place { before: None, limit: ROWS_USUAL };
    let mut filters = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        let value = value.trim();
        match name.as_ref() {
            _ if value.is_empty() => {}
            "before" => place.before = Some(value.parse().map_err(|_| refused("`before` is no place that a page named".to_owned()))?),
            "limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=PAGE_ROWS_MAX).contains(limit));
                place.limit = limit.ok_or_else(|| refused(format!("`limit` is no number from 1 to {PAGE_ROWS_MAX}")))?;
            }
            "since" | "until" => {
                let moment = clock::moment(value, now).map_err(|why| refused(format!("`{name}`: {why}")))?;
                filters.append_pair(&name, &clock::rfc3339(moment));
            }
            _ => {
                filters.append_pair(&name, value);
            }
        }
    }
    let uri: Uri = format!("/?{}", filters.finish()).parse().map_err(|_| refused("the query is too long".to_owned()))?;
    let Query(wanted) = Query::try_from_uri(&uri).map_err(|error| refused(error.body_text()))?;
    Ok((wanted, place))
}
