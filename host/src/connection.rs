//! The only way out: every call to a service of the world goes through a [`Connection`], which knows where that service is,
//! how fast it may be called and whether it is up. Knows nothing of platforms, plugins and the store.
//!
//! A connection never makes its caller wait for room: what would have to wait longer than [`WAIT_HERE_MAX`] is given back at
//! once as [`ConnectionError::Later`], since the caller can park its invocation and do something else meanwhile.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use tokio::sync::{Semaphore, SemaphorePermit};
use url::Url;

use crate::clock::{Clock, Timestamp};
use crate::config::Rate;
use crate::secret::Secret;
use advice::Advice;
use breaker::{Breaker, Pass};
use exchange::{Exchange, ExchangeError, Keep, Outgoing};
use pace::Pace;
use quota::Quota;
use shared::{Stock, Together};

pub mod advice;
mod auth;
pub mod below;
pub mod breaker;
pub mod egress;
mod exchange;
mod hidden;
pub mod mail;
pub mod pace;
mod quota;
pub mod services;
pub mod shared;
mod trust;

/// A call waits here for its turn no longer than this; what would take longer is [`ConnectionError::Later`].
pub const WAIT_HERE_MAX: Duration = Duration::from_millis(100);
/// Told to whom found all places taken: calls are short, so a place is free soon.
const BUSY_WAIT: Duration = Duration::from_secs(1);
/// A call that somebody else took is asked for again after this.
const TAKE_AGAIN: Duration = Duration::from_millis(5);
/// Beyond so many addresses, those that nobody uses any more are forgotten.
const ADDRESSES_MAX: usize = 256;
/// A connection paces so many endpoints one by one; further ones share one pace.
const ENDPOINTS_MAX: usize = 64;

/// Limits of a connection. The defaults are what the host uses.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until the other side has taken the call. Default 5 s.
    pub connect: Duration,
    /// From the beginning to the last byte of the answer. Default 20 s.
    pub whole: Duration,
    /// Body of an answer; a larger one is an error, and nothing of it is used. Default 16 MiB.
    pub body_bytes_max: usize,
    /// Calls under way at a time. Default 8.
    pub at_once: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), whole: Duration::from_secs(20), body_bytes_max: 16 << 20, at_once: 8 }
    }
}

/// All connections of the host. Two projects on one server share its connection, because servers count calls by the caller's
/// address and not by key. Copies share everything.
#[derive(Clone, Debug)]
pub struct Connections {
    clock: Clock,
    limits: Limits,
    open: Arc<Mutex<HashMap<String, Arc<Connection>>>>,
}

impl Connections {
    /// No connections yet, with the default limits.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self::with_limits(clock, Limits::default())
    }

    /// No connections yet.
    #[must_use]
    pub fn with_limits(clock: Clock, limits: Limits) -> Self {
        Self { clock, limits, open: Arc::default() }
    }

    /// The connection to `base`, under which all its paths lie. Opens no socket. An address where nothing may be called
    /// still gets a connection, whose calls all say so.
    #[must_use]
    pub fn to(&self, base: &Url) -> Arc<Connection> {
        let mut open = lock(&self.open);
        if open.len() >= ADDRESSES_MAX {
            open.retain(|_, connection| Arc::strong_count(connection) > 1);
        }
        let connection = open.entry(base.as_str().trim_end_matches('/').to_owned());
        connection.or_insert_with(|| Arc::new(Connection::new(Service::at(base), self.clock.clone(), self.limits))).clone()
    }
}

/// A named outside service: where it is, how fast it may be called, whether it is up.
#[derive(Debug)]
pub struct Connection {
    service: Service,
    exchange: Exchange,
    body_bytes_max: usize,
    clock: Clock,
    places: Semaphore,
    gate: Mutex<Gate>,
}

/// What a connection leads to.
#[derive(Clone, Debug)]
struct Service {
    /// All paths lie below it.
    base: Url,
    /// What people are told: scheme, host and port, or the name of the connection where these may be a secret.
    shown: String,
    /// What the operator allows; none for as much as the service does.
    rate: Option<Rate>,
    /// That it is allowed to several hosts together; none for this host alone.
    together: Option<Together>,
}

impl Service {
    fn at(base: &Url) -> Self {
        Self { base: base.clone(), shown: base.origin().ascii_serialization(), rate: None, together: None }
    }
}

/// What decides whether a call may leave now.
#[derive(Debug, Default)]
struct Gate {
    breaker: Breaker,
    quota: Option<Quota>,
    /// What was taken of a rate that several hosts keep together.
    stock: Stock,
    endpoints: HashMap<&'static str, Pace>,
}

impl Gate {
    /// Asks the operator's rate, counting nothing.
    fn look(&mut self, now: Timestamp) -> Result<(), Duration> {
        self.quota.as_mut().map_or(Ok(()), |quota| quota.look(now))
    }

    fn pace(&mut self, endpoint: &'static str) -> &mut Pace {
        let known = self.endpoints.len() < ENDPOINTS_MAX || self.endpoints.contains_key(endpoint);
        self.endpoints.entry(if known { endpoint } else { "" }).or_default()
    }
}

