//! A case: one event with all that a plugin may read of the world, kept as files, so that an author runs a plugin on it as often as
//! they like. It runs in the real sandbox; there is no host around it, no store, no platform and no network.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{self, GRANTS};
use crate::event::Event;
use crate::id::{PluginName, ProjectName};
use crate::plugin::call::{self, Call};
use crate::plugin::load::{Component, Problem};

pub use expected::{Expected, cases, difference, difference_of};
pub use export::{ExportError, Exported, Wanted, WorkerIds, export};
pub use outcome::{Ending, Outcome, Share, Tried, Used};
pub use trial::{Compared, Part, Trial, TrialError, Verdict, Version, trial};

mod alias;
mod expected;
mod export;
mod form;
mod grants;
mod http;
mod outcome;
mod state;
mod trial;
mod world;

use form::{EventForm, GrantsForm};
use world::CaseWorld;

/// No file of a case is larger, in bytes.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Where the files of a case are: those of the folder, but for the ones that are named by themselves.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// The case's folder.
    pub folder: Option<PathBuf>,
    /// Instead of `event.json`.
    pub event: Option<PathBuf>,
    /// Instead of `task.json`.
    pub task: Option<PathBuf>,
    /// Instead of `answers.json`.
    pub answers: Option<PathBuf>,
    /// Instead of `settings.json`.
    pub settings: Option<PathBuf>,
    /// Instead of `state.json`.
    pub state: Option<PathBuf>,
    /// Instead of `grants.json`.
    pub grants: Option<PathBuf>,
}

/// Why a case cannot be read, or run. The text holds its own help.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// There is no event.
    #[error(
        "there is no event to run it on: {0}\nhelp: write `event.json` into the case's folder, at the least `{{\"kind\": \"task.completed\", \"task\": \"1\"}}`"
    )]
    NoEvent(String),
    /// A file cannot be read.
    #[error("`{file}` cannot be read: {why}", file = .file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// A file cannot be written.
    #[error("`{file}` cannot be written: {why}", file = .file.display())]
    Unwritten {
        /// Which.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// A file does not hold what it should.
    #[error("`{file}`: {why}\nhelp: `crowdhook plugin run --help` shows what each file of a case holds", file = .file.display())]
    Form {
        /// Which.
        file: PathBuf,
        /// What is wrong, and where.
        why: String,
    },
    /// A host would not run the component like this.
    #[error("a host would not run `{component}` like this: {}", .problems.join("\n  and: "))]
    Unfit {
        /// Which component.
        component: String,
        /// What does not suit, a sentence each.
        problems: Vec<String>,
    },
}

/// One event and what a plugin may read of the world.
pub struct Case {
    event: EventForm,
    world: CaseWorld,
    settings: String,
    grants: Option<GrantsForm>,
}

impl Case {
    /// Reads a case. Of its files only `event.json` has to be there.
    ///
    /// # Errors
    ///
    /// [`CaseError::NoEvent`], [`CaseError::File`] and [`CaseError::Form`], with the file's name and the place in it.
    pub fn read(files: &Files) -> Result<Self, CaseError> {
        let file = |named: &Option<PathBuf>, usual: &str| named.clone().or_else(|| there(files.folder.as_deref()?, usual));
        let event = file(&files.event, "event.json").ok_or_else(|| CaseError::NoEvent(named(files.folder.as_deref())))?;
        let mut event: EventForm = form::read(&event)?;
        let task: Option<form::TaskForm> = file(&files.task, "task.json").map(|file| form::read(&file)).transpose()?;
        let answers: Option<Vec<form::AnswerForm>> = file(&files.answers, "answers.json").map(|file| form::read(&file)).transpose()?;
        let settings: Option<Settings> = file(&files.settings, "settings.json").map(|file| form::read(&file)).transpose()?;
        let state = file(&files.state, "state.json").map(|file| form::read(&file)).transpose()?.unwrap_or_default();
        let grants = file(&files.grants, "grants.json").map(|file| form::read(&file)).transpose()?;
        let folder = files.folder.as_deref();
        let platform = folder.and_then(|folder| there(folder, "platform.json")).map(|file| form::read(&file)).transpose()?;
        let exchanges = folder.and_then(|folder| there(folder, "http")).map(|http| http::read(&http)).transpose()?.unwrap_or_default();
        event.task = event.task.or_else(|| task.as_ref()?.id.clone());
        let world = CaseWorld::new(&event, task, answers, platform.unwrap_or_default(), state, exchanges);
        Ok(Self { event, world, settings: serde_json::Value::Object(settings.unwrap_or_default()).to_string(), grants })
    }

