//! How much is measured.

use std::time::Duration;

/// Sizes and limits of one run.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    /// Each variant is measured so often, in turns.
    pub(crate) rounds: usize,
    /// Closed-loop connections; the goals are for the last.
    pub(crate) connections: &'static [usize],
    /// Requests to the bare server in one turn.
    pub(crate) bare_requests: usize,
    /// Posts to the host in one turn of accepting alone.
    pub(crate) accept_requests: usize,
    /// Posts to the host in one turn of the whole path.
    pub(crate) whole_requests: usize,
    /// Posts to hosts that share a store, in one turn and before it.
    pub(crate) shared_requests: usize,
    pub(crate) shared_warm_up: usize,
    /// Connections of the open loop.
    pub(crate) open_connections: usize,
    /// One turn of the open loop.
    pub(crate) open_time: Duration,
    /// Appends whose sync is timed.
    pub(crate) syncs: usize,
    /// Starts and reloads.
    pub(crate) starts: usize,
    /// Idle so long before its memory is looked at.
    pub(crate) idle_time: Duration,
    /// One turn takes no longer, or the run fails.
    pub(crate) turn_max: Duration,
    /// The whole run takes no longer, or it fails.
    pub(crate) time_max: Duration,
}

impl Plan {
    /// What the figures are quoted from: some four minutes.
    pub(crate) const FULL: Self = Self {
        name: "full",
        rounds: 3,
        connections: &[64, 256],
        bare_requests: 100_000,
        accept_requests: 40_000,
        whole_requests: 30_000,
        shared_requests: 6_000,
        shared_warm_up: 1_000,
        open_connections: 256,
        open_time: Duration::from_secs(8),
        syncs: 200,
        starts: 5,
        idle_time: Duration::from_secs(3),
        turn_max: Duration::from_secs(90),
        time_max: Duration::from_secs(600),
    };

    /// Whether it still works, and roughly how fast.
    pub(crate) const QUICK: Self = Self {
        name: "quick",
        rounds: 1,
        connections: &[256],
        bare_requests: 20_000,
        accept_requests: 6_000,
        whole_requests: 4_000,
        shared_requests: 1_000,
        shared_warm_up: 200,
        open_time: Duration::from_secs(2),
        syncs: 50,
        starts: 3,
        idle_time: Duration::from_secs(1),
        ..Self::FULL
    };
}
