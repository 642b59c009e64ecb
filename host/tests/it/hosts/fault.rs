//! What goes wrong, as a seed decides.

use std::fmt;
use std::time::Duration;

use crate::harness::chance::Chance;

/// How many kinds there are.
pub const KINDS: usize = 5;

/// Something that goes wrong, and is well again after a while.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// `kill -9` of a host, which is started again.
    Kill { host: usize, down: Duration },
    /// SIGSTOP of a host for twice a lease.
    Sleep { host: usize },
    /// `pg_terminate_backend` for half of all sessions, again and again.
    Terminate { times: usize, pause: Duration },
    /// The server ends, as in a crash or in order, and is started again.
    Restart { crash: bool, down: Duration },
    /// The way of a host to the server dies: bytes wait until it is well again, or those of the connections there are do so for ever.
    Hang { host: usize, forgets: bool, lasts: Duration },
}

impl Fault {
    /// So many faults of different kinds for so many hosts.
    pub fn draw(chance: &mut Chance, count: usize, hosts: usize) -> Vec<Self> {
        let mut kinds: Vec<usize> = (0..KINDS).collect();
        (0..count).map(|_| Self::of(kinds.remove(chance.below(kinds.len())), chance, hosts)).collect()
    }

    fn of(kind: usize, chance: &mut Chance, hosts: usize) -> Self {
        let mut millis = |limit: usize| Duration::from_millis(chance.below(limit).try_into().unwrap());
        match kind {
            0 => Self::Kill { down: millis(2_000), host: chance.below(hosts) },
            1 => Self::Sleep { host: chance.below(hosts) },
            2 => Self::Terminate { pause: millis(300), times: 3 + chance.below(6) },
            3 => Self::Restart { down: millis(1_500), crash: chance.below(2) == 0 },
            // Now and then longer than the server waits for who holds up everybody else.
            _ => Self::Hang { lasts: millis(12_000), host: chance.below(hosts), forgets: chance.below(2) == 0 },
        }
    }

    /// What kind it is of.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Kill { .. } => "kill -9",
            Self::Sleep { .. } => "SIGSTOP",
            Self::Terminate { .. } => "pg_terminate_backend",
            Self::Restart { .. } => "restart",
            Self::Hang { .. } => "dead way",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind();
        match self {
            Self::Kill { host, down } => write!(f, "{kind} of host {host} for {} ms", down.as_millis()),
            Self::Sleep { host } => write!(f, "{kind} of host {host}"),
            Self::Terminate { times, pause } => write!(f, "{kind} {times} times, {} ms apart", pause.as_millis()),
            Self::Restart { crash, down } => {
                write!(f, "{kind} after a {} and {} ms", if *crash { "crash" } else { "fast stop" }, down.as_millis())
            }
            Self::Hang { host, forgets, lasts } => {
                write!(f, "{kind} of host {host} for {} ms{}", lasts.as_millis(), if *forgets { ", connections forgotten" } else { "" })
            }
        }
    }
}
