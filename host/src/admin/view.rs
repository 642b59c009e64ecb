//! What is shown, in the shape in which it is shown: the admin API writes these as JSON, the command line reads them.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::usage::Usage;
use crate::clock::{Timestamp, rfc3339};
use crate::event::{Event, Standing};
use crate::id::{EventId, PluginName, ProjectName};
use crate::plugin::load::Component;
use crate::plugin::registry::{Catalogue, LoadStatus, Project};
use crate::store::browse::{Place, WantedEvents};
use crate::store::{Binding, DeadLetter, DeliveryRecord, KeptBadge, Quarantine, Replayed, Run, Store, StoreError, Totals};

/// `GET /v1/status`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Status {
    /// The host's version.
    pub version: String,
    /// When it started, RFC 3339.
    pub started_at: String,
    /// Seconds since then.
    pub uptime_s: u64,
    /// Components in use.
    pub components: usize,
    /// Projects in use.
    pub projects: usize,
    /// The projects that miss a component.
    pub degraded: Vec<String>,
    /// When the certificate of the public listener ends, RFC 3339; none where the host speaks no TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_ends_at: Option<String>,
    /// How much of everything is stored.
    pub totals: Totals,
    /// Counts since the start, by name.
    pub counters: BTreeMap<String, u64>,
}

/// A component, or a file that is none; of `GET /v1/plugins`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PluginView {
    /// The component's name; none when the file was never loaded.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// What it does.
    pub summary: Option<String>,
    /// The digest of its file.
    pub digest: Option<String>,
    /// Its file.
    pub file: Option<String>,
    /// Since when this version is in use, RFC 3339.
    pub since: Option<String>,
    /// What it cannot work without.
    pub needs: Vec<String>,
    /// The kinds of event that it wants.
    pub handles: Vec<String>,
    /// The plugins that run it, as `project/plugin`.
    pub used_by: Vec<String>,
    /// Why the last try to load its file failed.
    pub last_error: Option<ErrorView>,
    /// A JSON Schema of its settings; in `GET /v1/plugins/{name}` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings_schema: Option<Value>,
    /// What it has used lately; in `GET /v1/plugins/{name}` alone, of one that has handled something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

/// When and why loading failed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ErrorView {
    /// When, RFC 3339.
    pub at: String,
    /// Why.
    pub text: String,
}

/// A project; of `GET /v1/projects`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProjectView {
    /// Its name; none when the file was never loaded and has no name that can be one.
    pub name: Option<String>,
    /// Its file.
    pub file: String,
    /// Where it lives: `pybossa`, `appen`.
    pub platform: Option<String>,
    /// The platform's address.
    pub address: Option<String>,
    /// The platform's name or id of it.
    pub platform_project: Option<String>,
    /// The address to paste into the platform, with `<token>` where its token goes.
    pub hook: Option<String>,
    /// Since when this version of the file is in use, RFC 3339.
    pub since: Option<String>,
    /// Its plugins, as `plugin` or `plugin (component)`.
    pub plugins: Vec<String>,
    /// What it misses; empty when all is well. Its events are taken in any case, and wait.
    pub degraded: Vec<String>,
    /// Why the last try to load its file failed.
    pub last_error: Option<ErrorView>,
}

/// `GET /v1/events/{id}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EventView {
    /// The event, with its payload as JSON.
    pub event: Value,
    /// What is done with it.
    pub standing: String,
    /// The attempts of its invocations, oldest first, each with its plugin.
    pub runs: Vec<Value>,
    /// What its handling asked for and what became of that, in the order in which it was asked for.
    #[serde(default)]
    pub deliveries: Vec<DeliveryView>,
}

/// A delivery, without what it carries.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeliveryView {
    /// Its id, which is also its idempotency key.
    pub id: String,
    /// The plugin that asked for it.
    pub plugin: String,
    /// What is done: `save-result`, `send-mail` …
    pub effect: String,
    /// Through which connection.
    pub connection: String,
    /// `waiting`, `delivered`, `dead` or `superseded`.
    pub standing: String,
    /// How many attempts there were.
    pub attempts: u32,
    /// When it was asked for, RFC 3339.
    pub requested_at: String,
    /// When it ended, or is due; RFC 3339.
    pub at: Option<String>,
    /// What the other side answered, or why it did not get through.
    pub note: String,
}

