//! Giving up what waits, by the operator's wish.

use rusqlite::{OptionalExtension, params};

use super::deliver::DEAD;
use super::{Batch, Move};
use crate::id::{DeliveryId, EventId, PluginName};
use crate::store::{GIVEN_UP, GivenUp, Unfinished};

impl Batch<'_> {
    pub(super) fn give_up(&mut self, unfinished: &[Unfinished]) -> rusqlite::Result<GivenUp> {
        let mut given_up = GivenUp::default();
        for one in unfinished {
            match one {
                Unfinished::Invocation { event, plugin } => given_up.invocations += u32::from(self.give_up_invocation(*event, plugin)?),
                Unfinished::Delivery(id) => given_up.deliveries += u32::from(self.give_up_delivery(*id)?),
            }
        }
        Ok(given_up)
    }

    fn give_up_invocation(&mut self, event: EventId, plugin: &PluginName) -> rusqlite::Result<bool> {
        let found: Option<(i64, i64, u32)> = self
            .db
            .prepare_cached(
                "SELECT i.event, i.id, i.scope FROM event e JOIN invocation i ON i.event = e.id JOIN scope s ON s.id = i.scope \
                 WHERE e.uuid = ?1 AND s.plugin = ?2",
            )?
            .query_row(params![event.as_bytes(), plugin.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let Some((event, id, scope)) = found else { return Ok(false) };
        let Some(this) = self.finishing(event, id, scope)? else { return Ok(false) };
        self.bury(&this, this.attempts, GIVEN_UP)?;
        self.news.invocations.push(Move::RemoveAfterLease(this.id));
        Ok(true)
    }

    /// Its once key stays spent, and it is in doubt: while this is written it may be claimed, and have its effect.
    fn give_up_delivery(&mut self, id: DeliveryId) -> rusqlite::Result<bool> {
        let found: Option<i64> =
            self.db.prepare_cached("SELECT id FROM delivery WHERE uuid = ?1")?.query_row([id.as_bytes()], |row| row.get(0)).optional()?;
        let Some(id) = found else { return Ok(false) };
        self.end_delivery(id, (DEAD, 0), GIVEN_UP, true)?;
        self.counters.deliveries_dead += 1;
        self.news.deliveries.push(Move::RemoveAfterLease(id));
        Ok(true)
    }
}
