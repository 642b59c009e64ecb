//! `http`: other web services, through the connections that the project names.

use std::time::Duration;

use base64::Engine as _;
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::super::bindings::crowdhook::plugin::http::{Header, Host, Request, Response};
use super::super::guest::{Guest, Handling};
use super::Failure;
use crate::config::{self, HttpService, Service};
use crate::connection::below::Wrong;
use crate::connection::services::{Fetched, check_request};
use crate::effect::{self, Effect};
use crate::id::Digest;

const METHODS: [&str; 4] = ["POST", "PUT", "PATCH", "DELETE"];
const BODY_BYTES_MAX: usize = 1 << 20;
/// Responses that one call fetches.
const FETCHES_MAX: u32 = 10;
/// So much of a response's body is kept in the record of the run; of a larger one, its beginning and its digest.
const RECORDED_BYTES_MAX: usize = 64 << 10;
/// A service that is too slow is given up so long before the guest itself would be stopped for it.
const BEFORE_THE_END: Duration = Duration::from_millis(500);

impl Host for Guest {
    async fn fetch(&mut self, connection: String, path: String, headers: Vec<Header>) -> Result<Response, Failure> {
        let handling = self.handling()?;
        handling.granted("http.fetch")?;
        let headers = pairs(headers);
        let connection = handling.web_service(&connection)?.0.clone();
        handling.check_request(&connection.name, &path, &headers)?;
        if handling.fetched >= FETCHES_MAX {
            return Err(Failure::OverLimit(format!("one call may fetch {FETCHES_MAX} responses")));
        }
        handling.fetched += 1;
        let fetched = handling.fetch(&connection, &path, &headers).await?;
        handling.record(&connection.name, &path, &fetched);
        let headers = fetched.headers.into_iter().map(|(name, value)| Header { name, value }).collect();
        Ok(Response { status: fetched.status, headers, body: fetched.body })
    }

    fn send(&mut self, connection: String, request: Request, once: Option<String>) -> Result<(), Failure> {
        let request = effect::Request { method: request.method, path: request.path, headers: pairs(request.headers), body: request.body };
        let headers: usize = request.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        let bytes = request.path.len() + headers + request.body.len();
        let asked = request.clone();
        self.ask_for(bytes, once, Effect::SendRequest { connection: connection.clone(), request }, |handling| {
            handling.check_request(&connection, &asked.path, &asked.headers)?;
            check_method(&asked.method)?;
            check_body(&asked.body)
        })
    }
}

impl Handling {
    /// A connection that the plugin was granted, which leads to a web service.
    fn web_service(&self, name: &str) -> Result<(&config::Connection, &HttpService), Failure> {
        let plugin = &self.plugin.name;
        if !self.plugin.connections.iter().any(|granted| granted == name) {
            return Err(Failure::NotGranted(format!(
                "plugin `{plugin}` may not use connection `{name}`: add `connections = [\"{name}\"]` below `[plugins.{plugin}]` in the \
                 project's file",
                name = name.escape_debug(),
            )));
        }
        match self.reads.connection(name).map(|connection| (connection, &connection.to)) {
            Some((connection, Service::Http(service))) => Ok((connection, service)),
            _ => Err(Failure::NotGranted(format!("there is no `[connections.{name}]` with a web service in the project's file"))),
        }
    }

    fn check_request(&self, connection: &str, path: &str, headers: &[(String, String)]) -> Result<(), Failure> {
        let (_, service) = self.web_service(connection)?;
        check_request(service, path, headers).map_err(|wrong| match wrong {
            Wrong::Invalid(why) => Failure::Invalid(why),
            Wrong::TooLarge(why) => Failure::OverLimit(why),
        })
    }

    /// The response, if it comes before the guest is stopped: a slow service is no fault of the plugin.
    async fn fetch(&mut self, connection: &config::Connection, path: &str, headers: &[(String, String)]) -> Result<Fetched, Failure> {
        let left = self.until.saturating_duration_since(Instant::now());
        let patience = left.saturating_sub(BEFORE_THE_END).max(left / 2);
        let answered = timeout(patience, self.reads.fetch(connection, path, headers)).await;
        match answered {
            Ok(answered) => answered.map_err(|error| self.service_failure(error)),
            Err(_) => {
                let why = format!("`{}` gave no answer within the {} ms that this call had left", connection.name, patience.as_millis());
                self.wait_for(None, &why);
                Err(Failure::Retry(why))
            }
        }
    }

    /// Keeps what was fetched, for the record of the run.
    fn record(&mut self, connection: &str, path: &str, fetched: &Fetched) {
        let kept = fetched.body.get(..RECORDED_BYTES_MAX).unwrap_or(&fetched.body);
        let (body, encoding) = match std::str::from_utf8(kept) {
            Ok(text) => (text.to_owned(), "text"),
            Err(_) => (base64::engine::general_purpose::STANDARD.encode(kept), "base64"),
        };
        let record = json!({
            "status": fetched.status, "headers": fetched.headers, encoding: body,
            "bytes": fetched.body.len(), "digest": Digest::of(&fetched.body).to_string(),
        });
        self.other_reads.insert(format!("fetch/{}/{connection}{path}", self.fetched), record);
    }
}

fn pairs(headers: Vec<Header>) -> Vec<(String, String)> {
    headers.into_iter().map(|header| (header.name, header.value)).collect()
}

fn check_method(method: &str) -> Result<(), Failure> {
    if METHODS.contains(&method) {
        return Ok(());
    }
    Err(Failure::Invalid(format!("`method` is none of `POST`, `PUT`, `PATCH` and `DELETE`: `{}`", method.escape_debug())))
}

fn check_body(body: &str) -> Result<(), Failure> {
    if body.len() > BODY_BYTES_MAX {
        return Err(Failure::OverLimit(format!("`body` has {} bytes, and may have {BODY_BYTES_MAX}", body.len())));
    }
    Ok(())
}
