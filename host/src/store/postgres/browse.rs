//! Listings: a walk from the newest row to older ones that ends at a full page, or when enough was looked at. Rows come some hundred at a
//! time, so that a page which is full early has not read all.

use async_trait::async_trait;
use tokio_postgres::Row;

use super::db::{Columns as _, Db, Param, Result, param, params};
use super::{PostgresStore, figures, rows};
use crate::clock::Timestamp;
use crate::event::EventKind;
use crate::id::ProjectName;
use crate::store::StoreError;
use crate::store::browse::{
    Browse, ListedDelivery, ListedEvent, ListedInvocation, Page, Place, WantedDeliveries, WantedEvents, WantedInvocations,
};
use crate::store::figures::{Behind, ListedAnalysis, ProjectFigures, Sample, WantedAnalyses};
use crate::store::peers::Peer;

mod deliveries;
mod events;
mod invocations;

/// So many pages are made at a time: half of the readers.
pub(super) const PAGES_AT_ONCE: usize = 2;
/// Events that come in at a time are received in nearly the order of their rows.
const SLACK_MS: i64 = 60_000;
/// So many rows come at a time.
const ROWS_AT_ONCE: usize = 500;

/// Looks while it is this caller's turn.
macro_rules! look {
    ($store:ident, $look:expr) => {{
        let _turn = $store.pages.acquire().await.map_err(|_| StoreError::Closed)?;
        let reading = $store.readers.look().await.map_err(|error| $store.unread(error))?;
        let found = $look(reading.db()).await.map_err(|error| $store.unread(error))?;
        reading.end().await.map_err(|error| $store.unread(error))?;
        Ok(found)
    }};
}

#[async_trait]
impl Browse for PostgresStore {
    async fn events(&self, wanted: &WantedEvents, place: Place) -> std::result::Result<Page<ListedEvent>, StoreError> {
        look!(self, |db| events::page(db, wanted, place))
    }

    async fn invocations(&self, wanted: &WantedInvocations, place: Place) -> std::result::Result<Page<ListedInvocation>, StoreError> {
        look!(self, |db| invocations::page(db, wanted, place))
    }

    async fn deliveries(&self, wanted: &WantedDeliveries, place: Place) -> std::result::Result<Page<ListedDelivery>, StoreError> {
        look!(self, |db| deliveries::page(db, wanted, place))
    }

    async fn analyses(
        &self,
        project: &ProjectName,
        wanted: &WantedAnalyses,
        place: Place,
    ) -> std::result::Result<Page<ListedAnalysis>, StoreError> {
        look!(self, |db| figures::analyses(db, project, wanted, place))
    }

    async fn figures(&self, project: &ProjectName, busiest: u32) -> std::result::Result<ProjectFigures, StoreError> {
        look!(self, |db| figures::figures(db, project, busiest))
    }

    async fn counted(&self) -> std::result::Result<i64, StoreError> {
        look!(self, figures::counted)
    }

    async fn behind(&self, row: i64, kind: &EventKind, limit: u32) -> std::result::Result<Behind, StoreError> {
        look!(self, |db| figures::behind(db, row, kind, limit))
    }

    async fn samples(&self, since: i64, step: u32) -> std::result::Result<Vec<Sample>, StoreError> {
        look!(self, |db| figures::samples(db, since, step))
    }

    async fn peers(&self) -> std::result::Result<Vec<Peer>, StoreError> {
        // Two short statements, which metrics ask for too: they wait for no page.
        let reading = self.readers.look().await.map_err(|error| self.unread(error))?;
        let found = self.read_peers(reading.db()).await.map_err(|error| self.unread(error))?;
        reading.end().await.map_err(|error| self.unread(error))?;
        Ok(found)
    }
}

/// Rows from the newest to older ones, whose first column is their number: those of a statement that says below which one ($1), and how
/// many ($2).
struct Rows<'a> {
    db: Db<'a>,
    sql: String,
    params: Vec<Param<'a>>,
    below: i64,
    at_once: usize,
    fetched: std::vec::IntoIter<Row>,
    is_last: bool,
}

