//! Deliveries: what leaves the host, and what the other side said.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use maud::{Markup, html};

use super::super::{Admin, browse, query};
use super::events::project_names;
use super::invocations::plugin_names;
use super::parts::{
    Field, Query, counted, delivery_link, delivery_state, event_link, filter, json, live, moment, pager, shortened, table, task_link,
};
use super::{Answer, Page, Tab};
use crate::store::browse::{DeliveryState, ListedDelivery, WantedDeliveries};

pub(super) async fn all(State(admin): State<Arc<Admin>>, RawQuery(asked): RawQuery) -> Answer {
    let (wanted, place) = query::of_form::<WantedDeliveries>(asked.as_deref(), admin.clock.now(), browse::DELIVERY_FILTERS)?;
    let page = admin.store.browse().deliveries(&wanted, place).await?;
    let query = Query::of(asked.as_deref());
    let fields = [
        Field::Choice("project", "Project", project_names(&admin)),
        Field::Choice("plugin", "Plugin", plugin_names(&admin)),
        Field::Text("connection", "Connection", "any"),
        Field::Choice("state", "State", ["waiting", "delivered", "dead", "superseded"].map(str::to_owned).to_vec()),
        Field::Text("task", "Task", "any"),
        Field::Text("text", "Text in receipt or reason", "any"),
        Field::Text("since", "Since", "2h, 2026-11-22"),
        Field::Text("until", "Until", "now"),
    ];
    let rows = html! { @for found in &page.rows { (row(found)) } };
    let list = html! {
        (table("Deliveries, those that were asked for last first", &HEAD, &rows))
        (pager("/deliveries", &query, page.next, page.rows.is_empty()))
        @if page.rows.iter().any(|found| found.state == DeliveryState::Waiting) {
            p.actions { a.button.plain href={ "/deliveries/give-up?" (query.with("before", "")) } { "Give up those that wait…" } }
        }
    };
    let main = html! {
        h1 { "Deliveries" }
        p.small { "What plugins asked for, on its way out: results to save, posts, mails, new tasks, lines of files." }
        (filter("/deliveries", &query, &fields)) (live("list", &list))
    };
    Ok(Page::new(Tab::Deliveries, "Deliveries", main))
}

pub(super) const HEAD: [&str; 10] =
    ["Asked for", "Delivery", "Project", "Plugin", "Effect", "Connection", "Task", "State", "Attempts", "Receipt or reason"];

pub(super) fn row(found: &ListedDelivery) -> Markup {
    let project = found.project.as_str();
    html! {
        tr {
            td { (moment(found.requested_at)) }
            td { (delivery_link(&found.id.to_string())) }
            td { a href={ "/projects/" (project) } { (project) } }
            td { (found.plugin) }
            td { (found.effect) }
            td { (found.connection) }
            td { (task_link(project, found.task.as_deref())) }
            td { (delivery_state(found.state)) }
            td.number { (found.attempts) }
            td.wrap { (shortened(&found.note, 120)) }
        }
    }
}

pub(super) async fn page(State(admin): State<Arc<Admin>>, Path(id): Path<String>) -> Answer {
    let found = browse::find_delivery(&admin, &id).await?;
    let project = found.project.as_str();
    let at = match found.state {
        DeliveryState::Waiting => "Due",
        _ => "Ended",
    };
    let stands = html! {
        dl.facts {
            dt { "Effect" } dd { (found.effect) }
            dt { "State" } dd { (delivery_state(found.state)) " after " (counted(found.attempts.into(), ("attempt", "attempts"))) }
            dt { "Project and plugin" } dd { a href={ "/projects/" (project) } { (project) } " / " (found.plugin) }
            dt { "Connection" } dd { (found.connection) }
            dt { "Task" } dd { (task_link(project, found.task.as_deref())) }
            dt { "Because of" } dd { "event " (event_link(found.event)) }
            dt { "Asked for" } dd { (moment(found.requested_at)) }
            @if let Some(moment_at) = found.at { dt { (at) } dd { (moment(moment_at)) } }
        }
        @if found.state == DeliveryState::Dead { p.actions { a.button href={ "/dead/replay?id=" (found.id) } { "Send again…" } } }
        @if found.state == DeliveryState::Waiting { p.actions { a.button.plain href={ "/deliveries/give-up?id=" (found.id) } { "Give up…" } } }
        h2 { @if found.state == DeliveryState::Delivered { "Receipt" } @else { "Why" } }
        @if found.note.is_empty() { p { "Nothing was said." } } @else { pre.reason tabindex="0" { (found.note) } }
    };
    let main = html! {
        h1 { "Delivery " code { (found.id) } }
        (live("stands", &stands))
        h2 { "What leaves" }
        (json(found.content.as_ref().unwrap_or(&serde_json::Value::Null)))
    };
    Ok(Page::new(Tab::Deliveries, format!("Delivery {}", found.id), main))
}
