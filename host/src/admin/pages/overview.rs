//! The first page: how much happens, what waits, and what somebody must look at.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{RawQuery, State};
use maud::{Markup, html};

use super::super::connections::{self, Troubled};
use super::super::hosts::differences;
use super::super::{Admin, view};
use super::parts::{Query, Tone, ago, counted, file as file_name, live, moment_of, number, span, state};
use super::plot::{Line, lines};
use super::{Answer, Page, Tab};
use crate::clock::{Timestamp, between};
use crate::connection::breaker;
use crate::store::figures::Sample;
use crate::store::peers::Peer;
use crate::store::{StoreError, Totals, Vitals};

/// What a plot may span: its name, how many minutes, and how many of them are one point.
const RANGES: [(&str, i64, u32); 4] = [("hour", 60, 1), ("day", 24 * 60, 10), ("week", 7 * 24 * 60, 60), ("month", 31 * 24 * 60, 240)];
/// A certificate that ends sooner should have been renewed by now: the usual ways do so a month before.
const RENEWED_BEFORE: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// Files that were loaded last.
const RELOADS_SHOWN: usize = 6;

pub(super) async fn page(State(admin): State<Arc<Admin>>, RawQuery(query): RawQuery) -> Answer {
    let query = Query::of(query.as_deref());
    let now = admin.clock.now();
    let (range, minutes, step) = *RANGES.iter().find(|(name, ..)| *name == query.get("range")).unwrap_or(&("hour", 60, 1));
    let totals = admin.store.totals().await?;
    let vitals = admin.store.vitals().await?;
    let peers = admin.store.browse().peers().await?;
    let minute = now.as_second().div_euclid(60);
    let samples = admin.store.browse().samples(minute - minutes - i64::from(step), step).await?;
    let main = html! {
        h1 { "Overview" }
        (live("glance", &glance(&admin, &totals, (&vitals, &peers), now)))
        (live("attention", &attention(&admin, &peers).await?))
        section {
            h2 { "How much happens" }
            p.choice { "Last " @for (name, ..) in RANGES {
                @if name == range { b aria-current="true" { (name) } } @else { a href={ "/?range=" (name) } { (name) } } " "
            } }
            (live("plots", &plots(&samples, (minute, minutes, step), range)))
        }
        (live("reloads", &reloads(&admin)))
    };
    Ok(Page::new(Tab::Overview, "Overview", main))
}

fn glance(admin: &Admin, totals: &Totals, (vitals, peers): (&Vitals, &[Peer]), now: Timestamp) -> Markup {
    let waits =
        |since: Option<Timestamp>| html! { @if let Some(since) = since { "oldest came " (ago(since, now)) } @else { "nothing waits" } };
    let dead = totals.dead + totals.deliveries_dead;
    let at_work = peers.iter().filter(|peer| peer.is_at_work).count() as u64;
    html! {
        dl.tiles {
            div { dt { "Events stored" } dd { (number(totals.events)) } dd.small { (number(totals.runs)) " runs of plugins" } }
            div { dt { "Invocations waiting" } dd { (number(totals.waiting)) } dd.small { (waits(vitals.invocations.oldest)) } }
            div { dt { "Deliveries waiting" } dd { (number(totals.deliveries_waiting)) } dd.small { (waits(vitals.deliveries.oldest)) } }
            div.bad[dead > 0] { dt { "Dead letters" } dd { (number(dead)) }
                dd.small { @if dead > 0 { a href="/dead" { "look at them" } } @else { "nothing was given up" } } }
            div { dt { "Up" } dd { (span(between(admin.started_at, now).as_secs())) } dd.small { "version " (env!("CARGO_PKG_VERSION")) } }
            @if !peers.is_empty() {
                div.bad[at_work < peers.len() as u64] { dt { "Hosts at work" } dd { (number(at_work)) } dd.small { a href="/hosts" { "look at them" } } }
            }
        }
    }
}

