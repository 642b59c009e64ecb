//! Why something was not done: what the host's functions answer, and what `handle` returns.

use std::error::Error;
use std::fmt::{self, Display, Formatter};

/// What a function returns that may fail as the host's do.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why something was not done. The text is for people.
///
/// `?` passes on what the host answered, and makes [`Failure::Reject`] of any other error, with its words and those of
/// its causes. To say something else, write [`OrReject::or_reject`], or make one by [`Failure::reject`] or [`Failure::retry`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Failure {
    /// Not now; the same may succeed later. As the answer of `handle`: try this event again, 10 attempts in all.
    Retry(String),
    /// Not ever. As the answer of `handle`: do not try again, show it to a person.
    Reject(String),
    /// The project's file does not grant this; the text holds the line to add. Go on without it, if you can.
    NotGranted(String),
    /// An argument cannot be right. Nothing was noted down; the other effects of this call stand.
    Invalid(String),
    /// Too large or too many; the text holds the limit. Nothing was noted down; the other effects of this call stand.
    OverLimit(String),
}

impl Failure {
    /// Try this event again later.
    pub fn retry(why: impl Into<String>) -> Self {
        Self::Retry(why.into())
    }

    /// Do not try again: a person should look at it.
    pub fn reject(why: impl Into<String>) -> Self {
        Self::Reject(why.into())
    }

    /// Its text.
    #[must_use]
    pub fn why(&self) -> &str {
        let (Self::Retry(why) | Self::Reject(why) | Self::NotGranted(why) | Self::Invalid(why) | Self::OverLimit(why)) = self;
        why
    }
}

impl Display for Failure {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        to.write_str(self.why())
    }
}

// `Failure` is no `Error` itself, as `anyhow::Error` is none: the two could not stand side by side.
impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut why = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            why = format!("{why}: {error}");
            cause = error.source();
        }
        Self::Reject(why)
    }
}

/// Says what could not be done, for the dead letters.
pub trait OrReject<T> {
    /// [`Failure::Reject`] with these words, and those of the error behind them.
    ///
    /// # Errors
    ///
    /// Where there was one.
    fn or_reject(self, what: impl Display) -> Result<T>;
}

impl<T, E: Display> OrReject<T> for std::result::Result<T, E> {
    fn or_reject(self, what: impl Display) -> Result<T> {
        self.map_err(|error| Failure::Reject(format!("{what}: {error}")))
    }
}

impl<T> OrReject<T> for Option<T> {
    fn or_reject(self, what: impl Display) -> Result<T> {
        self.ok_or_else(|| Failure::Reject(what.to_string()))
    }
}

#[cfg(test)]
mod tests;
