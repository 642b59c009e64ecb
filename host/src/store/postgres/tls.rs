//! The encrypted way to a server: whose certificates count, the handshake, and what to write when it fails.

use std::error::Error as _;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::client::WantsClientCert;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, InvalidDnsNameError, ServerName};
use rustls::{CertificateError, ClientConfig, ConfigBuilder, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;

/// Whose certificates count.
#[derive(Clone, Debug)]
pub(super) enum Trust {
    /// Those of the authorities that the system trusts.
    System,
    /// Those of the authorities in this file alone.
    Authority(PathBuf),
}

impl Trust {
    /// What handshakes go by. The file is read anew each time, so that a new authority counts from the next connection on.
    ///
    /// # Errors
    ///
    /// For people: what is wrong with the file, or with the system's authorities.
    pub(super) fn handshakes(&self) -> Result<Handshakes, String> {
        let versions = ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
        let versions = versions.map_err(|error| error.to_string())?;
        let trusting: ConfigBuilder<ClientConfig, WantsClientCert> = match self {
            Self::System => {
                versions.with_platform_verifier().map_err(|error| format!("the system's authorities cannot be read: {error}"))?
            }
            Self::Authority(path) => {
                let named = format!("`sslrootcert` names `{}`, which", path.display());
                let text = std::fs::read(path).map_err(|error| format!("{named} cannot be read: {error}"))?;
                let mut authorities = RootCertStore::empty();
                for certificate in CertificateDer::pem_slice_iter(&text) {
                    let added = certificate.map_err(|error| error.to_string()).map(|found| authorities.add(found));
                    added
                        .and_then(|added| added.map_err(|error| error.to_string()))
                        .map_err(|error| format!("{named} holds a certificate that cannot be read: {error}"))?;
                }
                if authorities.is_empty() {
                    return Err(format!("{named} holds no certificate"));
                }
                versions.with_root_certificates(authorities)
            }
        };
        let mut settings = trusting.with_no_client_auth();
        settings.alpn_protocols = vec![b"postgresql".to_vec()];
        Ok(Handshakes(Arc::new(settings)))
    }
}

/// What to write where connecting failed for want of encryption, or of what it needs. None when that was not it.
pub(super) fn advice(error: &tokio_postgres::Error, trust: Option<&Trust>) -> Option<String> {
    let said = error.as_db_error().map(tokio_postgres::error::DbError::message).unwrap_or_default();
    if trust.is_none() && (said.contains("no encryption") || said.contains("SSL required")) {
        return Some(format!("{said}; it wants an encrypted connection: write `sslmode=verify-full`"));
    }
    let cause = error.source()?;
    if cause.to_string() == "server does not support TLS" {
        return Some(
            "the server does not encrypt: turn it on there (`ssl = on`), or write `sslmode=disable` if nobody else can listen on the way"
                .to_owned(),
        );
    }
    let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    let broken = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>())?;
    let rustls::Error::InvalidCertificate(wrong) = broken else {
        return Some(format!("the server cannot be talked to in secret: {broken}"));
    };
    Some(match (wrong, trust) {
        // Another authority of the same name shows by its signature alone.
        (CertificateError::UnknownIssuer | CertificateError::BadSignature, Some(Trust::Authority(path))) => {
            format!("the server's certificate is of another authority than that in `{}`, which `sslrootcert` names", path.display())
        }
        (CertificateError::UnknownIssuer, _) => {
            "the server's certificate is of an authority that this machine does not know: name its file by `sslrootcert=/path/of/ca.pem`"
                .to_owned()
        }
        (CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }, _) => {
            format!("{wrong}: write the host as the server's certificate names it, and where to find it by `hostaddr=`")
        }
        _ => format!("the server's certificate will not do: {wrong}"),
    })
}

/// Makes a handshake for each connection.
#[derive(Clone)]
pub(super) struct Handshakes(Arc<ClientConfig>);

/// One handshake, with whoever is called so.
pub(super) struct Handshake {
    connector: TlsConnector,
    host: ServerName<'static>,
}

/// A connection that is encrypted.
pub(super) struct Encrypted<S>(tokio_rustls::client::TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for Handshakes {
    type Stream = Encrypted<S>;
    type TlsConnect = Handshake;
    type Error = InvalidDnsNameError;

    fn make_tls_connect(&mut self, host: &str) -> Result<Handshake, InvalidDnsNameError> {
        Ok(Handshake { connector: TlsConnector::from(Arc::clone(&self.0)), host: ServerName::try_from(host)?.to_owned() })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for Handshake {
    type Stream = Encrypted<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move { self.connector.connect(self.host, stream).await.map(Encrypted) })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Encrypted<S> {
    /// Binds a login to the server's certificate, so that nobody in between can use it.
    fn channel_binding(&self) -> ChannelBinding {
        let certificate = self.0.get_ref().1.peer_certificates().and_then(<[_]>::first);
        certificate.and_then(|certificate| end_point(certificate)).map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Encrypted<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, space: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, space)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Encrypted<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// The digest of a certificate by the hash that it was signed with (`tls-server-end-point` of RFC 5929); none where there is no such hash.
fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    const RSA: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
    const ECDSA: [u8; 7] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];
    // A certificate is a sequence of what was signed, of how, and of the signature; how begins with the algorithm's name.
    let (whole, _) = element(certificate)?;
    let (_, behind) = element(whole)?;
    let (how, _) = element(behind)?;
    let (algorithm, _) = element(how)?;
    let (family, hash) = algorithm.split_at_checked(algorithm.len().checked_sub(1)?)?;
    match (family == RSA, family == ECDSA, hash) {
        (true, _, [11]) | (_, true, [2]) => Some(Sha256::digest(certificate).to_vec()),
        (true, _, [12]) | (_, true, [3]) => Some(Sha384::digest(certificate).to_vec()),
        (true, _, [13]) | (_, true, [4]) => Some(Sha512::digest(certificate).to_vec()),
        _ => None,
    }
}

/// The content of the first element of some DER, and what stands behind it.
fn element(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[_, length], rest) = der.split_first_chunk::<2>()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        // A length of several bytes, which are counted first.
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(length - 0x80))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}
