//! `crowdhook.toml` → [`Host`]: each key from the file, or else from `config.default.toml`, and checked.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use toml::Spanned;
use url::Url;

use super::document::Document;
use super::problem::Problems;
use super::raw::{self, Key, Whole};
use super::words::repeated_address;
use super::{Address, AddressAt, Database, GuestLimits, Host, Keep, Limits, Named, StoreAt, Tls};

/// Every key with its default: the base on which a `crowdhook.toml` is read.
pub(super) const DEFAULTS: &str = include_str!("../../config.default.toml");

/// A host's name is no longer, in bytes.
const NAME_BYTES_MAX: usize = 100;

const MINUTE_MS: i64 = 60_000;
const HOUR_S: i64 = 3600;
const DAY_MINUTES: i64 = 24 * 60;

/// The host that `text` describes, the content of `file`. Relative paths are taken from `folder`.
pub(super) fn check(file: &Path, text: &str, folder: &Path) -> Result<Host, Problems> {
    let mut document = Document::new(file, text);
    let table = document.parse()?;
    let said: raw::Host = document.read(table);
    let mut base = Document::new(Path::new("config.default.toml"), DEFAULTS);
    let base_table = base.parse()?;
    let base: raw::Host = base.read(base_table);

    let listen = address(&mut document, "listen", said.listen.or(base.listen));
    let admin = address(&mut document, "admin", said.admin.or(base.admin));
    let tls = tls(&mut document, file, folder, said.tls);
    let public_url = public_url(&mut document, said.public_url.or(base.public_url), listen, tls.is_some());
    let data = path(&mut document, folder, "data", said.data.or(base.data));
    let store = store(&mut document, (file, folder), said.store);
    let name = name(&mut document, said.name);
    let plugins = path(&mut document, folder, "plugins", said.plugins.or(base.plugins));
    let projects = path(&mut document, folder, "projects", said.projects.or(base.projects));
    let mut numbers = Numbers { document: &mut document, above: "" };
    let minutes = numbers.whole("reconcile_minutes", said.reconcile_minutes, base.reconcile_minutes, 0..=DAY_MINUTES);
    let limits = limits(&mut Numbers { document: &mut document, above: "limits" }, said.limits, base.limits);
    let keep = keep(&mut Numbers { document: &mut document, above: "keep" }, said.keep, base.keep);
    match (listen, admin, public_url, data, store, plugins, projects, minutes, limits, keep) {
        (
            Some(listen),
            Some(admin),
            Some(public_url),
            Some(data),
            Some(store),
            Some(plugins),
            Some(projects),
            Some(minutes),
            Some(limits),
            Some(keep),
        ) => {
            let reconcile = (minutes > 0).then(|| Duration::from_secs(minutes * 60));
            let host = Host { listen, admin, public_url, data, store, name, plugins, projects, reconcile, tls, limits, keep };
            let problems = document.into_problems();
            if problems.is_empty() { Ok(host) } else { Err(problems) }
        }
        _ => Err(document.into_problems()),
    }
}

fn address(document: &mut Document<'_>, key: &str, value: Key<String>) -> Option<SocketAddr> {
    let value = value?;
    let text = value.get_ref();
    let address = SocketAddr::from_str(text).ok().or_else(|| {
        let port = text.strip_prefix("localhost:")?.parse().ok()?;
        Some(SocketAddr::new(IpAddr::from([127, 0, 0, 1]), port))
    });
    if address.is_none() {
        let help = format!("write an IP address and a port: `{key} = \"127.0.0.1:8080\"`, or `\"0.0.0.0:8080\"` for every network");
        document.error(&value.span(), format!("`{key}` is no address to listen on: `{text}`"), Some(help));
    }
    address
}

/// `with_tls`: the listener itself speaks TLS.
fn public_url(document: &mut Document<'_>, value: Key<String>, listen: Option<SocketAddr>, with_tls: bool) -> Option<Url> {
    let value = value?;
    if value.get_ref().is_empty() {
        let scheme = if with_tls { "https" } else { "http" };
        return Url::parse(&format!("{scheme}://{}", listen?)).ok();
    }
    let url = web_address(document, "public_url", &value)?;
    if with_tls && url.scheme() == "http" {
        let help = "write it with `https://`, or take `[tls]` away where a proxy speaks TLS";
        document.error(
            &value.span(),
            "`public_url` begins with `http://`, and with `[tls]` the listener takes `https://` alone",
            Some(help.into()),
        );
    }
    Some(url)
}

