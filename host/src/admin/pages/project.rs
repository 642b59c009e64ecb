//! A project: what volunteers said, what was concluded, and whether the platform and this host hear each other.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use maud::{Markup, html};

use super::super::view::{self, ProjectView};
use super::super::{Admin, browse, query};
use super::parts::{Field, Query, Tone, file, filter, inline, live, moment, number, pager, percent, state, table, task_address};
use super::plot::{Bar, bars};
use super::setup::{self, Wanted};
use super::{Answer, Page, Tab};
use crate::id::ProjectName;
use crate::store::WantedBadges;
use crate::store::figures::{ListedAnalysis, ProjectFigures, WantedAnalyses};

/// Badges that are shown.
const BADGES_SHOWN: u32 = 20;
/// Workers that are shown.
const WORKERS_SHOWN: u32 = 15;
/// Votes on a task that are drawn in a listing.
const VOTES_SHOWN: usize = 4;

pub(super) async fn all(State(admin): State<Arc<Admin>>) -> Answer {
    let views = view::projects(&admin.registry.now(), admin.public_url.as_str());
    let rows = html! { @for view in &views {
        tr {
            td { @match &view.name { Some(name) if view.platform.is_some() => a href={ "/projects/" (name) } { (name) }, _ => (file(&view.file)) } }
            td.wrap { (standing(view)) @if let Some(error) = &view.last_error { pre.reason tabindex="0" { (error.text) } } }
            td { (view.platform.as_deref().unwrap_or("–")) }
            td { (view.address.as_deref().unwrap_or("–")) }
            td.wrap { (view.plugins.join(", ")) }
        }
    } };
    let list = html! {
        @if views.is_empty() { p.note { "There is no project yet: " code { "crowdhook init" } " shows how to write one down." } }
        @else { (table("Projects", &["Project", "State", "Platform", "Address", "Plugins"], &rows)) }
    };
    Ok(Page::new(Tab::Projects, "Projects", html! { h1 { "Projects" } (live("list", &list)) }))
}

fn standing(view: &ProjectView) -> Markup {
    match (&view.last_error, view.degraded.first()) {
        (Some(_), _) if view.platform.is_none() => state(Tone::Bad, "refused"),
        (Some(_), _) => state(Tone::Bad, "old version, the new one is refused"),
        (None, Some(what)) => html! { (state(Tone::Busy, "degraded")) " " (what) },
        (None, None) => state(Tone::Good, "well"),
    }
}

pub(super) async fn page(State(admin): State<Arc<Admin>>, Path(name): Path<String>, RawQuery(asked): RawQuery) -> Answer {
    let (check, filters) = (Query::of(asked.as_deref()).get("check") == "true", Query::of(asked.as_deref()).with("check", ""));
    shown(&admin, &name, Some(&filters), Wanted { reveal: false, check }).await
}

/// The same with the hook's token, for who asks by a POST: it then stands in no history.
pub(super) async fn reveal(State(admin): State<Arc<Admin>>, Path(name): Path<String>) -> Answer {
    shown(&admin, &name, None, Wanted { reveal: true, check: false }).await
}

async fn shown(admin: &Admin, name: &str, asked: Option<&str>, wanted_setup: Wanted) -> Answer {
    let project = super::super::project::find(admin, name)?;
    let name = &project.config.name;
    let (wanted, place) = query::of_form::<WantedAnalyses>(asked, admin.clock.now(), browse::ANALYSIS_FILTERS)?;
    let figures = admin.store.browse().figures(name, WORKERS_SHOWN).await?;
    let page = admin.store.browse().analyses(name, &wanted, place).await?;
    let path = format!("/projects/{name}");
    let query = Query::of(asked);
    let fields = [
        Field::Choice("decided", "Decided", ["true", "false"].map(str::to_owned).to_vec()),
        Field::Text("agreement_max", "Agreement at most", "0.7"),
        Field::Text("task", "Task", "any"),
    ];
    let rows = html! { @for found in &page.rows { (analysis_row(name.as_str(), found)) } };
    let tasks = html! {
        (table("Tasks, those analysed last first", &["Analysed", "Task", "Answer", "Agreement", "Votes"], &rows))
        (pager(&path, &query, page.next, page.rows.is_empty()))
    };
    let setup = setup::section(admin, &project, wanted_setup).await?;
    // Who has just begun wants to know what to paste where.
    let is_new = figures.agreement.is_empty();
    let main = html! {
        h1 { (name) " " small { (project.config.platform.kind) } }
        @if is_new { (setup) }
        (live("figures", &html! { (summary(&figures)) @if !is_new { div.columns { (agreement(&figures)) (workers(&figures)) } } }))
        section {
            h2 { "Tasks" }
            p.actions { a.button.plain href={ (path) "/results.csv" } download { "All as CSV" } a.button.plain href={ (path) "/results.json" } download { "All as JSON" } }
            (filter(&path, &query, &fields))
            (live("tasks", &tasks))
        }
        (badges(admin, name).await?)
        @if !is_new { (setup) }
    };
    Ok(Page::new(Tab::Projects, name.to_string(), main))
}

