//! Components: their bytes compiled, their imports compared with what is offered, and asked what they are.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::component::{self, HasSelf, Linker};

use super::bindings::{Plugin, PluginPre, crowdhook};
use super::engine::Engine;
use super::guest::Guest;
use super::{call, compile};
use crate::config::GuestLimits;
use crate::event::EventKind;
use crate::id::{ComponentName, Digest};

pub(super) use imports::EXPORTS;
pub use imports::Import;

mod imports;

/// The version of the interface that this host offers.
pub const INTERFACE_VERSION: &str = "0.1.0";
/// A component file is at most this large.
pub const COMPONENT_BYTES_MAX: u64 = 256 << 20;
/// `describe` and `check-settings` may use up this much. By the clock they may take far longer than in CPU time: the machine may be busy.
const ASKED_LIMITS: GuestLimits = GuestLimits {
    cpu: Duration::from_secs(1),
    wall: Duration::from_secs(20),
    memory_bytes: 128 << 20,
    effects: 0,
    effects_bytes: 0,
    log_lines: 50,
    log_bytes: 16 << 10,
};

/// A component that is loaded.
pub struct Component {
    /// The name its `describe` gives.
    pub name: ComponentName,
    /// The digest of its file.
    pub digest: Digest,
    /// What `describe` says.
    pub description: Description,
    /// The memory that it has once it has said so, before any event.
    pub start_bytes: usize,
    /// How long it took to compile, or to take what had been compiled before.
    pub compiled_in: Duration,
    pre: PluginPre<Guest>,
}

/// What a component says it is.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Description {
    /// The component's own version, for people.
    pub version: String,
    /// What it does.
    pub summary: String,
    /// The kinds of event it wants; patterns.
    pub handles: Vec<String>,
    /// What it cannot work without.
    pub needs: Vec<String>,
    /// A JSON Schema of its settings.
    pub settings_schema: String,
}

/// Why a file is no component that this host can run.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Not WebAssembly at all.
    #[error("it is not a WebAssembly file: it does not begin with `\\0asm`\nhelp: drop the `.wasm` file that your build made")]
    NotWasm,
    /// A core module, not a component.
    #[error(
        "it is a core module, not a component\nhelp: make a component of it with `crowdhook plugin pack FILE`, or build for a component target"
    )]
    CoreModule,
    /// Larger than [`COMPONENT_BYTES_MAX`].
    #[error("it has {0} bytes, and may have {COMPONENT_BYTES_MAX}")]
    TooLarge(u64),
    /// Half a file, or a broken one.
    #[error("it does not compile: {0}")]
    Broken(String),
    /// It wants what this host does not offer.
    #[error("it wants what this host does not offer: {}\nhelp: {help}", wants.join(", "))]
    Imports {
        /// Each import by name.
        wants: Vec<String>,
        /// What to do.
        help: String,
    },
    /// It lacks what a plugin exports.
    #[error("it is a component, but no plugin: it does not export {}\nhelp: {help}", missing.join(", "))]
    Exports {
        /// Each export by name.
        missing: Vec<String>,
        /// What to do.
        help: String,
    },
    /// Its imports or exports have the right names, and other types.
    #[error(
        "it is a component, but no plugin of `crowdhook:plugin@{INTERFACE_VERSION}`: {0}\nhelp: build it with this host's `wit` folder"
    )]
    NoPlugin(String),
    /// `describe` failed.
    #[error("its `describe` failed: {0}")]
    Describe(String),
    /// `describe` says what cannot be.
    #[error("its `describe` says what cannot be: {0}")]
    Description(String),
}

/// What is wrong with settings, by the plugin's own check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, as a JSON Pointer into the settings.
    pub at: String,
    /// What, and what to write instead.
    pub message: String,
}

/// Makes a component of the bytes of a file: compiles them (or takes them from the cache), compares its imports with what is offered,
/// and asks it what it is. Compiling takes a thread for up to ten seconds; `describe` runs in a sandbox.
///
/// # Errors
///
/// [`LoadError`], for the operator to read.
pub async fn load(engine: &Engine, bytes: Arc<[u8]>) -> Result<Component, LoadError> {
    check_magic(&bytes)?;
    let (digest, began) = (Digest::of(&bytes), Instant::now());
    let compiled = compile::compile(engine, bytes, digest).await?;
    finish(engine, &compiled.component, (digest, began.elapsed())).await
}

/// What a file is made of, as far as it can be told without running it.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The size of the file.
    pub bytes: usize,
    /// How long it took to compile, or to take from the cache.
    pub compiled_in: Duration,
    /// Whether it was compiled before.
    pub was_cached: bool,
    /// What it imports, in the order of the file.
    pub imports: Vec<Import>,
}

/// As [`load`], for its author: what it is made of, and then what a host would make of it.
///
/// # Errors
///
/// [`LoadError`] when it does not even compile.
pub async fn take_apart(engine: &Engine, bytes: Arc<[u8]>) -> Result<(Parts, Result<Component, LoadError>), LoadError> {
    check_magic(&bytes)?;
    let (digest, size, began) = (Digest::of(&bytes), bytes.len(), Instant::now());
    let compiled = compile::compile(engine, bytes, digest).await?;
    let parts = Parts {
        bytes: size,
        compiled_in: began.elapsed(),
        was_cached: compiled.was_cached,
        imports: imports::imports(engine, &compiled.component),
    };
    let compiled_in = parts.compiled_in;
    Ok((parts, finish(engine, &compiled.component, (digest, compiled_in)).await))
}