/// Where the store is. None for what cannot be it, which is noted.
fn store(document: &mut Document<'_>, (file, folder): (&Path, &Path), value: Key<raw::AddressAt>) -> Option<StoreAt> {
    let Some(value) = value else { return Some(StoreAt::DataFolder) };
    let span = value.span();
    let at = match value.into_inner() {
        raw::AddressAt::Text(text) if text.is_empty() => return Some(StoreAt::DataFolder),
        raw::AddressAt::Text(text) => match Address::parse(&text, false) {
            Ok(address) => AddressAt::Here(address),
            Err(wrong) => {
                document.error(&span, format!("`store` {wrong}"), Some(wrong.help().to_owned()));
                return None;
            }
        },
        raw::AddressAt::Secret(raw::SecretTable { env: Some(name), file: None }) => AddressAt::Env(name),
        raw::AddressAt::Secret(raw::SecretTable { env: None, file: Some(path) }) => AddressAt::File(folder.join(path)),
        raw::AddressAt::Secret(_) => {
            if !document.was_hurt("store") {
                let help = "write `store = { env = \"NAME\" }` or `store = { file = \"path\" }`";
                document.error(&span, "`store` wants exactly one of `env` and `file`", Some(help.to_owned()));
            }
            return None;
        }
    };
    Some(StoreAt::Database(Database { file: file.to_owned(), line: document.line(span.start), at }))
}

/// What a host is called; none where nothing is said, or no name, which is noted.
fn name(document: &mut Document<'_>, value: Key<String>) -> Option<String> {
    let value = value.filter(|value| !value.get_ref().is_empty())?;
    let text = value.get_ref();
    if text.len() <= NAME_BYTES_MAX && !text.contains(char::is_control) {
        return Some(text.clone());
    }
    let help = format!("write at most {NAME_BYTES_MAX} bytes on one line: `name = \"north\"`");
    document.error(&value.span(), "`name` is no name of a host", Some(help));
    None
}

/// The files of `[tls]`; none where it is empty, or half of it is missing, which is noted.
fn tls(document: &mut Document<'_>, file: &Path, folder: &Path, said: raw::Tls) -> Option<Tls> {
    let given = |value: Key<String>| value.filter(|value| !value.get_ref().is_empty());
    let (certificate, key) = (given(said.certificate), given(said.key));
    let named = |document: &Document<'_>, value: &Spanned<String>| Named {
        path: folder.join(value.get_ref()),
        line: document.line(value.span().start),
    };
    match (certificate, key) {
        (Some(certificate), Some(key)) => {
            Some(Tls { file: file.to_owned(), certificate: named(document, &certificate), key: named(document, &key) })
        }
        (Some(certificate), None) => {
            document.missing("tls.key", &certificate.span(), "write the file of the certificate's key: `key = \"privkey.pem\"`");
            None
        }
        (None, Some(key)) => {
            document.missing("tls.certificate", &key.span(), "write the file of the certificate: `certificate = \"fullchain.pem\"`");
            None
        }
        (None, None) => None,
    }
}

/// An address of a web service: http or https, without a name, query or fragment, and without a slash at its end.
pub(super) fn web_address(document: &mut Document<'_>, key: &str, value: &Spanned<String>) -> Option<Url> {
    let text = value.get_ref();
    let last = key.rsplit('.').next().unwrap_or(key);
    let wrong = match parse_web_address(text) {
        Ok(url) => return Some(url),
        Err(wrong) => wrong,
    };
    let shown = if wrong == WrongAddress::None { format!(": {}", repeated_address(text)) } else { String::new() };
    document.error(&value.span(), format!("`{key}` {wrong}{shown}"), Some(wrong.help(last)));
    None
}

/// Why a text is no address of a web service: the rest of a sentence that begins with its key. Does not show the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WrongAddress {
    #[error("is no address of a web service")]
    None,
    #[error("must begin with `https://` or `http://`")]
    Scheme,
    #[error("holds a name or a password")]
    User,
    #[error("holds a `?` or a `#`")]
    Query,
}

impl WrongAddress {
    pub(super) fn help(self, key: &str) -> String {
        match self {
            Self::None | Self::Scheme => format!("write the address as in a browser: `{key} = \"https://crowd.example.org\"`"),
            Self::User => "secrets never stand in an address; take it out".to_owned(),
            Self::Query => "take away what follows it".to_owned(),
        }
    }
}

/// As [`web_address`], for text that may be a secret.
pub(crate) fn parse_web_address(text: &str) -> Result<Url, WrongAddress> {
    let mut url = Url::parse(text).map_err(|_| WrongAddress::None)?;
    if !["http", "https"].contains(&url.scheme()) || url.host().is_none() {
        return Err(WrongAddress::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(WrongAddress::User);
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(WrongAddress::Query);
    }
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty();
    }
    Ok(url)
}

fn path(document: &mut Document<'_>, folder: &Path, key: &str, value: Key<String>) -> Option<PathBuf> {
    let value = value?;
    if value.get_ref().is_empty() {
        document.error(&value.span(), format!("`{key}` is empty"), Some(format!("write a folder: `{key} = \"{key}\"`")));
        return None;
    }
    Some(folder.join(value.get_ref()))
}

