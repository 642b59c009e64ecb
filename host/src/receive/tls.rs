//! TLS of the public listener, for who has no proxy: the handshake, and the certificate, which is read anew when its files change.
//! HTTP/1.1 alone is spoken in it.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::{error, info, warn};

use crate::clock::Timestamp;
use crate::config::load::{TlsFiles, tls_files};
use crate::config::{self, Certificate, Problems};

/// The first byte of whoever speaks TLS: a record of a handshake.
pub(super) const FIRST_BYTE: u8 = 22;

/// So often the files are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// The public listener's TLS.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    in_use: Arc<InUse>,
    files: config::Tls,
    /// What the files held at the start.
    first: TlsFiles,
}

/// The certificate that is shown to whoever comes now.
struct InUse(ArcSwap<CertifiedKey>);

impl fmt::Debug for InUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InUse(…)")
    }
}

impl ResolvesServerCert for InUse {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl Tls {
    /// With the certificate that lies in `files` now.
    ///
    /// # Errors
    ///
    /// When there is none, with the line and what to write instead.
    pub fn open(files: &config::Tls) -> Result<Self, Problems> {
        let first = tls_files(files)?;
        let (Certificate(certificate), warnings) = first.certificate(files)?;
        for warning in warnings.iter() {
            warn!("{warning}");
        }
        let in_use = Arc::new(InUse(ArcSwap::new(certificate)));
        let versions = ServerConfig::builder_with_provider(Arc::new(default_provider())).with_protocol_versions(rustls::ALL_VERSIONS);
        let versions = versions.expect("the provider has what every version of TLS wants");
        let mut settings = versions.with_no_client_auth().with_cert_resolver(Arc::clone(&in_use) as Arc<dyn ResolvesServerCert>);
        settings.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(settings)), in_use, files: files.clone(), first })
    }

    /// When the certificate that is in use now ends; none when that cannot be read.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        Certificate(self.in_use.0.load_full()).ends_at()
    }

    /// The handshake. Takes as long as the other side does.
    pub(super) async fn shake(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.acceptor.accept(stream).await
    }

    /// Looks at the files until `shutdown`, and puts a new certificate in use; connections that are open keep theirs. One that cannot be used is
    /// told once, and the one before stays.
    pub async fn follow(self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = std::pin::pin!(shutdown);
        let mut seen = Ok(self.first.clone());
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            let files = self.files.clone();
            match tokio::task::spawn_blocking(move || tls_files(&files)).await {
                Ok(now) if now == seen => {}
                Ok(now) => {
                    self.take(now.clone());
                    seen = now;
                }
                Err(error) => error!(error = %error, "The certificate was not looked at: {error}"),
            }
        }
    }

    fn take(&self, files: Result<TlsFiles, Problems>) {
        match files.and_then(|files| files.certificate(&self.files)) {
            Ok((Certificate(certificate), warnings)) => {
                self.in_use.0.store(certificate);
                info!("The certificate of `{}` is in use", self.files.certificate.path.display());
                for warning in warnings.iter() {
                    warn!("{warning}");
                }
            }
            Err(problems) => warn!(error = %problems, "The certificate cannot be renewed, the one before stays: {problems}"),
        }
    }
}
