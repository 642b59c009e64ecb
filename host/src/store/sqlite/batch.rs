//! One transaction: what is done within it, and what is to be told to the agendas once it is committed.
//!
//! Whatever belongs to a command is either wholly written or answered without a write: what may be refused is checked
//! before the first write, so a command needs no savepoint of its own.

use std::collections::{HashMap, VecDeque};

use rusqlite::{Connection, Params};

use super::Shared;
use super::counters::Counters;
use super::names::Names;
use super::settle::Unsettled;
use super::work::{Answer, Work};
use crate::id::InvocationId;
use crate::store::agenda::{Agenda, Entry, Member, Millis};
use crate::store::{Lease, StoreError};

mod accept;
mod badge;
mod count;
mod deliver;
mod finish;
mod forget;
mod forget_project;
mod give_up;
mod keep;
mod prune;
mod replay;

/// A transaction that is being written.
pub(super) struct Batch<'a> {
    db: &'a Connection,
    shared: &'a Shared,
    names: &'a mut Names,
    counters: &'a mut Counters,
    now: Millis,
    /// What to tell the agendas.
    news: News,
    /// What the agendas were not told yet of this transaction, and of those before.
    ending: Unsettled,
    before: &'a VecDeque<Unsettled>,
    /// By how much the state of each scope grew or shrank.
    state_grew: HashMap<u32, i64>,
}

/// What changes in the agendas when the transaction is committed, in order.
#[derive(Debug, Default)]
pub(super) struct News {
    pub(super) invocations: Vec<Move>,
    pub(super) deliveries: Vec<Move>,
}

/// One change of an agenda.
#[derive(Debug)]
pub(super) enum Move {
    Insert(Entry),
    PutBack(i64, Millis),
    /// The same, after an attempt that counts.
    Again(i64, Millis),
    Remove(i64),
    RemoveAfterLease(i64),
    Hold(Member),
    Release(Member),
}

impl Move {
    /// Does it.
    pub(super) fn make(self, agenda: &mut Agenda) {
        match self {
            Self::Insert(entry) => agenda.insert(entry),
            Self::PutBack(id, due) => agenda.put_back(id, due),
            Self::Again(id, due) => {
                agenda.count_attempt(id);
                agenda.put_back(id, due);
            }
            Self::Remove(id) => agenda.remove(id),
            Self::RemoveAfterLease(id) => agenda.remove_after_lease(id),
            Self::Hold(member) => agenda.hold(member),
            Self::Release(member) => agenda.release(member),
        }
    }
}

impl<'a> Batch<'a> {
    /// Begins with nothing.
    pub(super) fn new(
        db: &'a Connection,
        shared: &'a Shared,
        (names, counters): (&'a mut Names, &'a mut Counters),
        before: &'a VecDeque<Unsettled>,
    ) -> Self {
        let now = shared.clock.now().as_millisecond();
        Self { db, shared, names, counters, now, news: News::default(), ending: Unsettled::default(), before, state_grew: HashMap::new() }
    }

    /// Does `work` within the transaction. The inner error is an answer: nothing was written for this command.
    ///
    /// # Errors
    ///
    /// The database's, after which the whole transaction is to be rolled back.
    pub(super) fn apply(&mut self, work: &Work) -> rusqlite::Result<Result<Answer, StoreError>> {
        match work {
            Work::Accept(batch) => self.accept(batch),
            Work::Finish { held, ending, run } => self.finish(*held, ending, run).map(|finished| Ok(Answer::Finished(finished))),
            Work::FinishDelivery { held, outcome } => self.finish_delivery(*held, outcome).map(|finished| Ok(Answer::Finished(finished))),
            Work::Snapshot { root, generation, digest, body } => {
                self.keep_snapshot(*root, *generation, digest, body).map(|()| Ok(Answer::Done))
            }
            Work::Bind { project, to } => self.bind(project, to).map(|bound| Ok(Answer::Bound(bound))),
            Work::Mark { project, name, value } => self.mark(project, name, value.as_deref()).map(|()| Ok(Answer::Done)),
            Work::GiveUp(unfinished) => self.give_up(unfinished).map(|given_up| Ok(Answer::GivenUp(given_up))),
            Work::Replay { wanted, limit } => self.replay(wanted, *limit),
            Work::ReplayEvent { event, plugins, fresh } => {
                self.replay_event(*event, plugins, *fresh).map(|replayed| Ok(Answer::ReplayedEvent(replayed)))
            }
            Work::Join { events, plugin, origin } => self.join(events, plugin, *origin),
            Work::Prune { cutoff, after, limit } => self.prune(*cutoff, *after, *limit).map(|walked| Ok(Answer::Walked(walked))),
            Work::Forget { project, forgotten, after, limit } => {
                self.forget_worker(project, forgotten, after.as_deref(), *limit).map(|step| Ok(Answer::Forgot(step)))
            }
            Work::ForgetProject { project, limit } => self.forget_project(project, *limit).map(|gone| Ok(Answer::Gone(gone))),
            Work::Rebind { project, to } => self.rebind(project, to).map(|()| Ok(Answer::Done)),
            Work::Quarantine(held) => self.quarantine(held).map(|()| Ok(Answer::Done)),
            Work::Release(scope) => self.release(scope).map(|released| Ok(Answer::Released(released))),
            Work::Count { rows, analyses } => self.count(*rows, analyses).map(|counted| Ok(Answer::Counted(counted))),
            Work::Sample { sample, oldest } => self.sample(sample, *oldest).map(|()| Ok(Answer::Done)),
            Work::Rest | Work::Close => Ok(Ok(Answer::Done)),
        }
    }

    /// Writes what is summed up over the transaction.
    pub(super) fn close(&mut self, before: &Counters) -> rusqlite::Result<()> {
        for (scope, grew) in std::mem::take(&mut self.state_grew) {
            self.execute("UPDATE scope SET state_bytes = state_bytes + ?2 WHERE id = ?1", (scope, grew))?;
        }
        if *self.counters != *before {
            self.counters.save(self.db)?;
        }
        Ok(())
    }

    /// What is to be told when the transaction is on the disk, and what the next one has to know before.
    pub(super) fn end(self) -> (News, Unsettled) {
        (self.news, self.ending)
    }

    /// Whether this lease of an invocation was ended, and the agenda may not know it yet.
    fn has_ended(&self, held: Lease<InvocationId>) -> bool {
        self.before.iter().chain([&self.ending]).any(|unsettled| was_ended(&unsettled.invocations, held.id.0, held.generation))
    }

    /// The same of a delivery.
    fn has_ended_delivery(&self, held: Lease<i64>) -> bool {
        self.before.iter().chain([&self.ending]).any(|unsettled| was_ended(&unsettled.deliveries, held.id, held.generation))
    }

    /// How many invocations wait that the agenda does not know of yet.
    fn added(&self) -> usize {
        self.before.iter().chain([&self.ending]).map(|unsettled| unsettled.added).sum()
    }

    fn execute(&self, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
        self.db.prepare_cached(sql)?.execute(params)
    }
}

/// Whether a lease is among those `ended`, each with its generation: whoever claimed the same thing since holds a newer one.
fn was_ended(ended: &HashMap<i64, u64>, id: i64, generation: u64) -> bool {
    ended.get(&id).is_some_and(|ended| *ended >= generation)
}