fn summary(figures: &ProjectFigures) -> Markup {
    let tasks: u64 = figures.agreement.iter().map(|count| count.tasks).sum();
    let decided: u64 = figures.agreement.iter().filter(|count| count.decided).map(|count| count.tasks).sum();
    #[expect(clippy::cast_precision_loss, reason = "it becomes a percentage")]
    let share = if tasks == 0 { None } else { Some(decided as f64 / tasks as f64) };
    html! {
        dl.tiles {
            div { dt { "Tasks analysed" } dd { (number(tasks)) } }
            div { dt { "Decided" } dd { @match share { Some(share) => (percent(share)), None => "–" } } dd.small { (number(decided)) " tasks have an answer" } }
            div { dt { "Workers" } dd { (number(figures.workers)) } dd.small { "whose answers counted" } }
        }
    }
}

/// How much people agree, from none to all.
fn agreement(figures: &ProjectFigures) -> Markup {
    let count = |tenth: u8| figures.agreement.iter().filter(|count| count.tenth == Some(tenth)).map(|count| count.tasks).sum::<u64>();
    let label = |tenth: u8| {
        if tenth == 10 { "all agree".to_owned() } else { format!("{}–{} %", u32::from(tenth) * 10, u32::from(tenth) * 10 + 10) }
    };
    let shown: Vec<Bar> = (0..=10)
        .rev()
        .map(|tenth| Bar { label: html! { (label(tenth)) }, count: count(tenth), note: String::new(), class: "plain" })
        .collect();
    bars("How much people agree", ("Agreement", "Tasks"), &shown)
}

fn workers(figures: &ProjectFigures) -> Markup {
    let shown: Vec<Bar> = figures
        .busiest
        .iter()
        .map(|count| {
            #[expect(clippy::cast_precision_loss, reason = "it becomes a percentage")]
            let share = count.agreeing as f64 / count.answers.max(1) as f64;
            Bar { label: html! { (count.worker) }, count: count.answers, note: format!("{} agree", percent(share)), class: "plain" }
        })
        .collect();
    html! {
        @if shown.is_empty() { p { "No answer of a known worker has counted yet." } }
        @else { (bars("Workers who answered most", ("Worker", "Answers"), &shown)) }
    }
}

fn analysis_row(project: &str, found: &ListedAnalysis) -> Markup {
    let analysis = &found.analysis;
    let most = analysis.tally.iter().map(|tally| tally.votes).max().unwrap_or(0).max(1);
    html! {
        tr {
            td { (moment(found.at)) }
            td { a href=(task_address(project, &found.task)) { (found.task) } }
            td { @if analysis.decided { b { (inline(&analysis.answer)) } } @else { (state(Tone::Busy, if analysis.tie { "tie" } else { "undecided" })) } }
            td.number { @match analysis.agreement { Some(share) => (percent(share)), None => "–" } }
            td.votes {
                @for tally in analysis.tally.iter().take(VOTES_SHOWN) {
                    span.vote { (super::parts::shortened(&inline(&tally.value), 40)) " "
                        svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
                            rect class=(if tally.value == analysis.answer { "good" } else { "plain" }) width=(tally.votes * 100 / most) height="10" {} }
                        " " (tally.votes) }
                }
                @if analysis.tally.len() > VOTES_SHOWN { small { "and " (analysis.tally.len() - VOTES_SHOWN) " more" } }
                @if analysis.tally.is_empty() { small { (analysis.reason) } }
            }
        }
    }
}

async fn badges(admin: &Admin, name: &ProjectName) -> Result<Markup, crate::store::StoreError> {
    let wanted = WantedBadges { newest_first: true, ..WantedBadges::first(BADGES_SHOWN) };
    let badges = admin.store.badges(name, wanted).await?;
    Ok(html! {
        @if !badges.is_empty() {
            section {
                h2 { "Badges" }
                ul { @for kept in &badges {
                    li { b { (kept.badge.title) } " for " (kept.worker) ", " (moment(kept.awarded_at))
                        @if let Some((at, why)) = &kept.revoked { " – taken back " (moment(*at)) ": " (why) } }
                } }
            }
        }
    })
}
