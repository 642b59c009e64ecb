//! JSON as it travels between host and plugin: text, read only where somebody asks.

use std::fmt::{self, Debug, Formatter};

use serde::de::DeserializeOwned;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::{Failure, Result};

/// JSON text. What comes from the host is read by [`Json::read`] or [`Json::value`]; what goes to it is made by [`Json::of`], or
/// of a [`Value`] by `into()`. [`Json::default`] is `{}`.
#[derive(Clone)]
pub struct Json(String);

impl Json {
    /// The JSON of a value.
    ///
    /// # Errors
    ///
    /// [`Failure::Invalid`] for what JSON cannot hold: a map whose keys are no texts, say.
    pub fn of(value: &(impl Serialize + ?Sized)) -> Result<Self> {
        match serde_json::to_string(value) {
            Ok(text) => Ok(Self(text)),
            Err(error) => Err(Failure::Invalid(format!("this cannot be written as JSON: {error}"))),
        }
    }

    /// Text that is JSON already. The host looks at it, and answers [`Failure::Invalid`] if it is not.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Reads it into a type.
    ///
    /// # Errors
    ///
    /// It does not fit: `?` makes a reject of that, [`OrReject::or_reject`](crate::OrReject::or_reject) one with words of yours before it.
    pub fn read<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(&self.0)
    }

    /// Reads it, whatever it is. What the host hands over is JSON, so this is null for text of your own alone.
    #[must_use]
    pub fn value(&self) -> Value {
        self.read().unwrap_or_default()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

impl Default for Json {
    fn default() -> Self {
        Self("{}".to_owned())
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        Self(value.to_string())
    }
}

/// The same JSON, however it is written.
impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || matches!((self.read::<Value>(), other.read::<Value>()), (Ok(one), Ok(two)) if one == two)
    }
}

impl Debug for Json {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(&self.0).map_err(S::Error::custom)?.serialize(serializer)
    }
}

#[cfg(test)]
mod tests;
