//! Listings: a walk from the newest row to older ones that ends at a full page, or when enough was looked at.
//!
//! A page may take tens of milliseconds, so it is made on a thread of its own kind, and not on one that the intake needs.

use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, ToSql};

use super::names::Names;
use super::{SqliteStore, figures};
use crate::clock::Timestamp;
use crate::event::EventKind;
use crate::id::ProjectName;
use crate::store::StoreError;
use crate::store::browse::{
    Browse, ListedDelivery, ListedEvent, ListedInvocation, Page, Place, WantedDeliveries, WantedEvents, WantedInvocations,
};
use crate::store::figures::{Behind, ListedAnalysis, ProjectFigures, Sample, WantedAnalyses};

mod deliveries;
mod events;
mod invocations;

/// So many pages are made at a time: half of the readers.
pub(super) const PAGES_AT_ONCE: usize = 2;
/// Events that come in at a time are received in nearly the order of their rows.
const SLACK_MS: i64 = 60_000;

#[async_trait]
impl Browse for SqliteStore {
    async fn events(&self, wanted: &WantedEvents, place: Place) -> Result<Page<ListedEvent>, StoreError> {
        let wanted = wanted.clone();
        self.look(move |db, names| events::page(db, names, &wanted, place)).await
    }

    async fn invocations(&self, wanted: &WantedInvocations, place: Place) -> Result<Page<ListedInvocation>, StoreError> {
        let wanted = wanted.clone();
        self.look(move |db, names| invocations::page(db, names, &wanted, place)).await
    }

    async fn deliveries(&self, wanted: &WantedDeliveries, place: Place) -> Result<Page<ListedDelivery>, StoreError> {
        let wanted = wanted.clone();
        self.look(move |db, names| deliveries::page(db, names, &wanted, place)).await
    }

    async fn analyses(&self, project: &ProjectName, wanted: &WantedAnalyses, place: Place) -> Result<Page<ListedAnalysis>, StoreError> {
        let (project, wanted) = (project.clone(), wanted.clone());
        self.look(move |db, names| match names.known_project(&project) {
            Some(project) => figures::analyses(db, project, &wanted, place),
            None => Ok(Page::empty()),
        })
        .await
    }

    async fn figures(&self, project: &ProjectName, busiest: u32) -> Result<ProjectFigures, StoreError> {
        let project = project.clone();
        self.look(move |db, names| match names.known_project(&project) {
            Some(project) => figures::figures(db, project, busiest),
            None => Ok(ProjectFigures::default()),
        })
        .await
    }

    async fn counted(&self) -> Result<i64, StoreError> {
        self.look(|db, _| figures::counted(db)).await
    }

    async fn behind(&self, row: i64, kind: &EventKind, limit: u32) -> Result<Behind, StoreError> {
        let kind = kind.clone();
        self.look(move |db, names| figures::behind(db, names, row, &kind, limit)).await
    }

    async fn samples(&self, since: i64, step: u32) -> Result<Vec<Sample>, StoreError> {
        self.look(move |db, _| figures::samples(db, since, step)).await
    }
}

impl SqliteStore {
    /// Reads for people: in their turn, and on a thread that may be kept for a while.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        look: impl Fn(&Connection, &Names) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let turn = Arc::clone(&self.pages).acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let (readers, shared, is_owner) = (Arc::clone(&self.readers), Arc::clone(&self.shared), self.commands.is_some());
        let looked = tokio::task::spawn_blocking(move || {
            let looked = match is_owner {
                true => shared.with_names(|names| readers.with_snapshot(|db| look(db, names))),
                false => readers.with_snapshot(|db| look(db, &Names::load(db)?)),
            };
            drop(turn);
            looked
        });
        match looked.await {
            Ok(looked) => looked.map_err(|error| self.unread(&error)),
            Err(error) => Err(StoreError::Failed(format!("looking through it ended early: {error}"))),
        }
    }
}

/// The number of the project that is wanted; none for all. An error where there is no such project.
fn known(names: &Names, project: Option<&ProjectName>) -> Result<Option<u32>, ()> {
    project.map(|project| names.known_project(project).ok_or(())).transpose()
}

/// Events of a project, of a task, of both, or all: between two rows, the newest first.
fn events_behind<'db>(db: &'db Connection, project: Option<u32>, task: Option<&str>) -> rusqlite::Result<CachedStatement<'db>> {
    macro_rules! behind {
        ($index:literal, $which:literal) => {
            concat!(
                "SELECT e.id, e.uuid, e.project, e.kind, e.task, e.received_at, e.origin, e.standing, e.emitted_by, e.payload FROM event e ",
                $index,
                " WHERE ",
                $which,
                " e.id < ?1 AND e.id >= ?2 ORDER BY e.id DESC"
            )
        };
    }
    // Named, since SQLite would rather walk through the rows between the two: half a second on a million of them.
    db.prepare_cached(match (project, task) {
        (Some(_), Some(_)) => behind!("INDEXED BY event_task", "e.project = ?3 AND e.task = ?4 AND"),
        (Some(_), None) => behind!("INDEXED BY event_project", "e.project = ?3 AND"),
        (None, Some(_)) => behind!("INDEXED BY event_task", "e.project IN (SELECT id FROM project) AND e.task = ?3 AND"),
        (None, None) => behind!("", ""),
    })
}

fn events_params<'p>(project: &'p Option<u32>, task: &'p Option<String>, from: &'p i64, to: &'p i64) -> Vec<&'p dyn ToSql> {
    let mut params: Vec<&dyn ToSql> = vec![from, to];
    if let Some(project) = project {
        params.push(project);
    }
    if let Some(task) = task {
        params.push(task);
    }
    params
}

/// The rows between which a walk goes: below the first, down to the second.
fn bounds(db: &Connection, place: Place, since: Option<Timestamp>, until: Option<Timestamp>) -> rusqlite::Result<(i64, i64)> {
    let mut from = place.before.unwrap_or(i64::MAX);
    if let Some(until) = until {
        from = from.min(first_received_from(db, until.as_millisecond().saturating_add(SLACK_MS))?);
    }
    let to = match since {
        Some(since) => first_received_from(db, since.as_millisecond().saturating_sub(SLACK_MS))?,
        None => 0,
    };
    Ok((from, to))
}

/// The first row of an event that was received at a time or later, by halves: rows lie in the order in which they came.
fn first_received_from(db: &Connection, time: i64) -> rusqlite::Result<i64> {
    let mut next = db.prepare_cached("SELECT id, received_at FROM event WHERE id >= ?1 ORDER BY id LIMIT 1")?;
    let newest: i64 = db.prepare_cached("SELECT ifnull(max(id), 0) FROM event")?.query_row([], |row| row.get(0))?;
    let (mut low, mut high) = (0, newest + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let found: Option<(i64, i64)> = next.query_row([middle], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        match found {
            Some((id, received_at)) if received_at < time => low = id + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

fn fits_time(row: &Row<'_>, column: usize, since: Option<Timestamp>, until: Option<Timestamp>) -> rusqlite::Result<bool> {
    let at: i64 = row.get(column)?;
    Ok(since.is_none_or(|since| at >= since.as_millisecond()) && until.is_none_or(|until| at <= until.as_millisecond()))
}

fn text_is(row: &Row<'_>, column: usize, wanted: &str) -> bool {
    row.get_ref(column).is_ok_and(|value| value.as_str().is_ok_and(|text| text == wanted))
}
