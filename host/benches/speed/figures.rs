//! What was measured: figures by name, each with a value a round, and the goals.

use std::time::Duration;

use super::client::Done;
use super::posts::Posts;

/// The connections that the goals are for; on fewer the disk's own time shows.
const GOAL_CONNECTIONS: usize = 256;
const FEW_CONNECTIONS: usize = 64;
pub(crate) const IDLE: &str = "idle memory with `majority-vote`: RSS";
pub(crate) const START: &str = "start to ready with five plugins, compiled before";
pub(crate) const RELOAD: &str = "a changed `majority-vote` in use after";
/// What its name ends with: it is said of each large guest.
const KNOWN: &str = "that was compiled before in use after";
pub(crate) const IDLE_FIVE: &str = "idle memory with five plugins: RSS";
pub(crate) const PROGRAM: &str = "size of the program";
pub(crate) const BUILD: &str = "clean release build";
pub(crate) const BUILD_CPU: &str = "clean release build: CPU time";
pub(crate) const ON_SQLITE: &str = "whole path, 64 connections, one host on SQLite";
pub(crate) const ON_POSTGRES: &str = "whole path, 64 connections, one host on PostgreSQL";
pub(crate) const TWO_ON_POSTGRES: &str = "whole path, 64 connections, two hosts on one PostgreSQL";
pub(crate) const TWO_OF_ONE: &str = "two hosts on PostgreSQL / one";
pub(crate) const COMMIT: &str = "commit of ended runs / SQLite alone, its time";
pub(crate) const DRAIN: &str = "drain of a backlog / bare loop of sandboxes";
pub(crate) const THREE: &str = "whole path with three plugins / bare, 256 connections";
pub(crate) const SENT: &str = "whole path with delivery / bare, 256 connections";
pub(crate) const PEAK: &str = "accept, 256 connections";
pub(crate) const BARE_STEADY: &str = "bare at 1,000/s";
pub(crate) const BARE_HALF: &str = "bare at half of the host's peak";
pub(crate) const QUIET_STEADY: &str = "host at 1,000/s";
/// What its name begins with: the sizes are the plan's.
const DRAIN_GROWN: &str = "drain at";
pub(crate) const IDLE_HALF: &str = "host at half of its peak while plugins are idle";
pub(crate) const VOTING_HALF: &str = "host at half of its peak while plugins vote";
pub(crate) const TROUBLED_BARE: &str = "bare at 1,000/s beside a host in trouble";
pub(crate) const TROUBLED_STEADY: &str = "host at 1,000/s while plugins hang, spin and trap";
pub(crate) const TROUBLED_HALF: &str = "host at half of its peak while plugins hang, spin and trap";

pub(crate) fn accepted(connections: usize) -> String {
    format!("accept, {connections} connections")
}

pub(crate) fn accept(connections: usize) -> String {
    format!("durable accept / bare, {connections} connections")
}

pub(crate) fn whole(connections: usize) -> String {
    format!("whole path / bare, {connections} connections")
}

pub(crate) fn on_threads(threads: usize) -> String {
    if threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") }
}

pub(crate) fn ours_to_bare(threads: usize) -> String {
    format!("sandbox in the host's runner / bare loop, CPU time, {}", on_threads(threads))
}

pub(crate) fn ours_to_default(threads: usize) -> String {
    format!("sandbox in the host's runner / default pool, CPU time, {}", on_threads(threads))
}

pub(crate) fn at_size(what: &str, stored: u64) -> String {
    format!("{what} at {} events", number(stored))
}

pub(crate) fn drain_grown(least: u64, most: u64) -> String {
    format!("{DRAIN_GROWN} {} events / at {}", number(most), number(least))
}

pub(crate) fn drain_on_postgres(stored: u64) -> String {
    at_size("drain on PostgreSQL", stored)
}

pub(crate) fn reload_known(guest: &str) -> String {
    format!("a {guest} {KNOWN}")
}

pub(crate) fn start_with(backlog: u64) -> String {
    format!("start to ready with a backlog of {}", number(backlog))
}

