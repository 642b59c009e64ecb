//! TLS in the host itself: a hook over it, its certificate renewed while the host runs, and whoever comes without speaking it.

/// Strangers who speak TLS, or begin to.
mod strangers;

use std::sync::Arc;

use crowdhook::clock::Clock;
use crowdhook::config::load;
use crowdhook::practice::appen::Signal;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::harness::authority::{Authority, Signed};
use crate::harness::engine;
use crate::harness::folder::{Folder, JOB, SIGNING_TOKEN};
use crate::harness::patience::{PATIENCE, until};
use crate::harness::process::{Process, run};
use crate::harness::running::Running;
use crate::harness::wire::{self, Reply};

/// An Appen project on a host that speaks TLS, with a certificate of `authority`.
pub fn folder(authority: &Authority, limits: &str) -> Folder {
    let folder = Folder::new();
    folder.settings(&format!("[tls]\ncertificate = \"tls/chain.pem\"\nkey = \"secrets/tls-key\"\n[limits]\n{limits}"));
    install(&folder, &authority.sign());
    folder.appen("cats", "");
    folder
}

/// Puts certificate and key in their place, one after the other as `certbot` does.
fn install(folder: &Folder, signed: &Signed) {
    folder.write("tls/chain.pem", &signed.certificate);
    folder.secret("tls-key", &signed.key);
}

/// What Appen posts of a unit.
pub fn hook(unit: usize) -> String {
    let payload = json!({
        "id": unit, "job_id": JOB, "state": "finalized", "judgments_count": 1, "updated_at": "2026-11-21T10:00:00+00:00",
        "data": {}, "results": {"judgments": []},
    });
    wire::signal(&Folder::hook("cats"), &Signal::UnitComplete, &payload.to_string(), SIGNING_TOKEN)
}

/// A connection that has shaken hands, by someone who trusts `authority` alone and offers `protocols`.
pub async fn shake(folder: &Folder, authority: &Authority, protocols: &[&str]) -> std::io::Result<TlsStream<TcpStream>> {
    let mut trusted = rustls::RootCertStore::empty();
    trusted.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut settings = versions.with_root_certificates(trusted).with_no_client_auth();
    settings.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(settings));
    connector.connect(ServerName::try_from("localhost").unwrap(), TcpStream::connect(folder.listen).await?).await
}

/// Sends these bytes, and reads what comes until the host closes.
async fn tell(mut stream: TlsStream<TcpStream>, bytes: impl AsRef<[u8]>) -> String {
    // A host that has refused what it has read so far may be gone before the rest.
    stream.write_all(bytes.as_ref()).await.ok();
    let mut told = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut told)).await.unwrap().ok();
    String::from_utf8(told).unwrap()
}

/// Posts over a connection of its own; none when that is not to be had.
pub async fn post(folder: &Folder, authority: &Authority, unit: usize) -> Option<Reply> {
    let mut stream = shake(folder, authority, &["http/1.1"]).await.ok()?;
    let (mut told, mut space) = (String::new(), [0; 1024]);
    stream.write_all(hook(unit).as_bytes()).await.ok()?;
    while !told.contains("\r\n\r\n") {
        let count = stream.read(&mut space).await.ok().filter(|count| *count > 0)?;
        told += std::str::from_utf8(&space[..count]).unwrap();
    }
    Some(Reply { status: told[9..12].parse().unwrap(), head: told, body: String::new() })
}

/// A client as most programs have one.
pub fn client(authority: &Authority) -> reqwest::Client {
    rustls::crypto::ring::default_provider().install_default().ok();
    let trusted = reqwest::Certificate::from_pem(authority.pem().as_bytes()).unwrap();
    reqwest::Client::builder().no_proxy().tls_certs_only([trusted]).timeout(PATIENCE).build().unwrap()
}

#[tokio::test]
async fn a_hook_is_taken_over_tls() {
    let authority = Authority::new();
    let host = Running::start(folder(&authority, "")).await;
    let client = client(&authority);
    let url = format!("https://localhost:{}{}", host.folder.listen.port(), Folder::hook("cats"));
    for unit in [1, 2] {
        let request = hook(unit);
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("application/x-www-form-urlencoded"));
        let form = client.post(&url).header("content-type", "application/x-www-form-urlencoded").body(body.to_owned());
        let answered = form.send().await.unwrap();
        assert_eq!((answered.status().as_u16(), answered.version()), (200, reqwest::Version::HTTP_11));
    }
    assert_eq!(host.events().await.len(), 2);
    // Who is told the address to paste is told one that works.
    let projects = host.admin("/v1/projects").await;
    let address = projects["projects"][0]["hook"].as_str().or_else(|| projects[0]["hook"].as_str()).unwrap();
    assert!(address.starts_with(&format!("https://{}/hooks/cats/", host.folder.listen)), "{projects}");
    // A client that speaks HTTP/2 and nothing else hears so at once.
    assert!(shake(&host.folder, &authority, &["h2"]).await.is_err());
    let both = shake(&host.folder, &authority, &["h2", "http/1.1"]).await.unwrap();
    assert_eq!(both.get_ref().1.alpn_protocol(), Some(b"http/1.1".as_slice()));
    host.stop().await;
}

