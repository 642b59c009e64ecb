//! The connections of a project: the outside services that its plugins may be granted.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use toml::Spanned;
use url::Url;

use super::host::{Numbers, parse_web_address, web_address};
use super::project::Check;
use super::raw::{self, AddressAt, Key, SecretAt, Whole};
use super::words;
use super::{Connection, HttpService, Rate, Service};
use crate::id::PluginName;

mod auth;
mod mail;

const KINDS: [&str; 2] = ["http", "smtp"];
/// What the deliveries of the host itself are called that go to the project's platform.
const RESERVED: &str = "platform";

/// Default of `max_age_h`: no longer than a week.
const MAX_AGE_H: i64 = 7 * 24;
const YEAR_H: i64 = 365 * 24;
/// Default of `at_once`.
const AT_ONCE: i64 = 4;
/// Default of `timeout_ms` of a web service.
const TIMEOUT_MS: i64 = 20_000;
/// Shorter than the claim on a delivery.
pub(super) const TIMEOUT_MS_MAX: i64 = 100_000;
/// The longest window of `per_s`: a month.
const PER_S_MAX: i64 = 31 * 24 * 3600;

/// The names of the connections that lead to a web service, or are meant to.
pub(super) fn web_services(said: &BTreeMap<Spanned<String>, raw::Connection>) -> Vec<String> {
    said.iter().filter(|(_, connection)| !is_mail(connection)).map(|(name, _)| name.get_ref().clone()).collect()
}

/// The names of the connections that lead to a mail server, or are meant to.
pub(super) fn mail_services(said: &BTreeMap<Spanned<String>, raw::Connection>) -> Vec<String> {
    said.iter().filter(|(_, connection)| is_mail(connection)).map(|(name, _)| name.get_ref().clone()).collect()
}

fn is_mail(said: &raw::Connection) -> bool {
    said.kind.as_ref().is_some_and(|kind| kind.get_ref() == "smtp")
}

impl Check<'_, '_> {
    pub(super) fn connections(&mut self, said: BTreeMap<Spanned<String>, raw::Connection>) -> Vec<Connection> {
        let mut said: Vec<(Spanned<String>, raw::Connection)> = said.into_iter().collect();
        said.sort_by_key(|(name, _)| name.span().start);
        let mut mails = said.iter().filter(|(_, connection)| is_mail(connection)).map(|(name, _)| name);
        if let (Some(first), Some(second)) = (mails.next(), mails.next()) {
            let message = format!(
                "`[connections.{}]` is a mail connection, and `[connections.{}]` is one already",
                second.get_ref(),
                first.get_ref()
            );
            let help = "plugins name no connection when they send e-mail: keep one of the two";
            self.document.error(&second.span(), message, Some(help.to_owned()));
        }
        said.into_iter().filter_map(|(name, connection)| self.connection(&name, connection)).collect()
    }

    fn connection(&mut self, name: &Spanned<String>, mut said: raw::Connection) -> Option<Connection> {
        let key = format!("connections.{}", name.get_ref());
        let own = self.name::<PluginName>(&format!("`[{key}]`"), name);
        if name.get_ref() == RESERVED {
            let help = "its plugins reach the platform without a connection; call it otherwise, if it is for something else";
            self.document.error(
                &name.span(),
                format!("`[{key}]`: this name is taken by the project's own platform"),
                Some(help.to_owned()),
            );
        }
        let hours = said.max_age_h.take();
        let max_age = self.number(&key, "max_age_h", hours, MAX_AGE_H, 1..=YEAR_H).map(|hours| Duration::from_secs(hours * 3600));
        let to = match self.connection_kind(&key, said.kind.as_ref())? {
            "smtp" => self.mail(&key, &name.span(), said).map(Service::Mail),
            _ => self.web_service(&key, &name.span(), said).map(Service::Http),
        };
        Some(Connection { name: own?.to_string(), to: to?, max_age: max_age?, line: self.document.line(name.span().start) })
    }

