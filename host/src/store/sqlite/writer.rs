//! The one thread that writes. It takes what is asked, groups it into one transaction, commits (one fsync for all of
//! the group), tells the agendas, and only then answers. While it waits for the disk the next group gathers by itself.

use std::sync::Arc;
use std::time::Instant;

use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot};

use super::Shared;
use super::batch::{Batch, News};
use super::checkpoint::Checkpointer;
use super::counters::Counters;
use super::names::Names;
use super::work::{Answer, Command, Work};
use crate::store::StoreError;
use crate::telemetry::Metrics;

/// As many commands wait for the writer; who comes then waits for room.
pub(super) const COMMANDS_MAX: usize = 4_096;

/// As many commands are committed together.
const GROUP_MAX: usize = 512;

/// No further command joins a group that holds so many events and finished runs.
const WEIGHT_MAX: usize = 2_048;

/// What the thread works with.
pub(super) struct Writer {
    pub(super) db: Connection,
    pub(super) shared: Arc<Shared>,
    pub(super) names: Names,
    pub(super) counters: Counters,
    pub(super) checkpointer: Checkpointer,
    pub(super) metrics: Metrics,
}

type Answers = Vec<Result<Answer, StoreError>>;

impl Writer {
    /// Works until it is told to close or until nobody is left to ask for anything.
    pub(super) fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut closing: Vec<oneshot::Sender<_>> = Vec::new();
        while let Some(first) = commands.blocking_recv() {
            let mut weight = first.work.weight();
            let mut group = vec![first];
            while group.len() < GROUP_MAX
                && weight < WEIGHT_MAX
                && let Ok(command) = commands.try_recv()
            {
                weight += command.work.weight();
                group.push(command);
            }
            let (ends, group): (Vec<_>, Vec<_>) = group.into_iter().partition(|command| matches!(command.work, Work::Close));
            self.write(group);
            if !ends.is_empty() {
                // From here on nothing new comes in; what stands in line is still done.
                commands.close();
                closing.extend(ends.into_iter().map(|end| end.reply));
            }
        }
        self.end();
        closing.into_iter().for_each(|reply| answer(reply, Ok(Answer::Done)));
    }

    fn write(&mut self, group: Vec<Command>) {
        if matches!(group.as_slice(), [Command { work: Work::Rest, .. }]) {
            // A failure to give back memory is no one's concern, and nobody waits for the answer.
            self.db.execute_batch("PRAGMA shrink_memory").ok();
            return;
        }
        if group.is_empty() {
            return;
        }
        match self.commit(&group) {
            Ok(answers) => {
                group.into_iter().zip(answers).for_each(|(command, answered)| answer(command.reply, answered));
            }
            Err(error) if group.len() > 1 && is_of_one_command(&error) => {
                tracing::warn!(error = %error, "A group of {} writes failed, will write each alone", group.len());
                for command in group {
                    let answered = self.commit(std::slice::from_ref(&command)).inspect_err(|error| self.metrics.commit_failed(1, error));
                    let answered = answered.map(|mut answers| answers.pop().unwrap_or(Err(StoreError::Closed)));
                    answer(command.reply, answered.unwrap_or_else(|error| Err(failed(&error))));
                }
            }
            Err(error) => {
                self.metrics.commit_failed(group.len(), &error);
                group.into_iter().for_each(|command| answer(command.reply, Err(failed(&error))));
            }
        }
    }

    /// Does `group` in one transaction, and tells the agendas. On an error nothing of it is there.
    fn commit(&mut self, group: &[Command]) -> rusqlite::Result<Answers> {
        let (before, began) = (self.counters, Instant::now());
        match self.transact(group, &before) {
            Ok((answers, news)) => {
                self.metrics.committed(group.len(), began.elapsed());
                self.publish(news);
                Ok(answers)
            }
            Err(error) => {
                self.counters = before;
                if self.names.changed {
                    self.names = self.shared.names().as_ref().clone();
                }
                if !self.db.is_autocommit()
                    && let Err(error) = self.db.execute_batch("ROLLBACK")
                {
                    tracing::error!(error = %error, "The store failed to roll back");
                }
                Err(error)
            }
        }
    }

    fn transact(&mut self, group: &[Command], before: &Counters) -> rusqlite::Result<(Answers, News)> {
        self.db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut batch = Batch::new(&self.db, &self.shared, &mut self.names, &mut self.counters);
        let answers = group.iter().map(|command| batch.apply(&command.work)).collect::<rusqlite::Result<_>>()?;
        batch.close(before)?;
        let news = std::mem::take(&mut batch.news);
        self.db.prepare_cached("COMMIT")?.execute([])?;
        Ok((answers, news))
    }

    fn publish(&mut self, news: News) {
        if self.names.changed {
            self.names.changed = false;
            self.shared.set_names(self.names.clone());
        }
        self.shared.set_counters(self.counters);
        // Deliveries first: who sees that an invocation is gone sees what it led to.
        if !news.deliveries.is_empty() {
            let mut agenda = self.shared.deliveries();
            news.deliveries.into_iter().for_each(|step| step.make(&mut agenda));
            drop(agenda);
            self.shared.deliveries_changed.notify_waiters();
        }
        if !news.invocations.is_empty() {
            let mut agenda = self.shared.invocations();
            news.invocations.into_iter().for_each(|step| step.make(&mut agenda));
            drop(agenda);
            self.shared.invocations_changed.notify_waiters();
        }
        self.checkpointer.committed();
    }

    /// Leaves one file behind: the log is folded into the database.
    fn end(mut self) {
        self.checkpointer.stop();
        if let Err(error) = self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
            tracing::warn!(error = %error, "The store's log was not folded in, which the next start will do");
        }
    }
}

/// Who asked may have gone away meanwhile; what was asked is done all the same.
fn answer(reply: oneshot::Sender<Result<Answer, StoreError>>, answered: Result<Answer, StoreError>) {
    reply.send(answered).ok();
}

/// Whether an error lies with what one command wanted to write, and not with the disk or the file.
fn is_of_one_command(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => {
            matches!(failure.code, ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch)
        }
        _ => true,
    }
}

/// The error as callers get it.
pub(super) fn failed(error: &rusqlite::Error) -> StoreError {
    StoreError::Failed(error.to_string())
}
