//! `auth` of a connection: how it proves who it is.

use std::ops::Range;

use toml::Spanned;

use super::super::Auth;
use super::super::host::web_address;
use super::super::project::Check;
use super::super::raw::{self, Key, SecretAt};
use super::super::words;
use crate::secret::Secret;

/// Each kind with the keys that it must have and those that it may have.
const KINDS: [(&str, &[&str], &[&str]); 7] = [
    ("none", &[], &[]),
    ("bearer", &["token"], &[]),
    ("basic", &["user", "password"], &[]),
    ("header", &["name", "value"], &[]),
    ("query", &["name", "value"], &[]),
    ("oauth1", &["consumer_key", "consumer_secret", "token", "token_secret"], &[]),
    ("oauth2", &["token_url", "client_id", "refresh_token"], &["client_secret"]),
];
/// Header names that a key may not travel under: the host or the protocol writes them.
const HEADERS_TAKEN: [&str; 8] =
    ["host", "content-length", "content-type", "connection", "transfer-encoding", "cookie", "idempotency-key", "upgrade"];

impl Check<'_, '_> {
    pub(super) fn auth(&mut self, key: &str, said: Option<Spanned<raw::Auth>>) -> Option<Auth> {
        let Some(said) = said else {
            return if self.document.was_lost(key) { None } else { Some(Auth::None) };
        };
        let span = said.span();
        let said = said.into_inner();
        let (kind, must, may) = self.auth_kind(key, said.kind.as_ref(), &span)?;
        let fits = self.pieces_fit(key, kind, (must, may), &said, &span);
        let auth = self.auth_of_kind(key, kind, said);
        if fits { auth } else { None }
    }

