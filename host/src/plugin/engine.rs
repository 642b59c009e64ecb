//! The machine that all sandboxes share: one compiler, one pool of memory, one ticker.
//!
//! The settings are those that were measured to make no system call that interrupts the other cores (`mprotect`,
//! `madvise`, `munmap`): explicit bounds checks instead of guard pages, and pages that are reset in place where the
//! kernel can say which ones were written.

use std::path::Path;
use std::time::Duration;

use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::cache::Cache;
use super::compile::Apart;
use crate::config::{GuestLimits, Limits};

/// How often running guests are looked at: to bill their CPU time and to let the next one have a turn.
const TICK: Duration = Duration::from_millis(10);
/// Sandboxes beyond those of events: for `describe` and `check-settings` while a component loads.
const SPARE_SANDBOXES: usize = 2;
/// Core modules, memories and tables that one component may be made of; a Python guest has some thirty modules.
const MODULES_PER_SANDBOX: usize = 64;
const MEMORIES_PER_SANDBOX: usize = 4;
const TABLES_PER_SANDBOX: usize = 16;
const TABLE_ELEMENTS: usize = 100_000;

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
#[error("the WebAssembly engine does not start: {0}")]
pub struct EngineError(String);

/// The engine, and the thread that ticks for as long as it lives.
#[derive(Clone)]
pub struct Engine {
    pub(super) wasmtime: wasmtime::Engine,
    /// Whether memory is reset in place (`PAGEMAP_SCAN`, Linux 6.7 and later): about ten times as fast on two cores.
    pub resets_in_place: bool,
    /// Where components are compiled; none: within this process.
    pub(super) apart: Option<Apart>,
    /// What was compiled before; none: compiled anew each time.
    pub(super) cache: Option<Cache>,
}

impl Engine {
    /// Starts an engine whose compiled code is kept below `cache` (none: compiled anew each time).
    ///
    /// # Errors
    ///
    /// [`EngineError`] when the address space for the sandboxes cannot be had, or the folder cannot be made.
    pub fn start(limits: &Limits, cache: Option<&Path>) -> Result<Self, EngineError> {
        let open = |folder: &Path| {
            Cache::open(folder).map_err(|error| EngineError(format!("there is no compile cache in `{}`: {error}", folder.display())))
        };
        Self::with(limits, cache.map(open).transpose()?)
    }

    /// Starts an engine for an author's tries: one sandbox at a time, with compiled code kept in the user's own cache folder. A user
    /// who has none, or whose folder cannot be written, waits for the compiler each time.
    ///
    /// # Errors
    ///
    /// [`EngineError`] as for [`Engine::start`].
    pub fn for_one() -> Result<Self, EngineError> {
        Self::with(&Limits { sandboxes_max: 1, ..Limits::default() }, Cache::of_user())
    }

    fn with(limits: &Limits, cache: Option<Cache>) -> Result<Self, EngineError> {
        let wasmtime = wasmtime::Engine::new(&Self::settings(limits.sandboxes_max)).map_err(failed)?;
        tick(&wasmtime)?;
        Ok(Self { wasmtime, resets_in_place: resets_in_place(), apart: None, cache })
    }

    /// The settings of an engine for so many sandboxes at a time, without a cache; for those who measure what runs on it, too.
    #[must_use]
    pub fn settings(sandboxes: usize) -> Config {
        let mut config = Config::new();
        config
            .epoch_interruption(true)
            .concurrency_support(false)
            .signals_based_traps(false)
            .memory_guard_size(0)
            .guard_before_linear_memory(false)
            .memory_reservation(GuestLimits::MEMORY_BYTES_MAX as u64)
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(sandboxes)));
        config
    }

    /// From now on has components compiled by `program`, our own, in a process of its own, into the cache that the engine was started with.
    #[must_use]
    pub fn compiling_apart(self, program: &Path, cache: &Path) -> Self {
        Self { apart: Some(Apart { program: program.to_owned(), cache: cache.to_owned() }), ..self }
    }
}

fn failed(error: wasmtime::Error) -> EngineError {
    EngineError(format!("{error:#}"))
}

/// Whether the kernel says which pages were written.
fn resets_in_place() -> bool {
    PoolingAllocationConfig::is_pagemap_scan_available()
}

fn pool(sandboxes: usize) -> PoolingAllocationConfig {
    let slots = sandboxes + SPARE_SANDBOXES;
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(count(slots))
        .max_core_instances_per_component(count(MODULES_PER_SANDBOX))
        .max_memories_per_component(count(MEMORIES_PER_SANDBOX))
        .max_tables_per_component(count(TABLES_PER_SANDBOX))
        .total_stacks(count(slots))
        .total_core_instances(count(slots * MODULES_PER_SANDBOX))
        .total_memories(count(slots * MEMORIES_PER_SANDBOX))
        .total_tables(count(slots * TABLES_PER_SANDBOX))
        .table_elements(TABLE_ELEMENTS)
        .max_memory_size(GuestLimits::MEMORY_BYTES_MAX)
        .pagemap_scan(Enabled::Auto);
    if resets_in_place() {
        pool.linear_memory_keep_resident(64 << 20).table_keep_resident(4 << 20);
    }
    pool
}

/// Moves the epoch on for as long as the engine is in use.
fn tick(engine: &wasmtime::Engine) -> Result<(), EngineError> {
    let engine = engine.weak();
    let ticker = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    };
    std::thread::Builder::new()
        .name("epoch".into())
        .spawn(ticker)
        .map(drop)
        .map_err(|error| EngineError(format!("the ticker's thread cannot be had: {error}")))
}
