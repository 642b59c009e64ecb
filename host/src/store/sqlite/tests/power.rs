//! Power cuts. A store works on a disk that is recorded; then the disk is made anew as a cut may leave it, at each step of the
//! recording, and opened. Whatever was answered before the cut is there, and what is there fits together.
//!
//! `cargo xtask soak power` does the same at length.

use std::collections::HashSet;
use std::fmt;
use std::path::Path;

use rusqlite::Connection;

use super::super::open::DATABASE;
use super::super::{OpenError, Options, SqliteStore};
use super::recorder::Step;
use crate::id::EventId;
use crate::store::conformance::bench::number;

/// What a disk may hold.
mod image;
/// What a store does meanwhile.
mod work;

use image::{Chance, Disk};
use work::Trial;

/// What must be 0 of a store, whatever happened to it.
const FITS_TOGETHER: [(&str, &str); 10] = [
    ("events are miscounted", "SELECT (SELECT event FROM counter) <> (SELECT count(*) FROM event)"),
    ("runs are miscounted", "SELECT (SELECT runs FROM counter) <> (SELECT count(*) FROM run)"),
    ("keys and events differ", "SELECT (SELECT count(*) FROM event WHERE depth = 0) <> (SELECT count(*) FROM seen)"),
    (
        "an event is neither waiting nor done",
        "SELECT count(*) FROM event e WHERE NOT EXISTS (SELECT 1 FROM invocation i WHERE i.event = e.id) \
         AND NOT EXISTS (SELECT 1 FROM run r WHERE r.event = e.id AND r.done = 1)",
    ),
    ("what is done waits again", "SELECT count(*) FROM invocation i JOIN run r ON r.event = i.event AND r.scope = i.scope AND r.done = 1"),
    ("something is done twice", "SELECT count(*) FROM (SELECT 1 FROM run WHERE done = 1 GROUP BY event, scope HAVING count(*) > 1)"),
    (
        "runs and what they emitted differ",
        "SELECT (SELECT count(*) FROM event WHERE depth = 1) <> \
         (SELECT count(*) FROM run r JOIN event e ON e.id = r.event WHERE e.depth = 0)",
    ),
    (
        "runs and what they saved differ",
        "SELECT (SELECT ifnull(max(revision), 0) FROM task_result) <> (SELECT count(*) FROM event WHERE depth = 1)",
    ),
    (
        "runs and what they counted differ",
        "SELECT (SELECT ifnull(max(CAST(value AS INTEGER)), 0) FROM state WHERE key = 'n') <> \
         (SELECT count(*) FROM event WHERE depth = 1)",
    ),
    (
        "the size of the state is wrong",
        "SELECT (SELECT ifnull(sum(state_bytes), 0) FROM scope) <> \
         (SELECT ifnull(sum(octet_length(key) + octet_length(value)), 0) FROM state)",
    ),
];

/// What callers were told before a cut.
#[derive(Default)]
struct Told {
    accepted: Vec<EventId>,
    finished: Vec<EventId>,
}

/// What all images together came to.
#[derive(Debug, Default)]
struct Found {
    images: usize,
    /// Images without something that was answered before the cut.
    lost: usize,
    /// Images that no store could be opened on.
    unopenable: usize,
    /// Images in which something was done twice, or is half there.
    unfit: usize,
    /// What was wrong with the first of them.
    first: String,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { images, lost, unopenable, unfit, first } = self;
        write!(f, "{images} images: lost {lost}, unopenable {unopenable}, twice or half there {unfit}")?;
        if first.is_empty() { Ok(()) } else { write!(f, "; the first: {first}") }
    }
}

impl Found {
    fn is_well(&self) -> bool {
        (self.lost, self.unopenable, self.unfit) == (0, 0, 0)
    }

    fn add(&mut self, harm: Option<Harm>) {
        self.images += 1;
        let Some(harm) = harm else { return };
        let (count, what) = match harm {
            Harm::Lost(what) => (&mut self.lost, what),
            Harm::Unopenable(what) => (&mut self.unopenable, what),
            Harm::Unfit(what) => (&mut self.unfit, what),
        };
        *count += 1;
        if self.first.is_empty() {
            self.first = format!("image {}: {what}", self.images);
        }
    }
}

enum Harm {
    Lost(String),
    Unopenable(String),
    Unfit(String),
}

/// Records one store at work for `rounds` rounds, and looks at `images` cuts of it.
async fn run(trial: Trial, images: usize, (rounds, seed): (usize, u64)) -> Found {
    cut(&work::work(trial, (rounds, seed)).await, images, seed)
}

