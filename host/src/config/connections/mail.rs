//! `kind = "smtp"`: the server that a project's e-mail leaves through.

use std::ops::Range;

use super::super::MailService;
use super::super::project::Check;
use super::super::raw;

impl Check<'_, '_> {
    /// The mail server that `said` describes below `key`; `span` is where its name stands. `max_age_h` is read already.
    pub(super) fn mail(&mut self, key: &str, span: &Range<usize>, _said: raw::Connection) -> Option<MailService> {
        self.document.error(span, format!("`{key}.kind`: this host sends no mail yet"), Some("take the connection out".to_owned()));
        None
    }
}
