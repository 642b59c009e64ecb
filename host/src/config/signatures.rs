//! What a hook may ask of any sender besides its token: a header with a secret, an HMAC of the body, Standard Webhooks.

use std::ops::Range;
use std::time::Duration;

use http::HeaderName;
use toml::Spanned;

use super::project::{Check, Maybe};
use super::raw::{self, Key};
use super::words;
use super::{Encoding, Hash, HeaderToken, Hmac, StandardWebhooks};

/// Default of `window_s`: what the specification recommends.
const WINDOW_S: i64 = 300;
const WINDOW_S_MAX: i64 = 24 * 3600;

impl Check<'_, '_> {
    pub(super) fn header_token(&mut self, said: Option<Spanned<raw::HeaderToken>>) -> Maybe<HeaderToken> {
        let Some(said) = said else { return Some(None) };
        let span = said.span();
        let said = said.into_inner();
        let name = self.header_name_of("hook.header.name", said.name, &span, "X-Gitlab-Token");
        if said.value.is_none() && said.values.is_none() && !self.document.was_lost("hook.header.values") {
            self.document.missing("hook.header.value", &span, "write `value = { env = \"NAME\" }` beside the name");
        }
        let values = self.secrets("hook.header.value", said.value, said.values);
        Some(Some(HeaderToken { name: name?, values: values.filter(|values| !values.is_empty())? }))
    }

    pub(super) fn hmac(&mut self, said: Option<Spanned<raw::Hmac>>) -> Maybe<Hmac> {
        let Some(said) = said else { return Some(None) };
        let span = said.span();
        let said = said.into_inner();
        let header = self.header_name_of("hook.hmac.header", said.header, &span, "X-Hub-Signature-256");
        let hashes = [("sha256", Hash::Sha256), ("sha512", Hash::Sha512), ("sha1", Hash::Sha1)];
        let hash = self.one_of("hook.hmac.hash", said.hash, &hashes);
        let encoding = self.one_of("hook.hmac.encoding", said.encoding, &[("hex", Encoding::Hex), ("base64", Encoding::Base64)]);
        self.signing_secret_is_there("hook.hmac", said.secret.is_some() || said.secrets.is_some(), &span);
        let secrets = self.secrets("hook.hmac.secret", said.secret, said.secrets);
        let prefix = said.prefix.map(Spanned::into_inner).unwrap_or_default();
        let secrets = secrets.filter(|secrets| !secrets.is_empty());
        Some(Some(Hmac { header: header?, hash: hash?, prefix, encoding: encoding?, secrets: secrets? }))
    }

    pub(super) fn standard_webhooks(&mut self, said: Option<Spanned<raw::StandardWebhooks>>) -> Maybe<StandardWebhooks> {
        let Some(said) = said else { return Some(None) };
        let span = said.span();
        let said = said.into_inner();
        self.signing_secret_is_there("hook.standard_webhooks", said.secret.is_some() || said.secrets.is_some(), &span);
        let at = said.secret.as_ref().map(Spanned::span).or(said.secrets.as_ref().map(Spanned::span)).unwrap_or(span);
        let secrets = self.secrets("hook.standard_webhooks.secret", said.secret, said.secrets);
        let stray = secrets.iter().flatten().any(|secret| StandardWebhooks::key(secret).is_none());
        if stray {
            let help = "copy it as the sender shows it: `whsec_` and base64 after it";
            self.document.error(&at, "`hook.standard_webhooks.secret` is no secret of Standard Webhooks", Some(help.to_owned()));
        }
        let window = self.number("hook.standard_webhooks", "window_s", said.window_s, WINDOW_S, 1..=WINDOW_S_MAX);
        let secrets = secrets.filter(|secrets| !secrets.is_empty() && !stray);
        Some(Some(StandardWebhooks { secrets: secrets?, window: Duration::from_secs(window?) }))
    }

    fn signing_secret_is_there(&mut self, key: &str, there: bool, span: &Range<usize>) {
        if !there && !self.document.was_lost(&format!("{key}.secrets")) {
            let help = "write `secret = { env = \"NAME\" }` with the secret that the sender signs with";
            self.document.missing(&format!("{key}.secret"), span, help);
        }
    }

    fn header_name_of(&mut self, key: &str, said: Key<String>, span: &Range<usize>, example: &str) -> Option<HeaderName> {
        let last = key.rsplit('.').next().unwrap_or(key);
        let help = format!("write the name that the sender's documentation gives: `{last} = \"{example}\"`");
        let Some(said) = said else {
            self.document.missing(key, span, &help);
            return None;
        };
        let name = HeaderName::from_bytes(said.get_ref().as_bytes()).ok();
        if name.is_none() {
            self.document.error(&said.span(), format!("`{key}`: {} is no name of a header", words::repeated(said.get_ref())), Some(help));
        }
        name
    }

    /// One of a few words; the first of them when nothing is said.
    fn one_of<T: Copy>(&mut self, key: &str, said: Key<String>, known: &[(&str, T)]) -> Option<T> {
        let Some(said) = said else { return known.first().map(|(_, first)| *first) };
        let found = known.iter().find(|(word, _)| word == said.get_ref()).map(|(_, meant)| *meant);
        if found.is_none() {
            let names = || known.iter().map(|(word, _)| *word);
            let help = match words::nearest(said.get_ref(), names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write one of {}", words::listed(names())),
            };
            self.document.error(&said.span(), format!("`{key}`: {} is none that is known", words::repeated(said.get_ref())), Some(help));
        }
        found
    }
}
