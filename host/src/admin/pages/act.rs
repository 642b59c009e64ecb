//! What can be mended from a page. Each is asked about first, with what it will do outside, and done by a POST.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Form, Path, Query, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;
use serde::Deserialize;
use url::form_urlencoded;

use super::super::answer::{self, EventReplay, Refusal, ReplayQuery};
use super::super::{Admin, query};
use super::dead::{FILTERS, row};
use super::parts::{counted, event_link, number, table, task_link};
use super::{Answer, Page, Refused, Tab};
use crate::id::{PluginName, Scope};
use crate::store::WantedDead;

/// Dead letters that are shown before they are replayed.
const SHOWN_MAX: u32 = 20;

pub(super) async fn ask_replay_dead(State(admin): State<Arc<Admin>>, RawQuery(asked): RawQuery) -> Answer {
    let (wanted, _) = query::of_form::<WantedDead>(asked.as_deref(), admin.clock.now(), FILTERS)?;
    let letters = admin.store.dead_letters(&wanted, SHOWN_MAX + 1).await?;
    let shown = letters.iter().take(SHOWN_MAX as usize);
    let rows = html! { @for letter in shown { (row(letter)) } };
    let is_cut = letters.len() > SHOWN_MAX as usize;
    let head = ["Given up", "What", "Event", "Project", "Plugin", "Task", "Attempts", "Why", "Again"];
    let main = html! {
        h1 { "Replay?" }
        @if letters.is_empty() { p.note { "Nothing that fits is a dead letter: it may have been replayed already." } }
        @else {
            p { "An invocation starts again at its first attempt, on what the platform said when the event came. A delivery leaves again "
                b { "through its connection" } ", under its old id. What was done once is not done twice where the other side looks at ids." }
            @if wanted == WantedDead::default() { p.note.bad { "No filter is set: this replays everything that was ever given up." } }
            form method="post" action="/dead/replay" {
                input type="hidden" name="wanted" value=(serde_json::to_string(&wanted).unwrap_or_default());
                p.actions {
                    button type="submit" { @if is_cut { "Replay all of these" } @else { "Replay " (letters.len()) } }
                    a.button.plain href="/dead" { "Leave them" }
                }
            }
            (table("What is replayed", &head, &rows))
            @if is_cut { p.small { "These and more." } }
        }
    };
    Ok(Page::new(Tab::Dead, "Replay?", main))
}

/// What the form of [`ask_replay_dead`], and of others that ask about a filter, sends.
#[derive(Deserialize)]
pub(super) struct Wanted {
    pub(super) wanted: String,
}

pub(super) async fn replay_dead(State(admin): State<Arc<Admin>>, Form(Wanted { wanted }): Form<Wanted>) -> Answer {
    let wanted: WantedDead = serde_json::from_str(&wanted).map_err(|_| unreadable())?;
    let Json(done) = answer::replay(State(admin), Ok(Query(ReplayQuery::default())), Ok(Json(query::Object(wanted)))).await?;
    let main = html! {
        h1 { "Replayed" }
        p.note.good role="status" { (counted(done.replayed.invocations.into(), ("invocation", "invocations"))) " and "
            (counted(done.replayed.deliveries.into(), ("delivery", "deliveries"))) " put through again." @if done.replayed.settled > 0 {
                " For " (number(done.replayed.settled.into())) " there was nothing left to do." } }
        @if let Some(why) = done.stopped { p.note.bad { "It stopped before all were replayed: " (why) ". Replay the rest once fewer wait." } }
        p.actions { a.button href="/dead" { "Back to the dead letters" } }
    };
    Ok(Page::new(Tab::Dead, "Replayed", main))
}

pub(super) fn unreadable() -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "what the form sent makes no sense", "open the page anew")
}

pub(super) async fn ask_replay_event(State(admin): State<Arc<Admin>>, Path(id): Path<String>) -> Answer {
    let id = answer::event_id(&id)?;
    let (event, _) = admin.store.event(id).await?.ok_or_else(answer::no_event)?;
    let listeners = admin.registry.project(event.project.as_str()).map(|project| project.listeners(&event.kind, event.emitted_by.as_ref()));
    let listeners = listeners.unwrap_or_default();
    let main = html! {
        h1 { "Run again?" }
        p { "Event " (event_link(id)) " (" (event.kind) ") of project " b { (event.project) } ", task " (task_link(event.project.as_str(), event.task.as_deref())) "." }
        @if listeners.is_empty() { p.note { "No plugin of its project hears it." } }
        @else {
            p { "What the plugins ask for " b { "leaves this host again" } ": results are saved, mails and posts are sent. What a plugin asks for only once, and has been done, is not repeated." }
            form.stacked method="post" action={ "/events/" (id) "/replay" } {
                label { span { "Plugin" } select name="plugin" { option value="" { "all that hear it: " (listeners.iter().map(PluginName::as_str).collect::<Vec<_>>().join(", ")) }
                    @for plugin in &listeners { option value=(plugin) { (plugin) } } } }
                label.check { input type="checkbox" name="fresh" value="true"; span { "Read the task and its answers from the platform anew" } }
                p.actions { button type="submit" { "Run again" } a.button.plain href={ "/events/" (id) } { "Leave it" } }
            }
        }
    };
    Ok(Page::new(Tab::Events, "Run again?", main))
}

/// What the form of [`ask_replay_event`] sends.
#[derive(Deserialize)]
pub(super) struct Again {
    #[serde(default)]
    plugin: String,
    #[serde(default)]
    fresh: bool,
}

pub(super) async fn replay_event(
    State(admin): State<Arc<Admin>>,
    Path(id): Path<String>,
    Form(again): Form<Again>,
) -> Result<Response, Refused> {
    let plugin = match again.plugin.as_str() {
        "" => None,
        name => Some(name.parse().map_err(|_| unreadable())?),
    };
    let asked = EventReplay { plugin, fresh: again.fresh };
    let Json(_) = answer::replay_event(State(admin), Path(id.clone()), Ok(Json(query::Object(asked)))).await?;
    let path: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
    Ok(Redirect::to(&format!("/events/{path}")).into_response())
}

/// What the button of a held plugin sends.
#[derive(Deserialize)]
pub(super) struct Held {
    plugin: String,
}

pub(super) async fn release(State(admin): State<Arc<Admin>>, Form(held): Form<Held>) -> Result<Response, Refused> {
    let Scope { project, plugin } = held.plugin.parse().map_err(|_| unreadable())?;
    let Json(_) = answer::release(State(admin), Path((project.to_string(), plugin.to_string()))).await?;
    Ok(Redirect::to("/").into_response())
}