/// `GET /v1/projects/{name}/tasks/{task}`: why its result is what it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TaskView {
    /// The project.
    pub project: String,
    /// The platform's id of the task.
    pub task: String,
    /// What the newest analysis says, as the plugin emitted it; none when there is none, or when it was let go.
    pub analysis: Option<Value>,
    /// What was saved last.
    pub result: Option<ResultView>,
    /// What the platform said when the task was looked at last: the task, its answers, its result row. None where it is not kept.
    pub snapshot: Option<Value>,
    /// What happened to it, the newest first, with all attempts and deliveries; at most 20 events.
    pub events: Vec<EventView>,
}

/// A task result as the host keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResultView {
    /// Who saved it.
    pub plugin: String,
    /// Grows by one with each save for the task.
    pub revision: u32,
    /// What was saved.
    pub info: Value,
}

/// What `POST /v1/projects/{name}/rebind` answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rebound {
    /// The platform's address and its id of the project, which the name stands for from now on.
    #[serde(flatten)]
    pub to: Binding,
}

/// What a step of `POST /v1/projects/{name}/forget` answers.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ProjectForgotten {
    /// So many rows went in this step; 0 when nothing is left.
    pub gone: u32,
}

/// `GET /v1/projects/{name}/badges`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BadgesView {
    /// In the order of their first award, taken back or not.
    pub badges: Vec<KeptBadge>,
}

fn delivery_view(record: &DeliveryRecord) -> DeliveryView {
    DeliveryView {
        id: record.id.to_string(),
        plugin: record.plugin.to_string(),
        effect: record.effect.kind().to_owned(),
        connection: record.connection.clone(),
        standing: record.standing.to_owned(),
        attempts: record.attempts,
        requested_at: rfc3339(record.requested_at),
        at: record.at.map(rfc3339),
        note: record.note.clone(),
    }
}

/// `GET /v1/dead`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeadView {
    /// The dead letters given up last, newest first.
    pub dead: Vec<DeadLetter>,
}

/// What a step of `POST /v1/invocations/give-up` and of `POST /v1/deliveries/give-up` answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GaveUp {
    /// So many were given up.
    pub given_up: u32,
    /// Where the next step begins (`before`); none when this was the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<i64>,
}

/// What `POST /v1/dead/replay` answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeadReplayed {
    /// What became of the dead letters.
    #[serde(flatten)]
    pub replayed: Replayed,
    /// Why it stopped before all were replayed: too much waits. Asked again, it goes on. None when all were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
    /// After a step that replayed something: with this as `until`, the next one goes on, and leaves alone what has died again meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// What `POST /v1/events/{id}/replay` answers.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct EventReplayed {
    /// So many plugins handle it again; those that it waits for anyway are not counted.
    pub invocations: u32,
}

/// `GET /v1/quarantine`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct QuarantineView {
    /// The plugins that are held, since they kept failing.
    pub quarantine: Vec<Quarantine>,
}

/// What `POST /v1/projects/{name}/plugins/{plugin}/release` answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Released {
    /// Who goes on, as `project/plugin`.
    pub released: String,
}

/// What `POST /v1/login-links` answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoginLink {
    /// The path of a page that lets in the browser that opens it first, within a minute.
    pub path: String,
}

/// What `POST /v1/projects/{name}/forget-worker` takes: a step at a time.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForgetWorker {
    /// The platform's id of the worker.
    pub worker: String,
    /// As the step before answered in `next`; none for the first step.
    #[serde(default)]
    pub after: Option<String>,
}

/// What a step answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkerForgotten {
    /// What stands in the place of the id.
    pub alias: String,
    /// In how many rows of the store this step found it.
    pub changed: u32,
    /// Where the next step begins; none when this was the last one.
    pub next: Option<String>,
}

/// The dead letters shown when nobody says how many.
pub const DEAD_USUAL: u32 = 100;

/// Badges that are listed at a time.
pub const BADGES_MAX: u32 = 1_000;

/// No more dead letters are shown at a time.
pub const DEAD_MAX: u32 = 1000;

