//! What the server's loops and the handle share: the state, the switches, the queue of posts.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Notify, Semaphore};

use super::super::fault::Faults;
use super::Endpoint;
use super::ratelimit::{Counts, RateLimit};
use super::routes::{self, Call, Reply, Route};
use super::state::State;
use super::webhook::{Job, Posted, post};
use crate::practice::Fault;

/// Posts beyond these are refused and counted; a real server's queue grows until it falls over.
const JOBS_MAX: usize = 100_000;
/// Of requests and posts, so many of the newest are kept to look at.
const KEPT_MAX: usize = 10_000;

/// A request that came in, as a test may look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// `GET`, `PUT` …
    pub method: String,
    /// The path, without query.
    pub path: String,
    /// The endpoint that it was counted for.
    pub endpoint: Endpoint,
}

/// A post that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Post {
    /// The project whose URL was called.
    pub project_id: i64,
    /// The body.
    pub payload: Value,
    /// Whether it went out with `rerun=True`.
    pub rerun: bool,
    /// What came of it.
    pub posted: Posted,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) state: State,
    pub(super) counts: Counts,
    pub(super) rate: Option<RateLimit>,
    pub(super) faults: Faults,
    pub(super) calls: BTreeMap<(String, Endpoint), u64>,
    pub(super) seen: VecDeque<Seen>,
    pub(super) posts: VecDeque<Post>,
    pub(super) jobs_refused: u64,
    /// Jobs that crashed, which `check_failed` may put back.
    pub(super) crashed: VecDeque<Job>,
    queue: VecDeque<Job>,
    running: usize,
}

#[derive(Debug)]
pub(super) struct Shared {
    inner: Mutex<Inner>,
    job_timeout: Duration,
    /// One permit for each job in the queue.
    work: Semaphore,
    idle: Notify,
    pub(super) faults_cleared: Notify,
}

impl Shared {
    pub(super) fn new(state: State, rate: Option<RateLimit>, job_timeout: Duration) -> Self {
        let inner = Inner {
            state,
            counts: Counts::default(),
            rate,
            faults: Faults::default(),
            calls: BTreeMap::new(),
            seen: VecDeque::new(),
            posts: VecDeque::new(),
            jobs_refused: 0,
            crashed: VecDeque::new(),
            queue: VecDeque::new(),
            running: 0,
        };
        Self { inner: Mutex::new(inner), job_timeout, work: Semaphore::new(0), idle: Notify::new(), faults_cleared: Notify::new() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn job_timeout(&self) -> Duration {
        self.job_timeout
    }

    /// Counts a call and gives the fault that is to show on it.
    pub(super) fn arrived(&self, call: &Call) -> Option<Fault> {
        let endpoint = Route::of(&call.path).endpoint();
        let mut inner = self.lock();
        let method = call.method.to_string();
        *inner.calls.entry((method.clone(), endpoint)).or_default() += 1;
        keep(&mut inner.seen, Seen { method, path: call.path.clone(), endpoint });
        inner.faults.take(endpoint)
    }

    /// Does the call; the posts that it sets off are on the queue when this returns.
    pub(super) fn answer(&self, call: &Call) -> Reply {
        let mut inner = self.lock();
        let Inner { state, counts, rate, .. } = &mut *inner;
        let (reply, jobs) = routes::answer(state, counts, *rate, call);
        self.enqueue(&mut inner, jobs);
        reply
    }

    pub(super) fn enqueue(&self, inner: &mut Inner, jobs: impl IntoIterator<Item = Job>) -> usize {
        let mut enqueued = 0;
        for job in jobs {
            if inner.queue.len() >= JOBS_MAX {
                inner.jobs_refused += 1;
                continue;
            }
            inner.queue.push_back(job);
            enqueued += 1;
        }
        self.work.add_permits(enqueued);
        enqueued
    }

    /// Makes posts, one after the other, for as long as the server lives.
    pub(super) async fn work(&self) {
        while let Ok(permit) = self.work.acquire().await {
            permit.forget();
            let job = {
                let mut inner = self.lock();
                let Some(job) = inner.queue.pop_front() else {
                    continue;
                };
                inner.running += 1;
                job
            };
            let posted = post(&job, self.job_timeout).await;
            let mut inner = self.lock();
            inner.state.posted(&job, &posted);
            keep(&mut inner.posts, job.as_post(posted.clone()));
            if matches!(posted, Posted::Crashed | Posted::TimedOut) {
                keep(&mut inner.crashed, job);
            }
            inner.running -= 1;
            if inner.queue.is_empty() && inner.running == 0 {
                self.idle.notify_waiters();
            }
        }
    }

    /// Waits until no post is queued or under way.
    pub(super) async fn settled(&self) {
        loop {
            let idle = self.idle.notified();
            {
                let inner = self.lock();
                if inner.queue.is_empty() && inner.running == 0 {
                    return;
                }
            }
            idle.await;
        }
    }
}

/// Appends to a list whose oldest entries are dropped.
fn keep<T>(kept: &mut VecDeque<T>, new: T) {
    if kept.len() >= KEPT_MAX {
        kept.pop_front();
    }
    kept.push_back(new);
}
