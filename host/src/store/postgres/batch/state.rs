//! Changing what plugins keep.

use super::Batch;
use crate::store::StateChange;
use crate::store::postgres::counters;
use crate::store::postgres::db::{Columns as _, Result, params};

impl Batch<'_> {
    pub(super) async fn change(&mut self, scope: i64, change: &StateChange) -> Result<()> {
        let key = match change {
            StateChange::Set(key, _) | StateChange::Remove(key) | StateChange::Increment(key, _) => key,
        };
        let old = self.db.first("SELECT value FROM state WHERE scope = $1 AND key = $2", params![scope, key.as_bytes()]).await?;
        let old = old.map(|row| row.text(0)).transpose()?;
        let gone = old.as_ref().map_or(0, |old| bytes(key, old));
        let value = match change {
            StateChange::Remove(_) => {
                self.execute("DELETE FROM state WHERE scope = $1 AND key = $2", params![scope, key.as_bytes()]).await?;
                *self.state_grew.entry(scope).or_default() -= gone;
                return Ok(());
            }
            StateChange::Set(_, value) => value.clone(),
            StateChange::Increment(_, by) => {
                let old: i64 = old.and_then(|text| text.parse().ok()).unwrap_or(0);
                old.saturating_add(*by).to_string()
            }
        };
        let version = counters::next(&mut self.counters.version);
        self.execute(
            "INSERT INTO state (scope, key, version, value) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (scope, key) DO UPDATE SET version = excluded.version, value = excluded.value",
            params![scope, key.as_bytes(), version, value.as_bytes()],
        )
        .await?;
        *self.state_grew.entry(scope).or_default() += bytes(key, &value) - gone;
        Ok(())
    }
}

fn bytes(key: &str, value: &str) -> i64 {
    i64::try_from(key.len() + value.len()).unwrap_or(i64::MAX)
}
