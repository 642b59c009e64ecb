//! Asks a running host, by its admin API: the address from the settings, the token from the data folder.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use reqwest::RequestBuilder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::report::Advice;
use crate::admin::token;
use crate::config::Host;
use crate::secret::Secret;

/// The whole of one question and its answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The same where the host has something to do first, and may have to wait for a platform. It cuts off what takes a minute.
const ACT_TIMEOUT: Duration = Duration::from_secs(60);

/// For the connection alone: the host is on this machine, or near.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Whom to ask.
pub(super) struct Client {
    address: SocketAddr,
    token: Secret,
    http: reqwest::Client,
}

/// What came of a question.
pub(super) enum Asked<T> {
    /// An answer.
    Answered(T),
    /// The host has no such thing: what it said, and what to do.
    Missing(Advice),
    /// No host runs there: why, for people.
    NoHost(String),
}

impl Client {
    /// For the host of these settings; the reason, for people, when none can be running.
    pub(super) fn of(host: &Host) -> anyhow::Result<Result<Self, String>> {
        let token = match token::read(&host.data) {
            Ok(token) => token,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Err(format!("no host has been started with the data folder `{}` yet", host.data.display())));
            }
            Err(error) => {
                let help = "run this as the user under which the host runs";
                let message = format!("the admin token `{}` cannot be read", token::path(&host.data).display());
                return Err(Advice::new(message, help).because(error.into()).into());
            }
        };
        // Refused when there is one already, which is as good.
        rustls::crypto::ring::default_provider().install_default().ok();
        // Without certificates: a machine that has none installed could not even ask its own loopback.
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).timeout(TIMEOUT).connect_timeout(CONNECT_TIMEOUT).build();
        Ok(Ok(Self { address: reachable(host.admin), token, http: http.context("no HTTP client could be made")? }))
    }

    /// `GET` of a path that begins with a slash.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<Asked<T>> {
        self.send(self.http.get(self.url(path))).await
    }

    /// `POST` of JSON to a path that begins with a slash.
    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> anyhow::Result<Asked<T>> {
        self.send(self.http.post(self.url(path)).timeout(ACT_TIMEOUT).json(body)).await
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> anyhow::Result<Asked<T>> {
        Ok(match self.exchange(request).await? {
            Asked::Answered(bytes) => Asked::Answered(
                serde_json::from_slice(&bytes)
                    .with_context(|| format!("the host at {} answers in a shape of another version", self.address))?,
            ),
            Asked::Missing(advice) => Asked::Missing(advice),
            Asked::NoHost(why) => Asked::NoHost(why),
        })
    }

    /// The answer as it came. Apart from [`Client::send`], which is compiled anew for each kind of answer.
    async fn exchange(&self, request: RequestBuilder) -> anyhow::Result<Asked<Bytes>> {
        let response = match request.bearer_auth(self.token.reveal()).send().await {
            Ok(response) => response,
            Err(error) if error.is_connect() => return Ok(Asked::NoHost(format!("no host answers at {}", self.address))),
            Err(error) => return Err(anyhow::Error::new(error).context(format!("asking the host at {} failed", self.address))),
        };
        let status = response.status().as_u16();
        let bytes = response.bytes().await.with_context(|| format!("the host at {} broke off its answer", self.address))?;
        match status {
            200 => Ok(Asked::Answered(bytes)),
            404 => Ok(Asked::Missing(advice(&bytes))),
            401 => {
                let help = "another host may run at that address: compare `admin` and `data` in the settings of both";
                Err(Advice::new(format!("the host at {} does not take the token of this data folder", self.address), help).into())
            }
            _ => Err(anyhow::Error::new(advice(&bytes)).context(format!("the host at {} answered {status}", self.address))),
        }
    }
}

/// What a refusal says.
fn advice(bytes: &[u8]) -> Advice {
    let said: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let field = |name: &str| said.get(name).and_then(Value::as_str).map(super::output::plain);
    Advice::new(
        field("error").unwrap_or_else(|| "the answer is not one of a host".to_owned()),
        field("help").unwrap_or_else(|| "see the host's log".to_owned()),
    )
}

/// Where to connect for an address to listen on: a host that listens everywhere is reached by loopback.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Asks the host of these settings; [`Asked::NoHost`] when none runs.
pub(super) async fn ask<T: DeserializeOwned>(host: &Host, path: &str) -> anyhow::Result<Asked<T>> {
    match Client::of(host)? {
        Ok(client) => client.get(path).await,
        Err(why) => Ok(Asked::NoHost(why)),
    }
}

/// Tells the host of these settings to do something, by a `POST` of JSON.
///
/// # Errors
///
/// When none runs: what it would do belongs to a host.
pub(super) async fn tell<T: DeserializeOwned>(host: &Host, path: &str, body: &impl Serialize) -> anyhow::Result<T> {
    let asked = match Client::of(host)? {
        Ok(client) => client.post(path, body).await?,
        Err(why) => Asked::NoHost(why),
    };
    asked.of_running_host()
}

impl<T> Asked<T> {
    /// The answer to what only a running host can tell or do.
    ///
    /// # Errors
    ///
    /// When none runs, or when it has no such thing.
    pub(super) fn of_running_host(self) -> anyhow::Result<T> {
        match self {
            Self::Answered(answer) => Ok(answer),
            Self::Missing(advice) => Err(advice.into()),
            Self::NoHost(why) => Err(Advice::new(why, "only a running host can do this: start it with `crowdhook serve`").into()),
        }
    }
}
