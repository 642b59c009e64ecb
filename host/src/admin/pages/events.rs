//! Events: what came in, what is done with it, and every attempt of every plugin.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use maud::{Markup, html};
use serde_json::Value;

use super::super::give_up::unfinished_invocations;
use super::super::view::{DeliveryView, EventView};
use super::super::{Admin, answer, browse, query, view};
use super::invocations::give_up_link;
use super::parts::{
    Field, Query, counted, delivery_link, digest, event_link, filter, json, live, mebibytes, moment, moment_of, outcome, pager, standing,
    state, table, task_link, took,
};
use super::parts::{Tone, delivery_state, invocation_state};
use super::{Answer, Page, Tab};
use crate::store::browse::{ListedEvent, Place, WantedEvents, WantedInvocations};

pub(super) async fn all(State(admin): State<Arc<Admin>>, RawQuery(asked): RawQuery) -> Answer {
    let (wanted, place) = query::of_form::<WantedEvents>(asked.as_deref(), admin.clock.now(), browse::EVENT_FILTERS)?;
    let page = admin.store.browse().events(&wanted, place).await?;
    let query = Query::of(asked.as_deref());
    let standings = ["accepted", "ignored", "unreadable", "superseded", "unconfirmed"].map(str::to_owned).to_vec();
    let fields = [
        Field::Choice("project", "Project", project_names(&admin)),
        Field::Text("kind", "Kind", "task.completed"),
        Field::Choice("standing", "Standing", standings),
        Field::Text("task", "Task", "any"),
        Field::Text("text", "Text in the payload", "any"),
        Field::Text("since", "Since", "2h, 2026-11-22"),
        Field::Text("until", "Until", "now"),
    ];
    let rows = html! { @for event in &page.rows { (row(event)) } };
    let list = html! {
        (table("Events, the newest first", &["Received", "Event", "Project", "Kind", "Task", "Standing", "Still open"], &rows))
        (pager("/events", &query, page.next, page.rows.is_empty()))
    };
    let main = html! { h1 { "Events" } p.small { "What happened on the platforms, and what plugins made of it." } (filter("/events", &query, &fields)) (live("list", &list)) };
    Ok(Page::new(Tab::Events, "Events", main))
}

/// The projects that have a file.
pub(super) fn project_names(admin: &Admin) -> Vec<String> {
    admin.registry.now().projects.keys().map(ToString::to_string).collect()
}

fn row(event: &ListedEvent) -> Markup {
    let project = event.project.as_str();
    html! {
        tr {
            td { (moment(event.received_at)) }
            td { (event_link(event.id)) }
            td { a href={ "/projects/" (project) } { (project) } }
            td { (event.kind) @if let Some(plugin) = &event.emitted_by { " " small { "by " (plugin) } } }
            td { (task_link(project, event.task.as_deref())) }
            td { (standing(event.standing)) @if event.origin.as_str() != "live" { " " small { (event.origin) } } }
            td { @if event.dead > 0 { (state(Tone::Bad, &format!("{} dead", event.dead))) " " }
                @if event.waiting > 0 { (state(Tone::Busy, &format!("{} waiting", event.waiting))) } }
        }
    }
}

