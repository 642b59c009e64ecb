//! Components: what is loaded, what each asks for and where it gets it, and how long it takes.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use maud::{Markup, html};

use super::super::Admin;
use super::super::answer::Refusal;
use super::super::view::{self, PluginView};
use super::parts::{Tone, digest, file, json, live, moment_of, number, state, table};
use super::plot::{Bar, bars};
use super::{Answer, Page, Tab};
use crate::config;
use crate::plugin::registry::Catalogue;
use crate::store::StoreError;
use crate::store::browse::{InvocationState, PAGE_ROWS_MAX, Place, WantedInvocations};

pub(super) async fn all(State(admin): State<Arc<Admin>>) -> Answer {
    let views = view::plugins(&admin.registry.now());
    let rows = html! { @for view in &views { (row(view)) } };
    let head = ["Component", "State", "Version", "Digest", "What it does", "Used by", "In use since"];
    let main = html! {
        h1 { "Plugins" }
        p.small { "Components in the drop folder. Copy a " code { ".wasm" } " file there, and it is live within a second." }
        (live("list", &table("Components", &head, &rows)))
    };
    Ok(Page::new(Tab::Plugins, "Plugins", main))
}

fn row(view: &PluginView) -> Markup {
    html! {
        tr {
            td { @match &view.name { Some(name) => a href={ "/plugins/" (name) } { (name) }, None => (file(view.file.as_deref().unwrap_or("?"))) } }
            td.wrap { (loaded(view)) @if let Some(error) = &view.last_error { pre.reason tabindex="0" { (error.text) } } }
            td { (view.version.as_deref().unwrap_or("–")) }
            td { (digest(view.digest.as_deref())) }
            td.wrap { (view.summary.as_deref().unwrap_or("–")) }
            td.wrap { (view.used_by.join(", ")) }
            td { @if let Some(since) = &view.since { (moment_of(since)) } }
        }
    }
}

fn loaded(view: &PluginView) -> Markup {
    match (&view.last_error, &view.since) {
        (Some(_), Some(_)) => state(Tone::Bad, "old version, the new one is refused"),
        (Some(_), None) => state(Tone::Bad, "refused"),
        (None, _) => state(Tone::Good, "in use"),
    }
}

pub(super) async fn page(State(admin): State<Arc<Admin>>, Path(name): Path<String>) -> Answer {
    let missing = || Refusal::new(StatusCode::NOT_FOUND, "there is no component of that name", "`/plugins` lists those that there are");
    let view = view::plugin_named(&admin.registry.now(), &name).ok_or_else(missing)?;
    let took = took(&admin, &name).await?;
    let main = html! {
        h1 { (name) " " small { (view.version.as_deref().unwrap_or_default()) } }
        p { (view.summary.as_deref().unwrap_or_default()) }
        dl.facts {
            dt { "State" } dd { (loaded(&view)) }
            dt { "File" } dd { code { (view.file.as_deref().unwrap_or("–")) } }
            dt { "Digest" } dd { code.long { (view.digest.as_deref().unwrap_or("–")) } }
            @if let Some(since) = &view.since { dt { "In use since" } dd { (moment_of(since)) } }
            dt { "Hears" } dd { (view.handles.join(", ")) }
            dt { "Needs" } dd { @if view.needs.is_empty() { "nothing" } @else { (view.needs.join(", ")) } }
        }
        @if let Some(error) = &view.last_error { h2 { "Why its file is refused" } pre.reason tabindex="0" { (error.text) } }
        h2 { "Who uses it" }
        (users(&admin.registry.now(), &name))
        (live("took", &html! { h2 { "How long it takes" } (took) }))
        h2 { "Its settings" }
        @match &view.settings_schema { Some(schema) => (json(schema)), None => p { "It takes none." } }
    };
    Ok(Page::new(Tab::Plugins, name, main))
}

/// The plugins that run a component, and what each is granted.
fn users(catalogue: &Catalogue, name: &str) -> Markup {
    let rows = html! {
        @for project in catalogue.projects.values() {
            @for plugin in project.plugins.iter().filter(|plugin| plugin.config.component.as_str() == name) {
                tr {
                    td { a href={ "/projects/" (project.config.name) } { (project.config.name) } }
                    td { (plugin.config.name) }
                    td.wrap { (granted(&plugin.config)) }
                    td.wrap { code { (plugin.config.settings.as_str()) } }
                }
            }
        }
    };
    table("Plugins that run it", &["Project", "Plugin", "Granted", "Settings"], &rows)
}

fn granted(plugin: &config::Plugin) -> String {
    let through = plugin.connections.iter().map(|name| format!("connection {name}"));
    let into = plugin.folders.iter().map(|name| format!("folder {name}"));
    let to = plugin.projects.iter().map(|name| format!("project {name}"));
    plugin.allow.iter().cloned().chain(through).chain(into).chain(to).collect::<Vec<_>>().join(", ")
}

/// Bounds of the bars, in milliseconds.
const BOUNDS_MS: [u32; 7] = [1, 3, 10, 30, 100, 300, 1_000];

/// How long the newest runs took.
async fn took(admin: &Admin, name: &str) -> Result<Markup, StoreError> {
    let users: Vec<_> = {
        let catalogue = admin.registry.now();
        let of = |project: &Arc<crate::plugin::registry::Project>| {
            let own = project.plugins.iter().filter(|plugin| plugin.config.component.as_str() == name);
            own.map(|plugin| (project.config.name.clone(), plugin.config.name.clone())).collect::<Vec<_>>()
        };
        catalogue.projects.values().flat_map(of).collect()
    };
    let (mut wall, mut cpu) = (Vec::new(), Vec::new());
    for (project, plugin) in users {
        let state = Some(InvocationState::Done);
        let wanted = WantedInvocations { project: Some(project), plugin: Some(plugin), state, ..WantedInvocations::default() };
        let page = admin.store.browse().invocations(&wanted, Place { before: None, limit: PAGE_ROWS_MAX }).await?;
        wall.extend(page.rows.iter().filter_map(|found| found.duration_ms));
        cpu.extend(page.rows.iter().filter_map(|found| found.cpu_ms));
    }
    if wall.is_empty() {
        return Ok(html! { p { "It has handled nothing lately." } });
    }
    let below =
        |bound: Option<u32>, from: u32| wall.iter().filter(|took| **took >= from && bound.is_none_or(|bound| **took < bound)).count();
    let mut from = 0;
    let mut shown = Vec::new();
    for bound in BOUNDS_MS.into_iter().map(Some).chain([None]) {
        let label = bound.map_or_else(|| format!("{from} ms and more"), |bound| format!("below {bound} ms"));
        shown.push(Bar { label: html! { (label) }, count: below(bound, from) as u64, note: String::new(), class: "plain" });
        from = bound.unwrap_or(from);
    }
    wall.sort_unstable();
    cpu.sort_unstable();
    let took_ms = |ms: u32| super::parts::took(ms.into());
    let middle = |sorted: &[u32]| sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    Ok(html! {
        p { "Of the last " (number(wall.len() as u64)) " events that it handled well, half took " (took_ms(middle(&wall))) " or less (CPU "
            (took_ms(middle(&cpu))) "), and the longest " (took_ms(wall.last().copied().unwrap_or_default())) "." }
        (bars("Runs by how long they took", ("Time", "Runs"), &shown))
    })
}
