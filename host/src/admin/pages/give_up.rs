//! Giving up what waits: one, or all that a filter finds. It is asked about first, and can be put through again later.

use std::sync::Arc;

use axum::extract::{Form, RawQuery, State};
use maud::{Markup, html};
use serde::Serialize;

use super::super::give_up::{step_of_deliveries, step_of_invocations, unfinished_deliveries, unfinished_invocations};
use super::super::view::GaveUp;
use super::super::{Admin, browse, query};
use super::act::{Wanted, unreadable};
use super::parts::{counted, table};
use super::{Answer, Page, Tab, deliveries, invocations};
use crate::store::browse::{PAGE_ROWS_MAX, Place, WantedDeliveries, WantedInvocations};

/// What is shown before it is given up.
const SHOWN_MAX: u32 = 20;
/// Steps that one press of the button does: some 10,000 rows. What is left is asked about again.
const STEPS_MAX: u32 = 20;

/// What is given up on a page: how it is called, and where.
#[derive(Clone, Copy)]
struct What {
    tab: Tab,
    path: &'static str,
    one: &'static str,
    several: &'static str,
}

const INVOCATIONS: What = What { tab: Tab::Invocations, path: "/invocations", one: "invocation", several: "invocations" };
const DELIVERIES: What = What { tab: Tab::Deliveries, path: "/deliveries", one: "delivery", several: "deliveries" };

pub(super) async fn ask_invocations(State(admin): State<Arc<Admin>>, RawQuery(asked): RawQuery) -> Answer {
    let (wanted, _) = query::listing::<WantedInvocations>(asked.as_deref(), admin.clock.now(), browse::INVOCATION_FILTERS)?;
    let (found, next) = unfinished_invocations(&admin, &wanted, Place { before: None, limit: SHOWN_MAX }).await?;
    let rows = html! { @for found in &found { (invocations::row(found)) } };
    let about = html! {
        p { "Nothing more is tried: each becomes a dead letter at once. If one runs just now, nothing of that run is kept. What waits behind it about the same task goes on." }
    };
    Ok(ask(INVOCATIONS, &wanted, &about, (&table("What is given up", &invocations::HEAD, &rows), found.len(), next.is_some())))
}

pub(super) async fn ask_deliveries(State(admin): State<Arc<Admin>>, RawQuery(asked): RawQuery) -> Answer {
    let (wanted, _) = query::listing::<WantedDeliveries>(asked.as_deref(), admin.clock.now(), browse::DELIVERY_FILTERS)?;
    let page = admin.store.browse().deliveries(&unfinished_deliveries(&wanted)?, Place { before: None, limit: SHOWN_MAX }).await?;
    let rows = html! { @for found in &page.rows { (deliveries::row(found)) } };
    let about = html! {
        p { "Nothing more is tried: each becomes a dead letter at once. An attempt that is under way just now " b { "may still get through" }
            ", and counts if it does. What waits behind it about the same task goes on." }
    };
    Ok(ask(DELIVERIES, &wanted, &about, (&table("What is given up", &deliveries::HEAD, &rows), page.rows.len(), page.next.is_some())))
}

fn ask<W: Serialize + Default + PartialEq>(what: What, wanted: &W, about: &Markup, (rows, shown, is_cut): (&Markup, usize, bool)) -> Page {
    let main = html! {
        h1 { "Give up?" }
        @if shown == 0 && !is_cut { p.note { "Nothing that fits waits: it may have ended already." } p.actions { a.button.plain href=(what.path) { "Back" } } }
        @else {
            (about)
            p { "It can be replayed from the " a href="/dead" { "dead letters" } " later." }
            @if *wanted == W::default() { p.note.bad { "No filter is set: this gives up all " (what.several) " that wait." } }
            form method="post" action={ (what.path) "/give-up" } {
                input type="hidden" name="wanted" value=(serde_json::to_string(wanted).unwrap_or_default());
                p.actions {
                    button type="submit" { @if is_cut { "Give up all of these" } @else { "Give up " (shown) } }
                    a.button.plain href=(what.path) { "Leave them" }
                }
            }
            (rows)
            @if is_cut { p.small { "These and more." } }
        }
    };
    Page::new(what.tab, "Give up?", main)
}

pub(super) async fn invocations(State(admin): State<Arc<Admin>>, Form(Wanted { wanted }): Form<Wanted>) -> Answer {
    let parsed: WantedInvocations = serde_json::from_str(&wanted).map_err(|_| unreadable())?;
    let mut all = Steps::default();
    while let Some(place) = all.next() {
        all.add(step_of_invocations(&admin, &parsed, place).await?);
    }
    Ok(given_up(INVOCATIONS, all.done, &wanted))
}

pub(super) async fn deliveries(State(admin): State<Arc<Admin>>, Form(Wanted { wanted }): Form<Wanted>) -> Answer {
    let parsed: WantedDeliveries = serde_json::from_str(&wanted).map_err(|_| unreadable())?;
    let mut all = Steps::default();
    while let Some(place) = all.next() {
        all.add(step_of_deliveries(&admin, &parsed, place).await?);
    }
    Ok(given_up(DELIVERIES, all.done, &wanted))
}

/// What one press of the button has done.
#[derive(Default)]
struct Steps {
    taken: u32,
    done: GaveUp,
}

impl Steps {
    /// Where the next step begins; none at the end, or when this press has done enough.
    fn next(&self) -> Option<Place> {
        let goes_on = self.taken == 0 || (self.done.next.is_some() && self.taken < STEPS_MAX);
        goes_on.then_some(Place { before: self.done.next, limit: PAGE_ROWS_MAX })
    }

    fn add(&mut self, step: GaveUp) {
        self.taken += 1;
        self.done = GaveUp { given_up: self.done.given_up + step.given_up, next: step.next };
    }
}

fn given_up(what: What, done: GaveUp, wanted: &str) -> Page {
    let main = html! {
        h1 { "Given up" }
        p.note.good role="status" { (counted(done.given_up.into(), (what.one, what.several))) " given up." }
        @if done.next.is_some() {
            p.note { "There may be more." }
            form method="post" action={ (what.path) "/give-up" } { input type="hidden" name="wanted" value=(wanted); p.actions { button type="submit" { "Go on" } } }
        }
        p.actions { a.button href="/dead" { "To the dead letters" } a.button.plain href=(what.path) { "Back to the " (what.several) } }
    };
    Page::new(what.tab, "Given up", main)
}
