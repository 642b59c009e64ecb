use std::time::Duration;

use crowdhook::clock::{Clock, Timestamp};
use crowdhook::config::{Auth, Connection, HttpService, Service};
use crowdhook::connection::ConnectionError;
use crowdhook::connection::services::{Services, WebService};
use crowdhook::effect::Request;
use crowdhook::secret::Secret;
use std::sync::Arc;

/// One service and one call at a time: what is sent, what comes back.
mod calls;
/// Requests that leave from the outbox of a whole host, to a service that fails in every way.
mod deliveries;
/// OAuth 1.0a, as another program checks it.
mod oauth1;
/// OAuth 2: tokens that are got, renewed, withdrawn and refused.
mod oauth2;
/// Plugins that fetch and send.
mod plugins;

/// A secret that must never show.
const SECRET: &str = "a-secret-that-must-not-show";

/// A web service at `url`.
fn web(url: &str, auth: Auth) -> HttpService {
    let url = url.parse().unwrap();
    HttpService { url, url_is_secret: false, auth, rate: None, at_once: 4, timeout: Duration::from_secs(10) }
}

fn bearer() -> Auth {
    Auth::Bearer { token: Secret::new(SECRET) }
}

/// The service as the host has it, when a project calls it `posts`.
fn open(service: HttpService, clock: &Clock) -> Arc<WebService> {
    let connection = Connection { name: "posts".to_owned(), to: Service::Http(service), max_age: Duration::from_secs(3600), line: 1 };
    Services::new(clock.clone()).of(&"birds".parse().unwrap(), &connection).unwrap()
}

/// A clock at the beginning of a minute.
fn clock() -> Clock {
    let now: Timestamp = "2030-01-01T00:00:00Z".parse().unwrap();
    Clock::manual(now)
}

fn post(path: &str) -> Request {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Request { method: "POST".to_owned(), path: path.to_owned(), headers, body: "{\"text\":\"Zwölf Vögel\"}".to_owned() }
}

fn later(error: ConnectionError) -> (Option<Duration>, bool, String) {
    match error {
        ConnectionError::Later { after, sent, why } => (after, sent, why),
        other => panic!("{other:?}"),
    }
}
