//! The hosts that share the store, and what each of them has loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State;
use maud::{Markup, html};

use super::super::Admin;
use super::super::hosts::{differences, what, which};
use super::parts::{Tone, ago, live, moment, number, state, table};
use super::{Answer, Page, Tab};
use crate::clock::Timestamp;
use crate::id::{PluginName, ProjectName};
use crate::store::peers::{Loaded, Peer};

/// No more things are shown.
const ROWS_MAX: usize = 500;

pub(super) async fn page(State(admin): State<Arc<Admin>>) -> Answer {
    let peers = admin.store.browse().peers().await?;
    let main = html! {
        h1 { "Hosts" }
        @if peers.is_empty() { p.note { "This host has its store for itself. Several share one in PostgreSQL: " code { "store" } " in crowdhook.toml." } }
        @else { (live("hosts", &hosts(&peers, admin.clock.now()))) }
    };
    Ok(Page::new(Tab::Overview, "Hosts", main))
}

fn hosts(peers: &[Peer], now: Timestamp) -> Markup {
    let rows = html! {
        @for peer in peers {
            tr {
                td { (peer.name) }
                td { @if peer.is_at_work { (state(Tone::Good, "at work")) } @else { (state(Tone::Busy, "gone")) } }
                td { (peer.version) }
                td { (moment(peer.started_at)) }
                td { (ago(peer.seen_at, now)) }
            }
        }
    };
    let differ = differences(peers);
    html! {
        @if !differ.is_empty() {
            h2 { "Where they differ" }
            ul.attention { @for one in &differ { li { (state(Tone::Busy, "differs")) " " (one) } } }
        }
        (table("Hosts", &["Host", "State", "Version", "Started", "Heard of"], &rows))
        h2 { "What each has loaded" }
        p.small { "A host takes what it has the component and the project's file for, and leaves the rest to those that have it." }
        (loaded(peers))
    }
}

/// A row for each thing, a column for each host.
fn loaded(peers: &[Peer]) -> Markup {
    type Key<'a> = (&'a ProjectName, Option<&'a PluginName>);
    fn key(one: &Loaded) -> Key<'_> {
        (&one.project, one.plugin.as_ref())
    }
    let each: Vec<BTreeMap<Key<'_>, &Loaded>> = peers.iter().map(|peer| peer.loaded.iter().map(|one| (key(one), one)).collect()).collect();
    let all: BTreeSet<Key<'_>> = each.iter().flat_map(BTreeMap::keys).copied().collect();
    let head: Vec<&str> = std::iter::once("What").chain(peers.iter().map(|peer| peer.name.as_str())).collect();
    let rows = html! {
        @for wanted in all.iter().take(ROWS_MAX) {
            tr {
                td { (each.iter().find_map(|of| of.get(wanted)).map(|one| what(one)).unwrap_or_default()) }
                @for of in &each { td { @match of.get(wanted) { Some(one) => code { (which(one)) }, None => "–" } } }
            }
        }
    };
    html! {
        (table("What each host has loaded", &head, &rows))
        @if all.len() > ROWS_MAX { p.small { "And " (number((all.len() - ROWS_MAX) as u64)) " more: " code { "GET /v1/hosts" } " has all." } }
    }
}