    fn auth_kind(
        &mut self,
        key: &str,
        said: Option<&Spanned<String>>,
        span: &Range<usize>,
    ) -> Option<(&'static str, &'static [&'static str], &'static [&'static str])> {
        let names = || KINDS.into_iter().map(|(kind, ..)| kind);
        let Some(said) = said else {
            self.document.missing(
                &format!("{key}.kind"),
                span,
                &format!("write `kind = \"bearer\"`, or another of {}", words::listed(names())),
            );
            return None;
        };
        let known = KINDS.into_iter().find(|(kind, ..)| kind == said.get_ref());
        if known.is_none() {
            let help = match words::nearest(said.get_ref(), names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write one of {}", words::listed(names())),
            };
            self.document.error(
                &said.span(),
                format!("`{key}.kind`: {} is no kind of authentication", words::repeated(said.get_ref())),
                Some(help),
            );
        }
        known
    }

    /// Whether everything is there that the kind wants, and nothing else.
    fn pieces_fit(&mut self, key: &str, kind: &str, (must, may): (&[&str], &[&str]), said: &raw::Auth, span: &Range<usize>) -> bool {
        let pieces = pieces(said);
        let is_there = |wanted: &str| pieces.iter().any(|(name, at)| *name == wanted && at.is_some());
        let missing: Vec<&str> =
            must.iter().copied().filter(|wanted| !is_there(wanted) && !self.document.was_lost(&format!("{key}.{wanted}"))).collect();
        if !missing.is_empty() {
            let lines = missing.iter().map(|piece| format!("`{piece} = {}`", example(piece))).collect::<Vec<_>>().join(", ");
            let message = format!("`{key}` of kind `{kind}` wants {} as well", words::listed(missing.iter().copied()));
            self.document.error(span, message, Some(format!("write {lines}")));
        }
        let strays = pieces
            .iter()
            .filter_map(|(name, at)| Some((*name, at.clone()?)))
            .filter(|(name, _)| !must.contains(name) && !may.contains(name));
        let mut stray_found = false;
        for (stray, at) in strays {
            stray_found = true;
            let taken: Vec<&str> = must.iter().chain(may).copied().collect();
            let help =
                if taken.is_empty() { "take it out".to_owned() } else { format!("take it out; that kind has {}", words::listed(taken)) };
            self.document.error(&at, format!("`{key}.{stray}` is nothing for kind `{kind}`"), Some(help));
        }
        missing.is_empty() && !stray_found
    }

    /// All secrets are looked for, so that all that are missing are named at once.
    fn auth_of_kind(&mut self, key: &str, kind: &str, said: raw::Auth) -> Option<Auth> {
        match kind {
            "bearer" => self.piece(key, "token", said.token).map(|token| Auth::Bearer { token }),
            "basic" => {
                let user = self.auth_user(key, said.user);
                let password = self.piece(key, "password", said.password);
                Some(Auth::Basic { user: user?, password: password? })
            }
            "header" => {
                let name = self.header_name(key, said.name);
                let value = self.piece(key, "value", said.value);
                Some(Auth::Header { name: name?, value: value? })
            }
            "query" => {
                let name = self.query_name(key, said.name);
                let value = self.piece(key, "value", said.value);
                Some(Auth::Query { name: name?, value: value? })
            }
            "oauth1" => {
                let consumer_key = self.piece(key, "consumer_key", said.consumer_key);
                let consumer_secret = self.piece(key, "consumer_secret", said.consumer_secret);
                let token = self.piece(key, "token", said.token);
                let token_secret = self.piece(key, "token_secret", said.token_secret);
                Some(Auth::OAuth1 {
                    consumer_key: consumer_key?,
                    consumer_secret: consumer_secret?,
                    token: token?,
                    token_secret: token_secret?,
                })
            }
            "oauth2" => {
                let token_key = format!("{key}.token_url");
                let at = said.token_url.as_ref().map(Spanned::span).unwrap_or_default();
                let token_url = said.token_url.and_then(|said| web_address(&mut self.document, &token_key, &said));
                if let Some(url) = &token_url {
                    self.warn_of_plain_http(&token_key, url, &at);
                }
                let client_id = self.piece(key, "client_id", said.client_id);
                let has_secret = said.client_secret.is_some();
                let client_secret = self.piece(key, "client_secret", said.client_secret);
                let refresh_token = self.piece(key, "refresh_token", said.refresh_token);
                let client_secret = if has_secret { Some(client_secret?) } else { None };
                Some(Auth::OAuth2 { token_url: token_url?, client_id: client_id?, client_secret, refresh_token: refresh_token? })
            }
            _ => Some(Auth::None),
        }
    }

    fn piece(&mut self, key: &str, name: &str, said: Key<SecretAt>) -> Option<Secret> {
        self.secret(&format!("{key}.{name}"), &said?)
    }

    fn auth_user(&mut self, key: &str, said: Key<String>) -> Option<String> {
        let said = said?;
        let user = said.get_ref();
        if user.is_empty() || user.contains(|letter: char| letter == ':' || letter.is_control()) {
            let help = "a name in basic authentication is not empty and holds no colon";
            self.document.error(&said.span(), format!("`{key}.user` is no name"), Some(help.to_owned()));
            return None;
        }
        Some(said.into_inner())
    }

    fn header_name(&mut self, key: &str, said: Key<String>) -> Option<String> {
        let said = said?;
        let name = said.get_ref().to_lowercase();
        let is_token = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
        let wrong = if !is_token {
            format!("`{key}.name`: {} is no name of a header", words::repeated(said.get_ref()))
        } else if HEADERS_TAKEN.contains(&name.as_str()) || name.starts_with("proxy-") {
            format!("`{key}.name`: the host writes the header `{name}` itself")
        } else {
            return Some(name);
        };
        self.document.error(
            &said.span(),
            wrong,
            Some("write the name that the service's documentation gives: `name = \"x-api-key\"`".to_owned()),
        );
        None
    }

    fn query_name(&mut self, key: &str, said: Key<String>) -> Option<String> {
        let said = said?;
        if said.get_ref().is_empty() || said.get_ref().contains(char::is_control) {
            let help = "write the name that the service's documentation gives: `name = \"api_key\"`";
            self.document.error(&said.span(), format!("`{key}.name` is no name of a query parameter"), Some(help.to_owned()));
            return None;
        }
        Some(said.into_inner())
    }
}

/// The keys of every kind but `kind`, with where they stand in this file.
fn pieces(said: &raw::Auth) -> [(&'static str, Option<Range<usize>>); 12] {
    let text = |said: &Key<String>| said.as_ref().map(Spanned::span);
    let secret = |said: &Key<SecretAt>| said.as_ref().map(Spanned::span);
    [
        ("token", secret(&said.token)),
        ("user", text(&said.user)),
        ("password", secret(&said.password)),
        ("name", text(&said.name)),
        ("value", secret(&said.value)),
        ("consumer_key", secret(&said.consumer_key)),
        ("consumer_secret", secret(&said.consumer_secret)),
        ("token_secret", secret(&said.token_secret)),
        ("token_url", text(&said.token_url)),
        ("client_id", secret(&said.client_id)),
        ("client_secret", secret(&said.client_secret)),
        ("refresh_token", secret(&said.refresh_token)),
    ]
}

/// How one writes a key that is missing.
fn example(piece: &str) -> &'static str {
    match piece {
        "user" => "\"name\"",
        "name" => "\"x-api-key\"",
        "token_url" => "\"https://api.example.org/oauth2/token\"",
        _ => "{ env = \"NAME\" }",
    }
}
