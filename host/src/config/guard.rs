//! How a project's hook is guarded, and the secrets of a project wherever they stand.

use std::ops::Range;

use toml::Spanned;

use super::load::{SecretProblem, secret_in_file};
use super::project::Check;
use super::raw::{self, Key, SecretAt, SecretTable};
use super::{Basic, Hook};
use crate::secret::Secret;

/// A hook's token is no shorter than this, in characters: 16 of 64 letters are 96 bits.
const TOKEN_CHARS_MIN: usize = 16;

/// A hook's token is no longer than this, in characters: it stands in an address that people paste.
const TOKEN_CHARS_MAX: usize = 200;

const TOKEN_HELP: &str = "make a token with `openssl rand -hex 24`, and put it into a variable or a file of its own";

impl Check<'_, '_> {
    pub(super) fn hook(&mut self, said: Option<Spanned<raw::Hook>>) -> Option<Hook> {
        let Some(said) = said else {
            self.document.missing("hook", &(0..0), "write `[hook]` and below it `token = { env = \"NAME\" }`");
            return None;
        };
        let span = said.span();
        let said = said.into_inner();
        let unguarded = said.token.is_none() && said.tokens.is_none() && said.basic.is_none();
        if unguarded && !self.document.was_lost("hook.tokens") && !self.document.was_lost("hook.basic") {
            let help = "write `token = { env = \"NAME\" }`, or everyone who knows the project's name could post events";
            self.document.missing("hook.token", &span, help);
        }
        let at = said.token.as_ref().map(Spanned::span).or(said.tokens.as_ref().map(Spanned::span));
        let tokens = self.secrets("hook.token", said.token, said.tokens);
        for token in tokens.iter().flatten() {
            self.check_token(token, at.as_ref().unwrap_or(&span));
        }
        let has_basic = said.basic.is_some();
        let basic = said.basic.and_then(|basic| self.basic(basic));
        let basic = if has_basic { Some(basic?) } else { None };
        // All are looked at, so that everything that is wrong is told at once.
        let header = self.header_token(said.header);
        let hmac = self.hmac(said.hmac);
        let standard_webhooks = self.standard_webhooks(said.standard_webhooks);
        Some(Hook { tokens: tokens?, basic, header: header?, hmac: hmac?, standard_webhooks: standard_webhooks? })
    }

    fn check_token(&mut self, token: &Secret, at: &Range<usize>) {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        let (length, said) = (token.reveal().chars().count(), token.reveal());
        let why = if !said.bytes().all(fits) {
            "holds characters that cannot stand in an address: use letters, digits, `-` and `_`".to_owned()
        } else if length < TOKEN_CHARS_MIN {
            format!("has {length} characters, and {TOKEN_CHARS_MIN} are the fewest that cannot be guessed")
        } else if length > TOKEN_CHARS_MAX {
            format!("has {length} characters, and no more than {TOKEN_CHARS_MAX} may stand in an address")
        } else {
            return;
        };
        self.document.error(at, format!("`hook.token` {why}"), Some(TOKEN_HELP.to_owned()));
    }

    fn basic(&mut self, said: Spanned<raw::Basic>) -> Option<Basic> {
        let span = said.span();
        let said = said.into_inner();
        match &said.user {
            None => self.document.missing("hook.basic.user", &span, "write `basic = { user = \"name\", password = { env = \"NAME\" } }`"),
            Some(user) if user.get_ref().is_empty() || user.get_ref().contains([':', '\n', '\r']) => {
                let help = "a name in basic authentication is not empty and holds no colon";
                self.document.error(&user.span(), "`hook.basic.user` is no name", Some(help.to_owned()));
            }
            Some(_) => {}
        }
        if said.password.is_none() && said.passwords.is_none() && !self.document.was_lost("hook.basic.passwords") {
            self.document.missing("hook.basic.password", &span, "write `password = { env = \"NAME\" }` beside the user");
        }
        let passwords = self.secrets("hook.basic.password", said.password, said.passwords);
        Some(Basic { user: said.user?.into_inner(), passwords: passwords? })
    }

    /// The secrets of `key`, which stands alone, or with an `s` as a list while they are being changed.
    pub(super) fn secrets(&mut self, key: &str, one: Key<SecretAt>, several: Key<Vec<Spanned<SecretAt>>>) -> Option<Vec<Secret>> {
        if let (Some(_), Some(several)) = (&one, &several) {
            let help = format!("write one of them; `{key}s` takes the old and the new one while they are being changed");
            self.document.error(&several.span(), format!("`{key}` and `{key}s` are both there"), Some(help));
        }
        let last = key.rsplit('.').next().unwrap_or(key);
        if let Some(several) = several.as_ref().filter(|several| several.get_ref().is_empty()) {
            self.document.error(&several.span(), format!("`{key}s` is empty"), Some(format!("write `{last}s = [{{ env = \"NAME\" }}]`")));
        }
        let all: Vec<Spanned<SecretAt>> = one.into_iter().chain(several.map(Spanned::into_inner).into_iter().flatten()).collect();
        // Every one is looked at, so that all that are missing are named at once.
        let found: Vec<Option<Secret>> = all.iter().map(|at| self.secret(key, at)).collect();
        found.into_iter().collect()
    }

    pub(super) fn secret(&mut self, key: &str, at: &Spanned<SecretAt>) -> Option<Secret> {
        let span = at.span();
        let table = match at.get_ref() {
            SecretAt::Table(table) => table,
            SecretAt::Plain => {
                let help = "write `{ env = \"NAME\" }` or `{ file = \"path\" }` there; and take another secret, if this file was shared";
                self.document.error(&span, format!("`{key}` is a secret, and secrets never stand in this file"), Some(help.to_owned()));
                return None;
            }
        };
        let found = match table {
            SecretTable { env: Some(name), file: None } => self.context.env.secret(name),
            SecretTable { env: None, file: Some(path) } => secret_in_file(&self.folder.join(path)),
            // What was wrong with an item of a list was noted under the list's key.
            _ if self.document.was_hurt(key) || self.document.was_hurt(&format!("{key}s")) => return None,
            _ => Err(SecretProblem {
                why: "wants exactly one of `env` and `file`".to_owned(),
                help: "write `{ env = \"NAME\" }` or `{ file = \"path\" }`".to_owned(),
            }),
        };
        match found {
            Ok((secret, warning)) => {
                if let Some(SecretProblem { why, help }) = warning {
                    self.document.warn(&span, format!("`{key}` {why}"), Some(help));
                }
                Some(secret)
            }
            Err(SecretProblem { why, help }) => {
                self.document.error(&span, format!("`{key}` {why}"), Some(help));
                None
            }
        }
    }
}