/// A call to be made.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// What the other side counts this call under: its pace is kept apart from that of other endpoints.
    pub endpoint: &'static str,
    /// The method.
    pub method: Method,
    /// The path below the base address, one part each; whatever stands in a part, it stays one part.
    pub path: &'a [&'a str],
    /// The query, name and value.
    pub query: &'a [(&'a str, &'a str)],
    /// Sent as it is in the `Authorization` header.
    pub authorization: Option<&'a Secret>,
    /// What is sent with it.
    pub content: Option<Content>,
}

/// What a call carries, in the form in which the other side wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// JSON.
    Json(String),
    /// Fields of a form, encoded.
    Form(String),
}

/// What the other side answered, whole.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Bytes,
    /// Where it sends the caller instead, without path and query; redirects are not followed.
    pub location: Option<String>,
    /// How long the answer asks to wait before the next call of this endpoint; none when it does not.
    pub wait: Option<Duration>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConnectionError {
    /// Not now: no room, no calls left, the service is down or broke off. Try again after `after` at the earliest.
    #[error("{why}")]
    Later {
        /// How long to wait; none when nothing is known.
        after: Option<Duration>,
        /// What happened, for people, without secrets.
        why: String,
        /// Whether the call may have reached the other side.
        sent: bool,
    },
    /// The service refuses the key that the connection bears, or to give one. The same will succeed once someone has set another.
    #[error("{why}")]
    KeyRefused {
        /// What it said, for people, without secrets.
        why: String,
    },
    /// The answer is larger than an answer may be. Nothing of it is used.
    #[error("{why}")]
    TooLarge {
        /// How large it may be, for people.
        why: String,
    },
    /// It will never work like this: a forbidden address.
    #[error("{why}")]
    Refused {
        /// What is wrong, for people, without secrets.
        why: String,
    },
}

impl ConnectionError {
    fn not_sent(after: Duration, why: String) -> Self {
        Self::Later { after: Some(after), why, sent: false }
    }
}

impl Connection {
    fn new(service: Service, clock: Clock, limits: Limits) -> Self {
        let exchange = Exchange::new(&service.base, limits);
        let own = service.rate.filter(|_| service.together.is_none());
        let gate = Gate { quota: own.map(Quota::new), ..Gate::default() };
        Self {
            service,
            exchange,
            body_bytes_max: limits.body_bytes_max,
            clock,
            places: Semaphore::new(limits.at_once),
            gate: Mutex::new(gate),
        }
    }

    /// How calls go now.
    #[must_use]
    pub fn state(&self) -> breaker::State {
        lock(&self.gate).breaker.state(self.clock.now())
    }

    /// Makes one call and gives its whole answer, whatever its status.
    ///
    /// # Errors
    ///
    /// [`ConnectionError::Later`] at once when it would have to wait, and when the call broke; the others when it can never work.
    pub async fn send(&self, request: Request<'_>) -> Result<Response, ConnectionError> {
        let mut headers = HeaderMap::new();
        if let Some(secret) = request.authorization {
            headers.insert(AUTHORIZATION, self.key_header(secret)?);
        }
        let (content_type, body) = match request.content {
            None => (None, String::new()),
            Some(Content::Json(json)) => (Some("application/json"), json),
            Some(Content::Form(form)) => (Some("application/x-www-form-urlencoded"), form),
        };
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        let call = Outgoing {
            method: request.method,
            url: exchange::address(&self.service.base, request.path, request.query),
            headers,
            body: body.into(),
            keep: Keep::Whole { bytes_max: self.body_bytes_max },
        };
        self.call(request.endpoint, call).await.map(|(response, _)| response)
    }

    /// Posts JSON to the base itself, with these headers, and gives the whole answer, whatever its status.
    ///
    /// # Errors
    ///
    /// As [`Connection::send`].
    pub async fn post(&self, endpoint: &'static str, mut headers: HeaderMap, json: String) -> Result<Response, ConnectionError> {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let keep = Keep::Whole { bytes_max: self.body_bytes_max };
        let call = Outgoing { method: Method::POST, url: self.service.base.clone(), headers, body: json.into(), keep };
        self.call(endpoint, call).await.map(|(response, _)| response)
    }

    /// The header that a key travels in.
    fn key_header(&self, secret: &Secret) -> Result<HeaderValue, ConnectionError> {
        exchange::secret_header(secret.reveal()).ok_or_else(|| ConnectionError::Refused {
            why: format!("`{}` cannot be called: the key holds a character that no header may hold", self.service.shown),
        })
    }

