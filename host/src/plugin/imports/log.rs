//! `log`: lines for the operator.

use super::super::bindings::crowdhook::plugin::log::{Field, Host, Level};
use super::super::guest::Guest;

impl Host for Guest {
    fn write(&mut self, level: Level, message: String, fields: Vec<Field>) {
        let level = match level {
            // Of use while writing a plugin; a host that runs for years does not keep it.
            Level::Debug if !self.is_tried_out() => return,
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        };
        let fields = fields.into_iter().map(|field| (field.name, field.value)).collect();
        self.log.write(&self.limits, level, &message, fields);
    }
}
