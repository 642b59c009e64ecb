//! What callers ask of the writer, and what it answers.

use tokio::sync::{mpsc, oneshot};

use crate::event::Origin;
use crate::id::{Digest, EventId, InvocationId, PluginName, ProjectName, Scope};
use crate::store::figures::{Analysed, Sample};
use crate::store::{
    Acceptance, Accepted, Binding, Claimed, ClaimedDelivery, Cutoff, DeliveryOutcome, Finished, ForgetStep, Forgotten, GivenUp, Lease,
    Outcome, Quarantine, Replayed, ReplayedEvent, Run, StoreError, Unfinished, Walked, WantedDead,
};

/// To record what became of a run or of an attempt takes as many statements, one after the other, so that a group of them holds up other hosts
/// for seconds at most.
const FINISH_WEIGHT: usize = 16;

/// Something to do, and where the answer goes.
pub(super) struct Command {
    pub(super) work: Work,
    pub(super) reply: Reply,
}

/// Where an answer goes.
pub(super) type Reply = oneshot::Sender<Result<Answer, StoreError>>;

/// How much is leased, to whom, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) limit: usize,
    pub(super) per_member: usize,
    pub(super) lease_ms: i64,
}

/// Something to do. Kept until its transaction is committed, so that it can be done again alone when another one of the group was at fault.
pub(super) enum Work {
    Accept(Vec<Acceptance>),
    Claim(Wanted),
    ClaimDeliveries(Wanted),
    /// Ends leases that nobody came to take.
    GiveBack(Leases),
    Finish {
        held: Lease<InvocationId>,
        outcome: Box<Outcome>,
        run: Box<Run>,
    },
    FinishDelivery {
        held: Lease<i64>,
        outcome: DeliveryOutcome,
    },
    Snapshot {
        root: EventId,
        generation: u32,
        digest: Digest,
        text: String,
    },
    Bind {
        project: ProjectName,
        to: Binding,
    },
    Rebind {
        project: ProjectName,
        to: Binding,
    },
    Mark {
        project: ProjectName,
        name: String,
        value: Option<String>,
    },
    GiveUp(Vec<Unfinished>),
    Replay {
        wanted: WantedDead,
        limit: u32,
    },
    ReplayEvent {
        event: EventId,
        plugins: Vec<PluginName>,
        fresh: bool,
    },
    Join {
        events: Vec<EventId>,
        plugin: PluginName,
        origin: Origin,
    },
    Prune {
        cutoff: Cutoff,
        after: i64,
        limit: u32,
    },
    Forget {
        project: ProjectName,
        forgotten: Forgotten,
        after: Option<String>,
        limit: u32,
    },
    ForgetProject {
        project: ProjectName,
        limit: u32,
    },
    Quarantine(Quarantine),
    Release(Scope),
    Count {
        rows: (i64, i64),
        analyses: Vec<Analysed>,
    },
    Sample {
        sample: Sample,
        oldest: i64,
    },
    /// Do what was asked before, then end.
    Close,
}

impl Work {
    /// How much this adds to a transaction, in rows or statements more or less.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Accept(batch) => batch.len(),
            Self::Join { events, .. } => events.len(),
            Self::GiveUp(unfinished) => unfinished.len().max(1),
            Self::Count { analyses, .. } => analyses.len().max(1),
            Self::Finish { .. } | Self::FinishDelivery { .. } => FINISH_WEIGHT,
            _ => 1,
        }
    }

    /// Whether nothing is lost when the server forgets it in a crash: these leases run out. A claim may not be: its generation would be given
    /// again, and a delivery whose attempt may have had its effect would look as if there had been none.
    pub(super) fn may_be_forgotten(&self) -> bool {
        matches!(self, Self::GiveBack(_))
    }
}

/// What became of a [`Work`].
pub(super) enum Answer {
    Accepted(Vec<Accepted>),
    Claimed(Given<Claimed>),
    ClaimedDeliveries(Given<ClaimedDelivery>),
    Finished(Finished),
    Bound(Binding),
    GivenUp(GivenUp),
    Replayed(Replayed),
    ReplayedEvent(ReplayedEvent),
    Joined(u32),
    Released(bool),
    Walked(Walked),
    Forgot(ForgetStep),
    Counted(bool),
    Gone(u32),
    Done,
}

impl Answer {
    /// Drops what was not committed. Nothing was leased, so nothing is given back: another claim may have got the same generation.
    pub(super) fn void(self) {
        match self {
            Self::Claimed(given) => drop(given.take()),
            Self::ClaimedDeliveries(given) => drop(given.take()),
            _ => {}
        }
    }
}

/// Leases by the line that they are of: ids and generations.
#[derive(Clone, Debug)]
pub(super) enum Leases {
    Invocations(Vec<(i64, i64)>),
    Deliveries(Vec<(i64, i64)>),
}

/// What was leased out. When nobody comes to take it, the leases are given back: a caller that went away has claimed nothing.
pub(super) struct Given<T> {
    leased: Vec<T>,
    leases: Option<Leases>,
    back: mpsc::WeakSender<Command>,
}

impl<T> Given<T> {
    pub(super) fn new(leased: Vec<T>, leases: Leases, back: mpsc::WeakSender<Command>) -> Self {
        Self { leased, leases: Some(leases), back }
    }

    /// Takes it.
    pub(super) fn take(mut self) -> Vec<T> {
        self.leases = None;
        std::mem::take(&mut self.leased)
    }
}

impl<T> Drop for Given<T> {
    fn drop(&mut self) {
        if let Some(leases) = self.leases.take()
            && !self.leased.is_empty()
            && let Some(back) = self.back.upgrade()
        {
            // With no room for it the leases run out by themselves.
            back.try_send(Command { work: Work::GiveBack(leases), reply: oneshot::channel().0 }).ok();
        }
    }
}
