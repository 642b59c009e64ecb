//! The web services that projects name as connections. Each is kept as long as its lines in the project's file stay the same, with
//! its pace, what is known of whether it is up, and its access tokens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue, SET_COOKIE};
use http::{HeaderMap, Method};

use super::auth::Auth;
use super::below::{self, Wrong};
use super::breaker::State;
use super::exchange::{Keep, Outgoing};
use super::hidden::{HIDDEN, Hidden};
use super::mail::MailServers;
use super::shared::{Ledger, Together};
use super::{Connection, ConnectionError, Limits, Response, Service, lock};
use crate::clock::Clock;
use crate::config::{self, HttpService};
use crate::effect;
use crate::id::ProjectName;
use crate::secret::Secret;

/// A response that is fetched has no larger body, in bytes.
pub const FETCHED_BYTES_MAX: usize = 2 << 20;
/// So much of the answer to a request that was sent is read and kept, in bytes.
pub const RECEIPT_BYTES_MAX: usize = 2 << 10;
/// Beyond so many, those that nobody uses at the moment are forgotten, with their pace.
const SERVICES_MAX: usize = 4096;

/// A project and the name of a connection in its file.
type Key = (ProjectName, String);

/// All web services of the host.
#[derive(Clone, Debug)]
pub struct Services {
    clock: Clock,
    open: Arc<Mutex<HashMap<Key, Arc<WebService>>>>,
    /// Who counts calls for all hosts; none where this is the only one.
    ledger: Option<Arc<dyn Ledger>>,
    mail: Arc<MailServers>,
}

impl Services {
    /// None yet.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { mail: Arc::new(MailServers::new(clock.clone())), clock, open: Arc::default(), ledger: None }
    }

    /// The same for one host of several, whose calls are counted together.
    #[must_use]
    pub fn sharing(self, ledger: Option<Arc<dyn Ledger>>) -> Self {
        Self { ledger, ..self }
    }

    /// The mail servers.
    #[must_use]
    pub fn mail(&self) -> &MailServers {
        &self.mail
    }

    /// How calls through `connection` of `project` go now. What was never called counts as up.
    #[must_use]
    pub fn state(&self, project: &ProjectName, connection: &config::Connection) -> State {
        match &connection.to {
            config::Service::Http(_) => {
                let key = (project.clone(), connection.name.clone());
                lock(&self.open).get(&key).map_or(State::Closed, |service| service.connection.state())
            }
            config::Service::Mail(mail) => match &mail.to {
                config::MailTo::Server(server) => self.mail.state(server),
                config::MailTo::Folder(_) => State::Closed,
            },
        }
    }

    /// The web service that `connection` of `project` leads to, the same one until its settings change. None for a connection that leads
    /// elsewhere. Opens no socket.
    #[must_use]
    pub fn of(&self, project: &ProjectName, connection: &config::Connection) -> Option<Arc<WebService>> {
        let config::Service::Http(wanted) = &connection.to else { return None };
        let mut open = lock(&self.open);
        let key = (project.clone(), connection.name.clone());
        if let Some(known) = open.get(&key).filter(|known| known.config == *wanted) {
            return Some(Arc::clone(known));
        }
        if open.len() >= SERVICES_MAX {
            open.retain(|_, service| Arc::strong_count(service) > 1);
        }
        let together = self.ledger.clone().zip(wanted.rate).map(|(ledger, rate)| Together {
            ledger,
            project: project.clone(),
            connection: connection.name.clone(),
            rate,
        });
        let service = Arc::new(WebService::new(&connection.name, wanted.clone(), together, self.clock.clone()));
        open.insert(key, Arc::clone(&service));
        Some(service)
    }
}

/// A web service that a project names.
#[derive(Debug)]
pub struct WebService {
    /// Its name in the project's file: all that people and plugins are told of where it is.
    name: String,
    config: HttpService,
    connection: Connection,
    auth: Result<Auth, String>,
    /// Taken out of everything that it answers, beside the access token.
    hidden: Vec<String>,
    clock: Clock,
}

/// What was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The status.
    pub status: u16,
    /// Names in lower case and values, without cookies.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// What a service answered.
struct Answer {
    response: Response,
    headers: HeaderMap,
    /// The access token that the call bore, if it bore one.
    token: Option<Secret>,
}

impl WebService {
    fn new(name: &str, config: HttpService, together: Option<Together>, clock: Clock) -> Self {
        let service = Service { base: config.url.clone(), shown: name.to_owned(), rate: config.rate, together };
        let usual = Limits::default();
        let limits = Limits { connect: usual.connect.min(config.timeout), whole: config.timeout, at_once: config.at_once, ..usual };
        let connection = Connection::new(service, clock.clone(), limits);
        let auth = Auth::new(&config, name, &clock);
        let hidden = Auth::hidden(&config);
        Self { name: name.to_owned(), config, connection, auth, hidden, clock }
    }

    /// Reads `path` with GET, whatever the status of the answer.
    ///
    /// # Errors
    ///
    /// [`ConnectionError::TooLarge`] for a body beyond [`FETCHED_BYTES_MAX`]; the others as they are.
    pub async fn fetch(&self, path: &str, headers: &[(String, String)]) -> Result<Fetched, ConnectionError> {
        let call = self.outgoing(Method::GET, path, headers, Bytes::new(), Keep::Whole { bytes_max: FETCHED_BYTES_MAX })?;
        let answer = self.call(call).await?;
        let hidden = self.hidden_in(&answer);
        let body = hidden.taken_out_of(&answer.response.body);
        Ok(Fetched { status: answer.response.status, headers: told(&answer.headers, &hidden), body })
    }

