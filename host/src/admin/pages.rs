//! Pages for people who run projects: what came in, what was concluded, what was done about it, and what is stuck. They read well without
//! scripts; with them they are live. Nothing is fetched from anywhere else.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::{DOCTYPE, Markup, html};

use super::Admin;
use super::answer::Refusal;

mod act;
mod assets;
mod dead;
mod deliveries;
mod events;
mod export;
mod give_up;
mod hosts;
mod invocations;
mod live;
pub(super) mod login;
mod overview;
mod parts;
mod plot;
mod plugins;
mod project;
mod setup;
mod task;

/// What pages may load and do: what comes from here, and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

/// A page, or why there is none.
type Answer = Result<Page, Refused>;

pub(super) fn routes() -> Router<Arc<Admin>> {
    Router::new()
        .route("/", get(overview::page))
        .route("/hosts", get(hosts::page))
        .route("/projects", get(project::all))
        .route("/projects/{name}", get(project::page))
        .route("/projects/{name}/hook", post(project::reveal))
        .route("/projects/{name}/results.csv", get(export::csv))
        .route("/projects/{name}/results.json", get(export::json))
        .route("/projects/{name}/tasks/{task}", get(task::page))
        .route("/events", get(events::all))
        .route("/events/{id}", get(events::page))
        .route("/events/{id}/replay", get(act::ask_replay_event).post(act::replay_event))
        .route("/invocations", get(invocations::all))
        .route("/invocations/give-up", get(give_up::ask_invocations).post(give_up::invocations))
        .route("/deliveries", get(deliveries::all))
        .route("/deliveries/give-up", get(give_up::ask_deliveries).post(give_up::deliveries))
        .route("/deliveries/{id}", get(deliveries::page))
        .route("/dead", get(dead::all))
        .route("/dead/replay", get(act::ask_replay_dead).post(act::replay_dead))
        .route("/plugins", get(plugins::all))
        .route("/plugins/{name}", get(plugins::page))
        .route("/plugins/release", post(act::release))
        .route("/live", get(live::stream))
        .route("/login", get(login::page).post(login::enter))
        .route("/login/{code}", get(login::open))
        .route("/logout", post(login::leave))
        .route("/assets/{name}", get(assets::asset))
}

/// Whether a path is one for people, and not for programs.
pub(super) fn is_page(path: &str) -> bool {
    path != "/v1" && !path.starts_with("/v1/") && !["/metrics", "/health", "/ready"].contains(&path)
}

/// Whether a path is for everybody: the way in.
pub(super) fn is_open(path: &str) -> bool {
    path == "/login" || path.starts_with("/login/") || path.starts_with("/assets/")
}

/// What is answered where there is no page.
pub(super) fn missing() -> Response {
    let help = "the pages that there are stand above";
    Refused(Refusal::new(StatusCode::NOT_FOUND, "there is nothing here", help)).into_response()
}

/// Where one is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tab {
    Overview,
    Projects,
    Events,
    Invocations,
    Deliveries,
    Dead,
    Plugins,
    None,
}

const TABS: [(Tab, &str, &str); 7] = [
    (Tab::Overview, "/", "Overview"),
    (Tab::Projects, "/projects", "Projects"),
    (Tab::Events, "/events", "Events"),
    (Tab::Invocations, "/invocations", "Invocations"),
    (Tab::Deliveries, "/deliveries", "Deliveries"),
    (Tab::Dead, "/dead", "Dead letters"),
    (Tab::Plugins, "/plugins", "Plugins"),
];

/// A page: its title, where it is, and what it shows.
struct Page {
    title: String,
    tab: Tab,
    main: Markup,
}

impl Page {
    fn new(tab: Tab, title: impl Into<String>, main: Markup) -> Self {
        Self { title: title.into(), tab, main }
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let nav = html! {
            nav aria-label="Pages" {
                @for (tab, path, name) in TABS {
                    @if tab == self.tab { a href=(path) aria-current="page" { (name) } } @else { a href=(path) { (name) } }
                }
            }
            form method="post" action="/logout" { button.plain type="submit" { "Sign out" } }
        };
        document(&self.title, Some(nav), &self.main)
    }
}

/// The whole document around `main`.
fn document(title: &str, nav: Option<Markup>, main: &Markup) -> Response {
    let text = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Crowdhook" }
                link rel="icon" href=(assets::address("icon.svg"));
                link rel="stylesheet" href=(assets::address("style.css"));
                script src=(assets::address("live.js")) defer {}
            }
            body {
                a.skip href="#main" { "Skip to content" }
                header {
                    a.brand href="/" { "Crowdhook" }
                    @if let Some(nav) = nav { (nav) }
                }
                main #main tabindex="-1" { (main) }
            }
        }
    };
    let mut response = axum::response::Html(text.into_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// Why there is no page, as one.
struct Refused(Refusal);

impl<E: Into<Refusal>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let main = html! {
            h1 { (self.0.status().canonical_reason().unwrap_or("Refused")) }
            p.note.bad { (self.0.error()) }
            p { (self.0.help()) }
        };
        let mut response = Page::new(Tab::None, "Refused", main).into_response();
        *response.status_mut() = self.0.status();
        response
    }
}
