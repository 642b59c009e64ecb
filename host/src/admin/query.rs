//! What a request asks for: filters as people write them and where a page begins, in the query; a JSON object, in the body.

use std::fmt;
use std::marker::PhantomData;

use axum::extract::Query;
use axum::http::{StatusCode, Uri};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use url::form_urlencoded;

use super::answer::Refusal;
use crate::clock::{self, Timestamp};
use crate::store::browse::{PAGE_ROWS_MAX, Place};

/// Rows of a page when nobody says how many.
pub(super) const ROWS_USUAL: u32 = 50;

/// The filters and the place that the query of a form names: it sends its empty fields too, and the spaces around what was pasted.
pub(super) fn of_form<T: DeserializeOwned>(query: Option<&str>, now: Timestamp, help: &str) -> Result<(T, Place), Refusal> {
    let fields = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let filled = fields.filter(|(_, value)| !value.trim().is_empty());
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in filled {
        query.append_pair(&name, value.trim());
    }
    listing(Some(&query.finish()), now, help)
}

/// The filters and the place that a query names. `help` says which filters there are.
pub(super) fn listing<T: DeserializeOwned>(query: Option<&str>, now: Timestamp, help: &str) -> Result<(T, Place), Refusal> {
    let refused = |why: String| Refusal::new(StatusCode::BAD_REQUEST, why, help);
    let mut place = Place { before: None, limit: ROWS_USUAL };
    let mut filters = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match name.as_ref() {
            "before" => {
                let before = value.parse().ok().filter(|before| *before >= 0);
                place.before = Some(before.ok_or_else(|| refused("`before` is no place that a page named".to_owned()))?);
            }
            "limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=PAGE_ROWS_MAX).contains(limit));
                place.limit = limit.ok_or_else(|| refused(format!("`limit` is no number from 1 to {PAGE_ROWS_MAX}")))?;
            }
            "since" | "until" => {
                let moment = clock::moment(&value, now).map_err(|why| refused(format!("`{name}`: {why}")))?;
                filters.append_pair(&name, &clock::rfc3339(moment));
            }
            _ => {
                filters.append_pair(&name, &value);
            }
        }
    }
    let uri: Uri = format!("/?{}", filters.finish()).parse().map_err(|_| refused("the query is too long".to_owned()))?;
    let Query(wanted) = Query::try_from_uri(&uri).map_err(|error| refused(error.body_text()))?;
    Ok((wanted, place))
}

/// A JSON object. Serde would take a list for a struct as well, by the order of its members.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}
