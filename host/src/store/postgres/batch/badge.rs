//! Giving badges and taking them back.

use super::Batch;
use super::finish::Finishing;
use crate::effect::Badge;
use crate::id::BadgeId;
use crate::store::postgres::db::{Failure, Result, params};

impl Batch<'_> {
    /// A worker has each badge once: a second award changes nothing, unless the badge was taken back in between.
    pub(super) async fn award(&self, this: &Finishing, worker: &str, badge: &Badge) -> Result<()> {
        let shown = serde_json::to_vec(badge).map_err(|error| Failure::Row(error.to_string()))?;
        self.execute(
            "INSERT INTO badge (uuid, project, worker, badge, shown, scope, event, awarded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
             ON CONFLICT (project, worker, badge) DO UPDATE SET shown = excluded.shown, scope = excluded.scope, event = excluded.event, \
             awarded_at = excluded.awarded_at, revoked_at = NULL, reason = '' WHERE badge.revoked_at IS NOT NULL",
            params![
                BadgeId::new().as_bytes().as_slice(),
                this.project,
                worker.as_bytes(),
                badge.id.as_bytes(),
                shown,
                this.scope,
                this.uuid.as_bytes().as_slice(),
                self.now
            ],
        )
        .await
        .map(|_| ())
    }

    pub(super) async fn revoke(&self, this: &Finishing, worker: &str, badge: &str, reason: &str) -> Result<()> {
        self.execute(
            "UPDATE badge SET revoked_at = $4, reason = $5 WHERE project = $1 AND worker = $2 AND badge = $3 AND revoked_at IS NULL",
            params![this.project, worker.as_bytes(), badge.as_bytes(), self.now, reason.as_bytes()],
        )
        .await
        .map(|_| ())
    }
}
