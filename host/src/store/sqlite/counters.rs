//! Numbers that never come back, and how much of everything there is: one row, written once per commit.

use rusqlite::{Connection, params};

/// The row `counter`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counters {
    /// The last event's row, and so how many were stored.
    pub(super) event: i64,
    /// The last invocation's.
    pub(super) invocation: i64,
    /// The last delivery's.
    pub(super) delivery: i64,
    /// The last version of a state entry.
    pub(super) version: i64,
    /// The last run, and so how many there were.
    pub(super) runs: i64,
    /// Invocations given up.
    pub(super) dead: i64,
    /// Deliveries given up.
    pub(super) deliveries_dead: i64,
    /// Events that are not accepted.
    pub(super) set_aside: i64,
}

impl Counters {
    /// Reads them.
    pub(super) fn load(db: &Connection) -> rusqlite::Result<Self> {
        db.prepare_cached("SELECT event, invocation, delivery, version, runs, dead, deliveries_dead, set_aside FROM counter")?.query_row(
            [],
            |row| {
                Ok(Self {
                    event: row.get(0)?,
                    invocation: row.get(1)?,
                    delivery: row.get(2)?,
                    version: row.get(3)?,
                    runs: row.get(4)?,
                    dead: row.get(5)?,
                    deliveries_dead: row.get(6)?,
                    set_aside: row.get(7)?,
                })
            },
        )
    }

    /// Writes them, within the transaction that used them.
    pub(super) fn save(&self, db: &Connection) -> rusqlite::Result<()> {
        db.prepare_cached(
            "UPDATE counter SET event = ?1, invocation = ?2, delivery = ?3, version = ?4, runs = ?5, dead = ?6, \
             deliveries_dead = ?7, set_aside = ?8",
        )?
        .execute(params![
            self.event,
            self.invocation,
            self.delivery,
            self.version,
            self.runs,
            self.dead,
            self.deliveries_dead,
            self.set_aside
        ])
        .map(|_| ())
    }
}

/// Counts `counter` up and gives what it is then.
pub(super) fn next(counter: &mut i64) -> i64 {
    *counter += 1;
    *counter
}
