//! Deliveries, those that were asked for last first.

use rusqlite::{Connection, Row, ToSql};

use super::super::names::Names;
use super::super::rows::{self, Unpacked};
use super::{fits_time, text_is};
use crate::clock;
use crate::id::Scope;
use crate::store::browse::{DeliveryState, ListedDelivery, Page, Place, WantedDeliveries};
use crate::store::walk::Walk;

/// No more deliveries are looked at for a page: some 20 ms.
const LOOKED_AT_MAX: usize = 20_000;

pub(super) fn page(db: &Connection, names: &Names, wanted: &WantedDeliveries, place: Place) -> rusqlite::Result<Page<ListedDelivery>> {
    const WAITING: &str = "SELECT id, uuid, scope, connection, task, effect, event, attempts, requested_at, 0 AS ending, due AS at, \
         reason AS note FROM delivery WHERE id < ?1";
    const ENDED: &str = "SELECT id, uuid, scope, connection, task, effect, event, attempts, requested_at, ending, ended_at AS at, note \
         FROM delivered WHERE id < ?1";
    let before = place.before.unwrap_or(i64::MAX);
    let one = wanted.id.map(|id| *id.as_bytes());
    let (sql, params): (String, Vec<&dyn ToSql>) = match (&one, wanted.state) {
        (Some(id), _) => (format!("{WAITING} AND uuid = ?2 UNION ALL {ENDED} AND uuid = ?2"), vec![&before, id]),
        (None, None) => (format!("{WAITING} UNION ALL {ENDED}"), vec![&before]),
        (None, Some(DeliveryState::Waiting)) => (WAITING.to_owned(), vec![&before]),
        (None, Some(DeliveryState::Dead)) => (format!("{ENDED} AND ending = 2"), vec![&before]),
        (None, Some(DeliveryState::Delivered | DeliveryState::Superseded)) => (ENDED.to_owned(), vec![&before]),
    };
    let mut statement = db.prepare_cached(&format!("{sql} ORDER BY id DESC"))?;
    let mut found = statement.query(params.as_slice())?;
    let mut walk = Walk::new(place, LOOKED_AT_MAX);
    while walk.goes_on() {
        let Some(row) = found.next()? else { return Ok(walk.page(true)) };
        walk.look_at(row.get(0)?);
        let number: u32 = row.get(2)?;
        let Some(scope) = names.scope(number) else { continue };
        let fits = wanted.project.as_ref().is_none_or(|project| *project == scope.project)
            && wanted.plugin.as_ref().is_none_or(|plugin| *plugin == scope.plugin)
            && wanted.connection.as_ref().is_none_or(|connection| text_is(row, 3, connection))
            && wanted.task.as_ref().is_none_or(|task| text_is(row, 4, task))
            && wanted.state.is_none_or(|state| row.get(9).is_ok_and(|ending| rows::delivery_state(ending) == state))
            && fits_time(row, 8, wanted.since, wanted.until)?
            && wanted.text.as_ref().is_none_or(|text| {
                let note = row.get_ref(11).ok().and_then(|note| note.as_str().ok()).unwrap_or_default();
                note.to_lowercase().contains(&text.to_lowercase())
            });
        if fits {
            walk.rows.push(listed_delivery(row, scope, one.is_some())?);
        }
    }
    Ok(walk.page(false))
}

fn listed_delivery(row: &Row<'_>, scope: &Scope, with_content: bool) -> rusqlite::Result<ListedDelivery> {
    let effect: Unpacked = row.get(5)?;
    let at: i64 = row.get(10)?;
    Ok(ListedDelivery {
        id: rows::delivery_id(row, 1)?,
        project: scope.project.clone(),
        plugin: scope.plugin.clone(),
        connection: row.get(3)?,
        event: rows::event_id(row, 6)?,
        task: row.get(4)?,
        effect: rows::effect_name(&effect),
        state: rows::delivery_state(row.get(9)?),
        attempts: row.get(7)?,
        requested_at: rows::time(row, 8)?,
        at: (at > 0).then(|| clock::from_millis(at)),
        note: row.get(11)?,
        content: if with_content { serde_json::from_str(&effect.0).ok() } else { None },
    })
}
