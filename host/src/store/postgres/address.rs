//! What a store's address says: where the server is, and how the way to it is kept.
//!
//! `postgres://user:password@host:5432/database?option=value&…`, and for a Unix socket `postgres://user@/database?host=/run/postgresql`.
//! What is no letter or digit is written as `%` and two digits in user, password and values (`@` as `%40`, `/` as `%2F`).
//!
//! | `sslmode` | what is done |
//! |---|---|
//! | `disable` | Nothing is encrypted. |
//! | `verify-full` | All is encrypted, the certificate is checked, and so is the name in it. |
//! | `require` | The same: encryption alone does not tell who is at the other end. |
//! | none | `disable` for `localhost` and loopback addresses, `verify-full` for all others and wherever `sslrootcert` is given. |
//! | `verify-ca`, `prefer`, `allow` | Refused: they leave out the name, or promise nothing. |
//!
//! `sslrootcert=/path/of/ca.pem` names the authority whose certificates count, in the place of those that the system trusts (which `system`
//! stands for). A Unix socket is not encrypted whatever is said: what goes through it does not leave the machine.
//!
//! `listen_host` and `listen_port` say where the server itself is, for the one connection that a pooler in transaction mode is of no use to;
//! all else that is said holds for it too.
//!
//! Nothing of an address is repeated in an error, for a password that was written wrongly may stand anywhere in it.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::db::Failure;
use super::open::OpenError;
use super::tls::Trust;

/// The options that are handed on as they are.
const OPTIONS: [&str; 18] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "load_balance_hosts",
    "options",
    "password",
    "port",
    "sslnegotiation",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// What an address says.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) usual: Way,
    /// To the server itself, where another way is said.
    pub(super) direct: Option<Way>,
}

/// Where a server is, and who vouches for it.
#[derive(Clone)]
pub(super) struct Way {
    pub(super) config: Config,
    /// None where nothing is encrypted.
    pub(super) trust: Option<Trust>,
}

/// What is asked for by `sslmode`.
#[derive(Clone, Copy)]
enum Mode {
    Disable,
    Verify,
}

impl Address {
    /// Reads `text`.
    ///
    /// # Errors
    ///
    /// [`OpenError::Address`], with what to write.
    pub(super) fn read(text: &str) -> Result<Self, OpenError> {
        let said = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
        let said = said.ok_or_else(|| wrong("it does not begin with `postgres://`"))?;
        let (who, rest) = said.split_once('@').map_or(("", said), |(who, rest)| (who, rest));
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        if who.contains(['/', '?', '#']) || place.contains('@') {
            return Err(wrong("in user, password and values write `@` as `%40`, `/` as `%2F`, `?` as `%3F`, `#` as `%23`"));
        }
        let (mut handed_on, mut mode, mut authority, mut listen) = (Vec::new(), None, None, (None, None));
        for (number, option) in (1..).zip(query.split('&').filter(|option| !option.is_empty())) {
            let (key, value) = option.split_once('=').ok_or_else(|| wrong(format!("its option number {number} has no `=`")))?;
            match key {
                "sslmode" => mode = Some(Mode::read(value)?),
                "sslrootcert" => authority = Some(path(value)?),
                "listen_host" => listen.0 = Some(value),
                "listen_port" => listen.1 = Some(value),
                key if OPTIONS.contains(&key) => handed_on.push(option),
                _ => {
                    let known = OPTIONS.join("`, `");
                    return Err(wrong(format!(
                        "its option number {number} is none of `sslmode`, `sslrootcert`, `listen_host`, `listen_port`, `{known}`"
                    )));
                }
            }
        }
        let who = if said.contains('@') { format!("{who}@") } else { String::new() };
        let way =
            |place: &str, options: &[&str]| Way::read(&format!("postgres://{who}{place}?{}", options.join("&")), (mode, authority.clone()));
        let usual = way(place, &handed_on)?;
        let direct = match listen {
            (None, None) => None,
            (None, Some(_)) => return Err(wrong("it says `listen_port` and no `listen_host`")),
            (Some(host), port) => {
                let elsewhere = |option: &&str| !["host=", "hostaddr=", "port="].iter().any(|key| option.starts_with(key));
                let (host, port) = (format!("host={host}"), format!("port={}", port.unwrap_or("5432")));
                let options: Vec<&str> = handed_on.iter().copied().filter(elsewhere).chain([host.as_str(), port.as_str()]).collect();
                Some(way(place.find('/').map_or("", |database| &place[database..]), &options)?)
            }
        };
        Ok(Self { usual, direct })
    }
}