/// Cuts the power at `images` steps, one as far from the next as the other, and looks at what is left.
fn cut(steps: &[Step], images: usize, seed: u64) -> Found {
    let (mut disk, mut told, mut taken) = (Disk::default(), Told::default(), 0);
    let (mut chance, mut found) = (Chance(seed), Found::default());
    for image in 1..=images {
        let cut = steps.len() * image / images;
        for (number, step) in steps.iter().enumerate().take(cut).skip(taken) {
            disk.take(number, step);
            match step {
                Step::Accepted(event) => told.accepted.push(*event),
                Step::Finished(event) => told.finished.push(*event),
                _ => {}
            }
        }
        taken = cut;
        let folder = super::temporary();
        disk.image(folder.path(), &mut chance);
        found.add(look(folder.path(), &told));
    }
    found
}

/// Opens what a cut left, as the host does, and looks at all of it.
fn look(folder: &Path, told: &Told) -> Option<Harm> {
    let store = match SqliteStore::open(folder, Options::default()) {
        Ok(store) => store,
        Err(error) => return Some(Harm::Unopenable(format!("{error}: {:?}", std::error::Error::source(&error)))),
    };
    let harm = search(folder, told).unwrap_or_else(|error| Some(Harm::Unfit(error.to_string())));
    drop(store);
    harm
}

fn search(folder: &Path, told: &Told) -> rusqlite::Result<Option<Harm>> {
    let db = Connection::open(folder.join(DATABASE))?;
    let text: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if text != "ok" {
        return Ok(Some(Harm::Unfit(text)));
    }
    for (what, sql) in FITS_TOGETHER {
        if db.query_row(sql, [], |row| row.get::<_, i64>(0))? != 0 {
            return Ok(Some(Harm::Unfit(what.to_owned())));
        }
    }
    let ids = |sql: &str| -> rusqlite::Result<HashSet<EventId>> {
        let mut statement = db.prepare(sql)?;
        statement.query_map([], |row| row.get::<_, [u8; 16]>(0).map(EventId::from_bytes))?.collect()
    };
    let kept = ids("SELECT uuid FROM event")?;
    let done = ids("SELECT e.uuid FROM run r JOIN event e ON e.id = r.event WHERE r.done = 1")?;
    let gone = told.accepted.iter().filter(|id| !kept.contains(id)).count() + told.finished.iter().filter(|id| !done.contains(id)).count();
    let all = told.accepted.len() + told.finished.len();
    Ok((gone > 0).then(|| Harm::Lost(format!("{gone} of {all} answers are not kept"))))
}

#[tokio::test]
async fn what_was_answered_survives_a_power_cut() {
    let found = run(Trial::Store, 150, (120, 1)).await;
    assert!(found.is_well(), "{found}");
}

#[tokio::test]
async fn what_was_answered_survives_syncs_that_fail_and_then_a_power_cut() {
    let found = run(Trial::FailingSyncs, 150, (200, 1)).await;
    assert!(found.is_well(), "{found}");
}

#[tokio::test]
async fn a_start_does_not_build_on_what_a_failed_sync_left_behind() {
    for seed in 0..5 {
        let steps = work::work_after_a_failed_commit(seed).await;
        let found = cut(&steps, steps.len(), seed);
        assert!(found.is_well(), "{found}");
    }
}

#[tokio::test]
async fn a_store_that_does_not_sync_is_found_out() {
    let found = run(Trial::NoSync, 60, (60, 1)).await;
    assert!(found.lost > 0, "{found}");
}

#[tokio::test]
async fn a_store_that_answers_before_it_commits_is_found_out() {
    let found = run(Trial::AnsweredEarly, 60, (60, 1)).await;
    assert!(found.lost > 0, "{found}");
}

#[ignore = "takes minutes: `cargo xtask soak power`"]
#[tokio::test]
async fn soak() {
    let (images, seed) = (number("IMAGES", 5_000), u64::try_from(number("SEED", 1)).unwrap());
    let mut all = Vec::new();
    for (trial, images) in
        [(Trial::Store, images), (Trial::FailingSyncs, images), (Trial::NoSync, images / 20), (Trial::AnsweredEarly, images / 20)]
    {
        let mut sum = Found::default();
        let mut seed = seed;
        while sum.images < images {
            let found = run(trial, 500.min(images - sum.images), (200, seed)).await;
            let first = if sum.first.is_empty() && !found.first.is_empty() { format!("seed {seed}, {}", found.first) } else { sum.first };
            sum = Found {
                images: sum.images + found.images,
                lost: sum.lost + found.lost,
                unopenable: sum.unopenable + found.unopenable,
                unfit: sum.unfit + found.unfit,
                first,
            };
            seed += 1;
        }
        println!("{trial:?}: {sum}");
        all.push(sum);
    }
    assert!(all[0].is_well() && all[1].is_well(), "the store loses something");
    assert!(all[2].lost > 0 && all[3].lost > 0, "a store that does it wrong is not found out");
}