#[tokio::test]
async fn when_the_certificate_ends_is_told_and_two_weeks_before_that_somebody_must_look() {
    const END: &str = "crowdhook_tls_certificate_end_timestamp_seconds{listener=\"public\"} ";
    let authority = Authority::new();
    let folder = folder(&authority, "");
    install(&folder, &authority.sign_for_days(13));
    let host = Running::start(folder).await;
    let told = async || {
        let page = host.page("/metrics").await;
        page.lines().find_map(|line| line.strip_prefix(END)).unwrap_or_else(|| panic!("{page}")).parse::<f64>().unwrap()
    };
    let now = Clock::System.now().as_duration().as_secs_f64();
    let left_days = (told().await - now) / 86_400.0;
    assert!((12.9..13.1).contains(&left_days), "{left_days}");
    assert!(host.page("/").await.contains("of the public listener: it ends"));
    let ends_at = host.admin("/v1/status").await["certificate_ends_at"].as_str().unwrap().to_owned();
    let status = run(&host.folder, &["status"]).await.well();
    assert!(status.contains(&format!("certificate: ends {ends_at}\n")), "{status}");

    install(&host.folder, &authority.sign_for_days(90));
    until("the new certificate's end is told", async || told().await > now + 80.0 * 86_400.0).await;
    assert!(!host.page("/").await.contains("of the public listener"));
    host.stop().await;
}

#[tokio::test]
async fn a_renewed_certificate_is_in_use_without_a_restart() {
    let (old, new) = (Authority::new(), Authority::new());
    let folder = folder(&old, "");
    let host = Process::start_over_tls(&folder).await;
    assert_eq!(post(&folder, &old, 1).await.unwrap().status, 200);
    let mut kept = shake(&folder, &old, &[]).await.unwrap();

    // Between the two files, and when one is broken, the old one is shown.
    let signed = new.sign();
    folder.write("tls/chain.pem", &signed.certificate);
    host.logs("The certificate cannot be renewed, the one before stays: ").await;
    host.logs("which holds a key that does not belong to the certificate").await;
    assert_eq!(post(&folder, &old, 2).await.unwrap().status, 200);
    folder.secret("tls-key", &signed.key);
    until("the new certificate is shown", async || shake(&folder, &new, &[]).await.is_ok()).await;
    assert!(shake(&folder, &old, &[]).await.is_err());
    assert_eq!(post(&folder, &new, 3).await.unwrap().status, 200);

    folder.write("tls/chain.pem", "-----BEGIN CERTIFICATE-----\nhalf");
    host.logs("which holds a certificate that cannot be read").await;
    std::fs::remove_file(folder.path("tls/chain.pem")).unwrap();
    host.logs("which cannot be read: there is no such file").await;
    assert_eq!(post(&folder, &new, 4).await.unwrap().status, 200);
    // What was open goes on.
    kept.write_all(b"GET /health/live HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut told = String::new();
    kept.read_to_string(&mut told).await.unwrap();
    assert!(told.starts_with("HTTP/1.1 200 OK") && told.ends_with("live"), "{told}");
    assert!(host.stop().await.success());
}

#[tokio::test]
async fn plain_http_is_told_to_come_over_tls() {
    let authority = Authority::new();
    let host = Running::start(folder(&authority, "")).await;
    for request in [hook(1), wire::get("/health/live")] {
        let reply = host.ask(request).await;
        assert_eq!((reply.status, reply.body.as_str()), (400, "This port speaks TLS: write https instead of http."));
        assert!(reply.head.to_ascii_lowercase().contains("connection: close"), "{}", reply.head);
    }
    assert!(host.events().await.is_empty());
    let refused = &host.admin("/v1/status").await["counters"];
    assert_eq!(refused["refused.plain-http"], 2, "{refused}");
    host.stop().await;
}

#[tokio::test]
async fn handshakes_that_come_to_no_end_are_closed_and_counted() {
    let authority = Authority::new();
    let host = Running::start(folder(&authority, "handshake_timeout_ms = 100\n")).await;
    // The first is no handshake but begins as one; the others stop in the middle of one.
    for bytes in [b"\x16no handshake at all".as_slice(), b"\x16\x03\x01", b"\x16"] {
        let mut stream = TcpStream::connect(host.folder.listen).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut told = Vec::new();
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut told)).await.unwrap().ok();
        // An alert at most.
        assert!(told.len() < 16, "{told:?}");
    }
    until("three handshakes are counted", async || host.admin("/v1/status").await["counters"]["refused.handshake"] == 3).await;
    assert_eq!(post(&host.folder, &authority, 1).await.unwrap().status, 200);
    host.stop().await;
}

