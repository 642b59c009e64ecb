//! Whose certificates count in calls over TLS: those of the authorities that the system trusts.

use std::error::Error;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::crypto::ring::default_provider;
use rustls::{CertificateError, ClientConfig};
use rustls_platform_verifier::BuilderVerifierExt;

/// The authorities are read again after this. To read them takes some 7 ms and 100 kB, and a host that starts may have many addresses
/// to call; one whose connection opens later is checked by what the system trusts then.
const READ_AGAIN: Duration = Duration::from_secs(10);

/// What handshakes go by.
///
/// # Errors
///
/// For people: why the system's authorities cannot be read.
pub(super) fn of_system() -> Result<ClientConfig, String> {
    static READ: Mutex<Option<(Instant, ClientConfig)>> = Mutex::new(None);
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((at, settings)) = &*read
        && at.elapsed() < READ_AGAIN
    {
        return Ok(settings.clone());
    }
    let versions = ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
    let trusting = versions.and_then(BuilderVerifierExt::with_platform_verifier).map_err(|error| error.to_string())?;
    let mut settings = trusting.with_no_client_auth();
    settings.alpn_protocols = vec![b"http/1.1".to_vec()];
    *read = Some((Instant::now(), settings.clone()));
    Ok(settings)
}

/// What to do about a certificate that does not count; none where that was not why a call failed, or where rustls says it well.
pub(super) fn advice(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let rustls::Error::InvalidCertificate(wrong) = broken_by(error)? else { return None };
    match wrong {
        // Another authority of the same name shows by its signature alone.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => Some(
            "its certificate is of an authority that this system does not trust; install that authority (on Debian by \
             `update-ca-certificates`) and start the host again",
        ),
        // An error of webpki, which rustls hands on by its name alone.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => Some(
            "its certificate is itself that of an authority (`CA:TRUE`, as `openssl req -x509` makes it), which counts for no server; \
             give it one with `basicConstraints=CA:FALSE`, let this system trust that, and start the host again",
        ),
        _ => None,
    }
}

/// What was wrong with certificate or encryption, when that was it.
pub(super) fn broken_by<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut cause = error;
    loop {
        if let Some(found) = cause.downcast_ref() {
            return Some(found);
        }
        // An error of the system hides the one that it stands for: its source is already what lies behind that.
        cause = match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => inner,
            None => cause.source()?,
        };
    }
}
