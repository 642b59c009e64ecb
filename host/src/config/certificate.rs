//! A certificate and its key, as PEM → what TLS is spoken with. Pure: reads no file.

use std::sync::Arc;

use rustls::InconsistentKeys;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::clock::Timestamp;

mod validity;

/// A certificate with those that lead to its authority, and the key that belongs to it.
#[derive(Clone, Debug)]
pub struct Certificate(pub Arc<CertifiedKey>);

/// Why two files are no certificate and its key: the rest of a sentence that begins with a file's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Wrong {
    #[error("holds no certificate")]
    NoCertificate,
    #[error("holds a key and no certificate")]
    KeyInstead,
    #[error("holds a certificate that cannot be read")]
    CertificateBroken,
    #[error("holds no key")]
    NoKey,
    #[error("holds a certificate and no key")]
    CertificateInstead,
    #[error("holds a key that is locked with a password")]
    KeyLocked,
    #[error("holds a key that cannot be used")]
    KeyBroken,
    #[error("holds a key that does not belong to the certificate")]
    OtherKey,
}

impl Wrong {
    /// Whether it is about the file of the certificate, and not about that of the key.
    pub(super) fn is_of_certificate(self) -> bool {
        matches!(self, Self::NoCertificate | Self::KeyInstead | Self::CertificateBroken)
    }

    /// What to do about it.
    pub(super) fn help(self) -> &'static str {
        match self {
            Self::NoCertificate | Self::CertificateBroken => {
                "name a file of PEM that begins with `-----BEGIN CERTIFICATE-----`: the certificate, then those that lead to its authority"
            }
            Self::KeyInstead | Self::CertificateInstead => "are `certificate` and `key` the wrong way round?",
            Self::NoKey => "name a file of PEM with `-----BEGIN PRIVATE KEY-----` in it",
            Self::KeyLocked => "take the password away: `openssl pkey -in locked.pem -out key.pem`, and `chmod 600 key.pem`",
            Self::KeyBroken => "a key is RSA of 2048 bits or more, ECDSA on P-256 or P-384, or Ed25519; have a new one made",
            Self::OtherKey => "name the two files that were made together; the certificate itself comes first in its file",
        }
    }
}

impl Certificate {
    /// When the first one of the chain ends; none when that cannot be read.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        self.0.cert.iter().filter_map(|certificate| validity::end(certificate)).min()
    }

    /// Of the texts of two files.
    pub(super) fn of(certificate: &str, key: &str) -> Result<Self, Wrong> {
        let chain = CertificateDer::pem_slice_iter(certificate.as_bytes()).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|_| Wrong::CertificateBroken)?;
        if chain.is_empty() {
            return Err(if certificate.contains("PRIVATE KEY-----") { Wrong::KeyInstead } else { Wrong::NoCertificate });
        }
        if key.contains("ENCRYPTED") {
            return Err(Wrong::KeyLocked);
        }
        let key = match PrivateKeyDer::from_pem_slice(key.as_bytes()) {
            Ok(key) => key,
            Err(_) if key.contains("PRIVATE KEY-----") => return Err(Wrong::KeyBroken),
            Err(_) if key.contains("BEGIN CERTIFICATE-----") => return Err(Wrong::CertificateInstead),
            Err(_) => return Err(Wrong::NoKey),
        };
        let certified = CertifiedKey::from_der(chain, key, &default_provider()).map_err(|error| match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => Wrong::OtherKey,
            rustls::Error::InvalidCertificate(_) => Wrong::CertificateBroken,
            _ => Wrong::KeyBroken,
        })?;
        Ok(Self(Arc::new(certified)))
    }
}