    fn connection_kind(&mut self, key: &str, said: Option<&Spanned<String>>) -> Option<&'static str> {
        let Some(said) = said else { return Some("http") };
        let known = KINDS.into_iter().find(|kind| kind == said.get_ref());
        if known.is_none() {
            let help = match words::nearest(said.get_ref(), KINDS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write `http` (which may be left out) for a web service, or `smtp` for a mail server".to_owned(),
            };
            self.document.error(
                &said.span(),
                format!("`{key}.kind`: {} is no kind of connection", words::repeated(said.get_ref())),
                Some(help),
            );
        }
        known
    }

    fn web_service(&mut self, key: &str, span: &Range<usize>, mut said: raw::Connection) -> Option<HttpService> {
        let of_mail = [
            ("host", said.host.take().map(|said| said.span())),
            ("port", said.port.take().map(|said| said.span())),
            ("security", said.security.take().map(|said| said.span())),
            ("user", said.user.take().map(|said| said.span())),
            ("password", said.password.take().map(|said| said.span())),
            ("from", said.from.take().map(|said| said.span())),
            ("ca_file", said.ca_file.take().map(|said| said.span())),
            ("folder", said.folder.take().map(|said| said.span())),
        ];
        for (stray, at) in of_mail.into_iter().filter_map(|(stray, at)| Some((stray, at?))) {
            let help = match stray {
                "user" | "password" => "write `auth = { kind = \"basic\", user = \"name\", password = { env = \"NAME\" } }`",
                _ => "take it out; or write `kind = \"smtp\"`, if this is a mail server",
            };
            self.document.error(&at, format!("`{key}.{stray}` is for mail servers alone"), Some(help.to_owned()));
        }
        let url_span = said.url.as_ref().map_or_else(|| span.clone(), Spanned::span);
        let url = self.service_url(&format!("{key}.url"), said.url, span);
        let auth = self.auth(&format!("{key}.auth"), said.auth);
        if let (Some((url, is_secret)), Some(auth)) = (&url, &auth)
            && (*is_secret || *auth != super::Auth::None)
        {
            self.warn_of_plain_http(&format!("{key}.url"), url, &url_span);
        }
        let rate = self.rate(key, said.calls, said.per_s);
        let at_once = self.number(key, "at_once", said.at_once, AT_ONCE, 1..=64);
        let timeout = self.number(key, "timeout_ms", said.timeout_ms, TIMEOUT_MS, 100..=TIMEOUT_MS_MAX);
        let (url, url_is_secret) = url?;
        Some(HttpService {
            url,
            url_is_secret,
            auth: auth?,
            rate: rate?,
            at_once: usize::try_from(at_once?).ok()?,
            timeout: Duration::from_millis(timeout?),
        })
    }

    /// The address, and whether it is a secret.
    fn service_url(&mut self, key: &str, said: Key<AddressAt>, span: &Range<usize>) -> Option<(Url, bool)> {
        let Some(said) = said else {
            self.document.missing(key, span, "write the address below which all calls lie: `url = \"https://api.example.org\"`");
            return None;
        };
        let at = said.span();
        match said.into_inner() {
            AddressAt::Text(text) => web_address(&mut self.document, key, &Spanned::new(at, text)).map(|url| (url, false)),
            AddressAt::Secret(table) => {
                let secret = self.secret(key, &Spanned::new(at.clone(), SecretAt::Table(table)))?;
                match parse_web_address(secret.reveal()) {
                    Ok(url) => Some((url, true)),
                    Err(wrong) => {
                        let help = "put an address there as in a browser: `https://…`, with no name, `?` or `#` in it";
                        self.document.error(&at, format!("the address that `{key}` stands for {wrong}"), Some(help.to_owned()));
                        None
                    }
                }
            }
        }
    }

    /// `calls` and `per_s` belong together. None inside: as many as the service allows.
    fn rate(&mut self, key: &str, calls: Key<Whole>, per_s: Key<Whole>) -> Option<Option<Rate>> {
        let pair = (calls.as_ref().map(Spanned::span), per_s.as_ref().map(Spanned::span));
        let (missing, help, at) = match pair {
            (None, None) => return Some(None),
            (Some(_), Some(_)) => {
                let calls = self.number(key, "calls", calls, 0, 1..=100_000);
                let per = self.number(key, "per_s", per_s, 0, 1..=PER_S_MAX);
                return Some(Some(Rate { calls: u32::try_from(calls?).ok()?, per: Duration::from_secs(per?) }));
            }
            (Some(at), None) => ("per_s", "write in how many seconds there may be so many calls: `per_s = 3600`", at),
            (None, Some(at)) => ("calls", "write how many calls there may be in that time: `calls = 100`", at),
        };
        self.document.missing(&format!("{key}.{missing}"), &at, help);
        None
    }

    pub(super) fn number(
        &mut self,
        above: &str,
        key: &str,
        said: Key<Whole>,
        default: i64,
        range: std::ops::RangeInclusive<i64>,
    ) -> Option<u64> {
        let default = Some(Spanned::new(0..0, Whole(default)));
        Numbers { document: &mut self.document, above }.whole(key, said, default, range)
    }
}