/// Reads whole numbers that must lie in a range.
pub(super) struct Numbers<'n, 'd> {
    pub(super) document: &'n mut Document<'d>,
    /// The table they stand in; empty for none.
    pub(super) above: &'n str,
}

impl Numbers<'_, '_> {
    /// The number, or else that of the base. None for a number out of range, which is noted.
    pub(super) fn whole(&mut self, key: &str, value: Key<Whole>, base: Key<Whole>, range: RangeInclusive<i64>) -> Option<u64> {
        let value = value.or(base)?;
        let Whole(number) = *value.get_ref();
        if range.contains(&number) {
            return u64::try_from(number).ok();
        }
        let above = if self.above.is_empty() { String::new() } else { format!("{}.", self.above) };
        let message = format!("`{above}{key}` is {number}");
        let help = format!("write a number from {} to {}", range.start(), range.end());
        self.document.error(&value.span(), message, Some(help));
        None
    }

    fn count(&mut self, key: &str, value: Key<Whole>, base: Key<Whole>, range: RangeInclusive<i64>) -> Option<usize> {
        self.whole(key, value, base, range).and_then(|number| usize::try_from(number).ok())
    }

    fn times(&mut self, key: &str, value: Key<Whole>, base: Key<Whole>, range: RangeInclusive<i64>) -> Option<u32> {
        self.whole(key, value, base, range).and_then(|number| u32::try_from(number).ok())
    }

    fn millis(&mut self, key: &str, value: Key<Whole>, base: Key<Whole>, range: RangeInclusive<i64>) -> Option<Duration> {
        self.whole(key, value, base, range).map(Duration::from_millis)
    }

    fn seconds(&mut self, key: &str, value: Key<Whole>, base: Key<Whole>, range: RangeInclusive<i64>) -> Option<Duration> {
        self.whole(key, value, base, range).map(Duration::from_secs)
    }
}

fn limits(numbers: &mut Numbers<'_, '_>, said: raw::Limits, base: raw::Limits) -> Option<Limits> {
    let connections_max = numbers.count("connections_max", said.connections_max, base.connections_max, 1..=100_000);
    let body_mib_max = numbers.count("body_mib_max", said.body_mib_max, base.body_mib_max, 1..=256);
    let a_while = 100..=10 * MINUTE_MS;
    let header_timeout = numbers.millis("header_timeout_ms", said.header_timeout_ms, base.header_timeout_ms, a_while.clone());
    let handshake_timeout = numbers.millis("handshake_timeout_ms", said.handshake_timeout_ms, base.handshake_timeout_ms, a_while.clone());
    let body_timeout = numbers.millis("body_timeout_ms", said.body_timeout_ms, base.body_timeout_ms, a_while);
    let idle_timeout = numbers.millis("idle_timeout_ms", said.idle_timeout_ms, base.idle_timeout_ms, 100..=60 * MINUTE_MS);
    let waiting_max = numbers.count("waiting_max", said.waiting_max, base.waiting_max, 1..=1_000_000_000);
    let sandboxes_max = numbers.count("sandboxes_max", said.sandboxes_max, base.sandboxes_max, 0..=1000);
    let guest_threads = numbers.count("guest_threads", said.guest_threads, base.guest_threads, 0..=256);
    let per_plugin_max = numbers.count("per_plugin_max", said.per_plugin_max, base.per_plugin_max, 0..=1000);
    let lease = numbers.seconds("lease_s", said.lease_s, base.lease_s, 5..=HOUR_S);
    let drain = numbers.seconds("drain_s", said.drain_s, base.drain_s, 0..=HOUR_S);
    let attempts_max = numbers.times("attempts_max", said.attempts_max, base.attempts_max, 1..=100);
    let traps_max = numbers.times("traps_max", said.traps_max, base.traps_max, 1..=100);
    let quarantine_after = numbers.times("quarantine_after", said.quarantine_after, base.quarantine_after, 0..=1_000_000);
    let delivery_attempts_max = numbers.times("delivery_attempts_max", said.delivery_attempts_max, base.delivery_attempts_max, 1..=100);
    let retry_wait = numbers.millis("retry_wait_ms", said.retry_wait_ms, base.retry_wait_ms, 10..=60 * MINUTE_MS);
    let park_wait = numbers.millis("park_wait_ms", said.park_wait_ms, base.park_wait_ms, 10..=MINUTE_MS);
    let delivery_wait = numbers.millis("delivery_wait_ms", said.delivery_wait_ms, base.delivery_wait_ms, 10..=60 * MINUTE_MS);
    let confirm_within = numbers.seconds("confirm_within_s", said.confirm_within_s, base.confirm_within_s, 1..=7 * 24 * HOUR_S);
    let mut guest_numbers = Numbers { document: numbers.document, above: "limits.guest" };
    let guest = base_guest(base.guest).and_then(|base| guest_limits(&mut guest_numbers, said.guest, base));

    let guest_threads = chosen(guest_threads?, || std::thread::available_parallelism().map_or(2, usize::from));
    let sandboxes_max = chosen(sandboxes_max?, || guest_threads + 6);
    Some(Limits {
        connections_max: connections_max?,
        body_bytes_max: body_mib_max? << 20,
        header_timeout: header_timeout?,
        handshake_timeout: handshake_timeout?,
        body_timeout: body_timeout?,
        idle_timeout: idle_timeout?,
        waiting_max: waiting_max?,
        sandboxes_max,
        guest_threads,
        per_plugin_max: chosen(per_plugin_max?, || (sandboxes_max / 2).max(1)),
        lease: lease?,
        drain: drain?,
        attempts_max: attempts_max?,
        traps_max: traps_max?,
        quarantine_after: quarantine_after?,
        delivery_attempts_max: delivery_attempts_max?,
        retry_wait: retry_wait?,
        park_wait: park_wait?,
        delivery_wait: delivery_wait?,
        confirm_within: confirm_within?,
        guest: guest?,
    })
}