impl<'a> Rows<'a> {
    fn new(db: Db<'a>, sql: String, below: i64, params: Vec<Param<'a>>) -> Self {
        Self { db, sql, params, below, at_once: ROWS_AT_ONCE, fetched: Vec::new().into_iter(), is_last: false }
    }

    async fn next(&mut self) -> Result<Option<Row>> {
        if self.fetched.len() == 0 && !self.is_last {
            let limit = i64::try_from(self.at_once).unwrap_or(i64::MAX);
            let params: Vec<Param<'_>> = [param(&self.below), param(&limit)].into_iter().chain(self.params.iter().cloned()).collect();
            let rows = self.db.rows(&self.sql, &params).await?;
            self.is_last = rows.len() < self.at_once;
            self.fetched = rows.into_iter();
        }
        let next = self.fetched.next();
        if let Some(row) = &next {
            self.below = row.at(0)?;
        }
        Ok(next)
    }
}

/// The number of a project; an error where there is no such project.
async fn known(db: Db<'_>, project: Option<&ProjectName>) -> Result<std::result::Result<Option<i64>, ()>> {
    let Some(project) = project else { return Ok(Ok(None)) };
    let row = db.first("SELECT id FROM project WHERE name = $1", params![project.as_str()]).await?;
    row.map(|row| row.at(0)).transpose().map(|number: Option<i64>| number.map(Some).ok_or(()))
}

/// Which events of a project, of a task, of both, or all, down to a row.
fn which(project: Option<&i64>, task: Option<&[u8]>) -> &'static str {
    match (project, task) {
        (Some(_), Some(_)) => "e.id >= $3 AND e.project = $4 AND e.task = $5",
        (Some(_), None) => "e.id >= $3 AND e.project = $4",
        (None, Some(_)) => "e.id >= $3 AND e.task = $4",
        (None, None) => "e.id >= $3",
    }
}

/// The rows between which a walk goes: below the first, down to the second.
async fn bounds(db: Db<'_>, place: Place, since: Option<Timestamp>, until: Option<Timestamp>) -> Result<(i64, i64)> {
    let mut from = place.before.unwrap_or(i64::MAX);
    if let Some(until) = until {
        from = from.min(first_received_from(db, until.as_millisecond().saturating_add(SLACK_MS)).await?);
    }
    let to = match since {
        Some(since) => first_received_from(db, since.as_millisecond().saturating_sub(SLACK_MS)).await?,
        None => 0,
    };
    Ok((from, to))
}

/// The first row of an event that was received at a time or later, by halves: rows lie in the order in which they came.
async fn first_received_from(db: Db<'_>, time: i64) -> Result<i64> {
    let newest = db.first("SELECT coalesce(max(id), 0) FROM event", &[]).await?;
    let (mut low, mut high) = (0, newest.map_or(Ok(0), |row| row.at::<i64>(0))? + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let found = db.first("SELECT id, received_at FROM event WHERE id >= $1 ORDER BY id LIMIT 1", params![middle]).await?;
        match found {
            Some(row) if row.at::<i64>(1)? < time => low = row.at::<i64>(0)? + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

fn fits_time(row: &Row, column: usize, since: Option<Timestamp>, until: Option<Timestamp>) -> Result<bool> {
    let at = rows::time(row, column)?;
    Ok(since.is_none_or(|since| at >= since) && until.is_none_or(|until| at <= until))
}

fn text_is(row: &Row, column: usize, wanted: &str) -> bool {
    row.at::<Option<&str>>(column).is_ok_and(|text| text == Some(wanted))
}

fn bytes_are(row: &Row, column: usize, wanted: &str) -> bool {
    row.at::<Option<&[u8]>>(column).is_ok_and(|bytes| bytes == Some(wanted.as_bytes()))
}