    /// Sends `request` under `key`, which a service that knows of such keys tells a repeat by. Of the answer's body the beginning is kept.
    ///
    /// # Errors
    ///
    /// When there was no answer. Any status is one.
    pub async fn send(&self, request: &effect::Request, key: &str) -> Result<Response, ConnectionError> {
        let refused = |why: &str| ConnectionError::Refused { why: format!("`{}`: {why}", self.name) };
        let method = Method::from_bytes(request.method.as_bytes()).map_err(|_| refused("the request has no method"))?;
        let body = Bytes::from(request.body.clone());
        let mut call = self.outgoing(method, &request.path, &request.headers, body, Keep::Beginning { bytes_max: RECEIPT_BYTES_MAX })?;
        let key = HeaderValue::from_str(key).map_err(|_| refused("the idempotency key is no header"))?;
        call.headers.insert(HeaderName::from_static("idempotency-key"), key);
        let answer = self.call(call).await?;
        let hidden = self.hidden_in(&answer);
        let body = match answer.response.body.len() < RECEIPT_BYTES_MAX {
            true => hidden.taken_out_of(&answer.response.body),
            false => hidden.taken_out_of_cut(&answer.response.body),
        };
        let secret_host = self.config.url.host_str().filter(|host| self.config.url_is_secret && !host.is_empty());
        let location = answer.response.location.map(|to| secret_host.map_or_else(|| to.clone(), |host| to.replace(host, HIDDEN)));
        Ok(Response { body: body.into(), location, ..answer.response })
    }

    /// A call below the address. Path and headers were checked when the plugin gave them; but the settings may have changed since.
    fn outgoing(
        &self,
        method: Method,
        path: &str,
        headers: &[(String, String)],
        body: Bytes,
        keep: Keep,
    ) -> Result<Outgoing, ConnectionError> {
        check_request(&self.config, path, headers)
            .map_err(|wrong| ConnectionError::Refused { why: format!("`{}`: {wrong}", self.name) })?;
        let url =
            below::join(&self.config.url, path).map_err(|wrong| ConnectionError::Refused { why: format!("`{}`: {wrong}", self.name) })?;
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
                map.append(name, value);
            }
        }
        Ok(Outgoing { method, url, headers: map, body, keep })
    }

    /// Makes a call that proves who it is. When the service does not take an access token any more, once again with another.
    async fn call(&self, call: Outgoing) -> Result<Answer, ConnectionError> {
        let auth = self.auth.as_ref().map_err(|why| ConnectionError::Refused { why: format!("`{}` {why}", self.name) })?;
        let answer = self.call_with(auth, call.clone(), None).await?;
        match &answer.token {
            Some(refused) if answer.response.status == 401 => self.call_with(auth, call, Some(refused)).await,
            _ => Ok(answer),
        }
    }

    async fn call_with(&self, auth: &Auth, mut call: Outgoing, refused: Option<&Secret>) -> Result<Answer, ConnectionError> {
        let token = auth.prove(&mut call, refused, &self.clock).await.map_err(|error| self.for_people(error))?;
        let endpoint = endpoint(&call.method);
        let (response, headers) = self.connection.call(endpoint, call).await.map_err(|error| self.for_people(error))?;
        Ok(Answer { response, headers, token })
    }

    /// What the service may repeat in an answer, and must not be seen.
    fn hidden_in(&self, answer: &Answer) -> Hidden {
        Hidden::of(self.hidden.iter().map(String::as_str).chain(answer.token.as_ref().map(Secret::reveal)))
    }

    /// Without the host's name: plugins are told this too.
    fn for_people(&self, error: ConnectionError) -> ConnectionError {
        let host = self.config.url.host_str().unwrap_or_default();
        let clean = |why: String| if host.is_empty() { why } else { why.replace(host, HIDDEN) };
        match error {
            ConnectionError::Later { after, why, sent } => ConnectionError::Later { after, why: clean(why), sent },
            ConnectionError::Refused { why } => ConnectionError::Refused { why: clean(why) },
            other => other,
        }
    }
}

/// The headers of an answer, for a plugin.
fn told(headers: &HeaderMap, hidden: &Hidden) -> Vec<(String, String)> {
    let told = headers.iter().filter(|(name, _)| **name != SET_COOKIE);
    let clean = |value: &HeaderValue| String::from_utf8_lossy(&hidden.taken_out_of(value.as_bytes())).into_owned();
    told.map(|(name, value)| (name.as_str().to_owned(), clean(value))).collect()
}

/// Refuses a path or headers with which no call may leave through the connection.
///
/// # Errors
///
/// What is wrong, for the plugin's author.
pub fn check_request(service: &HttpService, path: &str, headers: &[(String, String)]) -> Result<(), Wrong> {
    let (own_header, own_query) = match &service.auth {
        config::Auth::Header { name, .. } => (Some(name.as_str()), None),
        config::Auth::Query { name, .. } => (None, Some(name.as_str())),
        _ => (None, None),
    };
    below::check_path(path)?;
    below::check_query(path, own_query)?;
    below::check_headers(headers, own_header)
}

/// Reads and each kind of write are paced apart: services count them apart.
fn endpoint(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "",
    }
}

#[cfg(test)]
mod tests;
