//! Lines for the operator. Kept even when `handle` fails: they say why. Do not log people's data.

use crate::host;

/// How much a line matters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Level {
    /// Of use while writing the plugin. Off by default.
    Debug,
    /// Worth knowing.
    Info,
    /// Odd, but the plugin went on.
    Warn,
    /// Something that a person should look at.
    Error,
}

/// Writes a line of use while writing the plugin. Off by default.
pub fn debug(message: impl AsRef<str>) {
    write(Level::Debug, message.as_ref(), &[]);
}

/// Writes a line that is worth knowing.
pub fn info(message: impl AsRef<str>) {
    write(Level::Info, message.as_ref(), &[]);
}

/// Writes a line about something odd.
pub fn warn(message: impl AsRef<str>) {
    write(Level::Warn, message.as_ref(), &[]);
}

/// Writes a line that a person should look at.
pub fn error(message: impl AsRef<str>) {
    write(Level::Error, message.as_ref(), &[]);
}

/// Writes a line with named values beside it: `log::write(Level::Warn, "No answer counts", &[("task", task)])`.
pub fn write(level: Level, message: &str, fields: &[(&str, &str)]) {
    host::log_write(level, message, fields);
}
