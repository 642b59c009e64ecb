//! An authority that signs certificates of this machine, and clients that trust it.

use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

/// A certificate authority of a test's own.
pub struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, as PEM.
pub struct Signed {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self { pem: params.self_signed(&key).unwrap().pem(), issuer: Issuer::new(params, key) }
    }

    /// Its own certificate, which clients are to trust.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Its own certificate and key, as if it were a server.
    pub fn of_itself(&self) -> Signed {
        Signed { certificate: self.pem.clone(), key: self.issuer.key().serialize_pem() }
    }

    /// A new key for `localhost` and 127.0.0.1, and the certificate of it.
    pub fn sign(&self) -> Signed {
        self.sign_until(None)
    }

    /// The same, of a certificate that ends so many days from now.
    pub fn sign_for_days(&self, days: u64) -> Signed {
        self.sign_until(Some(SystemTime::now() + Duration::from_secs(days * 86_400)))
    }

    fn sign_until(&self, end: Option<SystemTime>) -> Signed {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["localhost", "127.0.0.1"].map(str::to_owned)).unwrap();
        if let Some(end) = end {
            params.not_after = end.into();
        }
        Signed { certificate: params.signed_by(&key, &self.issuer).unwrap().pem(), key: key.serialize_pem() }
    }
}