impl Way {
    fn read(plain: &str, (mode, authority): (Option<Mode>, Option<Option<PathBuf>>)) -> Result<Self, OpenError> {
        let mut config: Config = plain.parse().map_err(|error: tokio_postgres::Error| wrong(Failure::from(error)))?;
        let trust = trust(&config, mode, authority)?;
        config.ssl_mode(if trust.is_some() { SslMode::Require } else { SslMode::Disable });
        Ok(Self { config, trust })
    }
}

impl Mode {
    fn read(value: &str) -> Result<Self, OpenError> {
        match value {
            "disable" => Ok(Self::Disable),
            "verify-full" | "require" => Ok(Self::Verify),
            "verify-ca" => {
                Err(wrong("`sslmode=verify-ca` leaves out the name: write `sslmode=verify-full`, and the host as its certificate names it"))
            }
            "prefer" | "allow" => {
                Err(wrong("`sslmode=prefer` and `sslmode=allow` promise nothing: write `sslmode=verify-full` or `sslmode=disable`"))
            }
            _ => Err(wrong("`sslmode` is `verify-full`, `require` (which means the same here) or `disable`")),
        }
    }
}

/// The file of an authority; none for the system's.
fn path(value: &str) -> Result<Option<PathBuf>, OpenError> {
    let path = percent_decode_str(value).decode_utf8().map_err(|_| wrong("`sslrootcert` is no text"))?;
    match path.as_ref() {
        "system" => Ok(None),
        path if path.starts_with('/') => Ok(Some(PathBuf::from(path))),
        _ => Err(wrong("`sslrootcert` is a whole path, as in `sslrootcert=/etc/crowdhook/ca.pem`, or `system`")),
    }
}

fn trust(config: &Config, mode: Option<Mode>, authority: Option<Option<PathBuf>>) -> Result<Option<Trust>, OpenError> {
    let (hosts, addresses) = (config.get_hosts(), config.get_hostaddrs());
    let sockets = hosts.iter().filter(|host| matches!(host, Host::Unix(_))).count();
    let is_nowhere = hosts.iter().any(|host| matches!(host, Host::Tcp(name) if name.is_empty()));
    if is_nowhere || (hosts.is_empty() && addresses.is_empty()) {
        return Err(wrong("it names no host; for a Unix socket write `?host=/run/postgresql`"));
    }
    if sockets > 0 {
        let only = sockets == hosts.len() && addresses.is_empty();
        return if only { Ok(None) } else { Err(wrong("it names Unix sockets beside other hosts")) };
    }
    let is_near = if addresses.is_empty() {
        let near = |name: &str| name == "localhost" || name.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback());
        hosts.iter().all(|host| matches!(host, Host::Tcp(name) if near(name)))
    } else {
        addresses.iter().all(std::net::IpAddr::is_loopback)
    };
    match (mode, authority) {
        (Some(Mode::Disable), Some(_)) => Err(wrong("it says `sslmode=disable` and names an authority: take one of them out")),
        (Some(Mode::Disable), None) => Ok(None),
        (None, None) if is_near => Ok(None),
        _ if hosts.is_empty() => Err(wrong("it names no `host` to look for in the server's certificate, only `hostaddr`")),
        (_, authority) => Ok(Some(authority.flatten().map_or(Trust::System, Trust::Authority))),
    }
}

fn wrong(why: impl ToString) -> OpenError {
    OpenError::Address(why.to_string())
}

#[cfg(test)]
mod tests;
