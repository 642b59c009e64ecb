//! A real proxy with the example's settings before a real host: a hook comes through, and its token is in no log.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::{part, read};
use crate::harness::authority::Authority;
use crate::harness::folder::{Folder, HOOK_TOKEN, free_address};
use crate::harness::patience::{eventually, until};
use crate::harness::process::said;
use crate::harness::running::Running;
use crate::tls;

/// A proxy that ends with the test.
struct Proxy(Child);

impl Proxy {
    fn start(mut command: Command) -> Self {
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Each of `changes` in the text; what is not there any more fails the test.
fn changed(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "there is no `{from}` in the example");
        text.replace(from, to)
    })
}

/// A host behind a proxy, with an Appen project and `majority-vote` left out: the intake is what is looked at.
async fn host() -> Running {
    let folder = Folder::new();
    folder.appen("cats", "");
    Running::start(folder).await
}

/// Certificate and key for the proxy, in a folder.
fn certificate(folder: &Path) -> Authority {
    let authority = Authority::new();
    let signed = authority.sign();
    std::fs::write(folder.join("fullchain.pem"), signed.certificate).unwrap();
    std::fs::write(folder.join("privkey.pem"), signed.key).unwrap();
    authority
}

/// Posts hooks through the proxy at `address`, and wants them in the store; then what is too large, and what comes while the host is down.
async fn hooks_come_through(host: Running, address: SocketAddr, authority: &Authority) {
    let client = tls::client(authority);
    let url = format!("https://localhost:{}{}", address.port(), Folder::hook("cats"));
    let send = async |body: String| {
        let post = client.post(&url).header("content-type", "application/x-www-form-urlencoded").body(body);
        post.send().await.ok().map(|answered| answered.status().as_u16())
    };
    let body = |unit: usize| tls::hook(unit).split_once("\r\n\r\n").unwrap().1.to_owned();
    let first = eventually("the proxy answers", async || send(body(1)).await.filter(|status| *status != 502)).await;
    assert_eq!(first, 200);
    for unit in 2..5 {
        assert_eq!(send(body(unit)).await, Some(200));
    }
    assert_eq!(host.events().await.len(), 4);
    assert_eq!(send("x".repeat((8 << 20) + 1)).await, Some(413));
    let folder = host.stop().await;
    assert_eq!(send(body(5)).await, Some(502));
    drop(folder);
}

/// Wants every file below `folder` to be without the hook's token, and one to tell of the requests.
async fn logs_hold_no_token(folder: &Path) {
    let logs = || {
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        files
            .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
            .map(|path| std::fs::read_to_string(path).unwrap())
            .collect::<String>()
    };
    until("the logs tell of the last request", async || logs().contains("502")).await;
    let logs = logs();
    assert!(logs.contains("/hooks/cats/..."), "{logs}");
    assert!(!logs.contains(HOOK_TOKEN), "the logs hold the token: {logs}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_comes_through_nginx() {
    let Some(program) = part("nginx", "-v", "nginx-light") else { return };
    let (host, folder) = (host().await, tempfile::tempdir().unwrap());
    let authority = certificate(folder.path());
    let (plain, tls) = (free_address(), free_address());
    let at = folder.path().display().to_string();
    let site = changed(
        &read("nginx.conf"),
        &[
            ("server 127.0.0.1:8080;", &format!("server {};", host.folder.listen)),
            ("    listen [::]:80;\n", ""),
            ("    listen [::]:443 ssl;\n", ""),
            ("listen 80;", &format!("listen {plain};")),
            ("listen 443 ssl;", &format!("listen {tls} ssl;")),
            ("/etc/letsencrypt/live/hooks.example.org", &at),
            ("/var/log/nginx", &at),
        ],
    );
    std::fs::write(folder.path().join("site.conf"), site).unwrap();
    let temporary: String =
        ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].iter().map(|kind| format!("{kind}_temp_path {at}/{kind};\n")).collect();
    let main = format!(
        "daemon off;\npid {at}/pid;\nerror_log {at}/main.log crit;\nevents {{}}\nhttp {{\n{temporary}include {at}/site.conf;\n}}\n"
    );
    std::fs::write(folder.path().join("nginx.conf"), main).unwrap();
    let nginx = |arguments: &[&str]| {
        let mut nginx = Command::new(&program);
        nginx.arg("-p").arg(folder.path()).args(["-e", &format!("{at}/start.log"), "-c", &format!("{at}/nginx.conf")]).args(arguments);
        nginx
    };
    let tested = said(nginx(&["-t"])).await;
    assert!(tested.code == Some(0) && !tested.err.contains("[warn]"), "{}", tested.err);
    let _nginx = Proxy::start(nginx(&[]));
    hooks_come_through(host, tls, &authority).await;
    logs_hold_no_token(folder.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_comes_through_caddy() {
    let Some(program) = part("caddy", "version", "caddy") else { return };
    let (host, folder) = (host().await, tempfile::tempdir().unwrap());
    let authority = certificate(folder.path());
    let tls = free_address();
    let at = folder.path().display().to_string();
    // Its own certificate, instead of one from the network; and a log in a file, requests too.
    let settings = changed(
        &read("Caddyfile"),
        &[
            ("127.0.0.1:8080", &host.folder.listen.to_string()),
            ("{\n\t# The last part", "{\n\tadmin off\n\tauto_https off\n\t# The last part"),
            ("\tlog {\n", &format!("\tlog {{\n\t\toutput file {at}/caddy.log\n")),
            (
                "hooks.example.org {\n",
                &format!("https://localhost:{} {{\n\tbind 127.0.0.1\n\ttls {at}/fullchain.pem {at}/privkey.pem\n\tlog\n", tls.port()),
            ),
        ],
    );
    let file = folder.path().join("Caddyfile");
    std::fs::write(&file, settings).unwrap();
    let caddy = |command: &str| {
        let mut caddy = Command::new(&program);
        caddy.arg(command).arg("--config").arg(&file).args(["--adapter", "caddyfile"]).env("HOME", folder.path());
        caddy
    };
    said(caddy("validate")).await.well();
    let _caddy = Proxy::start(caddy("run"));
    hooks_come_through(host, tls, &authority).await;
    logs_hold_no_token(folder.path()).await;
}

/// That the test looks at all.
#[tokio::test]
#[should_panic(expected = "the logs hold")]
async fn a_token_in_a_log_is_found() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.log"), json!({"uri": Folder::hook("cats"), "status": 502}).to_string() + "/hooks/cats/...")
        .unwrap();
    logs_hold_no_token(folder.path()).await;
}