/// A number for people, in groups of three digits.
pub(crate) fn number(number: u64) -> String {
    if number < 1000 { number.to_string() } else { format!("{},{:03}", self::number(number / 1000), number % 1000) }
}

/// What is to be reached.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    AtLeast(f64),
    Below(f64),
}

impl Goal {
    /// The goals of the project.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let worst = |what: &str| format!("{what}: p99.9");
        match name {
            name if name == accept(GOAL_CONNECTIONS) => Some(Self::AtLeast(0.50)),
            name if name == accept(FEW_CONNECTIONS) => Some(Self::AtLeast(0.30)),
            name if name == whole(GOAL_CONNECTIONS) => Some(Self::AtLeast(0.30)),
            name if [IDLE_HALF, VOTING_HALF, TROUBLED_HALF].into_iter().any(|half| name == worst(half)) => Some(Self::Below(50.0)),
            name if name.starts_with("sandbox in the host's runner / bare") => Some(Self::Below(1.25)),
            name if name.starts_with("sandbox in the host's runner / default") => Some(Self::Below(0.4)),
            name if name.starts_with(DRAIN_GROWN) && name.contains(" / at ") => Some(Self::AtLeast(0.90)),
            COMMIT => Some(Self::Below(1.3)),
            DRAIN => Some(Self::AtLeast(0.60)),
            THREE => Some(Self::AtLeast(0.17)),
            TWO_OF_ONE => Some(Self::AtLeast(0.90)),
            IDLE | IDLE_FIVE => Some(Self::Below(48.0)),
            START => Some(Self::Below(200.0)),
            RELOAD => Some(Self::Below(300.0)),
            name if name.ends_with(KNOWN) => Some(Self::Below(500.0)),
            PROGRAM => Some(Self::Below(40.0)),
            BUILD => Some(Self::Below(480.0)),
            _ => None,
        }
    }

    /// How good a value is, as a share of the goal: 1 where it is just met, and more where it is better.
    pub(crate) fn share(self, value: f64) -> f64 {
        match self {
            Self::AtLeast(goal) => value / goal,
            Self::Below(goal) => goal / value,
        }
    }

    pub(crate) fn is_met_by(self, value: f64) -> bool {
        match self {
            Self::AtLeast(goal) => value >= goal,
            Self::Below(goal) => value < goal,
        }
    }
}

/// One figure.
#[derive(Debug)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    /// In the order of the rounds.
    pub(crate) values: Vec<f64>,
}

impl Figure {
    /// Median, least, greatest.
    pub(crate) fn spread(&self) -> (f64, f64, f64) {
        let mut sorted = self.values.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
        let middle = sorted.len() / 2;
        let median = if sorted.len().is_multiple_of(2) { f64::midpoint(at(middle.saturating_sub(1)), at(middle)) } else { at(middle) };
        (median, at(0), at(sorted.len().saturating_sub(1)))
    }
}

/// All figures, in the order in which they first came.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) all: Vec<Figure>,
    /// Bytes of a payload and of the body that carries it.
    pub(crate) sizes: (usize, usize),
}

impl Figures {
    /// One more value of a figure.
    pub(crate) fn add(&mut self, name: &str, unit: &'static str, value: f64) {
        match self.all.iter_mut().find(|figure| figure.name == name) {
            Some(figure) => figure.values.push(value),
            None => self.all.push(Figure { name: name.to_owned(), unit, values: vec![value] }),
        }
    }

    /// The same, of how long something took.
    pub(crate) fn took(&mut self, name: &str, time: Duration) {
        self.add(name, "ms", time.as_secs_f64() * 1000.0);
    }

    pub(crate) fn latency(&mut self, name: &str, done: &Done) {
        for (share, what) in [(0.5, "p50"), (0.99, "p99"), (0.999, "p99.9"), (1.0, "most")] {
            self.add(&format!("{name}: {what}"), "ms", done.quantile_ms(share));
        }
    }

    pub(crate) fn bodies(&mut self, posts: &Posts) {
        self.sizes = (posts.payload_bytes, posts.body_bytes);
    }

    pub(crate) fn median(&self, name: &str) -> Option<f64> {
        self.all.iter().find(|figure| figure.name == name).map(|figure| figure.spread().0)
    }
}
