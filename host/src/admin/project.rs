//! What operators have a running host do for a project: read and set its hook on the platform, and do a page of a backfill.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use tracing::info;
use url::Url;

use super::Admin;
use super::answer::Refusal;
use super::hook::{self, HookView, Standing, WantedHook};
use super::query::Object;
use super::view::{self, ProjectForgotten, ProjectView, Rebound};
use crate::backfill::{BackfillError, ROWS_MAX, Report, Wanted};
use crate::clock::rfc3339;
use crate::event::{EventKind, PlatformKind};
use crate::id::ProjectName;
use crate::platform::PlatformError;
use crate::plugin::registry::Project;
use crate::secret::Secret;
use crate::store::Binding;

type Body<T> = Result<Json<Object<T>>, JsonRejection>;

const BODY_HELP: &str = "send a JSON object as `application/json`; `{}` for the usual";

pub(super) async fn backfill(
    State(admin): State<Arc<Admin>>,
    Path(name): Path<String>,
    wanted: Body<Wanted>,
) -> Result<Json<Report>, Refusal> {
    let project = find(&admin, &name)?;
    let Json(Object(wanted)) = wanted.map_err(|rejection| Refusal::of_body(&rejection, BODY_HELP))?;
    if wanted.rows.is_some_and(|rows| !(1..=ROWS_MAX).contains(&rows)) {
        let why = format!("`rows` is no number from 1 to {ROWS_MAX}");
        return Err(Refusal::new(StatusCode::BAD_REQUEST, why, "a page has no more rows; the next one goes on behind it"));
    }
    admin.backfill.page(&project, &wanted).await.map(Json).map_err(|error| match error {
        BackfillError::Store(error) => error.into(),
        BackfillError::Platform(error) => refused(&project, &error),
        BackfillError::Plugin(why) => Refusal::new(StatusCode::NOT_FOUND, why, "name a plugin as it stands in the project's file"),
    })
}

/// Rows of a project that go in one commit.
const FORGOTTEN_AT_ONCE: u32 = 200;

/// `?reveal=true`.
#[derive(Deserialize)]
pub(super) struct Reveal {
    #[serde(default)]
    reveal: bool,
}

pub(super) async fn hook(
    State(admin): State<Arc<Admin>>,
    Path(name): Path<String>,
    reveal: Result<Query<Reveal>, QueryRejection>,
) -> Result<Json<HookView>, Refusal> {
    let project = find(&admin, &name)?;
    let unreadable = |_| Refusal::new(StatusCode::BAD_REQUEST, "the query makes no sense", "write `?reveal=true` to see the token");
    let Query(Reveal { reveal }) = reveal.map_err(unreadable)?;
    view(&admin, &project, reveal).await.map(Json)
}

pub(super) async fn set_hook(
    State(admin): State<Arc<Admin>>,
    Path(name): Path<String>,
    wanted: Body<WantedHook>,
) -> Result<Json<HookView>, Refusal> {
    let project = find(&admin, &name)?;
    let Json(Object(wanted)) = wanted.map_err(|rejection| Refusal::of_body(&rejection, BODY_HELP))?;
    let url = match &wanted.url {
        Some(url) => web_address(url)?,
        None => hook::address(&project.config, &admin.public_url),
    };
    let hears_answers = !project.listeners(&EventKind::TASK_ANSWERED, None).is_empty();
    project.platform.set_hook(&url, hears_answers).await.map_err(|error| refused(&project, &error))?;
    let standing = hook::standing(&project.config, &admin.public_url, Some(&url));
    let shown = hook::shown(&url, &project.config, standing, false);
    info!(project = %name, "Set the hook of project `{name}` on its platform to `{shown}`");
    let mut view = view(&admin, &project, false).await?;
    if view.standing == Standing::Unknown {
        view.set = Some(shown);
        view.standing = standing;
        view.notes.clear();
    }
    view.notes.extend(notes(&project, &url, hears_answers));
    Ok(Json(view))
}

pub(super) async fn one(State(admin): State<Arc<Admin>>, Path(name): Path<String>) -> Result<Json<ProjectView>, Refusal> {
    let all = view::projects(&admin.registry.now(), admin.public_url.as_str());
    let found = all.into_iter().find(|view| view.name.as_deref() == Some(name.as_str()));
    found.map(Json).ok_or_else(missing)
}

/// Has the name stand for what the file says now: the same project at another address, or another one.
pub(super) async fn rebind(State(admin): State<Arc<Admin>>, Path(name): Path<String>) -> Result<Json<Rebound>, Refusal> {
    let project = find(&admin, &name)?;
    let platform_id = project.platform.project().await.map_err(|error| refused(&project, &error))?.id;
    let to = Binding { address: project.platform.address().to_owned(), platform_id };
    admin.store.rebind(&project.config.name, &to).await?;
    info!(project = %name, "Project `{name}` stands for project {} at {} from now on, by the operator's wish", to.platform_id, to.address);
    Ok(Json(Rebound { to }))
}

