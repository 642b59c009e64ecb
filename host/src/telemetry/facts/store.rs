//! The store at work, and who comes to the admin listener.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use tracing::{debug, error, warn};

use super::observe;
use crate::telemetry::metrics::Metrics;

impl Metrics {
    /// A group of commands is on disk.
    pub fn committed(&self, commands: usize, took: Duration) {
        let store = &self.all().store;
        observe(&store.commit_duration, took);
        store.commit_commands.observe(f64::from(u32::try_from(commands).unwrap_or(u32::MAX)));
    }

    /// A group of commands could not be written.
    pub fn commit_failed(&self, commands: usize, error: &dyn fmt::Display) {
        self.all().store.commits_failed.inc();
        error!(target: "crowdhook::store", error = %error, commands, "The store failed to write: {error}");
    }

    /// The log was folded into the database, as far as that could be.
    pub fn checkpointed(&self, took: Duration) {
        observe(&self.all().store.checkpoint_duration, took);
    }

    /// The log could not be folded into the database.
    pub fn checkpoint_failed(&self, error: &dyn fmt::Display) {
        self.all().store.checkpoints_failed.inc();
        debug!(target: "crowdhook::store", error = %error, "A checkpoint failed, the next one will do its work: {error}");
    }

    /// Somebody came to the admin listener who may not.
    pub fn admin_refused(&self, peer: SocketAddr, why: &str) {
        self.all().others.admin_refused.inc();
        warn!(target: "crowdhook::admin", peer = %peer, "Refused a request to the admin listener: {why}");
    }
}
