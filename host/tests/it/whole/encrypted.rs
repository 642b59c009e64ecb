//! A platform over TLS, as nearly every one is. The host trusts whom its system trusts.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use crowdhook::practice::{Pybossa, Seed};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::{completed, result_now, result_on};
use crate::harness::authority::{Authority, Signed};
use crate::harness::folder::{Folder, VOTE};
use crate::harness::process::{Process, crowdhook};

/// Speaks TLS with this certificate, and hands on to `server` what it hears.
async fn front(signed: &Signed, server: SocketAddr) -> String {
    let chain = vec![CertificateDer::from_pem_slice(signed.certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(signed.key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(versions.with_no_client_auth().with_single_cert(chain, key).unwrap()));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // Who does not trust the certificate goes away, and a host that is stopped leaves its connections.
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                copy_bidirectional(&mut stream, &mut TcpStream::connect(server).await.unwrap()).await.ok();
            });
        }
    });
    url
}

/// A project on `server`, which is called at `url`.
fn folder(server: &Pybossa, url: &str) -> Folder {
    let folder = Folder::new();
    folder.component("majority-vote");
    folder.pybossa("birds", server, VOTE);
    let project = std::fs::read_to_string(folder.path("projects/birds.toml")).unwrap();
    folder.write("projects/birds.toml", &project.replace(&server.url(), url));
    folder
}

/// A host on a system that trusts `authority` alone.
async fn trusting(authority: &Authority, folder: &Folder) -> Process {
    folder.write("authority.pem", authority.pem());
    let mut command = crowdhook(&[]);
    command.env("SSL_CERT_FILE", folder.path("authority.pem")).env_remove("SSL_CERT_DIR");
    let mut host = Process::spawn_as(command, folder);
    assert_eq!(host.ready(folder).await, None, "{}", host.log());
    host
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_is_called_over_tls_once_the_system_trusts_its_authority() {
    let authority = Authority::new();
    let server = Pybossa::start(Seed::empty()).await.unwrap();
    server.add_project("birds");
    let url = front(&authority.sign(), server.address()).await;
    let folder = folder(&server, &url);

    let host = trusting(&Authority::new(), &folder).await;
    server.save_webhook("birds", &folder.hook_url("birds")).await.unwrap();
    let task = completed(&server, "birds", &[json!({"animal": "red"}), json!({"animal": "red"})]);
    host.logs(&format!("`{url}` cannot be reached: its certificate is of an authority that this system does not trust")).await;
    assert!(host.stop().await.success() && result_now(&server, task).is_none());

    let host = trusting(&authority, &folder).await;
    assert_eq!(result_on(&server, task).await["answer"], "red");
    assert!(host.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_an_authority_is_told_with_what_to_make_instead() {
    let authority = Authority::new();
    let server = Pybossa::start(Seed::empty()).await.unwrap();
    server.add_project("birds");
    let url = front(&authority.of_itself(), server.address()).await;
    let folder = folder(&server, &url);
    let host = trusting(&authority, &folder).await;
    server.save_webhook("birds", &folder.hook_url("birds")).await.unwrap();
    completed(&server, "birds", &[json!({"animal": "red"})]);
    host.logs(&format!("`{url}` cannot be reached: its certificate is itself that of an authority")).await;
    assert!(host.stop().await.success());
}