/// Lets go some of what is kept of a project that has no file any more.
pub(super) async fn forget(State(admin): State<Arc<Admin>>, Path(name): Path<String>) -> Result<Json<ProjectForgotten>, Refusal> {
    if admin.registry.project(&name).is_some() {
        let help = format!("take `{name}.toml` out of the projects' folder first: events of the project would come in again");
        return Err(Refusal::new(StatusCode::CONFLICT, format!("project `{name}` is in use"), help));
    }
    let project: ProjectName = name.parse().map_err(|_| missing())?;
    let gone = admin.store.forget_project(&project, FORGOTTEN_AT_ONCE).await?;
    info!(project = %name, rows = gone, "Let go {gone} rows of project `{name}` by the operator's wish");
    Ok(Json(ProjectForgotten { gone }))
}

/// What is known of a project's hook.
async fn view(admin: &Admin, project: &Project, reveal: bool) -> Result<HookView, Refusal> {
    let config = &project.config;
    let own = hook::address(config, &admin.public_url);
    let (set, standing, notes) = match project.platform.hook().await {
        Ok(set) => {
            let standing = hook::standing(config, &admin.public_url, set.as_ref());
            (set.map(|set| hook::shown(&set, config, standing, reveal)), standing, Vec::new())
        }
        Err(error @ PlatformError::Refused { .. }) if config.platform.kind != PlatformKind::Pybossa => {
            (None, Standing::Unknown, vec![error.to_string()])
        }
        Err(error) => return Err(refused(project, &error)),
    };
    Ok(HookView {
        project: config.name.to_string(),
        platform: config.platform.kind.to_string(),
        hook: hook::shown(&own, config, Standing::Ours, reveal),
        set,
        standing,
        called_at: admin.inbox.called_at(&config.name).await?.map(rfc3339),
        notes,
    })
}

/// What to know of an address that was set.
fn notes(project: &Project, url: &Secret, hears_answers: bool) -> Vec<String> {
    let is_local = |url: &Url| match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let here = Url::parse(url.reveal()).is_ok_and(|url| is_local(&url)) && !is_local(&project.config.platform.url);
    let unreachable = "the address is of this machine alone, and the platform is another one: set `public_url` in crowdhook.toml to how the world \
         reaches the hooks";
    let unchecked = "PYBOSSA takes any address from its API; its own form, whatever is changed in it, asks the address first and wants 200";
    let judgments = "Appen was also told to post each judgment, since a plugin wants `task.answered`";
    let kind = project.config.platform.kind;
    let (is_pybossa, is_appen) = (kind == PlatformKind::Pybossa, kind == PlatformKind::Appen);
    let notes = [(here, unreachable), (is_pybossa, unchecked), (is_appen && hears_answers, judgments)];
    notes.into_iter().filter(|(holds, _)| *holds).map(|(_, note)| note.to_owned()).collect()
}

fn web_address(text: &str) -> Result<Secret, Refusal> {
    // A parser would take capitals and spaces around it as well, and no sender need do so.
    let is_web = ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme));
    let url = Url::parse(text).ok().filter(|url| is_web && url.host().is_some());
    url.map(|url| Secret::new(url.as_str())).ok_or_else(|| {
        Refusal::new(
            StatusCode::BAD_REQUEST,
            "that is no address of a web service",
            "write it whole: `https://crowd.example.org/hooks/birds/…`",
        )
    })
}

pub(super) fn find(admin: &Admin, name: &str) -> Result<Arc<Project>, Refusal> {
    admin.registry.project(name).ok_or_else(|| {
        let known: Vec<String> = admin.registry.now().projects.keys().map(ToString::to_string).collect();
        let help = if known.is_empty() { "no project is loaded".to_owned() } else { format!("loaded are: {}", known.join(", ")) };
        Refusal::new(StatusCode::NOT_FOUND, NO_PROJECT, help)
    })
}

const NO_PROJECT: &str = "there is no project of that name";

fn missing() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, NO_PROJECT, "`/v1/projects` lists them")
}

/// The platform's word, for the one who asked.
fn refused(project: &Project, error: &PlatformError) -> Refusal {
    let platform = &project.config.platform;
    // Nobody was asked: by what the file says there is nobody, or no key to ask with.
    let was_asked = match platform.kind {
        PlatformKind::Generic => false,
        PlatformKind::Appen => platform.api_key.is_some(),
        PlatformKind::Pybossa => true,
    };
    let (status, help) = match error {
        PlatformError::Later { .. } => (StatusCode::SERVICE_UNAVAILABLE, "ask again later"),
        _ if was_asked => (StatusCode::BAD_GATEWAY, "what is named there stands in the project's file"),
        _ => (StatusCode::CONFLICT, "what is named there stands in the project's file"),
    };
    Refusal::new(status, error.to_string(), help)
}
