//! One task: why its result is what it is, from the answers to the receipts.

use std::sync::Arc;

use axum::extract::{Path, State};
use maud::{Markup, html};
use serde_json::Value;

use super::super::view::{EventView, TaskView};
use super::super::{Admin, browse};
use super::events::{deliveries, runs};
use super::parts::{Tone, inline, json, live, moment_of, percent, state, table};
use super::plot::{Bar, bars};
use super::{Answer, Page, Tab};

pub(super) async fn page(State(admin): State<Arc<Admin>>, Path((project, task)): Path<(String, String)>) -> Answer {
    let view = browse::find_task(&admin, &project, &task).await?;
    let why = html! {
        (verdict(&view))
        (answers(&view))
        (saved(&view))
        h2 { "What happened" }
        ol.happened { @for event in view.events.iter().rev() { (happened(event)) } }
        @if view.snapshot.is_some() { details { summary { "What the platform said" } (json(view.snapshot.as_ref().unwrap_or(&Value::Null))) } }
    };
    let main = html! {
        h1 { "Task " (view.task) " " small { "of project " a href={ "/projects/" (view.project) } { (view.project) } } }
        (live("why", &why))
    };
    Ok(Page::new(Tab::Projects, format!("Task {task} of {project}"), main))
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// What the newest analysis says, with the votes as bars.
fn verdict(view: &TaskView) -> Markup {
    let Some(analysis) = &view.analysis else {
        return html! { p.note { "There is no analysis of this task: no plugin has emitted one, or it was let go as " code { "[keep]" } " says." } };
    };
    let is = |name: &str| analysis.get(name).and_then(Value::as_bool).unwrap_or_default();
    let answer = analysis.get("answer").unwrap_or(&Value::Null);
    html! {
        p.verdict {
            @if is("decided") { (state(Tone::Good, "decided")) " " b { (inline(answer)) } }
            @else { (state(Tone::Busy, if is("tie") { "tie" } else { "undecided" })) }
            " – " (text(analysis, "reason"))
            @if let Some(share) = analysis.get("agreement").and_then(Value::as_f64) { " (agreement " (percent(share)) ")" }
        }
        @if let Some(tally) = analysis.get("tally").and_then(Value::as_array) { (votes("Votes", tally, answer)) }
        @if let Some(questions) = analysis.get("questions").and_then(Value::as_object) {
            @for (name, verdict) in questions {
                @if let Some(tally) = verdict.get("tally").and_then(Value::as_array) {
                    (votes(&format!("{name}: {}", text(verdict, "reason")), tally, verdict.get("answer").unwrap_or(&Value::Null)))
                }
            }
        }
    }
}

fn votes(caption: &str, tally: &[Value], answer: &Value) -> Markup {
    let shown: Vec<Bar> = tally
        .iter()
        .map(|of| {
            let value = of.get("value").unwrap_or(&Value::Null);
            let count = of.get("votes").and_then(Value::as_u64).unwrap_or_default();
            #[expect(clippy::cast_precision_loss, reason = "it is compared with a weight, and neither is large")]
            let weight = of.get("weight").and_then(Value::as_f64).filter(|weight| (weight - count as f64).abs() > 1e-9);
            let note = weight.map_or_else(String::new, |weight| format!("weight {weight:.2}"));
            Bar { label: html! { (inline(value)) }, count, note, class: if value == answer { "good" } else { "plain" } }
        })
        .collect();
    bars(caption, ("Answer", "Votes"), &shown)
}

/// Each person's answer, whether it counted, and what it weighed.
fn answers(view: &TaskView) -> Markup {
    let of = |value: &Option<Value>| value.as_ref().and_then(|value| value.get("answers")).and_then(Value::as_array).cloned();
    let counted = of(&view.analysis);
    let head = ["Answer", "Worker", "What they said", "Counts", "Weight", "Agrees"];
    let rows = html! { @for answer in counted.iter().flatten() { tr {
        td { (text(answer, "id")) }
        td { @match answer.get("worker").and_then(Value::as_str) { Some(worker) => (worker), None => "anonymous" } }
        td.wrap { @if answer.get("cut").is_some() { i { "too long to be kept" } } @else { (inline(answer.get("value").unwrap_or(&Value::Null))) } }
        td.wrap { @if answer.get("counted").and_then(Value::as_bool).unwrap_or_default() { "yes" } @else { "no: " (text(answer, "why_not")) } }
        td.number { @if let Some(weight) = answer.get("weight").and_then(Value::as_f64) { (format!("{weight:.2}")) } }
        td { @match answer.get("agrees").and_then(Value::as_bool) { Some(true) => (state(Tone::Good, "yes")), Some(false) => (state(Tone::Plain, "no")), None => "–" } }
    } } };
    let said = of(&view.snapshot);
    let said_rows = html! { @for answer in said.iter().flatten() { tr {
        td { (text(answer, "id")) }
        td { @match answer.get("worker").and_then(Value::as_str) { Some(worker) => (worker), None => "anonymous" } }
        td.wrap { (inline(answer.get("value").unwrap_or(&Value::Null))) }
    } } };
    html! {
        @if counted.is_some() { h2 { "Answers" } (table("Answers, the oldest first", &head, &rows)) }
        @else if said.is_some() { h2 { "Answers" } (table("Answers, the oldest first", head.get(..3).unwrap_or_default(), &said_rows)) }
    }
}

fn saved(view: &TaskView) -> Markup {
    html! {
        @if let Some(result) = &view.result {
            h2 { "Saved result" }
            p.small { "Revision " (result.revision) ", by plugin " b { (result.plugin) } "." }
            details { summary { "Show it" } (json(&result.info)) }
        }
    }
}

/// One event of the task, with what came of it.
fn happened(view: &EventView) -> Markup {
    let event = &view.event;
    let id = text(event, "id");
    html! {
        li {
            h3 { (text(event, "kind")) " " @if !text(event, "emitted_by").is_empty() { small { "emitted by " (text(event, "emitted_by")) } } }
            p.small { (moment_of(text(event, "received_at"))) ", " a.id href={ "/events/" (id) } { "event " (id) } ", " (view.standing) ", origin " (text(event, "origin")) }
            (runs(view))
            @if !view.deliveries.is_empty() { (deliveries(&format!("Deliveries of event {id}"), &view.deliveries)) }
        }
    }
}
