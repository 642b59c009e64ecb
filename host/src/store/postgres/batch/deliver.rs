//! Recording what became of an attempt to deliver.

use super::Batch;
use super::invoke::small;
use crate::store::postgres::db::{Columns as _, Result, params};
use crate::store::postgres::line::Line;
use crate::store::{DeliveryOutcome, Finished, GIVEN_UP, Lease};

/// A receipt or reason is cut beyond this many bytes.
const NOTE_BYTES_MAX: usize = 4_096;

const DELIVERED: u8 = 1;
pub(super) const DEAD: u8 = 2;

impl Batch<'_> {
    pub(super) async fn finish_delivery(&mut self, held: Lease<i64>, outcome: &DeliveryOutcome) -> Result<Finished> {
        let id = held.id;
        let generation = i64::try_from(held.generation).unwrap_or(i64::MAX);
        let sql = "SELECT doomed FROM delivery WHERE id = $1 AND lease = $2 AND leased_by = $3";
        let Some(row) = self.db.first(sql, params![id, generation, self.shared.entry.number]).await? else {
            return Ok(Finished::LeaseLost);
        };
        if row.at(0)? {
            // It was superseded or given up meanwhile, and has ended already.
            self.end_given_up(id, outcome).await?;
            self.remove(Line::Deliveries, id).await?;
            return Ok(Finished::Recorded);
        }
        match outcome {
            DeliveryOutcome::Delivered { receipt } => {
                self.end_delivery(id, (DELIVERED, 1), receipt, false).await?;
                self.remove(Line::Deliveries, id).await?;
            }
            DeliveryOutcome::Dead { reason, may_have_happened } => {
                if !may_have_happened {
                    let free = "DELETE FROM once o USING delivery d WHERE d.id = $1 AND o.scope = d.scope AND o.key = d.once";
                    self.execute(free, params![id]).await?;
                }
                self.end_delivery(id, (DEAD, 1), reason, *may_have_happened).await?;
                self.counters.deliveries_dead += 1;
                self.remove(Line::Deliveries, id).await?;
            }
            DeliveryOutcome::Later { due, counts, reason } => {
                self.execute(
                    "UPDATE delivery SET attempts = attempts + $2, yields = yields OR $3, reason = $4 WHERE id = $1",
                    params![id, i64::from(*counts), *counts, cut(reason).as_bytes()],
                )
                .await?;
                self.put_back(Line::Deliveries, id, self.due(*due)).await?;
            }
        }
        Ok(Finished::Recorded)
    }

    /// What the last attempt of a delivery came to that was given up meanwhile. Nothing changes for one that was superseded, or replayed since.
    async fn end_given_up(&mut self, id: i64, outcome: &DeliveryOutcome) -> Result<()> {
        match outcome {
            DeliveryOutcome::Delivered { receipt } => {
                let sql =
                    "UPDATE delivered SET ending = $2, note = $3, attempts = attempts + 1, ended_at = $4 WHERE id = $1 AND ending = $5";
                let gone = self.execute(sql, params![id, small(DELIVERED), cut(receipt).as_bytes(), self.now, small(DEAD)]).await?;
                self.counters.deliveries_dead -= gone;
            }
            DeliveryOutcome::Dead { reason, .. } | DeliveryOutcome::Later { counts: true, reason, .. } => {
                let note = format!("{GIVEN_UP}; the attempt that was under way: {reason}");
                let sql = "UPDATE delivered SET note = $2, attempts = attempts + 1 WHERE id = $1 AND ending = $3";
                self.execute(sql, params![id, cut(&note).as_bytes(), small(DEAD)]).await?;
            }
            DeliveryOutcome::Later { counts: false, .. } => {}
        }
        Ok(())
    }

    /// Puts a delivery among those that ended, after so many attempts more. Its place in the line is the caller's to end.
    pub(super) async fn end_delivery(&self, id: i64, (ending, attempts): (u8, i64), note: &str, in_doubt: bool) -> Result<()> {
        self.execute(
            "INSERT INTO delivered (id, uuid, scope, member, task, effect, event, once, attempts, requested_at, ended_at, ending, note, \
             in_doubt, replays) SELECT id, uuid, scope, member, task, effect, event, once, attempts + $2, requested_at, $3, $4, $5, $6, \
             replays FROM delivery WHERE id = $1",
            params![id, attempts, self.now, small(ending), cut(note).as_bytes(), in_doubt],
        )
        .await
        .map(|_| ())
    }
}

/// `text`, or as much of it as is kept.
fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(NOTE_BYTES_MAX)).unwrap_or(text)
}