async fn finish(engine: &Engine, compiled: &component::Component, of: (Digest, Duration)) -> Result<Component, LoadError> {
    imports::check(engine, compiled)?;
    let linker = linker(engine).map_err(|error| LoadError::NoPlugin(format!("{error:#}")))?;
    asked(&linker, compiled, of).await
}

/// Links `compiled` with what `linker` offers, and asks it what it is.
async fn asked(
    linker: &Linker<Guest>,
    compiled: &component::Component,
    (digest, compiled_in): (Digest, Duration),
) -> Result<Component, LoadError> {
    let linked = linker.instantiate_pre(compiled).and_then(PluginPre::new);
    let pre = linked.map_err(|error| LoadError::NoPlugin(format!("{error:#}")))?;
    let (name, description, start_bytes) = describe(&pre).await?;
    Ok(Component { name, digest, description, start_bytes, compiled_in, pre })
}

fn check_magic(bytes: &[u8]) -> Result<(), LoadError> {
    match bytes.get(..8) {
        Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => Err(LoadError::CoreModule),
        Some([0, b'a', b's', b'm', ..]) => Ok(()),
        _ => Err(LoadError::NotWasm),
    }
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(&engine.wasmtime);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    Plugin::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    Ok(linker)
}

async fn describe(pre: &PluginPre<Guest>) -> Result<(ComponentName, Description, usize), LoadError> {
    let ran =
        call::run(pre, ASKED_LIMITS, None, async |guest: &Plugin, store: &mut wasmtime::Store<Guest>| guest.call_describe(store).await)
            .await;
    let start_bytes = ran.memory_bytes;
    let said: crowdhook::plugin::types::Description = ran.outcome.map_err(|reason| LoadError::Describe(with_log(reason, &ran.log)))?;
    let name = said.name.parse().map_err(|error| LoadError::Description(format!("`name`: {error}")))?;
    let schema = serde_json::from_str::<serde_json::Value>(&said.settings_schema)
        .map_err(|error| LoadError::Description(format!("`settings-schema` is not JSON: {error}")))?;
    jsonschema::validator_for(&schema).map_err(|error| LoadError::Description(format!("`settings-schema` is no JSON Schema: {error}")))?;
    if let Some(pattern) = said.handles.iter().find(|pattern| !is_pattern(pattern)) {
        return Err(LoadError::Description(format!("`handles`: `{pattern}` is no kind of event, `task.*` or `*`")));
    }
    Ok((
        name,
        Description {
            version: said.version,
            summary: said.summary,
            handles: said.handles,
            needs: said.needs,
            settings_schema: said.settings_schema,
        },
        start_bytes,
    ))
}

/// Whether this names a kind of event, a family of kinds, or all.
#[must_use]
pub fn is_pattern(pattern: &str) -> bool {
    pattern == "*"
        || pattern
            .strip_suffix(".*")
            .map_or_else(|| pattern.parse::<EventKind>().is_ok(), |family| format!("{family}.x").parse::<EventKind>().is_ok())
}

fn with_log(reason: String, log: &[super::guest::LogLine]) -> String {
    log.iter().fold(reason, |reason, line| format!("{reason}\n{}: {}", line.level, line.message))
}

impl Component {
    /// Whether it wants events of this kind.
    #[must_use]
    pub fn handles(&self, kind: &EventKind) -> bool {
        self.description.handles.iter().any(|pattern| kind.fits(pattern))
    }

    /// What is wrong with `settings`, a JSON object as text: first by its schema, then by its own check.
    pub async fn check_settings(&self, settings: &str) -> Vec<Problem> {
        let by_schema = self.check_schema(settings);
        if !by_schema.is_empty() {
            return by_schema;
        }
        let settings = settings.to_owned();
        let ran = call::run(&self.pre, ASKED_LIMITS, None, async |guest: &Plugin, store: &mut wasmtime::Store<Guest>| {
            guest.call_check_settings(store, &settings).await
        })
        .await;
        match ran.outcome {
            Ok(problems) => problems.into_iter().map(|problem| Problem { at: problem.at, message: problem.message }).collect(),
            Err(reason) => vec![Problem { at: String::new(), message: format!("`check-settings` failed: {}", with_log(reason, &ran.log)) }],
        }
    }

    fn check_schema(&self, settings: &str) -> Vec<Problem> {
        let broken = |message: String| vec![Problem { at: String::new(), message }];
        let Ok(schema) = serde_json::from_str(&self.description.settings_schema) else {
            return broken("the plugin's settings schema is not JSON".into());
        };
        let settings = match serde_json::from_str(settings) {
            Ok(settings) => settings,
            Err(error) => return broken(format!("the settings are not JSON: {error}")),
        };
        match jsonschema::validator_for(&schema) {
            Ok(validator) => validator
                .iter_errors(&settings)
                .map(|error| Problem { at: error.instance_path().to_string(), message: error.to_string() })
                .collect(),
            Err(error) => broken(format!("the plugin's settings schema is no JSON Schema: {error}")),
        }
    }

    pub(super) fn pre(&self) -> &PluginPre<Guest> {
        &self.pre
    }
}

#[cfg(test)]
mod tests;
