//! The baseline of the sandbox: a guest in a fresh sandbox of wasmtime's, with as little of a host around it as it can do its work with.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, HasSelf, Linker, ResourceTable};
use wasmtime::{Config, Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crowdhook::clock;
use crowdhook::config::Plugin;
use crowdhook::event::Event;
use crowdhook::id::Digest;
use crowdhook::platform;
use crowdhook::plugin::cache::Cache;

use bindings::PluginPre;
use bindings::crowdhook::plugin::types::{self, Failure};
use bindings::crowdhook::plugin::{crowd, events, log, results, state};

#[path = "../../src/plugin/bindings.rs"]
#[allow(dead_code, reason = "the host uses all of it")]
mod bindings;

/// The interfaces that guests use here.
const OFFERED: [&str; 5] = ["crowd", "state", "results", "events", "log"];
/// No epoch comes that ends a guest.
const NEVER: u64 = u64::MAX / 2;

/// A guest that was compiled and linked, and what it is called with.
pub(crate) struct BareGuest {
    pre: PluginPre<Sandbox>,
    event: types::Event,
    settings: String,
    said: Arc<Said>,
}

/// What the platform said, as a guest gets it.
struct Said {
    task: crowd::Task,
    answers: Vec<crowd::Answer>,
}

/// The data of one sandbox.
struct Sandbox {
    said: Arc<Said>,
    /// How often it asked for something to be done.
    asked: usize,
    /// Made when the guest first asks for anything of WASI.
    wasi: Option<WasiCtx>,
    table: ResourceTable,
}

impl BareGuest {
    /// Compiles `component` by the settings of `config`, or takes it from the cache.
    pub(crate) fn new(
        config: &Config,
        component: (&[u8], &Cache),
        plugin: &Plugin,
        event: &Event,
        said: &platform::Snapshot,
    ) -> anyhow::Result<Self> {
        let pre = link(config, component).map_err(|error| anyhow::anyhow!("{error:#}")).context("the bare guest does not load")?;
        let said = Arc::new(Said { task: task(&said.task), answers: said.answers.iter().map(answer).collect() });
        Ok(Self { pre, event: record(event), settings: plugin.settings.clone(), said })
    }

    fn store(&self) -> Store<Sandbox> {
        let sandbox = Sandbox { said: Arc::clone(&self.said), asked: 0, wasi: None, table: ResourceTable::new() };
        let mut store = Store::new(self.pre.engine(), sandbox);
        store.set_epoch_deadline(NEVER);
        store
    }

    /// Makes a sandbox and throws it away.
    pub(crate) async fn make(&self) -> anyhow::Result<()> {
        let made = self.pre.instantiate_async(self.store()).await;
        made.map(drop).map_err(|error| anyhow::anyhow!("no sandbox can be made: {error:#}"))
    }

    /// Makes a sandbox, calls `handle` in it and throws it away.
    pub(crate) async fn run(&self) -> anyhow::Result<()> {
        let mut store = self.store();
        let called = async {
            let guest = self.pre.instantiate_async(&mut store).await?;
            guest.call_handle(&mut store, &self.event, &self.settings).await
        };
        match called.await {
            Ok(Ok(())) if store.data().asked > 0 => Ok(()),
            Ok(Ok(())) => bail!("the guest asked for nothing"),
            Ok(Err(failure)) => bail!("the guest failed: {failure:?}"),
            Err(trap) => bail!("the guest trapped: {trap:#}"),
        }
    }
}

fn link(config: &Config, (bytes, cache): (&[u8], &Cache)) -> wasmtime::Result<PluginPre<Sandbox>> {
    let engine = Engine::new(config)?;
    let digest = Digest::of(bytes);
    let component = match cache.get(&engine, digest) {
        Some(component) => component,
        None => {
            cache.put(&engine, digest, &engine.precompile_component(bytes)?)?;
            Component::new(&engine, bytes)?
        }
    };
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    crowd::add_to_linker::<_, HasSelf<Sandbox>>(&mut linker, |sandbox| sandbox)?;
    state::add_to_linker::<_, HasSelf<Sandbox>>(&mut linker, |sandbox| sandbox)?;
    results::add_to_linker::<_, HasSelf<Sandbox>>(&mut linker, |sandbox| sandbox)?;
    events::add_to_linker::<_, HasSelf<Sandbox>>(&mut linker, |sandbox| sandbox)?;
    log::add_to_linker::<_, HasSelf<Sandbox>>(&mut linker, |sandbox| sandbox)?;
    trap_the_rest(&mut linker, &component)?;
    PluginPre::new(linker.instantiate_pre(&component)?)
}

/// Whatever else of ours a guest imports it does not call.
fn trap_the_rest(linker: &mut Linker<Sandbox>, component: &Component) -> wasmtime::Result<()> {
    let engine = linker.engine().clone();
    for (interface, import) in component.component_type().imports(&engine) {
        let Some(name) = interface.strip_prefix("crowdhook:plugin/").and_then(|rest| rest.split('@').next()) else { continue };
        let ComponentItem::ComponentInstance(instance) = import.ty else { continue };
        if OFFERED.contains(&name) {
            continue;
        }
        let mut there = linker.instance(interface)?;
        for (function, export) in instance.exports(&engine) {
            if matches!(export.ty, ComponentItem::ComponentFunc(_)) {
                there.func_new(function, |_, _, _, _| Err(wasmtime::Error::msg("the bare loop does not offer this")))?;
            }
        }
    }
    Ok(())
}

impl WasiView for Sandbox {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: self.wasi.get_or_insert_with(|| WasiCtx::builder().build()), table: &mut self.table }
    }
}