    /// As [`Connection::send`], for a call that is made already; and the headers of the answer.
    async fn call(&self, endpoint: &'static str, call: Outgoing) -> Result<(Response, HeaderMap), ConnectionError> {
        let _place = self.place().await?;
        let underway = match self.admit(endpoint).await {
            Err(ConnectionError::Later { after: Some(wait), .. }) if wait <= WAIT_HERE_MAX => {
                tokio::time::sleep(wait).await;
                self.admit(endpoint).await?
            }
            begun => begun?,
        };
        let shown = &self.service.shown;
        match self.exchange.make(call).await {
            Ok((parts, body)) => {
                let advice = Advice::read(parts.status.as_u16(), &parts.headers, (self.clock.now(), self.clock.wall()));
                let wait = underway.answered(&advice);
                let location = parts.headers.get(http::header::LOCATION).and_then(|to| origin_of(to.to_str().ok()?));
                Ok((Response { status: parts.status.as_u16(), body, location, wait }, parts.headers))
            }
            Err(ExchangeError::Never(why)) => Err(ConnectionError::Refused { why: format!("`{shown}` {why}") }),
            Err(ExchangeError::TooLarge(bytes_max)) => {
                underway.answered(&Advice::default());
                let why = format!("`{shown}` answered with more than the {} MiB that an answer may have", bytes_max >> 20);
                Err(ConnectionError::TooLarge { why })
            }
            Err(ExchangeError::Broken { why, sent }) => {
                let after = underway.broke();
                Err(ConnectionError::Later { after, why: format!("`{shown}` {why}"), sent })
            }
        }
    }

    async fn place(&self) -> Result<SemaphorePermit<'_>, ConnectionError> {
        let place = tokio::time::timeout(WAIT_HERE_MAX, self.places.acquire()).await;
        place.ok().and_then(Result::ok).ok_or_else(|| {
            ConnectionError::not_sent(
                BUSY_WAIT,
                format!("as many calls to `{}` as are allowed at a time are under way", self.service.shown),
            )
        })
    }

    /// As [`Connection::begin`], with a call of those that all hosts together may make.
    async fn admit(&self, endpoint: &'static str) -> Result<Underway<'_>, ConnectionError> {
        let Some(together) = &self.service.together else { return self.begin(endpoint) };
        let now = self.clock.now();
        let wants_some = {
            let gate = lock(&self.gate);
            // What may not leave takes no call away from others.
            gate.breaker.look(now).is_ok() && !gate.stock.has_one(now)
        };
        if wants_some {
            let taken = together.take().await;
            let taken = taken.map_err(|(wait, why)| ConnectionError::not_sent(wait, format!("`{}` {why}", self.service.shown)))?;
            lock(&self.gate).stock.add(taken, now);
        }
        self.begin(endpoint)
    }

    /// Asks breaker and pace, and counts the call as under way.
    fn begin(&self, endpoint: &'static str) -> Result<Underway<'_>, ConnectionError> {
        let now = self.clock.now();
        let mut gate = lock(&self.gate);
        gate.breaker.look(now).map_err(|wait| {
            ConnectionError::not_sent(
                wait,
                format!("`{}` was down a moment ago and is left alone until it is tried again", self.service.shown),
            )
        })?;
        gate.look(now).map_err(|wait| {
            ConnectionError::not_sent(wait, format!("`{}` has had the calls that its `calls` and `per_s` allow", self.service.shown))
        })?;
        if self.service.together.is_some() && !gate.stock.has_one(now) {
            // Another call was quicker, or taking it took too long.
            return Err(ConnectionError::not_sent(
                TAKE_AGAIN,
                format!("`{}` waits for a call of those that all hosts share", self.service.shown),
            ));
        }
        gate.pace(endpoint).admit(now).map_err(|wait| {
            ConnectionError::not_sent(wait, format!("`{}` rations calls, and those for now are used up", self.service.shown))
        })?;
        if let Some(quota) = &mut gate.quota {
            quota.begin(now);
        }
        gate.stock.use_one();
        let pass = gate.breaker.begin(now);
        Ok(Underway { connection: self, endpoint, pass: Some(pass) })
    }
}

/// A call that has begun. When it is dropped without a word, because its caller gave up, it is counted as neither good nor bad.
struct Underway<'a> {
    connection: &'a Connection,
    endpoint: &'static str,
    pass: Option<Pass>,
}

impl Underway<'_> {
    /// Counts the answer, and says how long it asks to wait.
    fn answered(mut self, advice: &Advice) -> Option<Duration> {
        let now = self.connection.clock.now();
        let mut gate = lock(&self.connection.gate);
        let wait = gate.pace(self.endpoint).answered(now, advice);
        let pass = self.pass.take()?;
        if advice.down {
            let open = gate.breaker.failed(pass, now);
            return wait.max(open);
        }
        gate.breaker.succeeded(pass);
        wait
    }

    /// Counts a failure, and says for how long the connection is closed now, if it is.
    fn broke(mut self) -> Option<Duration> {
        let now = self.connection.clock.now();
        let mut gate = lock(&self.connection.gate);
        gate.pace(self.endpoint).unanswered();
        gate.breaker.failed(self.pass.take()?, now)
    }
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        if let Some(pass) = self.pass.take() {
            let mut gate = lock(&self.connection.gate);
            gate.pace(self.endpoint).unanswered();
            gate.breaker.abandoned(pass);
        }
    }
}

/// Scheme, host and port of an address; path and query may hold secrets.
fn origin_of(address: &str) -> Option<String> {
    Url::parse(address).ok().map(|url| url.origin().ascii_serialization())
}

/// Nothing that holds these locks can panic half-way through a change that matters.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
