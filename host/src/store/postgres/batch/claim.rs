//! Leasing out what is due.

use std::collections::HashMap;

use tokio_postgres::Row;

use super::Batch;
use crate::clock;
use crate::id::{DeliveryId, InvocationId};
use crate::store::postgres::db::{Columns as _, Result, params};
use crate::store::postgres::line::Line;
use crate::store::postgres::rows::{self, EVENT_COLUMNS, event_columns};
use crate::store::postgres::work::{Given, Leases, Wanted};
use crate::store::{Claimed, ClaimedDelivery, Lease};

impl Batch<'_> {
    pub(super) async fn claim(&mut self, wanted: Wanted) -> Result<Given<Claimed>> {
        const SQL: &str = concat!(
            "SELECT ",
            event_columns!(),
            ", s.plugin, i.origin, i.generation, i.rerun, i.attempts, i.traps, i.parked_times, i.parked_since, \
             CASE WHEN e.root IS NULL THEN e.derived ELSE (SELECT r.derived FROM event r WHERE r.uuid = e.root) END, i.id \
             FROM invocation i JOIN event e ON e.id = i.event JOIN project p ON p.id = e.project JOIN scope s ON s.id = i.member \
             WHERE i.id = ANY ($1)"
        );
        let leases = self.lease(Line::Invocations, wanted).await?;
        let claimed = self.fetch(SQL, &leases, EVENT_COLUMNS + 9, claimed).await?;
        Ok(Given::new(claimed, Leases::Invocations(leases), self.back.clone()))
    }

    pub(super) async fn claim_deliveries(&mut self, wanted: Wanted) -> Result<Given<ClaimedDelivery>> {
        const SQL: &str = "SELECT d.uuid, p.name, s.plugin, o.connection, d.effect, d.event, d.attempts, d.requested_at, d.in_doubt, d.id \
             FROM delivery d JOIN scope s ON s.id = d.scope JOIN project p ON p.id = d.project JOIN outlet o ON o.id = d.member \
             WHERE d.id = ANY ($1)";
        let leases = self.lease(Line::Deliveries, wanted).await?;
        let claimed = self.fetch(SQL, &leases, 9, claimed_delivery).await?;
        Ok(Given::new(claimed, Leases::Deliveries(leases), self.back.clone()))
    }

    async fn lease(&mut self, line: Line, wanted: Wanted) -> Result<Vec<(i64, i64)>> {
        for left in line.end_leases(self.db, self.now).await? {
            self.left(line, Some(left));
        }
        let turns = match line {
            Line::Invocations => &mut self.memory.invocation_turns,
            Line::Deliveries => &mut self.memory.delivery_turns,
        };
        line.claim(self.db, turns, (self.shared.entry.number, self.now), wanted).await
    }

    /// What was leased, in the order in which it was.
    async fn fetch<T>(&self, sql: &str, leases: &[(i64, i64)], id: usize, read: impl Fn(&Row, (i64, u64)) -> Result<T>) -> Result<Vec<T>> {
        if leases.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<i64> = leases.iter().map(|(id, _)| *id).collect();
        let rows = self.db.rows(sql, params![ids]).await?;
        let by_id: HashMap<i64, &Row> = rows.iter().map(|row| Ok((row.at(id)?, row))).collect::<Result<_>>()?;
        let found = leases.iter().filter_map(|(id, generation)| by_id.get(id).map(|row| (row, *id, *generation)));
        found.map(|(row, id, generation)| read(row, (id, u64::try_from(generation).unwrap_or(0)))).collect()
    }
}

fn claimed(row: &Row, (id, generation): (i64, u64)) -> Result<Claimed> {
    let at = EVENT_COLUMNS;
    let (mut event, _) = rows::event(row, 0)?;
    event.origin = rows::origin(row, at + 1)?;
    let parked_since: Option<i64> = row.at(at + 7)?;
    let derived: Option<i64> = row.at(at + 8)?;
    Ok(Claimed {
        lease: Lease { id: InvocationId(id), generation },
        event,
        plugin: rows::parsed(row, at)?,
        generation: row.number(at + 2)?,
        rerun: row.at(at + 3)?,
        attempt: row.number::<u32>(at + 4)?.saturating_add(1),
        traps: row.number(at + 5)?,
        parked_times: row.number(at + 6)?,
        parked_since: parked_since.map(clock::from_millis),
        derived: derived.and_then(|derived| u32::try_from(derived).ok()).unwrap_or(0),
    })
}

fn claimed_delivery(row: &Row, (id, generation): (i64, u64)) -> Result<ClaimedDelivery> {
    Ok(ClaimedDelivery {
        lease: Lease { id, generation },
        id: row.uuid(0).map(DeliveryId::from_bytes)?,
        scope: rows::scope(row, 1)?,
        connection: row.at(3)?,
        effect: rows::json(row, 4)?,
        event: rows::event_id(row, 5)?,
        attempt: row.number::<u32>(6)?.saturating_add(1),
        requested_at: rows::time(row, 7)?,
        in_doubt: row.at(8)?,
    })
}