impl crowd::Host for Sandbox {
    async fn get_project(&mut self) -> Result<crowd::ProjectInfo, Failure> {
        Err(not_here("get-project"))
    }

    async fn find_worker(&mut self, _id: String) -> Result<Option<crowd::WorkerInfo>, Failure> {
        Err(not_here("find-worker"))
    }

    async fn event_task(&mut self) -> Result<crowd::Task, Failure> {
        Ok(self.said.task.clone())
    }

    async fn event_answers(&mut self) -> Result<Vec<crowd::Answer>, Failure> {
        Ok(self.said.answers.clone())
    }

    async fn find_task(&mut self, _id: String) -> Result<Option<crowd::Task>, Failure> {
        Err(not_here("find-task"))
    }

    async fn list_answers(&mut self, _task_id: String, _after: Option<String>) -> Result<Vec<crowd::Answer>, Failure> {
        Err(not_here("list-answers"))
    }

    async fn find_task_result(&mut self, _task_id: String) -> Result<Option<String>, Failure> {
        Err(not_here("find-task-result"))
    }
}

impl state::Host for Sandbox {
    async fn get(&mut self, _key: String) -> Result<Option<String>, Failure> {
        Ok(None)
    }

    async fn set(&mut self, _key: String, _value: String) -> Result<(), Failure> {
        Ok(())
    }

    async fn remove(&mut self, _key: String) -> Result<(), Failure> {
        Ok(())
    }

    async fn increment(&mut self, _key: String, _by: i32) -> Result<(), Failure> {
        Ok(())
    }

    async fn scan(&mut self, _prefix: String, _after: Option<String>, _limit: u32) -> Result<Vec<state::Entry>, Failure> {
        Ok(Vec::new())
    }
}

impl results::Host for Sandbox {
    fn save(&mut self, _task_id: String, _info: String) -> Result<(), Failure> {
        self.asked += 1;
        Ok(())
    }
}

impl events::Host for Sandbox {
    fn emit(&mut self, _kind: String, _task_id: Option<String>, _payload: String, _once: Option<String>) -> Result<(), Failure> {
        self.asked += 1;
        Ok(())
    }
}

impl log::Host for Sandbox {
    fn write(&mut self, _level: log::Level, _message: String, _fields: Vec<log::Field>) {}
}

fn not_here(name: &str) -> Failure {
    Failure::NotGranted(format!("the bare loop has no `{name}`"))
}

fn record(event: &Event) -> types::Event {
    types::Event {
        id: event.id.to_string(),
        kind: event.kind.to_string(),
        project: event.project.to_string(),
        platform: event.platform.to_string(),
        task_id: event.task.clone(),
        occurred_at: clock::rfc3339(event.occurred_at),
        attempt: 1,
        origin: event.origin.to_string(),
        rerun: false,
        emitted_by: None,
        payload: event.payload.clone(),
        extra: "{}".to_owned(),
    }
}

fn task(task: &platform::Task) -> crowd::Task {
    crowd::Task {
        id: task.id.clone(),
        redundancy: task.redundancy,
        completed: task.completed,
        gold: task.gold,
        gold_answer: task.gold_answer.clone(),
        info: task.info.clone(),
        extra: task.extra.clone(),
    }
}

fn answer(answer: &platform::Answer) -> crowd::Answer {
    crowd::Answer {
        id: answer.id.clone(),
        task_id: answer.task.clone(),
        worker: answer.worker.clone(),
        value: answer.value.clone(),
        submitted_at: answer.submitted_at.map(clock::rfc3339),
        trust: answer.trust,
        set_aside: answer.set_aside,
        extra: answer.extra.clone(),
    }
}
