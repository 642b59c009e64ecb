//! Dead letters: what was given up, and why.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use maud::{Markup, html};

use super::super::{Admin, query};
use super::events::project_names;
use super::invocations::plugin_names;
use super::parts::{Field, Query, event_link, filter, live, moment, shortened, table, task_link};
use super::{Answer, Page, Tab};
use crate::store::{DeadLetter, WantedDead};

/// Dead letters on the page. All that fit can be replayed, whether they stand on it or not.
const SHOWN_MAX: u32 = 200;

pub(super) const FILTERS: &str = "filters are `what` (`invocation` or `delivery`), `event`, `project`, `plugin`, `reason` (a part of it), \
    `id` and `until` (RFC 3339, a date, or a span like `2h`)";

pub(super) async fn all(State(admin): State<Arc<Admin>>, RawQuery(asked): RawQuery) -> Answer {
    let (wanted, _) = query::of_form::<WantedDead>(asked.as_deref(), admin.clock.now(), FILTERS)?;
    let letters = admin.store.dead_letters(&wanted, SHOWN_MAX).await?;
    let query = Query::of(asked.as_deref());
    let fields = [
        Field::Choice("what", "What", ["invocation", "delivery"].map(str::to_owned).to_vec()),
        Field::Choice("project", "Project", project_names(&admin)),
        Field::Choice("plugin", "Plugin", plugin_names(&admin)),
        Field::Text("reason", "Part of the reason", "any"),
        Field::Text("until", "Until", "now"),
    ];
    let rows = html! { @for letter in &letters { (row(letter)) } };
    let head = ["Given up", "What", "Event", "Project", "Plugin", "Task", "Attempts", "Why", "Again"];
    let is_cut = letters.len() == SHOWN_MAX as usize;
    let list = html! {
        (table("Dead letters, the newest first", &head, &rows))
        @if letters.is_empty() { p.note.good { "Nothing that fits was given up." } }
        @if is_cut { p.small { "These are the last " (SHOWN_MAX) ". Use the filters to see others." } }
        @if !letters.is_empty() { p.actions { a.button href={ "/dead/replay?" (query.with("before", "")) } { "Replay all of these…" } } }
    };
    let main = html! { h1 { "Dead letters" }
    p.small { "What was given up, because a plugin or another service refused it or failed too often. Once the cause is mended, put it through again: replay it." }
    (filter("/dead", &query, &fields)) (live("list", &list)) };
    Ok(Page::new(Tab::Dead, "Dead letters", main))
}

pub(super) fn row(letter: &DeadLetter) -> Markup {
    let project = letter.scope.project.as_str();
    html! {
        tr {
            td { (moment(letter.died_at)) }
            td { @match &letter.delivery {
                Some(delivery) => { a href={ "/deliveries/" (letter.id) } { (delivery.effect) " through " (delivery.connection) } }
                None => { "invocation " (letter.id) }
            } }
            td { (event_link(letter.event)) " " small { (letter.kind) } }
            td { a href={ "/projects/" (project) } { (project) } }
            td { (letter.scope.plugin) }
            td { (task_link(project, letter.task.as_deref())) }
            td.number { (letter.attempts) }
            td.wrap { (shortened(letter.reason.lines().next().unwrap_or_default(), 160)) }
            td { a href={ "/dead/replay?id=" (letter.id) } aria-label={ "Replay dead letter " (letter.id) } { "Replay…" } }
        }
    }
}
