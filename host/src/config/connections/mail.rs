//! `kind = "smtp"`: the server that a project's e-mail leaves through, or the folder in its place.

use std::net::IpAddr;
use std::ops::Range;
use std::time::Duration;

use toml::Spanned;

use super::super::load::certificates;
use super::super::project::Check;
use super::super::raw::{self, Key, SecretAt};
use super::super::words;
use super::super::{Login, MailSecurity, MailServer, MailService, MailTo, Sender};
use super::TIMEOUT_MS_MAX;
use crate::effect::{is_address, is_domain};

const SECURITIES: [(&str, MailSecurity); 3] =
    [("starttls", MailSecurity::StartTls), ("tls", MailSecurity::Tls), ("none", MailSecurity::None)];
/// Default of `timeout_ms`.
const TIMEOUT_MS: i64 = 30_000;
/// A name beside an address is no longer.
const NAME_BYTES_MAX: usize = 200;

impl Check<'_, '_> {
    /// The mail server that `said` describes below `key`; `span` is where its name stands. `max_age_h` is read already.
    pub(super) fn mail(&mut self, key: &str, span: &Range<usize>, mut said: raw::Connection) -> Option<MailService> {
        let of_web = [
            ("url", said.url.take().map(|said| said.span())),
            ("auth", said.auth.take().map(|said| said.span())),
            ("calls", said.calls.take().map(|said| said.span())),
            ("per_s", said.per_s.take().map(|said| said.span())),
            ("at_once", said.at_once.take().map(|said| said.span())),
        ];
        for (stray, at) in of_web.into_iter().filter_map(|(stray, at)| Some((stray, at?))) {
            let help = match stray {
                "url" => "write `host = \"smtp.example.org\"`",
                "auth" => "write `user = \"name\"` and `password = { env = \"NAME\" }`",
                _ => "take it out",
            };
            self.document.error(&at, format!("`{key}.{stray}` is for web services alone"), Some(help.to_owned()));
        }
        let timeout = self.number(key, "timeout_ms", said.timeout_ms.take(), TIMEOUT_MS, 100..=TIMEOUT_MS_MAX);
        let from = self.sender(key, said.from.take(), span);
        let to = match said.folder.take() {
            Some(folder) => self.mail_folder(key, &folder, said),
            None => self.mail_server(key, span, said).map(MailTo::Server),
        };
        Some(MailService { to: to?, from: from?, timeout: Duration::from_millis(timeout?) })
    }

    fn mail_folder(&mut self, key: &str, folder: &Spanned<String>, said: raw::Connection) -> Option<MailTo> {
        let of_server = [
            ("host", said.host.map(|said| said.span())),
            ("port", said.port.map(|said| said.span())),
            ("security", said.security.map(|said| said.span())),
            ("user", said.user.map(|said| said.span())),
            ("password", said.password.map(|said| said.span())),
            ("ca_file", said.ca_file.map(|said| said.span())),
        ];
        for (stray, at) in of_server.into_iter().filter_map(|(stray, at)| Some((stray, at?))) {
            let help = "take it out; or take `folder` out, if mails are to be sent";
            let message = format!("`{key}.{stray}` is for a server, and `{key}.folder` keeps mails in a folder");
            self.document.error(&at, message, Some(help.to_owned()));
        }
        self.usable_folder(&format!("{key}.folder"), folder).map(MailTo::Folder)
    }

    fn mail_server(&mut self, key: &str, span: &Range<usize>, said: raw::Connection) -> Option<MailServer> {
        let host = self.mail_host(key, said.host, span);
        let security_span = said.security.as_ref().map(Spanned::span);
        let security = self.security(key, said.security);
        let login = self.login(key, said.user, said.password);
        if let (Some(host), Some(MailSecurity::None), Some(at)) = (&host, security, security_span)
            && !is_near(host)
        {
            let help = "write `security = \"starttls\"`, or `\"tls\"`; `none` is for a server on this machine";
            let message = format!("`{key}` is not encrypted: everyone on the way can read mails and password");
            self.document.warn(&at, message, Some(help.to_owned()));
        }
        let port = match security {
            Some(MailSecurity::Tls) => 465,
            Some(MailSecurity::None) => 25,
            Some(MailSecurity::StartTls) | None => 587,
        };
        let port = self.number(key, "port", said.port, port, 1..=65_535);
        let ca = said.ca_file.map(|file| self.authority(key, &file));
        let ca = if let Some(ca) = ca { Some(ca?) } else { None };
        Some(MailServer { host: host?, port: u16::try_from(port?).ok()?, security: security?, login: login?, ca })
    }

