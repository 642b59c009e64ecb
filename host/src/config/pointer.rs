//! A JSON Pointer (RFC 6901) that is well formed: where something stands in what a sender posts.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// Where something stands in a JSON value. The empty one is the value itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Pointer(String);

impl Pointer {
    /// What stands there; none when nothing does.
    #[must_use]
    pub fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        value.pointer(&self.0)
    }

    /// The keys, and the places in lists, that lead there.
    pub fn steps(&self) -> impl Iterator<Item = String> {
        self.0.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~"))
    }
}

impl FromStr for Pointer {
    type Err = &'static str;

    /// The error is the rest of a sentence that begins with the text.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.is_empty() && !text.starts_with('/') {
            return Err("is no JSON Pointer: it begins with `/`");
        }
        let is_escape = |after: &str| after.starts_with(['0', '1']);
        if !text.split('~').skip(1).all(is_escape) {
            return Err("is no JSON Pointer: `~` stands there as `~0`, and `/` within a key as `~1`");
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

#[cfg(test)]
mod tests;
