//! Who may ask: a request under a name of this machine, with the token, or from a browser that was let in.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::answer::Refusal;
use super::{pages, session};
use crate::clock::Clock;
use crate::secret::Secret;
use crate::telemetry::Metrics;

/// What may be asked for without the token and under any name: supervisors and load balancers have neither, and it says nothing secret.
const OPEN: [&str; 2] = ["/health", "/ready"];

/// Where a request comes from.
#[derive(Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

/// What a request must show.
pub(super) struct Gate {
    pub(super) token: Secret,
    pub(super) listens_on: SocketAddr,
    pub(super) clock: Clock,
    pub(super) metrics: Metrics,
}

/// Lets a request pass, or answers it.
pub(super) async fn pass(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let wants_page = pages::is_page(path);
    let checked = if OPEN.contains(&path) { Ok(()) } else { gate.check(request.method(), path, request.headers()) };
    let mut response = match checked {
        Ok(()) => next.run(request).await,
        Err(refusal) if wants_page && refusal.is_for_want_of_a_token() => pages::login::ask(request.uri()),
        Err(refusal) => {
            if let Some(Peer(peer)) = request.extensions().get() {
                gate.metrics.admin_refused(*peer, refusal.error());
            }
            refusal.into_response()
        }
    };
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

impl Gate {
    /// The name first: a page of a foreign name must not even learn whether its token was right.
    fn check(&self, method: &Method, path: &str, headers: &HeaderMap) -> Result<(), Refusal> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let host = hosts.next().and_then(|host| host.to_str().ok());
        if hosts.next().is_some() || !host.is_some_and(|host| is_own_name(host, self.listens_on.ip())) {
            let help = "ask under `localhost`, a loopback address, or the address it listens on";
            return Err(Refusal::new(StatusCode::MISDIRECTED_REQUEST, "this host does not answer under that name", help));
        }
        if !method.is_safe() && !is_same_origin(headers, host.unwrap_or_default()) {
            let help = "a page of another origin may not change anything here";
            return Err(Refusal::new(StatusCode::FORBIDDEN, "this was asked by a page of another origin", help));
        }
        if pages::is_open(path) || (pages::is_page(path) && session::is_let_in(headers, &self.token, self.clock.now())) {
            return Ok(());
        }
        let mut given = headers.get_all(header::AUTHORIZATION).iter();
        let token = given.next().and_then(|value| value.to_str().ok()).and_then(bearer);
        if given.next().is_none() && token.is_some_and(|token| self.token.matches(token)) {
            return Ok(());
        }
        let help = "send `Authorization: Bearer <token>` with the token in `admin-token` of the data folder";
        Err(Refusal::new(StatusCode::UNAUTHORIZED, "the admin token is missing or wrong", help))
    }
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whether a request comes from no page, or from one of our own. Browsers say so themselves (Fetch Metadata, W3C), older ones by `Origin`.
fn is_same_origin(headers: &HeaderMap, host: &str) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let site = text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    site && text("origin").is_none_or(|origin| origin.split_once("://").is_some_and(|(_, of)| of.eq_ignore_ascii_case(host)))
}

/// Whether `host` (a `Host` header) names this machine: `localhost`, a loopback address, or what it listens on. A host that
/// listens on every address answers under any address, but never under a name: rebinding a name is what an attacker can do.
fn is_own_name(host: &str, listens_on: IpAddr) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    };
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    match bare.parse::<IpAddr>() {
        Ok(address) => address.is_loopback() || address == listens_on || listens_on.is_unspecified(),
        Err(_) => name.eq_ignore_ascii_case("localhost"),
    }
}

#[cfg(test)]
mod tests;
