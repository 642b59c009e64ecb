//! What callers ask of the writer, prepared as far as it can be without the database, and what it answers.

use tokio::sync::oneshot;

use super::rows::Packed;
use crate::clock::Timestamp;
use crate::effect::OnceKey;
use crate::event::{Event, Origin};
use crate::id::{Digest, EventId, InvocationId, PluginName, ProjectName, Scope};
use crate::store::figures::{Analysed, Sample};
use crate::store::{
    Acceptance, Accepted, Binding, Completion, Cutoff, DeliveryOutcome, Emitted, Finished, ForgetStep, Forgotten, GivenUp, Lease, Outcome,
    Quarantine, Replayed, ReplayedEvent, Requested, Run, StateChange, StateRead, StoreError, Unfinished, Walked, WantedDead,
};

/// Something to do, and where the answer goes.
pub(super) struct Command {
    pub(super) work: Work,
    pub(super) reply: oneshot::Sender<Result<Answer, StoreError>>,
}

/// Something to do. Kept until its transaction is committed, so that it can be done again alone when another one of the
/// group was at fault.
pub(super) enum Work {
    Accept(Vec<Incoming>),
    Finish {
        held: Lease<InvocationId>,
        ending: Box<Ending>,
        run: Box<RunRow>,
    },
    FinishDelivery {
        held: Lease<i64>,
        outcome: DeliveryOutcome,
    },
    Snapshot {
        root: EventId,
        generation: u32,
        digest: Digest,
        body: Packed,
    },
    Bind {
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
    Rebind {
        project: ProjectName,
        to: Binding,
    },
    Quarantine(Quarantine),
    Release(Scope),
    Count {
        rows: (i64, i64),
        analyses: Vec<AnalysedRow>,
    },
    Sample {
        sample: Sample,
        oldest: i64,
    },
    /// Nothing was asked for a while: give back memory.
    Rest,
    /// Do what was asked before, then end.
    Close,
}

impl Work {
    /// How much this adds to a transaction, in rows more or less.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Accept(batch) => batch.len(),
            Self::Join { events, .. } => events.len(),
            Self::GiveUp(unfinished) => unfinished.len().max(1),
            Self::Count { analyses, .. } => analyses.len().max(1),
            _ => 1,
        }
    }
}

/// What became of a [`Work`].
pub(super) enum Answer {
    Accepted(Vec<Accepted>),
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

/// An [`Acceptance`] whose payload and snapshot are packed; its own are empty.
pub(super) struct Incoming {
    pub(super) asked: Acceptance,
    pub(super) payload: Packed,
    pub(super) snapshot: Option<(Digest, Packed)>,
}

impl Incoming {
    pub(super) fn of(mut asked: Acceptance) -> Self {
        let payload = Packed::of(std::mem::take(&mut asked.event.payload));
        let snapshot = asked.snapshot.take().map(|text| (Digest::of(text.as_bytes()), Packed::of(text)));
        Self { asked, payload, snapshot }
    }
}

/// How a run ended, as [`Outcome`].
pub(super) enum Ending {
    Done { reads: Vec<StateRead>, changes: Vec<StateChange>, effects: Vec<EffectRow>, events: Vec<EmittedRow> },
    Retry { due: Timestamp, trapped: bool },
    Parked { due: Timestamp },
    Dead,
    Unconfirmed,
}

impl Ending {
    pub(super) fn of(outcome: Outcome) -> Result<Self, StoreError> {
        Ok(match outcome {
            Outcome::Done(Completion { reads, changes, effects, events }) => Self::Done {
                reads,
                changes,
                effects: effects.into_iter().map(EffectRow::of).collect::<Result<_, _>>()?,
                events: events.into_iter().map(EmittedRow::of).collect(),
            },
            Outcome::Retry { due, trapped } => Self::Retry { due, trapped },
            Outcome::Parked { due } => Self::Parked { due },
            Outcome::Dead => Self::Dead,
            Outcome::Unconfirmed => Self::Unconfirmed,
        })
    }
}

/// An effect that is asked for, and as it stands in a row.
pub(super) struct EffectRow {
    pub(super) asked: Requested,
    pub(super) json: Packed,
}

impl EffectRow {
    fn of(asked: Requested) -> Result<Self, StoreError> {
        let json = serde_json::to_string(&asked.effect)
            .map_err(|error| StoreError::Failed(format!("an effect of `{}` cannot be written: {error}", asked.effect.grant())))?;
        Ok(Self { asked, json: Packed::of(json) })
    }
}

/// A derived event whose payload is packed.
pub(super) struct EmittedRow {
    pub(super) event: Event,
    pub(super) payload: Packed,
    pub(super) plugins: Vec<PluginName>,
    pub(super) once: Option<OnceKey>,
}

impl EmittedRow {
    fn of(Emitted { mut event, plugins, once }: Emitted) -> Self {
        let payload = Packed::of(std::mem::take(&mut event.payload));
        Self { event, payload, plugins, once }
    }
}

/// The record of an attempt whose long texts are packed.
pub(super) struct RunRow {
    pub(super) run: Run,
    pub(super) log: Option<Packed>,
    pub(super) read: Option<Packed>,
}

impl RunRow {
    pub(super) fn of(mut run: Run) -> Self {
        let log = Packed::unless(std::mem::take(&mut run.log), "[]");
        let read = Packed::unless(std::mem::take(&mut run.read), "{}");
        Self { run, log, read }
    }
}

/// An analysis, and as it stands in a row.
pub(super) struct AnalysedRow {
    pub(super) asked: Analysed,
    pub(super) json: Packed,
}

impl AnalysedRow {
    pub(super) fn of(asked: Analysed) -> Result<Self, StoreError> {
        let json = serde_json::to_string(&asked.analysis)
            .map_err(|error| StoreError::Failed(format!("the analysis of task `{}` cannot be written: {error}", asked.task)))?;
        Ok(Self { asked, json: Packed::of(json) })
    }
}
