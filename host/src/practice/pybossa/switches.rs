//! The switches of a practice PYBOSSA, and what it counted.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, PoisonError};

use tokio::net::TcpListener;

use super::ratelimit::Counts;
use super::shared::Seen;
use super::{Endpoint, Pybossa, RateLimit, server};
use crate::practice::Fault;

/// How often each endpoint was called, refused calls and faults included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    counts: BTreeMap<(String, Endpoint), u64>,
}

impl Calls {
    /// Calls with this method on this endpoint.
    #[must_use]
    pub fn of(&self, method: &str, endpoint: Endpoint) -> u64 {
        self.counts.get(&(method.to_owned(), endpoint)).copied().unwrap_or_default()
    }

    /// All calls.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }
}

impl Pybossa {
    /// What was called since the start or [`Pybossa::reset_calls`].
    #[must_use]
    pub fn calls(&self) -> Calls {
        Calls { counts: self.shared.lock().calls.clone() }
    }

    /// Begins to count at zero and forgets the requests seen. The rate limit does not forget.
    pub fn reset_calls(&self) {
        let mut inner = self.shared.lock();
        inner.calls.clear();
        inner.seen.clear();
    }

    /// The newest 10,000 requests, oldest first.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.lock().seen.iter().cloned().collect()
    }

    /// Posts that were dropped because 100,000 others waited.
    #[must_use]
    pub fn posts_dropped(&self) -> u64 {
        self.shared.lock().jobs_refused
    }

    /// Switches a fault on for all calls, until [`Pybossa::clear_faults`].
    pub fn fault(&self, fault: Fault) {
        self.shared.lock().faults.add(None, fault, None);
    }

    /// Switches a fault on for the next `calls` calls on `endpoint`. Of several faults that
    /// fit a call, the one switched on first shows.
    pub fn fault_on(&self, endpoint: Endpoint, fault: Fault, calls: u32) {
        self.shared.lock().faults.add(Some(endpoint), fault, Some(calls));
    }

    /// Switches all faults off and lets go of the calls that hang.
    pub fn clear_faults(&self) {
        self.shared.lock().faults.clear();
        self.shared.faults_cleared.notify_waiters();
    }

    /// Cuts all connections and refuses new ones, until [`Pybossa::come_back`]. Its own
    /// webhooks still leave.
    pub async fn go_down(&self) {
        let listening = self.listening.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(listening) = listening {
            listening.abort();
            // Ends when the socket is closed; that it was cancelled is no news.
            listening.await.ok();
        }
    }

    /// Listens again where it did.
    ///
    /// # Errors
    ///
    /// When somebody else has taken the port meanwhile.
    pub async fn come_back(&self) -> io::Result<()> {
        if self.listening.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            return Ok(());
        }
        let listener = TcpListener::bind(self.address).await?;
        let accepting = tokio::spawn(server::accept(listener, Arc::clone(&self.shared)));
        let before = self.listening.lock().unwrap_or_else(PoisonError::into_inner).replace(accepting);
        if let Some(before) = before {
            before.abort();
        }
        Ok(())
    }

    /// Sets the rate limit, or none at all: then no `X-RateLimit-` header is sent. What was
    /// counted in the running window stays counted.
    pub fn set_rate_limit(&self, rate: Option<RateLimit>) {
        self.shared.lock().rate = rate;
    }

    /// Forgets what was counted in the running window.
    pub fn forget_rate_limit(&self) {
        self.shared.lock().counts = Counts::default();
    }

    /// From now on the completion of a task is committed only after it was read so often;
    /// the webhook leaves before. The reads see the task as it was before its last answer.
    pub fn set_early_reads(&self, reads: u32) {
        self.shared.lock().state.early_reads = reads;
    }

    /// Commits all completions that wait for readers.
    pub fn commit_all(&self) {
        let mut inner = self.shared.lock();
        let waiting: Vec<_> = inner.state.pending.keys().copied().collect();
        for task in waiting {
            inner.state.commit(task);
        }
    }

    /// Whether `related=true` embeds anything; an older server takes it and does nothing.
    pub fn set_related(&self, embeds: bool) {
        self.shared.lock().state.without_related = !embeds;
    }
}