/// What somebody must look at.
async fn attention(admin: &Admin, peers: &[Peer]) -> Result<Markup, StoreError> {
    let catalogue = admin.registry.now();
    let held = admin.store.quarantined().await?;
    let troubled = connections::troubled(admin).await?;
    let certificate = ending_certificate(admin);
    let differ = differences(peers);
    let gone: Vec<&Peer> = peers.iter().filter(|peer| !peer.is_at_work).collect();
    let refused = catalogue.status.components.iter().chain(&catalogue.status.projects).filter_map(|load| {
        let (at, why) = load.last_error.as_ref()?;
        Some((load.file.display().to_string(), *at, why.clone()))
    });
    let refused: Vec<_> = refused.collect();
    let degraded: Vec<(String, String)> = catalogue
        .projects
        .iter()
        .flat_map(|(name, project)| view::missing(project).into_iter().map(move |what| (name.to_string(), what)))
        .collect();
    let is_well = held.is_empty()
        && troubled.is_empty()
        && certificate.is_none()
        && differ.is_empty()
        && gone.is_empty()
        && refused.is_empty()
        && degraded.is_empty()
        && catalogue.status.folders.is_empty();
    Ok(html! {
        h2 { "Needs attention" }
        @if is_well { p.note.good { "Nothing: every file is loaded, no plugin is held, no connection fails." } }
        ul.attention {
            @for held in &held {
                li { (state(Tone::Bad, "held")) " plugin " b { (held.scope) } ": " (held.reason) ". Its events wait. "
                    form.inline method="post" action="/plugins/release" {
                        input type="hidden" name="plugin" value=(held.scope);
                        button type="submit" { "Release it" }
                    } }
            }
            @for one in &troubled { li { (trouble(one)) } }
            @if let Some(end) = certificate {
                li { (state(Tone::Bad, "certificate")) " of the public listener: it ends " (super::parts::moment(end))
                    ". Renew it; files that change are taken within a second or two." }
            }
            @for one in &differ { li { (state(Tone::Busy, "hosts differ")) " " (one) ". " a href="/hosts" { "Show what each has loaded" } } }
            @for peer in &gone {
                li { (state(Tone::Busy, "host gone")) " " b { (peer.name) } ": it was last heard of " (super::parts::moment(peer.seen_at))
                    ". What it had leased the others take up; a day after that it is forgotten." }
            }
            @for (project, what) in &degraded {
                li { (state(Tone::Busy, "degraded")) " project " a href={ "/projects/" (project) } { (project) } ": " (what) }
            }
            @for (file, at, why) in &refused {
                li { (state(Tone::Bad, "refused")) " " (file_name(file)) ", " (super::parts::moment(*at)) pre { (why) } }
            }
            @for folder in &catalogue.status.folders { li { (state(Tone::Bad, "folder")) " " (folder) } }
        }
    })
}

fn trouble(Troubled { project, connection, state: calls, failing }: &Troubled) -> Markup {
    let word = match calls {
        breaker::State::Closed => "failing",
        breaker::State::HalfOpen | breaker::State::Open => "down",
    };
    html! {
        (state(Tone::Bad, word)) " connection " b { (connection) } " of project " a href={ "/projects/" (project) } { (project) } ": "
        @if *calls != breaker::State::Closed { "it is left alone, and tried again with one call at a time. " }
        @if let Some(failing) = failing {
            (counted(failing.attempts, ("attempt", "attempts"))) " in a row did not get through. " (failing.reason) " "
            a href={ "/deliveries?state=waiting&project=" (project) "&connection=" (connection) } { "Show what waits" }
        }
    }
}

/// When the certificate ends, if somebody must see to it.
fn ending_certificate(admin: &Admin) -> Option<Timestamp> {
    let end = admin.tls.as_ref()?.ends_at()?;
    (between(admin.clock.now(), end) < RENEWED_BEFORE).then_some(end)
}

/// The rates and the backlog, at each point of the axis.
fn plots(samples: &[Sample], (minute, minutes, step): (i64, i64, u32), range: &str) -> Markup {
    let step = i64::from(step);
    let points: Vec<i64> = ((minute - minutes) / step..=minute / step).collect();
    let at = |point: i64| samples.iter().find(|sample| sample.minute / step == point);
    let rate = |of: fn(&Sample) -> u64| {
        let grew = |point: i64| {
            let (before, then) = (at(point - 1)?, at(point)?);
            let span = then.minute - before.minute;
            #[expect(clippy::cast_precision_loss, reason = "it becomes a point of a plot")]
            (span > 0).then(|| of(then).saturating_sub(of(before)) as f64 / span as f64)
        };
        points.iter().map(|point| grew(*point)).collect::<Vec<_>>()
    };
    #[expect(clippy::cast_precision_loss, reason = "it becomes a point of a plot")]
    let level = |of: fn(&Sample) -> u64| points.iter().map(|point| at(*point).map(|sample| of(sample) as f64)).collect::<Vec<_>>();
    let article = if range == "hour" { "an" } else { "a" };
    let ends = (format!("{article} {range} ago"), "now");
    let ends = (ends.0.as_str(), ends.1);
    html! {
        div.plots {
            (lines("Events and runs", "per minute", ends, &[Line { name: "events", values: rate(|sample| sample.events) },
                Line { name: "runs", values: rate(|sample| sample.runs) }]))
            (lines("Backlog", "waiting", ends, &[Line { name: "invocations", values: level(|sample| sample.waiting) },
                Line { name: "deliveries", values: level(|sample| sample.deliveries_waiting) },
                Line { name: "dead letters", values: level(|sample| sample.dead) }]))
        }
        @if samples.len() < 2 { p.small { "Plots begin a minute after the host has started; they are kept for a month." } }
    }
}

fn reloads(admin: &Admin) -> Markup {
    let status = &admin.registry.now().status;
    let mut loads: Vec<_> = status.components.iter().chain(&status.projects).filter(|load| load.since.is_some()).collect();
    loads.sort_by_key(|load| std::cmp::Reverse(load.since));
    html! {
        h2 { "Loaded last" }
        ul { @for load in loads.into_iter().take(RELOADS_SHOWN) {
            li { @if let Some(since) = load.since { (moment_of(&crate::clock::rfc3339(since))) } " "
                b { (load.name.as_deref().unwrap_or("?")) } @if let Some(version) = &load.version { " " (version) } " from " (file_name(&load.file.display().to_string())) }
        } }
    }
}