/// The event `id` with its runs; none when there is no such event.
///
/// # Errors
///
/// When the store cannot be read.
pub async fn event(store: &dyn Store, id: EventId) -> Result<Option<EventView>, StoreError> {
    let Some((event, standing)) = store.event(id).await? else { return Ok(None) };
    let runs = store.runs(id).await?;
    let deliveries = store.deliveries(id).await?;
    Ok(Some(EventView { deliveries: deliveries.iter().map(delivery_view).collect(), ..event_view(&event, standing, runs) }))
}

/// Events of a task that are shown.
const TASK_EVENTS_MAX: u32 = 20;

/// All that is known of a task; none when nothing is.
///
/// # Errors
///
/// When the store cannot be read.
pub async fn task(store: &dyn Store, project: &ProjectName, task: &str) -> Result<Option<TaskView>, StoreError> {
    let wanted = WantedEvents { project: Some(project.clone()), task: Some(task.to_owned()), ..WantedEvents::default() };
    let page = store.browse().events(&wanted, Place { before: None, limit: TASK_EVENTS_MAX }).await?;
    let (mut events, mut snapshot) = (Vec::new(), None);
    for listed in &page.rows {
        events.extend(event(store, listed.id).await?);
        if listed.emitted_by.is_none() && snapshot.is_none() {
            snapshot = store.newest_snapshot(listed.id).await?.and_then(|text| serde_json::from_str(&text).ok());
        }
    }
    let result = store.task_result(project, task).await?;
    if events.is_empty() && result.is_none() {
        return Ok(None);
    }
    let is_analysis = |view: &&EventView| view.event.get("kind").is_some_and(|kind| kind == "task.analysed");
    let analysis = events.iter().find(is_analysis).and_then(|view| view.event.get("payload")).filter(|payload| payload.is_object());
    Ok(Some(TaskView {
        project: project.to_string(),
        task: task.to_owned(),
        analysis: analysis.cloned(),
        result: result.map(|kept| ResultView {
            plugin: kept.plugin.to_string(),
            revision: kept.revision,
            info: serde_json::from_str(&kept.info).unwrap_or(Value::String(kept.info)),
        }),
        snapshot,
        events,
    }))
}

fn event_view(event: &Event, standing: Standing, runs: Vec<(PluginName, Run)>) -> EventView {
    let mut shown = serde_json::to_value(event).unwrap_or_default();
    unfold(&mut shown, &["payload"]);
    let runs = runs.into_iter().map(|(plugin, run)| {
        let mut shown = serde_json::to_value(run).unwrap_or_default();
        unfold(&mut shown, &["log", "read"]);
        if let Some(fields) = shown.as_object_mut() {
            fields.shift_insert(0, "plugin".to_owned(), Value::String(plugin.to_string()));
        }
        shown
    });
    EventView { event: shown, standing: standing.as_str().to_owned(), runs: runs.collect(), deliveries: Vec::new() }
}

/// Puts JSON in the place of text that holds JSON.
fn unfold(object: &mut Value, keys: &[&str]) {
    for key in keys {
        let Some(field) = object.get_mut(*key) else { continue };
        if let Some(json) = field.as_str().and_then(|text| serde_json::from_str(text).ok()) {
            *field = json;
        }
    }
}

/// The components in use and the files that could not be loaded.
#[must_use]
pub fn plugins(catalogue: &Catalogue) -> Vec<PluginView> {
    let loads = &catalogue.status.components;
    let mut views: Vec<PluginView> = catalogue
        .components
        .values()
        .map(|component| {
            let load = loads.iter().find(|load| load.name.as_deref() == Some(component.name.as_str()));
            plugin(component, catalogue, load)
        })
        .collect();
    let unused =
        |load: &&LoadStatus| !load.name.as_ref().is_some_and(|name| catalogue.components.keys().any(|known| known.as_str() == name));
    views.extend(loads.iter().filter(unused).map(|load| PluginView {
        name: load.name.clone(),
        version: load.version.clone(),
        ..loaded(load)
    }));
    views
}

/// What a component says of itself, with the schema of its settings.
#[must_use]
pub fn described(component: &Component) -> PluginView {
    let said = &component.description;
    PluginView {
        name: Some(component.name.to_string()),
        version: Some(said.version.clone()),
        summary: Some(said.summary.clone()),
        digest: Some(component.digest.to_string()),
        needs: said.needs.clone(),
        handles: said.handles.clone(),
        settings_schema: serde_json::from_str(&said.settings_schema).ok(),
        ..PluginView::default()
    }
}

