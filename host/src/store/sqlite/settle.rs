//! The thread behind the writer: it waits for the disk while the writer goes on, then tells the agendas what was committed, and only then
//! those who asked.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::Shared;
use super::batch::News;
use super::counters::Counters;
use super::log::Log;
use super::work::Answer;
use crate::store::StoreError;
use crate::telemetry::Metrics;

/// As many transactions may be committed and wait for the sync before theirs to end. With more of them groups only get smaller.
const AHEAD_MAX: usize = 1;

/// A disk that failed is tried again after so long, should nobody commit anything before.
const LATE_PAUSE: Duration = Duration::from_secs(1);

/// Where an answer goes.
pub(super) type Reply = oneshot::Sender<Result<Answer, StoreError>>;

/// A transaction that is committed and may not be on the disk yet.
pub(super) struct Committed {
    pub(super) answers: Vec<(Reply, Result<Answer, StoreError>)>,
    pub(super) news: News,
    pub(super) counters: Counters,
    pub(super) began: Instant,
}

/// What the agendas will be told of a transaction, as far as the writer has to know it before they do.
#[derive(Default)]
pub(super) struct Unsettled {
    /// The number of its transaction.
    pub(super) number: u64,
    /// Invocations and deliveries whose lease it ended, and the generation of that lease.
    pub(super) invocations: HashMap<i64, u64>,
    pub(super) deliveries: HashMap<i64, u64>,
    /// How many invocations it adds.
    pub(super) added: usize,
}

/// The thread, and how it hears of commits.
pub(super) struct Settler {
    commits: Option<SyncSender<Committed>>,
    thread: Option<JoinHandle<()>>,
    /// How many transactions were settled.
    settled: Arc<AtomicU64>,
}

impl Settler {
    /// Starts the thread. It ends when this is dropped.
    pub(super) fn start(log: Arc<Log>, shared: Arc<Shared>, metrics: Metrics) -> std::io::Result<Self> {
        let (commits, heard) = sync_channel(AHEAD_MAX);
        let settled = Arc::new(AtomicU64::new(0));
        let settling = Settling { log, shared, metrics, settled: Arc::clone(&settled), late: Vec::new() };
        let thread = std::thread::Builder::new().name("store-settler".to_owned()).spawn(move || settling.run(&heard))?;
        Ok(Self { commits: Some(commits), thread: Some(thread), settled })
    }

    /// How many transactions were settled: the agendas know of them.
    pub(super) fn settled(&self) -> u64 {
        self.settled.load(Ordering::Acquire)
    }

    /// Hands over what was committed, in order, waiting while too much does already.
    pub(super) fn settle(&self, committed: Committed) {
        if let Some(commits) = &self.commits {
            // When the thread is gone, whoever waits for an answer is told that the store is closed.
            commits.send(committed).ok();
        }
    }

    /// Ends the thread when it is done with all that it was handed, and waits for that.
    pub(super) fn stop(&mut self) {
        self.commits = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("The thread that waits for the store's disk ended with a panic");
        }
    }
}

/// What the thread works with.
struct Settling {
    log: Arc<Log>,
    shared: Arc<Shared>,
    metrics: Metrics,
    settled: Arc<AtomicU64>,
    /// What was committed when the disk failed: told to the agendas once it is well. Few, since the writer commits nothing meanwhile.
    late: Vec<(News, Counters)>,
}

impl Settling {
    fn run(mut self, commits: &Receiver<Committed>) {
        while let Some(mut group) = self.heard(commits) {
            group.extend(commits.try_iter());
            match self.log.sync() {
                Ok(()) => {
                    for (news, counters) in std::mem::take(&mut self.late) {
                        self.publish(news, counters);
                    }
                    for committed in group {
                        self.metrics.committed(committed.answers.len(), committed.began.elapsed());
                        self.publish(committed.news, committed.counters);
                        committed.answers.into_iter().for_each(|(reply, answered)| answer(reply, answered));
                    }
                }
                Err(error) => {
                    for committed in group {
                        self.metrics.commit_failed(committed.answers.len(), &error);
                        self.late.push((committed.news, committed.counters));
                        let failed = || Err(StoreError::Failed(format!("the log was not synced: {error}")));
                        committed.answers.into_iter().for_each(|(reply, _)| answer(reply, failed()));
                    }
                }
            }
        }
    }

    /// What was committed next; nothing of it when it is time to try again for what is late, none when nobody commits any more.
    fn heard(&self, commits: &Receiver<Committed>) -> Option<Vec<Committed>> {
        if self.late.is_empty() {
            return commits.recv().ok().map(|first| vec![first]);
        }
        match commits.recv_timeout(LATE_PAUSE) {
            Ok(first) => Some(vec![first]),
            Err(RecvTimeoutError::Timeout) => Some(Vec::new()),
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }

    fn publish(&self, news: News, counters: Counters) {
        self.shared.set_counters(counters);
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
        self.settled.fetch_add(1, Ordering::Release);
    }
}

/// Who asked may have gone away meanwhile; what was asked is done all the same.
pub(super) fn answer(reply: Reply, answered: Result<Answer, StoreError>) {
    reply.send(answered).ok();
}
