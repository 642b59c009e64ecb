//! The way in: by the admin token, or by a link that `crowdhook dashboard` prints.

use std::io;
use std::sync::Arc;

use axum::extract::{Form, Path, RawQuery, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Json};
use maud::html;
use serde::Deserialize;
use url::form_urlencoded;

use super::super::answer::Refusal;
use super::super::gate::Peer;
use super::super::view::LoginLink;
use super::super::{Admin, session};
use super::parts::Query;

pub(in crate::admin) async fn link(State(admin): State<Arc<Admin>>) -> Result<Json<LoginLink>, Refusal> {
    let failed = |error: io::Error| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "no link can be made", error.to_string());
    let code = admin.links.make(admin.clock.now()).map_err(failed)?;
    Ok(Json(LoginLink { path: format!("/login/{}", code.reveal()) }))
}

/// Asks who came to a page without being let in, and leads back there.
pub(in crate::admin) fn ask(wanted: &Uri) -> Response {
    let path = wanted.path_and_query().map_or("/", |path| path.as_str());
    let next: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
    Redirect::to(&format!("/login?next={next}")).into_response()
}

pub(super) async fn page(RawQuery(query): RawQuery) -> Response {
    form(Query::of(query.as_deref()).get("next"), None)
}

fn form(next: &str, wrong: Option<&str>) -> Response {
    let main = html! {
        h1 { "Sign in" }
        @if let Some(wrong) = wrong { p.note.bad role="alert" { (wrong) } }
        p { "Run " code { "crowdhook dashboard" } " on the machine of the host: it prints a link that lets you in." }
        form.stacked method="post" action="/login" {
            input type="hidden" name="next" value=(next);
            label { span { "Or paste the token in " code { "admin-token" } " of the data folder" }
                input type="password" name="token" required autofocus autocomplete="current-password"; }
            button type="submit" { "Sign in" }
        }
    };
    super::document("Sign in", None, &main)
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Entry {
    token: String,
    #[serde(default)]
    next: String,
}

pub(super) async fn enter(State(admin): State<Arc<Admin>>, peer: Option<Extension<Peer>>, Form(entry): Form<Entry>) -> Response {
    if !admin.token.matches(entry.token.trim()) {
        if let Some(Extension(Peer(peer))) = peer {
            admin.metrics.admin_refused(peer, "a wrong token on the page for it");
        }
        let mut response = form(&entry.next, Some("That is not the token of this host."));
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        return response;
    }
    let cookie = session::cookie(&admin.token, admin.clock.now());
    ([(header::SET_COOKIE, cookie)], Redirect::to(own_path(&entry.next))).into_response()
}

/// A path of ours, and never a way elsewhere.
fn own_path(next: &str) -> &str {
    let is_own = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\n', '\r', '\t']);
    if is_own { next } else { "/" }
}

pub(super) async fn open(State(admin): State<Arc<Admin>>, Path(code): Path<String>) -> Response {
    let now = admin.clock.now();
    if !admin.links.open(&code, now) {
        let mut response = form("/", Some("This link was opened already, or is older than a minute."));
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        return response;
    }
    ([(header::SET_COOKIE, session::cookie(&admin.token, now))], Redirect::to("/")).into_response()
}

pub(super) async fn leave() -> Response {
    ([(header::SET_COOKIE, session::no_cookie())], Redirect::to("/login")).into_response()
}