/// A component in use, with the schema of its settings left out.
fn plugin(component: &Component, catalogue: &Catalogue, load: Option<&LoadStatus>) -> PluginView {
    let users = catalogue.projects.values().flat_map(|project| {
        let own = project.plugins.iter().filter(|plugin| plugin.config.component == component.name);
        own.map(|plugin| format!("{}/{}", project.config.name, plugin.config.name))
    });
    let loaded = load.map(loaded).unwrap_or_default();
    PluginView {
        used_by: users.collect(),
        file: loaded.file,
        since: loaded.since,
        last_error: loaded.last_error,
        settings_schema: None,
        ..described(component)
    }
}

/// The component of this name with the schema of its settings.
#[must_use]
pub fn plugin_named(catalogue: &Catalogue, name: &str) -> Option<PluginView> {
    let mut view = plugins(catalogue).into_iter().find(|view| view.name.as_deref() == Some(name))?;
    let component = catalogue.components.values().find(|component| component.name.as_str() == name);
    view.settings_schema = component.and_then(|component| described(component).settings_schema);
    Some(view)
}

fn loaded(load: &LoadStatus) -> PluginView {
    PluginView {
        file: Some(load.file.display().to_string()),
        digest: load.digest.map(|digest| digest.to_string()),
        since: load.since.map(rfc3339),
        last_error: load.last_error.as_ref().map(error),
        ..PluginView::default()
    }
}

fn error((at, text): &(Timestamp, String)) -> ErrorView {
    ErrorView { at: rfc3339(*at), text: text.clone() }
}

/// The projects in use and the files that could not be loaded. `public_url` is how the world reaches the hooks.
#[must_use]
pub fn projects(catalogue: &Catalogue, public_url: &str) -> Vec<ProjectView> {
    let loads = &catalogue.status.projects;
    let mut views: Vec<ProjectView> = catalogue
        .projects
        .values()
        .map(|found| {
            let load = loads.iter().find(|load| load.name.as_deref() == Some(found.config.name.as_str()));
            project(found, load, public_url)
        })
        .collect();
    let unused = |load: &&LoadStatus| !load.name.as_ref().is_some_and(|name| catalogue.projects.keys().any(|known| known.as_str() == name));
    views.extend(loads.iter().filter(unused).map(|load| broken(&load.file, load)));
    views
}

fn broken(file: &Path, load: &LoadStatus) -> ProjectView {
    ProjectView {
        name: load.name.clone(),
        file: file.display().to_string(),
        platform: None,
        address: None,
        platform_project: None,
        hook: None,
        since: load.since.map(rfc3339),
        plugins: Vec::new(),
        degraded: Vec::new(),
        last_error: load.last_error.as_ref().map(error),
    }
}

fn project(project: &Project, load: Option<&LoadStatus>, public_url: &str) -> ProjectView {
    let config = &project.config;
    let shown = |plugin: &crate::config::Plugin| match plugin.name.as_str() == plugin.component.as_str() {
        true => plugin.name.to_string(),
        false => format!("{} ({})", plugin.name, plugin.component),
    };
    ProjectView {
        name: Some(config.name.to_string()),
        file: config.file.display().to_string(),
        platform: Some(config.platform.kind.to_string()),
        address: Some(config.platform.url.to_string()),
        platform_project: Some(config.platform.project.clone()),
        hook: Some(hook(config, public_url)),
        since: load.and_then(|load| load.since).map(rfc3339),
        plugins: project.plugins.iter().map(|plugin| shown(&plugin.config)).collect(),
        degraded: missing(project),
        last_error: load.and_then(|load| load.last_error.as_ref()).map(error),
    }
}

/// The address to paste into the platform, without the token.
#[must_use]
pub fn hook(project: &crate::config::Project, public_url: &str) -> String {
    let token = if project.hook.tokens.is_empty() { "" } else { "/<token>" };
    format!("{}/hooks/{}{token}", public_url.trim_end_matches('/'), project.name)
}

/// What a project misses.
#[must_use]
pub fn missing(project: &Project) -> Vec<String> {
    let gone = project.plugins.iter().filter(|plugin| plugin.component.is_none());
    gone.map(|plugin| format!("plugin `{}`: there is no component `{}` in the drop folder", plugin.config.name, plugin.config.component))
        .collect()
}
