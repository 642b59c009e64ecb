//! A case made of a stored event: what its author needs to see the same again. Reads the store, and asks nothing of a platform or service.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::CaseError;
use super::alias::Aliases;
use super::form::{self, AnswerForm, EventForm, GrantsForm, Json, PlatformForm, ProjectForm, TaskForm};
use super::http::Exchange;
use super::state::State;
use crate::clock::Clock;
use crate::config;
use crate::connection::Connections;
use crate::event::{Event, PlatformKind};
use crate::id::Digest;
use crate::platform::appen::Appen;
use crate::platform::generic::Generic;
use crate::platform::{Answer, Platform as _, PlatformError, ProjectInfo, Snapshot, Task, WorkerInfo};
use crate::store::{Run, Store, StoreError};

mod forms;

/// What to make a case of.
pub struct Wanted<'w> {
    /// The event.
    pub event: &'w Event,
    /// The project it belongs to, as its file has it now.
    pub project: &'w config::Project,
    /// The plugin.
    pub plugin: &'w config::Plugin,
    /// Whether workers keep their ids.
    pub workers: WorkerIds,
}

/// What becomes of workers' ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerIds {
    /// They stay.
    Kept,
    /// `worker-1`, `worker-2` … stand in their place, and what else tells who somebody is goes.
    Aliased,
}

/// What was made.
#[derive(Debug, Default)]
pub struct Exported {
    /// The files of the case.
    pub files: Vec<PathBuf>,
    /// What is not as it was, a sentence each.
    pub notes: Vec<String>,
}

/// Why no case was made.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file cannot be written.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// The snapshot cannot be read.
    #[error("the snapshot of the event's task cannot be read: {0}")]
    Snapshot(String),
}

/// Makes a case in `folder` of a stored event, of what the last run of the plugin on it read, and of the plugin's lines in the project's
/// file. Of secrets it holds none.
///
/// # Errors
///
/// [`ExportError`]; then the folder may hold some of the files.
pub async fn export(store: &dyn Store, wanted: &Wanted<'_>, folder: &Path) -> Result<Exported, ExportError> {
    let mut notes = Vec::new();
    let runs = store.runs(wanted.event.id).await?;
    let runs: Vec<Run> = runs.into_iter().filter(|(plugin, _)| *plugin == wanted.plugin.name).map(|(_, run)| run).collect();
    let last = runs.iter().rfind(|run| run.component.is_some());
    match last {
        None => notes.push("the plugin has not run on it: there is no state in the case".to_owned()),
        Some(run) if run.settings.as_ref().is_some_and(|then| *then != Digest::of(wanted.plugin.settings.as_bytes()).short()) => {
            notes.push("the settings have changed since it ran: the case has those of now".to_owned());
        }
        Some(_) => {}
    }
    if wanted.event.is_bare() {
        notes.push("what the sender said was let go (`[keep]`): the case has an empty payload".to_owned());
    }
    let snapshot = snapshot(store, wanted.event, wanted.project).await?;
    if snapshot.is_none() && wanted.event.task.is_some() {
        notes.push("what the platform said of the task is not kept: write `task.json` and `answers.json` yourself".to_owned());
    }
    let read = last.and_then(|run| serde_json::from_str(&run.read).ok()).unwrap_or_default();
    let mut writing =
        Writing { wanted, aliases: (wanted.workers == WorkerIds::Aliased).then(Aliases::default), notes, files: Vec::new(), folder };
    writing.all(&runs, snapshot, read)?;
    Ok(Exported { files: writing.files, notes: writing.notes })
}

/// The newest snapshot of the event's task.
pub(super) async fn snapshot(store: &dyn Store, event: &Event, project: &config::Project) -> Result<Option<Snapshot>, ExportError> {
    if event.task.is_none() {
        return Ok(None);
    }
    if event.platform != PlatformKind::Pybossa {
        let root = if event.depth == 0 { Some(event.clone()) } else { store.event(event.root).await?.map(|(root, _)| root) };
        // One whose payload was let go makes no sense any more.
        return Ok(match root {
            Some(root) => posted(project, &root).await.ok(),
            None => None,
        });
    }
    let newest = store.newest_snapshot(event.root).await?;
    newest.map(|text| serde_json::from_str(&text).map_err(|error| ExportError::Snapshot(error.to_string()))).transpose()
}