    /// Runs `component` on it.
    ///
    /// # Errors
    ///
    /// [`CaseError::Unfit`] when a host would not take the settings or the grants for this component.
    pub async fn run(&self, component: &Component) -> Result<Tried, CaseError> {
        let event = self.event.event();
        let plugin = self.plugin(component);
        let problems = unfit(component, &plugin, &event).await;
        if !problems.is_empty() {
            return Err(CaseError::Unfit { component: component.name.to_string(), problems });
        }
        let plugin = Arc::new(plugin);
        let world = self.world.with(&plugin.connections);
        let limits = plugin.limits;
        let call = Call {
            event: Arc::new(event),
            attempt: self.event.attempt,
            rerun: self.event.rerun,
            plugin: Arc::clone(&plugin),
            reads: Arc::new(world),
            derived: 0,
        };
        let report = Box::pin(call::handle(component, call)).await;
        Ok(outcome::tried(component, report, limits, &self.world.state))
    }

    /// The plugin of a project that would run `component` like this.
    fn plugin(&self, component: &Component) -> config::Plugin {
        let grants = self.grants.clone().unwrap_or_else(|| grants::usual(component, &self.settings, &self.world.exchanges));
        let name = self.event.plugin.clone().unwrap_or_else(|| name_of(component));
        config::Plugin {
            name,
            component: component.name.clone(),
            settings: self.settings.clone(),
            recipients: grants.recipients(),
            limits: grants.limits.limits(),
            allow: grants.allow,
            connections: grants.connections,
            folders: grants.folders,
            projects: grants.projects,
            on: None,
            from: None,
            line: 1,
            setting_lines: Vec::new(),
        }
    }
}

type Settings = serde_json::Map<String, serde_json::Value>;

/// A plugin is called what its component is, where nobody says otherwise. Both kinds of names are of one form.
fn name_of(component: &Component) -> PluginName {
    component.name.as_str().parse().expect("what names a component names a plugin too")
}

fn there(folder: &Path, name: &str) -> Option<PathBuf> {
    Some(folder.join(name)).filter(|path| path.exists())
}

fn named(folder: Option<&Path>) -> String {
    folder.map_or_else(
        || "neither `--case` nor `--event` is given".to_owned(),
        |folder| format!("`{}` is not there", folder.join("event.json").display()),
    )
}

/// Why a host would not run the component like this, a sentence each.
async fn unfit(component: &Component, plugin: &config::Plugin, event: &Event) -> Vec<String> {
    let mut problems = Vec::new();
    let said = &component.description;
    if !component.handles(&event.kind) {
        problems.push(format!("it hears {}, and the event is a `{}`", quoted(&said.handles), event.kind));
    }
    if let Some(unknown) = said.needs.iter().find(|need| !GRANTS.contains(&need.as_str())) {
        problems.push(format!("it needs `{unknown}`, which no host knows: hosts grant {}", quoted(&GRANTS)));
    }
    let missing: Vec<&String> = said.needs.iter().filter(|need| GRANTS.contains(&need.as_str()) && !plugin.allow.contains(need)).collect();
    if !missing.is_empty() {
        problems.push(format!("it needs {}: add that to `allow` in `grants.json`", quoted(&missing)));
    }
    if let Some(unknown) = plugin.allow.iter().find(|word| !GRANTS.contains(&word.as_str())) {
        problems.push(format!("`grants.json` allows `{unknown}`, and there is no such thing to grant: write any of {}", quoted(&GRANTS)));
    }
    let of_settings = component.check_settings(&plugin.settings).await;
    problems.extend(of_settings.into_iter().map(|Problem { at, message }| format!("`settings.json`, at `{at}`: {message}")));
    problems
}

fn quoted(words: &[impl AsRef<str>]) -> String {
    words.iter().map(|word| format!("`{}`", word.as_ref())).collect::<Vec<_>>().join(", ")
}

/// The project of a case that names none.
fn usual_project() -> ProjectName {
    "case".parse().expect("it is a name")
}
