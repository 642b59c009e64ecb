//! What a guest may use up: memory of the whole sandbox and CPU time, each counted by ourselves.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
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

/// A future whose CPU time is counted by a [`CpuMeter`].
pub(super) struct Metered<F> {
    pub(super) meter: Arc<CpuMeter>,
    pub(super) future: Pin<Box<F>>,
}

impl<F: Future> Future for Metered<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let began = thread_cpu_ns().max(1);
        self.meter.poll_began_ns.store(began, Ordering::Relaxed);
        let polled = self.future.as_mut().poll(context);
        self.meter.poll_began_ns.store(0, Ordering::Relaxed);
        self.meter.spent_ns.fetch_add(thread_cpu_ns().saturating_sub(began), Ordering::Relaxed);
        polled
    }
}
