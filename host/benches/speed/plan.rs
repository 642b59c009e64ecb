//! How much is measured.

use std::time::Duration;

/// Sizes and limits of one run.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    /// Each variant is measured so often, in turns.
    pub(crate) rounds: usize,
    /// The same where turns are short.
    pub(crate) short_rounds: usize,
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
    /// Posts in one turn of three plugins, and of one whose requests are delivered.
    pub(crate) more_requests: usize,
    /// One turn of a loop of sandboxes.
    pub(crate) sandbox_time: Duration,
    /// What waits for the votes whose drain or commit is measured.
    pub(crate) backlog: u64,
    /// How many events stores are made to hold.
    pub(crate) stored: &'static [u64],
    /// Posts to a store that has grown, in one turn.
    pub(crate) grown_requests: usize,
    /// A store is made to grow for no longer at a time.
    pub(crate) fill_max: Duration,
    /// Posts under which memory is looked at, and for how long.
    pub(crate) flood_requests: usize,
    pub(crate) flood_time: Duration,
    /// The same on PostgreSQL.
    pub(crate) shared_backlog: u64,
    pub(crate) shared_stored: &'static [u64],
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
    /// What the figures are quoted from: less than ten minutes on a machine that does nothing else.
    pub(crate) const DEFAULT: Self = Self {
        name: "default",
        rounds: 3,
        short_rounds: 5,
        connections: &[64, 256],
        bare_requests: 100_000,
        accept_requests: 40_000,
        whole_requests: 30_000,
        shared_requests: 1_200,
        shared_warm_up: 300,
        more_requests: 6_000,
        sandbox_time: Duration::from_millis(250),
        backlog: 10_000,
        stored: &[10_000, 100_000],
        grown_requests: 10_000,
        fill_max: Duration::from_secs(120),
        flood_requests: 5_000,
        flood_time: Duration::from_secs(4),
        shared_backlog: 1_000,
        shared_stored: &[10_000],
        open_connections: 256,
        open_time: Duration::from_secs(6),
        syncs: 200,
        starts: 5,
        idle_time: Duration::from_secs(3),
        turn_max: Duration::from_secs(90),
        time_max: Duration::from_secs(2400),
    };

    /// The same with a store of a million events, and a clean build: the better part of an hour.
    pub(crate) const FULL: Self = Self {
        name: "full",
        stored: &[10_000, 100_000, 1_000_000],
        shared_stored: &[10_000, 1_000_000],
        fill_max: Duration::from_secs(1200),
        time_max: Duration::from_secs(5400),
        ..Self::DEFAULT
    };

    /// Whether it still works, and roughly how fast.
    pub(crate) const QUICK: Self = Self {
        name: "quick",
        rounds: 1,
        short_rounds: 1,
        connections: &[256],
        bare_requests: 20_000,
        accept_requests: 6_000,
        whole_requests: 4_000,
        shared_requests: 1_000,
        shared_warm_up: 200,
        more_requests: 2_000,
        sandbox_time: Duration::from_millis(100),
        backlog: 2_000,
        stored: &[2_000, 10_000],
        shared_backlog: 200,
        shared_stored: &[1_000],
        grown_requests: 2_000,
        flood_requests: 1_000,
        flood_time: Duration::from_secs(1),
        open_time: Duration::from_secs(2),
        syncs: 50,
        starts: 3,
        idle_time: Duration::from_secs(1),
        ..Self::DEFAULT
    };
}