pub(super) async fn page(State(admin): State<Arc<Admin>>, Path(id): Path<String>) -> Answer {
    let id = answer::event_id(&id)?;
    let view = view::event(admin.store.as_ref(), id).await?.ok_or_else(answer::no_event)?;
    let derived = admin.store.derived(id).await?;
    let of_event = WantedInvocations { event: Some(id), ..WantedInvocations::default() };
    let (open, _) = unfinished_invocations(&admin, &of_event, Place { before: None, limit: query::ROWS_USUAL }).await?;
    let text = |name: &str| view.event.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let project = text("project");
    let root = text("root");
    let main = html! {
        h1 { "Event " code { (id) } }
        dl.facts {
            dt { "Kind" } dd { (text("kind")) @if !text("emitted_by").is_empty() { ", emitted by " b { (text("emitted_by")) } } }
            dt { "Project" } dd { a href={ "/projects/" (project) } { (project) } " (" (text("platform")) ")" }
            dt { "Task" } dd { (task_link(&project, view.event.get("task").and_then(Value::as_str))) }
            dt { "Received" } dd { (moment_of(&text("received_at"))) }
            dt { "Happened" } dd { (moment_of(&text("occurred_at"))) }
            dt { "Origin" } dd { (text("origin")) }
            dt { "Standing" } dd { (view.standing) }
            @if root != id.to_string() { dt { "Came of" } dd { a.id href={ "/events/" (root) } { (root) } } }
            @if !derived.is_empty() { dt { "Led to" } dd { @for event in &derived { (event_link(event.id)) " " (event.kind) " " } } }
        }
        p.actions { a.button href={ "/events/" (id) "/replay" } { "Run again…" } }
        (live("runs", &html! {
            @if !open.is_empty() {
                h2 { "Still to be done" }
                ul { @for found in &open { li { b { (found.plugin) } " " (invocation_state(found.state)) @if let Some(due) = found.due { ", due " (moment(due)) } " " (give_up_link(found)) } } }
            }
            h2 { "Runs" } (runs(&view)) h2 { "Deliveries" } (deliveries("Deliveries", &view.deliveries)) }))
        h2 { "What came in" }
        p.small { "With secrets taken out, as it is stored and as plugins get it." }
        @match view.event.get("payload") { Some(payload) if payload.is_object() => (json(payload)),
            _ => p.note { "It was let go, as " code { "[keep]" } " says." } }
    };
    Ok(Page::new(Tab::Events, format!("Event {id}"), main))
}

/// Each attempt of each plugin, with its log lines.
pub(super) fn runs(view: &EventView) -> Markup {
    let text = |run: &Value, name: &str| run.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let count = |run: &Value, name: &str| run.get(name).and_then(Value::as_u64).unwrap_or_default();
    html! {
        @if view.runs.is_empty() { p { "No plugin has run on it." } }
        @for run in &view.runs {
            article.run {
                h3 { (text(run, "plugin")) " " (outcome(&text(run, "outcome"))) }
                p.small { (moment_of(&text(run, "started_at"))) ", " "took " (took(count(run, "duration_ms"))) " (CPU "
                    (took(count(run, "cpu_ms"))) ")" @if run.get("memory_bytes").is_some_and(Value::is_u64) { ", " (mebibytes(count(run, "memory_bytes"))) " of memory" } "; component " (digest(run.get("component").and_then(Value::as_str))) }
                @if !text(run, "reason").is_empty() { pre.reason tabindex="0" { (text(run, "reason")) } }
                (log(run.get("log")))
                @if run.get("read").is_some_and(|read| read.as_object().is_some_and(|read| !read.is_empty())) {
                    details { summary { "What else it read" } (json(run.get("read").unwrap_or(&Value::Null))) }
                }
            }
        }
    }
}

fn log(lines: Option<&Value>) -> Markup {
    let lines = lines.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let text = |line: &Value, name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    html! {
        @if !lines.is_empty() {
            details open[lines.len() <= 5] {
                summary { (counted(lines.len() as u64, ("log line", "log lines"))) }
                ol.log { @for line in lines { li { span class={ "level " (text(line, "level")) } { (text(line, "level")) } " "
                    span.message { (text(line, "message")) }
                    @if line.get("fields").is_some_and(|fields| fields.as_array().is_some_and(|fields| !fields.is_empty())) {
                        " " code { (line.get("fields").map(ToString::to_string).unwrap_or_default()) } }
                } } }
            }
        }
    }
}

/// What its handling asked for, and what became of that.
pub(super) fn deliveries(caption: &str, deliveries: &[DeliveryView]) -> Markup {
    let rows = html! { @for delivery in deliveries {
        tr {
            td { (delivery_link(&delivery.id)) }
            td { (delivery.plugin) }
            td { (delivery.effect) }
            td { (delivery.connection) }
            td { @match delivery.standing.parse() { Ok(found) => (delivery_state(found)), Err(_) => (delivery.standing) } }
            td.number { (delivery.attempts) }
            td.wrap { (super::parts::shortened(&delivery.note, 160)) }
        }
    } };
    html! {
        @if deliveries.is_empty() { p { "The plugins asked for nothing that leaves this host." } }
        @else { (table(caption, &["Delivery", "Plugin", "Effect", "Connection", "State", "Attempts", "Receipt or reason"], &rows)) }
    }
}
