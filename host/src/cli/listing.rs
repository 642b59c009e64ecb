//! Listings: page after page from a running host, or from the store where none runs.

use anyhow::Context as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::client::{Asked, Client};
use super::{offline, output};
use crate::clock::{self, Clock, Timestamp};
use crate::config::Host;
use crate::store::browse::{PAGE_ROWS_MAX, Page, Place};
use crate::store::{Store, StoreError};

/// No listing is longer.
const ROWS_MAX: u32 = 100_000;

/// How much of a listing is wanted.
#[derive(Debug, clap::Args)]
pub(super) struct Paging {
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=i64::from(ROWS_MAX)))]
    limit: u32,
    /// Only what lies before this place: `next` of an earlier listing's JSON
    #[arg(long, value_name = "PLACE")]
    before: Option<i64>,
}

/// Between which times.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct During {
    /// Only what was received or asked for since: RFC 3339, a date, or how long ago (`15min`, `2h`, `3d`)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(super) since: Option<Timestamp>,
    /// Only what was received or asked for until then
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(super) until: Option<Timestamp>,
}

/// A moment as people write it on the command line.
fn moment(text: &str) -> Result<Timestamp, String> {
    clock::moment(text, Clock::System.now())
}

/// As many rows as are wanted, by as many pages as that takes. `offline` reads a page where no host runs.
pub(super) async fn rows<W: Serialize, T: DeserializeOwned>(
    host: &Host,
    (path, wanted): (&str, &W),
    paging: &Paging,
    offline: impl AsyncFn(&dyn Store, Place) -> Result<Page<T>, StoreError>,
) -> anyhow::Result<Page<T>> {
    let filters = filters(wanted)?;
    let mut source = Client::of(host)?;
    let mut store = None;
    let mut all = Page { rows: Vec::new(), next: paging.before };
    loop {
        let left = paging.limit.saturating_sub(u32::try_from(all.rows.len()).unwrap_or(u32::MAX));
        let place = Place { before: all.next, limit: left.min(PAGE_ROWS_MAX) };
        let page = match &source {
            Ok(client) => match client.get::<Page<T>>(&format!("{path}?{}", query(&filters, place))).await? {
                Asked::Answered(page) => page,
                Asked::Missing(advice) => return Err(advice.into()),
                Asked::NoHost(why) => {
                    source = Err(why);
                    continue;
                }
            },
            Err(why) => {
                let store = match &store {
                    Some(store) => store,
                    None => store.insert(offline::store(host, why)?),
                };
                offline(store.as_ref(), place).await.context("the store cannot be read")?
            }
        };
        all.rows.extend(page.rows);
        all.next = page.next;
        if all.next.is_none() || all.rows.len() >= paging.limit as usize {
            return Ok(all);
        }
    }
}

/// What is wanted, as pairs of a query.
fn filters(wanted: &impl Serialize) -> anyhow::Result<Vec<(String, String)>> {
    let wanted = serde_json::to_value(wanted)?;
    let pairs = wanted.as_object().into_iter().flatten().map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (name.clone(), value)
    });
    Ok(pairs.collect())
}

fn query(filters: &[(String, String)], place: Place) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(filters).append_pair("limit", &place.limit.to_string());
    if let Some(before) = place.before {
        query.append_pair("before", &before.to_string());
    }
    query.finish()
}

/// Prints a listing: JSON for machines, or a table made of each row's cells.
pub(super) fn print<T: Serialize>(page: &Page<T>, json: bool, head: &[&str], cells: impl Fn(&T) -> Vec<String>) -> anyhow::Result<()> {
    if json {
        return output::json(page);
    }
    if page.rows.is_empty() {
        return output::lines("nothing found");
    }
    let mut table = output::Table::new(head);
    page.rows.iter().for_each(|row| table.row(cells(row)));
    table.print()?;
    if let Some(next) = page.next {
        output::note(&format!("there is more: `--before {next}` goes on, `--limit` shows more at once"));
    }
    Ok(())
}
