//! Recording what became of an attempt to deliver.

use rusqlite::params;

use super::{Batch, Move};
use crate::store::{DeliveryOutcome, Finished, GIVEN_UP, Lease};

/// A receipt or reason is cut beyond this many bytes.
const NOTE_BYTES_MAX: usize = 4_096;

const DELIVERED: u8 = 1;
pub(super) const DEAD: u8 = 2;

impl Batch<'_> {
    pub(super) fn finish_delivery(&mut self, held: Lease<i64>, outcome: &DeliveryOutcome) -> rusqlite::Result<Finished> {
        let id = held.id;
        let holds = self.shared.deliveries().holds(id, held.generation).is_some();
        if !holds || self.has_ended_delivery(held) {
            return Ok(Finished::LeaseLost);
        }
        self.ending.deliveries.insert(id, held.generation);
        // Whether its row is there still: one that was superseded or given up meanwhile has ended already.
        let (there, then) = match outcome {
            DeliveryOutcome::Delivered { receipt } => (self.end_delivery(id, (DELIVERED, 1), receipt, false)?, Move::Remove(id)),
            DeliveryOutcome::Dead { reason, may_have_happened } => {
                if !may_have_happened {
                    self.free_once(id)?;
                }
                let there = self.end_delivery(id, (DEAD, 1), reason, *may_have_happened)?;
                self.counters.deliveries_dead += i64::from(there);
                (there, Move::Remove(id))
            }
            DeliveryOutcome::Later { due, counts, reason } => {
                let due = due.as_millisecond();
                let changed = self.execute(
                    "UPDATE delivery SET due = ?2, attempts = attempts + ?3, reason = ?4 WHERE id = ?1",
                    params![id, due, counts, cut(reason)],
                )?;
                (changed == 1, if *counts { Move::Again(id, due) } else { Move::PutBack(id, due) })
            }
        };
        if !there {
            self.end_given_up(id, outcome)?;
        }
        self.news.deliveries.push(if there { then } else { Move::Remove(id) });
        Ok(Finished::Recorded)
    }

    /// What the last attempt of a delivery came to that was given up meanwhile. Nothing changes for one that was superseded, or replayed since.
    fn end_given_up(&mut self, id: i64, outcome: &DeliveryOutcome) -> rusqlite::Result<()> {
        match outcome {
            DeliveryOutcome::Delivered { receipt } => {
                let delivered = self.execute(
                    "UPDATE delivered SET ending = ?2, note = ?3, attempts = attempts + 1, ended_at = ?4 WHERE id = ?1 AND ending = ?5",
                    params![id, DELIVERED, cut(receipt), self.now, DEAD],
                )?;
                self.counters.deliveries_dead -= i64::try_from(delivered).unwrap_or(0);
            }
            DeliveryOutcome::Dead { reason, .. } | DeliveryOutcome::Later { counts: true, reason, .. } => {
                let note = format!("{GIVEN_UP}; the attempt that was under way: {reason}");
                self.execute(
                    "UPDATE delivered SET note = ?2, attempts = attempts + 1 WHERE id = ?1 AND ending = ?3",
                    params![id, cut(&note), DEAD],
                )?;
            }
            DeliveryOutcome::Later { counts: false, .. } => {}
        }
        Ok(())
    }

    /// Frees the once key of a delivery whose effect did not happen.
    fn free_once(&self, id: i64) -> rusqlite::Result<usize> {
        self.execute("DELETE FROM once WHERE (scope, key) = (SELECT scope, once FROM delivery WHERE id = ?1)", [id])
    }

    /// Moves a delivery to those that ended, after so many attempts more. False when it had before.
    pub(super) fn end_delivery(&self, id: i64, (ending, attempts): (u8, u32), note: &str, in_doubt: bool) -> rusqlite::Result<bool> {
        self.execute(
            "INSERT INTO delivered (id, uuid, scope, connection, task, effect, event, attempts, requested_at, ended_at, ending, note, once, \
             in_doubt, replays) SELECT id, uuid, scope, connection, task, effect, event, attempts + ?2, requested_at, ?3, ?4, ?5, once, ?6, \
             replays FROM delivery WHERE id = ?1",
            params![id, attempts, self.now, ending, cut(note), in_doubt],
        )?;
        self.execute("DELETE FROM delivery WHERE id = ?1", [id]).map(|rows| rows == 1)
    }
}

/// `text`, or as much of it as is kept.
fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(NOTE_BYTES_MAX)).unwrap_or(text)
}
