//! Giving up what waits, by the operator's wish.

use super::Batch;
use super::deliver::DEAD;
use crate::id::{DeliveryId, EventId, PluginName};
use crate::store::postgres::db::{Columns as _, Result, params};
use crate::store::postgres::line::Line;
use crate::store::{GIVEN_UP, GivenUp, Unfinished};

impl Batch<'_> {
    pub(super) async fn give_up(&mut self, unfinished: &[Unfinished]) -> Result<GivenUp> {
        let mut given_up = GivenUp::default();
        for one in unfinished {
            match one {
                Unfinished::Invocation { event, plugin } => {
                    given_up.invocations += u32::from(self.give_up_invocation(*event, plugin).await?);
                }
                Unfinished::Delivery(id) => given_up.deliveries += u32::from(self.give_up_delivery(*id).await?),
            }
        }
        Ok(given_up)
    }

    async fn give_up_invocation(&mut self, event: EventId, plugin: &PluginName) -> Result<bool> {
        const SQL: &str = "SELECT i.id FROM event e JOIN invocation i ON i.event = e.id JOIN scope s ON s.id = i.member \
             WHERE e.uuid = $1 AND s.plugin = $2 AND NOT i.doomed";
        let Some(row) = self.db.first(SQL, params![event.as_bytes().as_slice(), plugin.as_str()]).await? else { return Ok(false) };
        let Some(this) = self.unfinished(row.at(0)?).await? else { return Ok(false) };
        self.bury(&this, this.attempts, GIVEN_UP).await?;
        self.remove_after_lease(Line::Invocations, this.id).await?;
        Ok(true)
    }

    /// Its once key stays spent, and it is in doubt: while this is written it may be under way, and have its effect.
    async fn give_up_delivery(&mut self, id: DeliveryId) -> Result<bool> {
        let sql = "SELECT id FROM delivery WHERE uuid = $1 AND NOT doomed";
        let Some(row) = self.db.first(sql, params![id.as_bytes().as_slice()]).await? else { return Ok(false) };
        let id = row.at(0)?;
        self.end_delivery(id, (DEAD, 0), GIVEN_UP, true).await?;
        self.counters.deliveries_dead += 1;
        self.remove_after_lease(Line::Deliveries, id).await?;
        Ok(true)
    }
}