/// The limits of requests hold over TLS, and who exceeds them reads why.
#[tokio::test]
async fn limits_hold_over_tls() {
    let authority = Authority::new();
    let host = Running::start(folder(&authority, "header_timeout_ms = 100\nidle_timeout_ms = 300\nbody_mib_max = 1\n")).await;
    let check = async |request: String, status: &str| {
        let told = tell(shake(&host.folder, &authority, &[]).await.unwrap(), request).await;
        assert!(told.starts_with(status), "{told:?}");
    };
    check("POST /hooks/cats".to_owned(), "HTTP/1.1 408 ").await;
    check(format!("GET / HTTP/1.1\r\n{}", "a: b\r\n".repeat(10_000)), "HTTP/1.1 431 ").await;
    let large = wire::post(&Folder::hook("cats"), "application/x-www-form-urlencoded", &" ".repeat((1 << 20) + 1));
    check(large, "HTTP/1.1 413 ").await;
    // Without a word: right after the handshake, and after an answer.
    check(String::new(), "").await;
    check(wire::get("/health/live"), "HTTP/1.1 200 OK").await;
    host.stop().await;
}

/// Makes a mistake in the files of `[tls]`, and wants each of `words` from `crowdhook check`, and none of the key.
async fn check(mistake: impl FnOnce(&Folder), words: &[&str]) {
    let folder = folder(&Authority::new(), "");
    mistake(&folder);
    let said = run(&folder, &["check"]).await;
    said.fails(1, words);
    assert!(!said.err.contains("MII"), "{}", said.err);
}

#[tokio::test]
async fn each_mistake_names_the_file_and_the_fix() {
    let other = |folder: &Folder| folder.secret("tls-key", &Authority::new().sign().key);
    check(
        other,
        &[&format!("{} `tls.key` wants the file", engine::at_line(5)), "does not belong to the certificate", "help: name the two files"],
    )
    .await;
    let none = |folder: &Folder| folder.write("tls/chain.pem", "nothing\n");
    check(
        none,
        &[&format!("{} `tls.certificate` wants", engine::at_line(4)), "holds no certificate", "help: name a file of PEM that begins"],
    )
    .await;
    let swapped = |folder: &Folder| {
        let key = std::fs::read_to_string(folder.path("secrets/tls-key")).unwrap();
        folder.secret("tls-key", &std::fs::read_to_string(folder.path("tls/chain.pem")).unwrap());
        folder.write("tls/chain.pem", &key);
    };
    check(swapped, &["holds a key and no certificate", "help: are `certificate` and `key` the wrong way round?"]).await;
    let locked = |folder: &Folder| {
        folder.secret("tls-key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIabc\n-----END ENCRYPTED PRIVATE KEY-----\n");
    };
    check(locked, &["holds a key that is locked with a password", "help: take the password away: `openssl pkey"]).await;
    let gone = |folder: &Folder| std::fs::remove_file(folder.path("secrets/tls-key")).unwrap();
    check(gone, &["`tls.key` wants", "which cannot be read: there is no such file", "let the user that Crowdhook runs as read it"]).await;
    let half = |folder: &Folder| folder.settings("[tls]\ncertificate = \"tls/chain.pem\"\n");
    check(half, &[&format!("{} `tls.key` is missing", engine::at_line(4)), "help: write the file of the certificate's key"]).await;
}

#[tokio::test]
async fn a_key_that_everyone_may_read_is_a_warning_and_the_host_starts() {
    let authority = Authority::new();
    let folder = folder(&authority, "");
    std::fs::set_permissions(folder.path("secrets/tls-key"), std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let said = run(&folder, &["check"]).await;
    assert!(said.err.contains(&format!("{} warning: `tls.key` lies in the file", engine::at_line(5))), "{}", said.err);
    assert!(said.err.contains("help: `chmod 600 "), "{}", said.err);
    said.well();
    let host = Running::start(folder).await;
    assert_eq!(post(&host.folder, &authority, 1).await.unwrap().status, 200);
    host.stop().await;
}

#[tokio::test]
async fn a_host_does_not_start_on_a_certificate_that_cannot_be_used() {
    let folder = folder(&Authority::new(), "");
    folder.write("tls/chain.pem", "nothing\n");
    run(&folder, &["serve"]).await.fails(1, &[&format!("{} `tls.certificate` wants the file", engine::at_line(4)), "holds no certificate"]);
    // Who only asks what runs needs no certificate, and no right to read the key.
    assert!(load::host(Some(&folder.config())).is_ok());
}