fn keep(numbers: &mut Numbers<'_, '_>, said: raw::Keep, base: raw::Keep) -> Option<Keep> {
    let mut days = |key: &str, said: Key<Whole>, base: Key<Whole>| {
        let days = numbers.times(key, said, base, 0..=36_500)?;
        Some((days > 0).then(|| Duration::from_secs(u64::from(days) * 86_400)))
    };
    let bodies = days("bodies_days", said.bodies_days, base.bodies_days);
    let details = days("details_days", said.details_days, base.details_days);
    let events = days("events_days", said.events_days, base.events_days);
    Some(Keep { bodies: bodies?, details: details?, events: events? })
}

/// What a person said, or for 0 what the host chooses.
fn chosen(said: usize, choose: impl FnOnce() -> usize) -> usize {
    if said == 0 { choose() } else { said }
}

/// The limits of guests as `config.default.toml` has them.
fn base_guest(base: raw::Guest) -> Option<GuestLimits> {
    let mut document = Document::new(Path::new("config.default.toml"), DEFAULTS);
    guest_limits(&mut Numbers { document: &mut document, above: "limits.guest" }, base, GuestLimits::default())
}

/// The limits of a guest as the file says, else as `base` has them.
pub(super) fn guest_limits(numbers: &mut Numbers<'_, '_>, said: raw::Guest, base: GuestLimits) -> Option<GuestLimits> {
    let memory_max = i64::try_from(GuestLimits::MEMORY_BYTES_MAX >> 20).unwrap_or(i64::MAX);
    let wall_span = said.wall_ms.as_ref().or(said.cpu_ms.as_ref()).map(Spanned::span);
    let cpu = numbers.millis("cpu_ms", said.cpu_ms, millis(base.cpu), 1..=10 * MINUTE_MS);
    let wall = numbers.millis("wall_ms", said.wall_ms, millis(base.wall), 1..=60 * MINUTE_MS);
    let memory = numbers.count("memory_mib", said.memory_mib, units(base.memory_bytes, 20), 1..=memory_max);
    let effects = numbers.count("effects_max", said.effects_max, units(base.effects, 0), 0..=10_000);
    let effects_kib = numbers.count("effects_kib_max", said.effects_kib_max, units(base.effects_bytes, 10), 1..=65_536);
    let log_lines = numbers.count("log_lines_max", said.log_lines_max, units(base.log_lines, 0), 0..=100_000);
    let log_kib = numbers.count("log_kib_max", said.log_kib_max, units(base.log_bytes, 10), 0..=10_240);
    if let (Some(cpu), Some(wall), Some(span)) = (cpu, wall, wall_span)
        && wall < cpu
    {
        let message = format!("`{0}.wall_ms` is less than `{0}.cpu_ms`: {1} and {2}", numbers.above, wall.as_millis(), cpu.as_millis());
        numbers.document.error(&span, message, Some("`wall_ms` counts computing and waiting together; write both".to_owned()));
    }
    Some(GuestLimits {
        cpu: cpu?,
        wall: wall?,
        memory_bytes: memory? << 20,
        effects: effects?,
        effects_bytes: effects_kib? << 10,
        log_lines: log_lines?,
        log_bytes: log_kib? << 10,
    })
}

fn millis(duration: Duration) -> Key<Whole> {
    i64::try_from(duration.as_millis()).ok().map(|millis| Spanned::new(0..0, Whole(millis)))
}

fn units(number: usize, shift: u32) -> Key<Whole> {
    i64::try_from(number >> shift).ok().map(|number| Spanned::new(0..0, Whole(number)))
}
