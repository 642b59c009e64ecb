//! One transaction: what is done within it. Whoever writes holds the row `counter`, so what a statement has seen is so until the commit.
//!
//! Whatever belongs to a command is either wholly written or answered without a write: what may be refused is checked before the first
//! write, so a command needs no savepoint of its own.

use std::collections::HashMap;

use tokio::sync::mpsc;

use self::invoke::{EventRow, InvocationRow};
use super::Shared;
use super::counters::Counters;
use super::db::{Db, Result, params};
use super::line::{Left, Line};
use super::names::Names;
use super::turns::Turns;
use super::work::{Answer, Command, Leases, Work};
use crate::clock::{Clock, Timestamp};
use crate::store::StoreError;

mod accept;
mod badge;
mod claim;
mod count;
mod deliver;
mod finish;
mod forget;
mod forget_project;
mod give_up;
mod invoke;
mod keep;
mod prune;
mod replay;
mod state;

/// What a host remembers from one transaction to the next.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) names: Names,
    pub(super) invocation_turns: Turns,
    pub(super) delivery_turns: Turns,
}

/// A transaction that is being written.
pub(super) struct Batch<'a> {
    db: Db<'a>,
    shared: &'a Shared,
    memory: &'a mut Memory,
    /// Where leases that nobody takes go.
    back: mpsc::WeakSender<Command>,
    counters: Counters,
    before: Counters,
    now: i64,
    /// How many more wait in each member of a line.
    waiting: HashMap<(Line, i64), i64>,
    /// How many waited of a scope before.
    waited: HashMap<i64, i64>,
    /// By how much the state of each scope grew or shrank.
    state_grew: HashMap<i64, i64>,
    /// What is to be written next, many rows by one statement.
    events: Vec<EventRow>,
    invocations: Vec<InvocationRow>,
    /// Lines in which there may be something to lease now.
    pub(super) news: Vec<Line>,
}

impl<'a> Batch<'a> {
    /// Begins with nothing, as who holds `counters`.
    pub(super) fn new(
        db: Db<'a>,
        shared: &'a Shared,
        memory: &'a mut Memory,
        back: mpsc::WeakSender<Command>,
        (counters, database_now): (Counters, i64),
    ) -> Self {
        let now = match &shared.clock {
            Clock::System => database_now,
            manual @ Clock::Manual(_) => manual.now().as_millisecond(),
        };
        Self {
            db,
            shared,
            memory,
            back,
            counters,
            before: counters,
            now,
            waiting: HashMap::new(),
            waited: HashMap::new(),
            state_grew: HashMap::new(),
            events: Vec::new(),
            invocations: Vec::new(),
            news: Vec::new(),
        }
    }

    /// Does `work` within the transaction. The inner error is an answer: nothing was written for this command.
    ///
    /// # Errors
    ///
    /// The database's, after which the whole transaction is to be rolled back.
    pub(super) async fn apply(&mut self, work: &Work) -> Result<std::result::Result<Answer, StoreError>> {
        let answer = Box::pin(self.do_work(work)).await?;
        self.flush().await?;
        Ok(answer)
    }

