//! Components: what is loaded, what each asks for and where it gets it, and what it uses.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use maud::{Markup, html};

use super::super::Admin;
use super::super::answer::Refusal;
use super::super::usage::{self, Distribution, Span, Usage};
use super::super::view::{self, PluginView};
use super::parts::{Tone, digest, file, json, live, mebibytes, moment_of, number, state, table, took};
use super::plot::{Bar, bars};
use super::{Answer, Page, Tab};
use crate::config;
use crate::plugin::registry::Catalogue;

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
    let catalogue = admin.registry.now();
    let usage = usage::of_component(admin.store.as_ref(), &catalogue, &name).await?;
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
        (users(&catalogue, &name))
        (live("used", &html! { h2 { "What it uses" } (used(usage.as_ref())) }))
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

/// How long the newest runs took, and how much memory they had.
fn used(usage: Option<&Usage>) -> Markup {
    let Some(Usage { duration_ms, cpu_ms, memory_bytes }) = usage else { return html! { p { "It has handled nothing lately." } } };
    html! {
        p { "Of the last " (number(duration_ms.count)) " events that it handled well, half took " (took(duration_ms.median)) " or less (CPU "
            (took(cpu_ms.median)) "), and the longest " (took(duration_ms.max)) "." }
        (bars("Runs by how long they took", ("Time", "Runs"), &spread(duration_ms, |ms| format!("{ms} ms"))))
        @if memory_bytes.count > 0 {
            p { "Half had " (mebibytes(memory_bytes.median)) " of memory or less, and the largest " (mebibytes(memory_bytes.max)) "." }
            (bars("Runs by how much memory they had", ("Memory", "Runs"), &spread(memory_bytes, mebibytes)))
        }
    }
}

fn spread(of: &Distribution, shown: impl Fn(u64) -> String) -> Vec<Bar> {
    let label =
        |span: &Span| span.below.map_or_else(|| format!("{} and more", shown(span.from)), |below| format!("below {}", shown(below)));
    of.spans.iter().map(|span| Bar { label: html! { (label(span)) }, count: span.count, note: String::new(), class: "plain" }).collect()
}