/// What was posted is the snapshot.
async fn posted(project: &config::Project, event: &Event) -> Result<Snapshot, PlatformError> {
    match project.platform.kind {
        PlatformKind::Appen => Appen::new(project.platform.clone(), &project.name, &Connections::new(Clock::System)).snapshot(event).await,
        PlatformKind::Generic => Generic::new(project.platform.clone()).snapshot(event).await,
        PlatformKind::Pybossa => Err(PlatformError::Refused { why: "PYBOSSA posts no answers".to_owned() }),
    }
}

/// A case that is being written.
struct Writing<'w> {
    wanted: &'w Wanted<'w>,
    /// None where ids stay.
    aliases: Option<Aliases>,
    folder: &'w Path,
    files: Vec<PathBuf>,
    notes: Vec<String>,
}

impl Writing<'_> {
    fn all(&mut self, runs: &[Run], snapshot: Option<Snapshot>, read: Map<String, Value>) -> Result<(), CaseError> {
        let Wanted { event, plugin, .. } = *self.wanted;
        let unwritten = |error: std::io::Error| CaseError::Unwritten { file: self.folder.to_owned(), why: error.to_string() };
        std::fs::create_dir_all(self.folder).map_err(unwritten)?;
        // First those whom the snapshot names: others may be named in keys alone.
        if let Some(Snapshot { task, answers, .. }) = snapshot {
            let answers: Vec<AnswerForm> = answers.into_iter().map(|answer| AnswerForm::of(&self.answer(answer))).collect();
            let task = TaskForm::of(&self.task(task));
            self.write("task.json", &task)?;
            self.write("answers.json", &answers)?;
        }
        let payload = if event.is_bare() { "{}".to_owned() } else { self.text(&event.payload) };
        let event = Event { payload, ..event.clone() };
        let ran = runs.iter().rposition(|run| run.component.is_some());
        let before = runs.get(..ran.unwrap_or(0)).unwrap_or_default();
        let form = EventForm {
            plugin: Some(plugin.name.clone()),
            now: ran.and_then(|place| runs.get(place)).map(|run| run.started_at),
            attempt: attempt_after(before),
            rerun: before.iter().any(|run| run.outcome == "ok"),
            ..EventForm::of(&event)
        };
        self.write("event.json", &form)?;
        self.write("settings.json", &form::json(&plugin.settings))?;
        self.write("grants.json", &GrantsForm::of(plugin))?;
        self.what_was_read(read)
    }

    /// What a run read besides the snapshot, as its record has it.
    fn what_was_read(&mut self, read: Map<String, Value>) -> Result<(), CaseError> {
        let (mut state, mut platform, mut pages) = (State::new(), PlatformForm::default(), BTreeMap::<String, Pages>::new());
        for (what, found) in read {
            match what.split_once('/').unwrap_or((&what, "")) {
                ("state", _) => state = self.state(&found),
                ("project", _) => platform.project = of(found).map(|project: ProjectInfo| ProjectForm::of(&project)),
                ("worker", id) => {
                    let worker = of::<Option<WorkerInfo>>(found).flatten();
                    let id = self.worker(id);
                    let is_aliased = self.aliases.is_some();
                    platform.workers.extend(worker.map(|worker| (id, worker.name.filter(|_| !is_aliased))));
                }
                ("task", id) => {
                    platform.tasks.extend(of::<Option<Task>>(found).flatten().map(|task| (id.to_owned(), TaskForm::of(&self.task(task)))))
                }
                ("answers", page) => {
                    let (task, after) = page.split_once('/').unwrap_or((page, ""));
                    pages.entry(task.to_owned()).or_default().insert(after.to_owned(), of(found).unwrap_or_default());
                }
                ("task-result", id) => {
                    let result: Option<Json> = found.as_str().map(|text| form::json(&self.text(text)));
                    platform.results.extend(result.map(|result| (id.to_owned(), result)));
                }
                ("fetch", call) => self.fetched(call, &found)?,
                _ => {}
            }
        }
        for (task, pages) in pages {
            let answers = in_order(pages).into_iter().map(|answer| AnswerForm::of(&self.answer(answer)));
            platform.answers.insert(task, answers.collect());
        }
        if !state.is_empty() {
            self.write("state.json", &state)?;
        }
        if platform.is_empty() { Ok(()) } else { self.write("platform.json", &platform) }
    }

    fn state(&mut self, found: &Value) -> State {
        let entries = found.as_object().into_iter().flatten().filter_map(|(key, value)| Some((key, value.as_str()?)));
        entries
            .map(|(key, value)| (self.aliases.as_ref().map_or_else(|| key.clone(), |aliases| aliases.key(key)), self.text(value)))
            .collect()
    }

    /// An answer of a service: `1/wiki/page?id=7` and the record of it.
    fn fetched(&mut self, call: &str, found: &Value) -> Result<(), CaseError> {
        let Some((number, address)) = call.split_once('/') else { return Ok(()) };
        let (connection, path) = address.split_at(address.find(['/', '?']).unwrap_or(address.len()));
        let text = |name: &str| found.get(name).and_then(Value::as_str).map(str::to_owned);
        let headers: Vec<(String, String)> = found.get("headers").cloned().and_then(of).unwrap_or_default();
        let (body, base64) = (text("text"), text("base64"));
        let kept = body.as_ref().map_or(0, String::len) as u64;
        if base64.is_none() && found.get("bytes").and_then(Value::as_u64).is_some_and(|bytes| bytes > kept) {
            self.notes.push(format!("of the answer to `{address}` the beginning is kept: put the rest into its file below `http`"));
        }
        let body = body.map(|body| self.text(&body));
        let exchange = Exchange {
            connection: connection.to_owned(),
            path: path.to_owned(),
            status: found.get("status").and_then(Value::as_u64).and_then(|status| status.try_into().ok()).unwrap_or(200),
            headers: headers.into_iter().collect(),
            text: body,
            base64,
            ..Exchange::default()
        };
        let folder = self.folder.join("http");
        std::fs::create_dir_all(&folder).map_err(|error| CaseError::Unwritten { file: folder, why: error.to_string() })?;
        self.write(&format!("http/{number:0>2}.json"), &exchange)
    }

    fn task(&mut self, task: Task) -> Task {
        Task { info: self.text(&task.info), extra: self.text(&task.extra), ..task }
    }

    fn answer(&mut self, answer: Answer) -> Answer {
        let worker = answer.worker.as_deref().map(|worker| self.worker(worker));
        Answer { worker, value: self.text(&answer.value), extra: self.text(&answer.extra), ..answer }
    }

    fn worker(&mut self, id: &str) -> String {
        self.aliases.as_mut().map_or_else(|| id.to_owned(), |aliases| aliases.of(id))
    }

    fn text(&mut self, text: &str) -> String {
        self.aliases.as_mut().map_or_else(|| text.to_owned(), |aliases| aliases.text(text))
    }

    fn write(&mut self, name: &str, form: &impl serde::Serialize) -> Result<(), CaseError> {
        let file = self.folder.join(name);
        form::write(&file, form)?;
        self.files.push(file);
        Ok(())
    }
}

/// Pages of the answers to one task, by the id of the answer before each.
type Pages = HashMap<String, Vec<Answer>>;

/// The answers of pages that follow each other from the first.
fn in_order(mut pages: Pages) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::new();
    while let Some(page) = pages.remove(answers.last().map_or("", |last| &last.id)) {
        answers.extend(page);
    }
    answers
}

/// The number of the attempt that follows these: those that failed before it, back to one that was the last of its invocation.
fn attempt_after(before: &[Run]) -> u32 {
    let counted = before.iter().rev().filter(|run| run.outcome != "parked");
    let failed = counted.take_while(|run| ["retry", "trapped"].contains(&run.outcome.as_str())).count();
    u32::try_from(failed).unwrap_or(u32::MAX).saturating_add(1)
}

/// What a record holds in this place, if it is what it should be.
fn of<T: serde::de::DeserializeOwned>(value: Value) -> Option<T> {
    serde_json::from_value(value).ok()
}

#[cfg(test)]
mod tests;
