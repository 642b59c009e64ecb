//! Invocations: what each plugin did about each event.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use maud::{Markup, html};

use super::super::{Admin, browse, query};
use super::events::project_names;
use super::parts::{
    Field, Query, digest, event_link, filter, invocation_state, live, moment, outcome, pager, shortened, table, task_link, took,
};
use super::{Answer, Page, Tab};
use crate::store::browse::{InvocationState, ListedInvocation, WantedInvocations};

pub(super) async fn all(State(admin): State<Arc<Admin>>, RawQuery(asked): RawQuery) -> Answer {
    let (wanted, place) = query::of_form::<WantedInvocations>(asked.as_deref(), admin.clock.now(), browse::INVOCATION_FILTERS)?;
    let page = admin.store.browse().invocations(&wanted, place).await?;
    let query = Query::of(asked.as_deref());
    let fields = [
        Field::Choice("project", "Project", project_names(&admin)),
        Field::Choice("plugin", "Plugin", plugin_names(&admin)),
        Field::Choice("state", "State", ["waiting", "parked", "done", "dead", "dropped"].map(str::to_owned).to_vec()),
        Field::Text("task", "Task", "any"),
        Field::Text("text", "Text in the reason", "any"),
        Field::Text("since", "Since", "2h, 2026-11-22"),
        Field::Text("until", "Until", "now"),
    ];
    let rows = html! { @for found in &page.rows { (row(found)) } };
    let list = html! {
        (table("Invocations, those of the newest event first", &HEAD, &rows))
        (pager("/invocations", &query, page.next, page.rows.is_empty()))
        @if page.rows.iter().any(is_unfinished) { p.actions { a.button.plain href={ "/invocations/give-up?" (query.with("before", "")) } { "Give up those that wait…" } } }
    };
    let main = html! {
        h1 { "Invocations" }
        p.small { "What each plugin did about each event: one event for one plugin, with its attempts." }
        (filter("/invocations", &query, &fields)) (live("list", &list))
    };
    Ok(Page::new(Tab::Invocations, "Invocations", main))
}

pub(super) const HEAD: [&str; 10] =
    ["Event received", "Event", "Project", "Plugin", "Task", "State", "Attempts", "Last attempt", "Version", "Why"];

fn is_unfinished(found: &ListedInvocation) -> bool {
    matches!(found.state, InvocationState::Waiting | InvocationState::Parked)
}

/// The names that plugins have in the projects there are.
pub(super) fn plugin_names(admin: &Admin) -> Vec<String> {
    let catalogue = admin.registry.now();
    let names = catalogue.projects.values().flat_map(|project| project.plugins.iter().map(|plugin| plugin.config.name.to_string()));
    names.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

/// The way to giving up one that waits.
pub(super) fn give_up_link(found: &ListedInvocation) -> Markup {
    let (event, plugin) = (found.event, &found.plugin);
    html! { a href={ "/invocations/give-up?event=" (event) "&plugin=" (plugin) } aria-label={ "Give up what " (plugin) " is to do about event " (event) } { "Give up…" } }
}

pub(super) fn row(found: &ListedInvocation) -> Markup {
    let project = found.project.as_str();
    html! {
        tr {
            td { (moment(found.received_at)) }
            td { (event_link(found.event)) " " small { (found.kind) } }
            td { a href={ "/projects/" (project) } { (project) } }
            td { (found.plugin) }
            td { (task_link(project, found.task.as_deref())) }
            td { (invocation_state(found.state)) @if is_unfinished(found) { " " (give_up_link(found)) } }
            td.number { (found.attempts) }
            td { @if let Some(word) = &found.outcome { (outcome(word)) }
                @if let Some(duration) = found.duration_ms { " " (took(duration.into())) } }
            td { (digest(found.component.as_deref())) }
            td.wrap { (shortened(found.reason.lines().next().unwrap_or_default(), 120)) }
        }
    }
}
