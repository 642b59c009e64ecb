//! Giving badges and taking them back.

use rusqlite::params;

use super::Batch;
use super::finish::Finishing;
use crate::effect::Badge;
use crate::id::BadgeId;

impl Batch<'_> {
    /// A worker has each badge once: a second award changes nothing, unless the badge was taken back in between.
    pub(super) fn award(&self, this: &Finishing, worker: &str, badge: &Badge) -> rusqlite::Result<()> {
        let shown = serde_json::to_string(badge).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        self.execute(
            "INSERT INTO badge (uuid, project, worker, badge, shown, scope, event, awarded_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
             ON CONFLICT (project, worker, badge) DO UPDATE SET shown = excluded.shown, scope = excluded.scope, event = excluded.event, \
             awarded_at = excluded.awarded_at, revoked_at = NULL, reason = '' WHERE revoked_at IS NOT NULL",
            params![BadgeId::new().as_bytes(), this.project, worker, badge.id, shown, this.scope, this.uuid.as_bytes(), self.now],
        )
        .map(|_| ())
    }

    pub(super) fn revoke(&self, this: &Finishing, worker: &str, badge: &str, reason: &str) -> rusqlite::Result<()> {
        self.execute(
            "UPDATE badge SET revoked_at = ?4, reason = ?5 WHERE project = ?1 AND worker = ?2 AND badge = ?3 AND revoked_at IS NULL",
            params![this.project, worker, badge, self.now, reason],
        )
        .map(|_| ())
    }
}
