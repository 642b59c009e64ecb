//! Deliveries, those that were asked for last first.

use tokio_postgres::Row;

use super::super::db::{Columns as _, Db, Param, Result, param};
use super::super::rows;
use super::{Rows, bytes_are, fits_time, text_is};
use crate::clock;
use crate::id::{DeliveryId, Scope};
use crate::store::browse::{DeliveryState, ListedDelivery, Page, Place, WantedDeliveries};
use crate::store::numbers;
use crate::store::walk::Walk;

/// No more deliveries are looked at for a page.
const LOOKED_AT_MAX: usize = 20_000;

/// Those that wait, below a row.
const WAITING: &str = "SELECT id, uuid, scope, member, task, effect, event, attempts, requested_at, 0::SMALLINT AS ending, due AS at, \
     reason AS note FROM delivery WHERE id < $1 AND NOT doomed";
/// Those that ended, below a row.
const ENDED: &str = "SELECT id, uuid, scope, member, task, effect, event, attempts, requested_at, ending, ended_at AS at, note \
     FROM delivered WHERE id < $1";

pub(super) async fn page(db: Db<'_>, wanted: &WantedDeliveries, place: Place) -> Result<Page<ListedDelivery>> {
    let one = wanted.id.map(|id| id.as_bytes().to_vec());
    let below = |sql: &str, which: &str| format!("({sql} {which} ORDER BY id DESC LIMIT $2)");
    let (sql, params): (String, Vec<Param<'_>>) = match (&one, wanted.state) {
        (Some(id), _) => (format!("{} UNION ALL {}", below(WAITING, "AND uuid = $3"), below(ENDED, "AND uuid = $3")), vec![param(id)]),
        (None, None) => (format!("{} UNION ALL {}", below(WAITING, ""), below(ENDED, "")), vec![]),
        (None, Some(DeliveryState::Waiting)) => (below(WAITING, ""), vec![]),
        (None, Some(DeliveryState::Dead)) => (below(ENDED, "AND ending = 2"), vec![]),
        (None, Some(DeliveryState::Delivered | DeliveryState::Superseded)) => (below(ENDED, ""), vec![]),
    };
    let sql = format!(
        "SELECT d.id, d.uuid, p.name, s.plugin, o.connection, d.task, d.effect, d.event, d.attempts, d.requested_at, d.ending, d.at, d.note \
         FROM ({sql}) d JOIN scope s ON s.id = d.scope JOIN project p ON p.id = s.project JOIN outlet o ON o.id = d.member \
         ORDER BY d.id DESC LIMIT $2"
    );
    let mut found = Rows::new(db, sql, place.before.unwrap_or(i64::MAX), params);
    let mut walk = Walk::new(place, LOOKED_AT_MAX);
    while walk.goes_on() {
        let Some(row) = found.next().await? else { return Ok(walk.page(true)) };
        walk.look_at(row.at(0)?);
        let scope = rows::scope(&row, 2)?;
        let state = numbers::delivery_state(rows::small(&row, 10)?);
        let fits = wanted.project.as_ref().is_none_or(|project| *project == scope.project)
            && wanted.plugin.as_ref().is_none_or(|plugin| *plugin == scope.plugin)
            && wanted.connection.as_ref().is_none_or(|connection| text_is(&row, 4, connection))
            && wanted.task.as_ref().is_none_or(|task| bytes_are(&row, 5, task))
            && wanted.state.is_none_or(|wanted| wanted == state)
            && fits_time(&row, 9, wanted.since, wanted.until)?;
        let note = row.text(12)?;
        if fits && wanted.text.as_ref().is_none_or(|text| note.to_lowercase().contains(&text.to_lowercase())) {
            walk.rows.push(listed(&row, scope, (state, note), one.is_some())?);
        }
    }
    Ok(walk.page(false))
}

fn listed(row: &Row, scope: Scope, (state, note): (DeliveryState, String), with_content: bool) -> Result<ListedDelivery> {
    let effect = row.text(6)?;
    let at: i64 = row.at(11)?;
    Ok(ListedDelivery {
        id: row.uuid(1).map(DeliveryId::from_bytes)?,
        project: scope.project,
        plugin: scope.plugin,
        connection: row.at(4)?,
        event: rows::event_id(row, 7)?,
        task: row.text_or_none(5)?,
        effect: numbers::effect_name(&effect),
        state,
        attempts: row.number(8)?,
        requested_at: rows::time(row, 9)?,
        at: (at > 0).then(|| clock::from_millis(at)),
        note,
        content: if with_content { serde_json::from_str(&effect).ok() } else { None },
    })
}