    fn mail_host(&mut self, key: &str, said: Key<String>, span: &Range<usize>) -> Option<String> {
        let Some(said) = said else {
            let help = "write the mail server's name: `host = \"smtp.example.org\"`; or `folder = \"../mail\"` to keep mails in a folder for a try";
            self.document.missing(&format!("{key}.host"), span, help);
            return None;
        };
        let text = said.get_ref();
        if text.parse::<IpAddr>().is_ok() || is_domain(text) {
            return Some(text.clone());
        }
        let help = "write its name alone: `host = \"smtp.example.org\"`; the port is a key of its own";
        // A password may stand before the name.
        let shown = text.rsplit_once('@').map_or(text.as_str(), |(_, name)| name);
        self.document.error(&said.span(), format!("`{key}.host` is no name of a server: `{shown}`"), Some(help.to_owned()));
        None
    }

    fn security(&mut self, key: &str, said: Key<String>) -> Option<MailSecurity> {
        let Some(said) = said else { return Some(MailSecurity::StartTls) };
        let known = SECURITIES.iter().find(|(word, _)| word == said.get_ref()).map(|(_, security)| *security);
        if known.is_none() {
            let help = match words::nearest(said.get_ref(), SECURITIES.map(|(word, _)| word)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write `starttls` (mostly port 587), `tls` (mostly port 465), or `none` for a server on this machine".to_owned(),
            };
            self.document.error(
                &said.span(),
                format!("`{key}.security`: {} is no way to protect mails", words::repeated(said.get_ref())),
                Some(help),
            );
        }
        known
    }

    /// None inside: the server asks for no name.
    #[expect(clippy::option_option, reason = "none outside is a mistake in the file, none inside is no login")]
    fn login(&mut self, key: &str, user: Key<String>, password: Key<SecretAt>) -> Option<Option<Login>> {
        let (user, password) = match (user, password) {
            (None, None) if self.document.was_hurt(&format!("{key}.password")) => return None,
            (None, None) => return Some(None),
            (Some(user), Some(password)) => (user, password),
            (Some(user), None) => {
                self.document.missing(&format!("{key}.password"), &user.span(), "write `password = { env = \"NAME\" }` beside the user");
                return None;
            }
            (None, Some(password)) => {
                self.document.missing(&format!("{key}.user"), &password.span(), "write `user = \"name\"` beside the password");
                return None;
            }
        };
        let has_name = !user.get_ref().is_empty() && !user.get_ref().contains(char::is_control);
        if !has_name {
            let help = "write the name that the mail server knows, often an address: `user = \"birds@example.org\"`";
            self.document.error(&user.span(), format!("`{key}.user` is no name"), Some(help.to_owned()));
        }
        let password = self.secret(&format!("{key}.password"), &password);
        has_name.then_some(Some(Login { user: user.into_inner(), password: password? }))
    }

    fn sender(&mut self, key: &str, said: Key<String>, span: &Range<usize>) -> Option<Sender> {
        let help = "write the address that mails come from: `from = \"Birds <birds@example.org>\"`, or the address alone";
        let Some(said) = said else {
            self.document.missing(&format!("{key}.from"), span, help);
            return None;
        };
        let sender = sender_of(said.get_ref());
        if sender.is_none() {
            self.document.error(&said.span(), format!("`{key}.from` is no address: `{}`", said.get_ref()), Some(help.to_owned()));
        }
        sender
    }

    /// The certificates of `ca_file`.
    fn authority(&mut self, key: &str, file: &Spanned<String>) -> Option<String> {
        match certificates(&self.folder.join(file.get_ref())) {
            Ok(pem) => Some(pem),
            Err(why) => {
                let help =
                    "name a file with the certificate of whoever signed the server's, in PEM: it begins with `-----BEGIN CERTIFICATE-----`";
                self.document.error(&file.span(), format!("`{key}.ca_file` {why}"), Some(help.to_owned()));
                None
            }
        }
    }
}

fn sender_of(text: &str) -> Option<Sender> {
    let text = text.trim();
    let (name, address) = match text.strip_suffix('>').and_then(|text| text.split_once('<')) {
        Some((name, address)) => (Some(name.trim().trim_matches('"')).filter(|name| !name.is_empty()), address),
        None => (None, text),
    };
    let fits = |name: &str| name.len() <= NAME_BYTES_MAX && !name.contains(|letter: char| letter.is_control() || "<>\"".contains(letter));
    (is_address(address) && name.is_none_or(fits)).then(|| Sender { name: name.map(str::to_owned), address: address.to_owned() })
}

/// Whether a server is on this machine or in a network of one's own.
fn is_near(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_private(),
        Ok(IpAddr::V6(address)) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost") || !host.contains('.'),
    }
}
