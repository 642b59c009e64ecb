//! One analysis of a task from who was right to the badges that it leads to.

use std::collections::BTreeSet;

use crate::ledger::{self, Ledger, Page};
use crate::outcome::Outcomes;
use crate::settings::{Badge, Settings};
use crate::worker::{Due, Worker};

/// How many workers whose badges found no room in an earlier call are served in one call.
pub const OWED_MAX: u32 = 50;

const OWED: &str = "owed/";

/// What the run needs of the host: the plugin's state, and badges.
pub trait World {
    /// What the host fails with.
    type Failure;

    /// The value of a key.
    ///
    /// # Errors
    ///
    /// What the host says.
    fn get(&mut self, key: &str) -> Result<Option<String>, Self::Failure>;

    /// Sets a value.
    ///
    /// # Errors
    ///
    /// What the host says.
    fn set(&mut self, key: &str, value: &str) -> Result<(), Self::Failure>;

    /// Removes a key.
    ///
    /// # Errors
    ///
    /// What the host says.
    fn remove(&mut self, key: &str) -> Result<(), Self::Failure>;

    /// Up to `limit` keys that begin with `prefix`.
    ///
    /// # Errors
    ///
    /// What the host says.
    fn keys(&mut self, prefix: &str, limit: u32) -> Result<Vec<String>, Self::Failure>;

    /// Asks for a badge to be awarded.
    ///
    /// # Errors
    ///
    /// What the host says.
    fn award(&mut self, worker: &str, badge: &Badge, evidence: &str) -> Result<Room, Self::Failure>;

    /// Asks for a badge to be taken back.
    ///
    /// # Errors
    ///
    /// What the host says.
    fn revoke(&mut self, worker: &str, badge: &Badge) -> Result<Room, Self::Failure>;

    /// The failure that makes a person look at the event.
    fn reject(words: String) -> Self::Failure;
}

/// Whether the host had room for one more effect in this call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Room {
    /// It did.
    Enough,
    /// It did not: the badge is owed.
    None,
}

/// Takes in what a task came to by the analysis `revision`, and awards and takes back what follows from it.
///
/// An older analysis than the one that was taken in last changes nothing. Badges beyond the host's limit of effects in
/// one call are owed, and given in the calls that follow, whatever they are about.
///
/// # Errors
///
/// What the host says, and a rejection when what was remembered cannot be read.
pub fn take_in<W: World>(world: &mut W, settings: &Settings, task: &str, revision: u64, now: &Outcomes) -> Result<(), W::Failure> {
    let (before, pages) = recall(world, task)?;
    let mut touched = BTreeSet::new();
    if revision >= before.revision {
        // Those for whom nothing has changed too: there may be a badge that was not there when they were looked at last.
        touched = before.outcomes.keys().chain(now.keys()).map(String::as_str).collect();
        for worker in &touched {
            update(world, settings, worker, |record| record.change(task, before.outcomes.get(*worker), now.get(*worker)))?;
        }
        remember(world, task, &Ledger { revision, outcomes: now.clone() }, pages)?;
    }
    for key in world.keys(OWED, OWED_MAX)? {
        let worker = key.strip_prefix(OWED).unwrap_or_default();
        if !touched.contains(worker) {
            update(world, settings, worker, |_| {})?;
        }
    }
    Ok(())
}

/// Changes what is remembered of a worker, and awards and takes back what follows from it.
fn update<W: World>(world: &mut W, settings: &Settings, worker: &str, change: impl FnOnce(&mut Worker)) -> Result<(), W::Failure> {
    let before = read_worker(world, worker)?;
    let mut record = before.clone();
    change(&mut record);
    settle(world, settings, worker, &mut record)?;
    if record == before { Ok(()) } else { write_worker(world, worker, &record) }
}

/// Awards and takes back what is due, as far as there is room, and notes down whether anything is owed.
fn settle<W: World>(world: &mut W, settings: &Settings, worker: &str, record: &mut Worker) -> Result<(), W::Failure> {
    let owed = format!("{OWED}{worker}");
    let was_owed = std::mem::replace(&mut record.owed, true);
    for due in record.due(&settings.badges) {
        let room = match due {
            Due::Award(badge) => world.award(worker, badge, &record.evidence(badge))?,
            Due::Revoke(badge) => world.revoke(worker, badge)?,
        };
        if room == Room::None {
            return world.set(&owed, "");
        }
        match due {
            Due::Award(badge) => record.held.insert(badge.id.clone()),
            Due::Revoke(badge) => record.held.remove(&badge.id),
        };
    }
    record.owed = false;
    if was_owed { world.remove(&owed) } else { Ok(()) }
}

fn read_worker<W: World>(world: &mut W, worker: &str) -> Result<Worker, W::Failure> {
    let key = worker_key(worker);
    let Some(text) = world.get(&key)? else {
        return Ok(Worker::default());
    };
    serde_json::from_str(&text).map_err(|error| unreadable::<W>(&key, &error))
}

fn write_worker<W: World>(world: &mut W, worker: &str, record: &Worker) -> Result<(), W::Failure> {
    let key = worker_key(worker);
    let text = serde_json::to_string(record).map_err(|error| W::reject(error.to_string()))?;
    world.set(&key, &text)
}

fn worker_key(worker: &str) -> String {
    format!("worker/{worker}")
}

/// What is remembered of a task, and on how many pages.
fn recall<W: World>(world: &mut W, task: &str) -> Result<(Ledger, usize), W::Failure> {
    let mut ledger = Ledger::default();
    let mut pages = 0;
    loop {
        let key = ledger::key(task, pages);
        let Some(text) = world.get(&key)? else {
            return Ok((ledger, pages));
        };
        let page: Page = serde_json::from_str(&text).map_err(|error| unreadable::<W>(&key, &error))?;
        let many = page.pages;
        ledger.add(page);
        pages += 1;
        if pages >= many {
            return Ok((ledger, pages));
        }
    }
}

/// Remembers a task; `pages_before` is how many pages there were.
fn remember<W: World>(world: &mut W, task: &str, ledger: &Ledger, pages_before: usize) -> Result<(), W::Failure> {
    let pages = ledger.pages().map_err(|error| W::reject(error.to_string()))?;
    for (page, text) in pages.iter().enumerate() {
        world.set(&ledger::key(task, page), text)?;
    }
    for page in pages.len()..pages_before {
        world.remove(&ledger::key(task, page))?;
    }
    Ok(())
}

fn unreadable<W: World>(key: &str, error: &serde_json::Error) -> W::Failure {
    W::reject(format!("what is remembered under `{key}` cannot be read: {error}"))
}

#[cfg(test)]
mod tests;