    async fn do_work(&mut self, work: &Work) -> Result<std::result::Result<Answer, StoreError>> {
        Ok(Ok(match work {
            Work::Accept(batch) => return self.accept(batch).await,
            Work::Replay { wanted, limit } => return self.replay(wanted, *limit).await,
            Work::Join { events, plugin, origin } => return self.join(events, plugin, *origin).await,
            Work::Claim(wanted) => Answer::Claimed(self.claim(*wanted).await?),
            Work::ClaimDeliveries(wanted) => Answer::ClaimedDeliveries(self.claim_deliveries(*wanted).await?),
            Work::GiveBack(leases) => {
                self.give_back(leases).await?;
                Answer::Done
            }
            Work::Finish { held, outcome, run } => Answer::Finished(Box::pin(self.finish(*held, outcome, run)).await?),
            Work::FinishDelivery { held, outcome } => Answer::Finished(self.finish_delivery(*held, outcome).await?),
            Work::Snapshot { root, generation, digest, text } => {
                self.keep_snapshot(*root, *generation, digest, text).await?;
                Answer::Done
            }
            Work::Bind { project, to } => Answer::Bound(self.bind(project, to).await?),
            Work::Rebind { project, to } => {
                self.rebind(project, to).await?;
                Answer::Done
            }
            Work::Mark { project, name, value } => {
                self.mark(project, name, value.as_deref()).await?;
                Answer::Done
            }
            Work::GiveUp(unfinished) => Answer::GivenUp(self.give_up(unfinished).await?),
            Work::ReplayEvent { event, plugins, fresh } => Answer::ReplayedEvent(self.replay_event(*event, plugins, *fresh).await?),
            Work::Prune { cutoff, after, limit } => Answer::Walked(self.prune(*cutoff, *after, *limit).await?),
            Work::Forget { project, forgotten, after, limit } => {
                Answer::Forgot(Box::pin(self.forget_worker(project, forgotten, after.as_deref(), *limit)).await?)
            }
            Work::ForgetProject { project, limit } => Answer::Gone(self.forget_project(project, *limit).await?),
            Work::Quarantine(held) => {
                self.quarantine(held).await?;
                Answer::Done
            }
            Work::Release(scope) => Answer::Released(self.release(scope).await?),
            Work::Count { rows, analyses } => Answer::Counted(self.count(*rows, analyses).await?),
            Work::Sample { sample, oldest } => {
                self.sample(sample, *oldest).await?;
                Answer::Done
            }
            Work::Close => Answer::Done,
        }))
    }

    /// Writes what is summed up over the transaction.
    pub(super) async fn close(&mut self) -> Result<()> {
        for ((line, member), more) in std::mem::take(&mut self.waiting) {
            match line {
                Line::Invocations => self.counters.waiting += more,
                Line::Deliveries => self.counters.deliveries_waiting += more,
            }
            let sql = format!("UPDATE {} SET waiting = waiting + $2 WHERE id = $1", line.members());
            self.db.execute(&sql, params![member, more]).await?;
        }
        for (scope, grew) in std::mem::take(&mut self.state_grew) {
            self.db.execute("UPDATE scope SET state_bytes = state_bytes + $2 WHERE id = $1", params![scope, grew]).await?;
        }
        if self.counters != self.before {
            self.counters.save(self.db).await?;
        }
        Ok(())
    }

    /// A time that this host's clock told, by the clock that all hosts share.
    fn due(&self, moment: Timestamp) -> i64 {
        let moment = moment.as_millisecond();
        match &self.shared.clock {
            Clock::System => self.now.saturating_add(moment.saturating_sub(self.shared.clock.now().as_millisecond())),
            Clock::Manual(_) => moment,
        }
    }

    /// Something came into a line.
    fn came(&mut self, line: Line, member: i64) {
        *self.waiting.entry((line, member)).or_default() += 1;
        self.news.push(line);
    }

    /// Something left its line, and what stood behind it may be leased.
    fn left(&mut self, line: Line, left: Option<Left>) {
        if let Some(left) = left {
            *self.waiting.entry((line, left.member)).or_default() -= i64::from(left.waited);
        }
        self.news.push(line);
    }

    async fn remove(&mut self, line: Line, id: i64) -> Result<()> {
        let left = line.remove(self.db, id).await?;
        self.left(line, left);
        Ok(())
    }

    async fn remove_after_lease(&mut self, line: Line, id: i64) -> Result<()> {
        let left = line.remove_after_lease(self.db, id).await?;
        self.left(line, left);
        Ok(())
    }

    async fn put_back(&mut self, line: Line, id: i64, due: i64) -> Result<()> {
        self.news.push(line);
        line.put_back(self.db, id, due).await
    }

    async fn give_back(&mut self, leases: &Leases) -> Result<()> {
        let (line, leases) = match leases {
            Leases::Invocations(leases) => (Line::Invocations, leases),
            Leases::Deliveries(leases) => (Line::Deliveries, leases),
        };
        for left in line.give_back(self.db, self.shared.entry.number, leases).await? {
            self.left(line, Some(left));
        }
        self.news.push(line);
        Ok(())
    }

    async fn execute(&self, sql: &str, params: &[super::db::Param<'_>]) -> Result<i64> {
        self.db.execute(sql, params).await.map(|rows| i64::try_from(rows).unwrap_or(i64::MAX))
    }
}
