//! A value that must not be seen: it is never printed, logged or serialised.

use std::fmt;
use std::io;

use subtle::ConstantTimeEq;

use crate::id::hex;

/// A password, token or key.
#[derive(Clone)]
pub struct Secret(std::sync::Arc<str>);

impl Secret {
    /// Keeps `text` from now on.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// So many random bytes, as hexadecimal digits.
    ///
    /// # Errors
    ///
    /// When the system has no random numbers to give.
    pub fn random(bytes: usize) -> io::Result<Self> {
        let mut random = vec![0; bytes];
        getrandom::fill(&mut random).map_err(|error| io::Error::other(format!("the system gives no random numbers: {error}")))?;
        Ok(Self::new(&hex(&random)))
    }

    /// The text itself, for the one place that sends or compares it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether `text` is the same, in a time that depends on `text` alone.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        use sha2::{Digest, Sha256};
        // Digests are compared, so neither length nor content of the secret shows in the time it takes.
        Sha256::digest(self.0.as_bytes()).ct_eq(&Sha256::digest(text.as_bytes())).into()
    }
}

/// As [`Secret::matches`].
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.matches(other.reveal())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
