//! What a guest may use up: memory of the whole sandbox and CPU time, each counted by ourselves.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::{Instant, Sleep};
use wasmtime::ResourceLimiter;

/// A table's element takes this much, in bytes.
const ELEMENT_BYTES: usize = 8;

/// Counts all memories and tables of one sandbox together, and remembers when it refused: the guest itself only
/// shows `unreachable`.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) bytes_max: usize,
    pub(super) bytes: usize,
    pub(super) refused: bool,
}

impl Memory {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, bytes: 0, refused: false }
    }

    fn grow(&mut self, by: usize) -> bool {
        let wanted = self.bytes.saturating_add(by);
        if wanted > self.bytes_max {
            self.refused = true;
            return false;
        }
        self.bytes = wanted;
        true
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(self.grow(desired.saturating_sub(current)))
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(self.grow(desired.saturating_sub(current).saturating_mul(ELEMENT_BYTES)))
    }
}

/// The CPU time of one call, however many other calls share its thread: only what passes while it is being polled counts.
#[derive(Debug, Default)]
pub(super) struct CpuMeter {
    spent_ns: AtomicU64,
    /// The thread's CPU time when the present poll began.
    poll_began_ns: AtomicU64,
}

impl CpuMeter {
    /// What was spent up to now. To be asked from within the call's own poll, or when it is over.
    pub(super) fn spent_so_far(&self) -> Duration {
        let began = self.poll_began_ns.load(Ordering::Relaxed);
        let current = if began == 0 { 0 } else { thread_cpu_ns().saturating_sub(began) };
        Duration::from_nanos(self.spent_ns.load(Ordering::Relaxed) + current)
    }
}

fn thread_cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}

/// A future whose CPU time is counted by a [`CpuMeter`], and which ends when it has computed and waited for too long. What it waits for a
/// thread is not counted: that is its neighbours' doing.
pub(super) struct Metered<F> {
    meter: Arc<CpuMeter>,
    future: Pin<Box<F>>,
    wall: Duration,
    /// How long it has waited for something else than a thread.
    waited: Duration,
    /// When it began to wait.
    waits_since: Option<Instant>,
    /// Goes off when it has waited for too long.
    alarm: Pin<Box<Sleep>>,
    woken: Arc<Woken>,
}

/// It took longer than it may.
#[derive(Debug)]
pub(super) struct TooLong;

/// When something that waits was woken first, which may be long before it gets a thread.
#[derive(Default)]
struct Woken {
    at: Mutex<Option<Instant>>,
    task: AtomicWaker,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.at.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(Instant::now);
        self.task.wake();
    }
}

impl<F: Future> Metered<F> {
    /// `future` may take `wall`.
    pub(super) fn new(meter: Arc<CpuMeter>, wall: Duration, future: F) -> Self {
        Self {
            meter,
            future: Box::pin(future),
            wall,
            waited: Duration::ZERO,
            waits_since: None,
            alarm: Box::pin(tokio::time::sleep(wall)),
            woken: Arc::default(),
        }
    }

    /// Counts what it has waited since the last poll.
    fn note_wait(&mut self) {
        let woken = self.woken.at.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(since) = self.waits_since.take() {
            self.waited += woken.unwrap_or_else(Instant::now).saturating_duration_since(since);
        }
    }
}

impl<F: Future> Future for Metered<F> {
    type Output = Result<F::Output, TooLong>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.note_wait();
        self.woken.task.register(context.waker());
        let waker = Waker::from(Arc::clone(&self.woken));
        let began = thread_cpu_ns().max(1);
        self.meter.poll_began_ns.store(began, Ordering::Relaxed);
        let polled = self.future.as_mut().poll(&mut Context::from_waker(&waker));
        self.meter.poll_began_ns.store(0, Ordering::Relaxed);
        self.meter.spent_ns.fetch_add(thread_cpu_ns().saturating_sub(began), Ordering::Relaxed);
        if let Poll::Ready(output) = polled {
            return Poll::Ready(Ok(output));
        }
        let taken = self.waited + self.meter.spent_so_far();
        if taken >= self.wall {
            return Poll::Ready(Err(TooLong));
        }
        // It may have been woken already: a guest that computes only gives others a turn.
        let now = Instant::now();
        self.waits_since = Some(now);
        let until = now + (self.wall - taken);
        self.alarm.as_mut().reset(until);
        if self.alarm.as_mut().poll(context).is_ready() {
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }
}
