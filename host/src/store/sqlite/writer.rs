//! The one thread that writes. It takes what is asked, groups it into one transaction, commits, and hands it to the settler, which waits for
//! the disk (one sync for all of the group) and answers. Meanwhile the next group gathers by itself and is written.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode};
use tokio::sync::mpsc;

use super::Shared;
use super::batch::{Batch, News};
use super::checkpoint::Checkpointer;
use super::counters::Counters;
use super::line::Line;
use super::log::Log;
use super::names::Names;
use super::settle::{Committed, Settler, Unsettled, answer};
use super::work::{Answer, Command, Work};
use crate::store::StoreError;
use crate::telemetry::Metrics;

/// What the thread works with.
pub(super) struct Writer {
    pub(super) db: Connection,
    pub(super) shared: Arc<Shared>,
    pub(super) names: Names,
    pub(super) counters: Counters,
    pub(super) log: Arc<Log>,
    pub(super) settler: Settler,
    /// The last transactions, those that may not be settled, and the number of the last.
    pub(super) unsettled: VecDeque<Unsettled>,
    pub(super) committed: u64,
    pub(super) checkpointer: Checkpointer,
    pub(super) metrics: Metrics,
}

type Answers = Vec<Result<Answer, StoreError>>;

/// A transaction that was committed.
struct Done {
    answers: Answers,
    news: News,
    began: Instant,
}

impl Writer {
    /// Works until it is told to close or until nobody is left to ask for anything.
    pub(super) fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut line = Line::default();
        while line.take_in(&mut commands) {
            let under_way = self.shared.invocations().leased();
            line.gather(&mut commands, under_way);
            self.write(line.group());
        }
        self.settler.stop();
        self.end();
        line.closing.into_iter().for_each(|reply| answer(reply, Ok(Answer::Done)));
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
        if self.log.is_in_doubt()
            && let Err(error) = self.log.mend()
        {
            return self.fail(group, &error);
        }
        match self.commit(&group) {
            Ok(done) => self.hand_over(group, done),
            Err(error) if group.len() > 1 && is_of_one_command(&error) => {
                tracing::warn!(error = %error, "A group of {} writes failed, will write each alone", group.len());
                for command in group {
                    match self.commit(std::slice::from_ref(&command)) {
                        Ok(done) => self.hand_over(vec![command], done),
                        Err(error) => self.fail(vec![command], &error),
                    }
                }
            }
            Err(error) => self.fail(group, &error),
        }
    }

    fn fail(&self, group: Vec<Command>, error: &dyn fmt::Display) {
        self.metrics.commit_failed(group.len(), error);
        group.into_iter().for_each(|command| answer(command.reply, Err(failed(error))));
    }

    /// Does `group` in one transaction. On an error nothing of it is there.
    fn commit(&mut self, group: &[Command]) -> rusqlite::Result<Done> {
        let (before, named, began) = (self.counters, self.shared.names(), Instant::now());
        let settled = self.settler.settled();
        while self.unsettled.front().is_some_and(|oldest| oldest.number <= settled) {
            self.unsettled.pop_front();
        }
        match self.transact(group, &before) {
            Ok((answers, news)) => Ok(Done { answers, news, began }),
            Err(error) => {
                self.counters = before;
                if self.names.changed {
                    self.names = named.as_ref().clone();
                    self.shared.set_names(self.names.clone());
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
        let log = Arc::clone(&self.log);
        let _writing = log.writing();
        self.db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut batch = Batch::new(&self.db, &self.shared, (&mut self.names, &mut self.counters), &self.unsettled);
        let answers = group.iter().map(|command| batch.apply(&command.work)).collect::<rusqlite::Result<_>>()?;
        batch.close(before)?;
        let (news, mut unsettled) = batch.end();
        if self.names.changed {
            // Before anybody can read a row that bears a new number.
            let mut named = self.names.clone();
            named.changed = false;
            self.shared.set_names(named);
        }
        self.db.prepare_cached("COMMIT")?.execute([])?;
        self.names.changed = false;
        self.committed += 1;
        unsettled.number = self.committed;
        self.unsettled.push_back(unsettled);
        Ok((answers, news))
    }

    /// Readers see the transaction from now on; everybody else hears of it when it is on the disk.
    fn hand_over(&mut self, group: Vec<Command>, Done { answers, news, began }: Done) {
        self.checkpointer.committed();
        let answers = group.into_iter().map(|command| command.reply).zip(answers).collect();
        self.settler.settle(Committed { answers, news, counters: self.counters, began });
    }

    /// Leaves one file behind: the log is folded into the database.
    fn end(&mut self) {
        self.checkpointer.stop();
        let folded = self
            .log
            .mend()
            .map_err(|error| error.to_string())
            .and_then(|()| self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(|error| error.to_string()));
        if let Err(error) = folded {
            tracing::warn!(error, "The store's log was not folded in, which the next start will do: {error}");
            // Else the last connection tries it again when it is closed, and may not hear that the disk failed.
            self.db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).ok();
        }
    }
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
pub(super) fn failed(error: &dyn fmt::Display) -> StoreError {
    StoreError::Failed(error.to_string())
}
