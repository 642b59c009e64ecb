//! A host with everything that there can be of one: each kind of project, each way to sign a hook, each kind of connection, plugins
//! that do well and that fail, files that cannot be read. Wherever a secret can stand, a marked one does.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crowdhook::practice::appen::Signal;
use crowdhook::practice::{Pybossa, Seed};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::folder::{Folder, JOB, VOTE};
use super::marks::Marks;
use super::patience::{eventually, eventually_as, until};
use super::process::{Process, crowdhook};
use super::remote::{Does, Remote, Seen};
use super::wire::{self, Reply};

/// Few failures until something is given up.
const LIMITS: &str = "traps_max = 1\nquarantine_after = 2\nattempts_max = 2\ndelivery_attempts_max = 2\n";
/// Where a body ends up beyond what is kept of an answer: `connection::services::RECEIPT_BYTES_MAX`.
const RECEIPT_BYTES: usize = 2048;
/// Deliveries through these wait until the operator has mended something: an access token and a password are refused.
const NEVER: [&str; 2] = ["oauth2-6", "mail"];
/// So much of a secret stands before that end.
const SHOWN_OF_A_CUT: usize = 24;
/// How a generic sender's events are read.
const SHAPE: &str = r#"
[generic]
events = ""
kind = "/type"
kinds = { "item.done" = "task.completed" }
task = "/item/id"
task_info = "/item/data"
answers = "/item/labels"

[generic.answer]
worker = "/by"
value = "/label"
"#;
const BADGES: &str = r#"
[badges]
public = true
issuer = "Birds"
url = "https://birds.example.org"
email = "birds@example.org"

[plugins.thanks]
component = "badges"
allow = ["badges"]
settings = { badges = [{ id = "first", title = "First", description = "Your first.", kind = "right-answers", at = 1 }] }
"#;
/// Each kind of authentication, with the keys of it that hold a secret.
const KINDS: [(&str, &str, &[&str]); 7] = [
    ("bearer", "", &["token"]),
    ("basic", r#"user = "ann", "#, &["password"]),
    ("header", r#"name = "x-key", "#, &["value"]),
    ("query", r#"name = "key", "#, &["value"]),
    ("oauth1", "", &["consumer_key", "consumer_secret", "token", "token_secret"]),
    ("oauth2", r#"token_url = "{outside}/token", "#, &["client_id", "client_secret", "refresh_token"]),
    ("oauth2", r#"token_url = "{outside}/refused", "#, &["client_id", "refresh_token"]),
];
/// Characters that are written otherwise in JSON, in HTML and in addresses.
const ODD: &str = "\"<&>'/+%\\=";

/// The host's folder, and the world around it.
pub struct Everything {
    pub folder: Folder,
    pub marks: Marks,
    pub server: Pybossa,
    /// Every service that a connection leads to. It repeats whatever it is sent.
    pub outside: Remote,
    /// A receiver of traces.
    pub traces: Remote,
    /// A mail server that takes no password, and repeats it.
    mail: SocketAddr,
    env: Vec<(String, String)>,
}

impl Everything {
    /// The folder and the world; the host is started by [`Everything::start`].
    pub async fn new() -> Self {
        let marks = Marks::new();
        let mut seed = Seed { rate_limit: None, ..Seed::birds() };
        let owner = seed.users.iter_mut().find(|user| user.name == "owner").unwrap();
        owner.api_key = marks.make("pybossa-key");
        let server = Pybossa::start(seed).await.unwrap();
        let (outside, traces) = (Remote::start([]).await, Remote::start([]).await);
        outside.always(Does::Makes(repeats));
        let mail = mail_server().await;
        let mut everything = Self { folder: Folder::with(LIMITS), marks, server, outside, traces, mail, env: Vec::new() };
        everything.components();
        everything.well();
        everything.signed();
        everything.connected();
        everything.amiss();
        everything.environment();
        everything
    }

    fn components(&self) {
        for name in ["majority-vote", "badges", "email", "calls-out", "traps", "rejects", "core-module"] {
            self.folder.component(name);
        }
    }

    /// A secret in a file, as a project names it.
    fn in_file(&self, what: &str) -> String {
        self.keep(what, &self.marks.make(what))
    }

    fn keep(&self, what: &str, secret: &str) -> String {
        self.folder.secret(what, secret);
        format!("{{ file = \"../secrets/{what}\" }}")
    }

    /// A secret in the environment, as a project names it.
    fn in_env(&mut self, what: &str) -> String {
        let name = what.replace('-', "_").to_uppercase();
        self.env.push((name.clone(), self.marks.make(what)));
        format!("{{ env = \"{name}\" }}")
    }

    /// A secret that a project names.
    pub fn secret(&self, what: &str) -> String {
        let name = what.replace('-', "_").to_uppercase();
        let in_env = self.env.iter().find(|(known, _)| *known == name).map(|(_, secret)| secret.clone());
        in_env.unwrap_or_else(|| std::fs::read_to_string(self.folder.path(&format!("secrets/{what}"))).unwrap())
    }

    fn project(&self, name: &str, text: &str) {
        self.folder.write(&format!("projects/{name}.toml"), text);
    }

    /// A project whose sender has no dialect of its own, with these further lines below `[hook]`.
    fn sender(&self, name: &str, hook: &str, rest: &str) {
        let token = self.in_file(&format!("{name}-token"));
        let platform = format!("[platform]\nkind = \"generic\"\nurl = \"https://labels.example.org\"\nproject = \"{name}\"\n");
        self.project(name, &format!("{platform}{SHAPE}\n[hook]\ntoken = {token}\n{hook}\n{rest}"));
    }

    /// `birds` on PYBOSSA, `cats` on Appen, `swans` and `stream` with nothing special.
    fn well(&mut self) {
        let (key, former) = (self.keep("birds-key", &self.server.owner_key()), self.in_env("birds-former-token"));
        let token = self.in_file("birds-token");
        self.project(
            "birds",
            &format!(
                "[platform]\nkind = \"pybossa\"\nurl = \"{}\"\nproject = \"birds\"\napi_key = {key}\n\n\
                 [hook]\ntokens = [{token}, {former}]\n\n{VOTE}\n{BADGES}",
                self.server.url()
            ),
        );
        let (key, signing, token) = (self.in_env("cats-key"), self.in_file("cats-signing"), self.in_file("cats-token"));
        self.project(
            "cats",
            &format!(
                "[platform]\nkind = \"appen\"\nurl = \"{}\"\nproject = \"{JOB}\"\napi_key = {key}\nsigning_token = {signing}\n\n\
                 [hook]\ntoken = {token}\n\n{VOTE}",
                self.outside.url()
            ),
        );
        self.sender("swans", "", VOTE);
        self.sender("stream", "", VOTE);
    }

    /// `finches` whose hook wants each proof there is.
    fn signed(&self) {
        let (password, value, hmac) = (self.odd("finches-password"), self.odd("finches-header"), self.odd("finches-hmac"));
        let standard = self.keep("finches-standard", &format!("whsec_{}", BASE64.encode(self.marks.make("finches-standard"))));
        let hook = format!(
            "basic = {{ user = \"labels\", password = {password} }}\nheader = {{ name = \"x-hook-key\", value = {value} }}\n\
             hmac = {{ header = \"x-signature\", secret = {hmac} }}\nstandard_webhooks = {{ secret = {standard} }}"
        );
        self.sender("finches", &hook, VOTE);
    }

    /// A secret of all characters, in a file.
    fn odd(&self, what: &str) -> String {
        self.keep(what, &format!("{}{ODD}", self.marks.make(what)))
    }

    /// `gulls` with a connection of each kind and plugins that use it, `terns` with a mail server, `parrots` on a platform that refuses.
    fn connected(&mut self) {
        let outside = self.outside.url();
        let mut text = String::new();
        for (number, (kind, plain, secrets)) in KINDS.into_iter().enumerate() {
            let name = format!("{kind}-{number}");
            let secrets: Vec<String> = secrets.iter().map(|key| format!("{key} = {}", self.odd(&format!("{name}-{key}")))).collect();
            let auth = format!("{{ kind = \"{kind}\", {}{} }}", plain.replace("{outside}", &outside), secrets.join(", "));
            write!(text, "[connections.{name}]\nurl = \"{outside}/{name}\"\nauth = {auth}\n\n").unwrap();
            text.push_str(&calls(&name));
        }
        self.env.push(("HIDDEN".to_owned(), format!("{outside}/{}", self.marks.make("hidden-address"))));
        write!(text, "[connections.hidden]\nurl = {{ env = \"HIDDEN\" }}\n\n{}", calls("hidden")).unwrap();
        self.sender("gulls", "", &text);
        let mail = format!(
            "[connections.mail]\nkind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom = \"birds@example.org\"\n\
             user = \"birds\"\npassword = {}\n\n[plugins.mail]\ncomponent = \"email\"\nallow = [\"email\"]\n\
             settings = {{ to = [\"ann@example.org\"] }}\n",
            self.mail.port(),
            self.odd("terns-password")
        );
        self.sender("terns", "", &format!("{VOTE}\n{mail}"));
        let key = self.in_file("parrots-key");
        let token = self.in_file("parrots-token");
        self.project(
            "parrots",
            &format!(
                "[platform]\nkind = \"pybossa\"\nurl = \"{outside}/parrots\"\nproject = \"parrots\"\napi_key = {key}\n\n\
                 [hook]\ntoken = {token}\n\n{VOTE}"
            ),
        );
    }

    /// `stuck` whose plugin fails, `forest` that misses a component, `meadow` that is no TOML, and a file that is no component.
    fn amiss(&self) {
        self.sender("stuck", "", "[plugins.traps]\n\n[plugins.rejects]\n");
        self.sender("forest", "", &VOTE.replace("majority-vote", "vote-by-trust"));
        let key = self.marks.make("typed-into-a-file");
        self.project("meadow", &format!("[platform]\nkind = \"pybossa\"\napi_key = \"{key}\"\nurl =\n"));
    }

    fn environment(&mut self) {
        let headers = format!("x-key={}", self.marks.make("otlp-header"));
        self.env
            .extend([("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), self.traces.url()), ("OTEL_EXPORTER_OTLP_HEADERS".to_owned(), headers)]);
    }

    /// `crowdhook` in the host's environment, with these arguments.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = crowdhook(arguments);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The host, when it is ready. `arguments` say how to log.
    pub async fn start(&self, arguments: &[&str]) -> Process {
        let mut host = Process::spawn_as(self.command(arguments), &self.folder);
        assert!(host.ready(&self.folder).await.is_none(), "{}", host.log());
        host
    }

    /// Has all senders post, and waits until everything has come of it that can.
    pub async fn fill(&self) {
        let hook = |project: &str| self.hook(project);
        self.server.save_webhook("birds", &format!("http://{}{}", self.folder.listen, hook("birds"))).await.unwrap();
        self.server.give_planned("birds");
        self.server.settled().await;
        for project in ["swans", "forest", "gulls", "terns"] {
            self.post(wire::post(&hook(project), "application/json", &item(1).to_string())).await;
        }
        for task in 1..=2 {
            self.post(wire::post(&hook("stuck"), "application/json", &item(task).to_string())).await;
        }
        self.post(wire::completed(&hook("parrots"), "parrots", 1, 1, 1)).await;
        self.post(self.proven(&hook("finches"), &item(1).to_string())).await;
        let unit = unit(&self.marks).to_string();
        self.post(wire::signal(&hook("cats"), &Signal::UnitComplete, &unit, &self.secret("cats-signing"))).await;
        self.settled().await;
        // What is kept of a project whose file is gone can be forgotten.
        std::fs::remove_file(self.folder.path("projects/swans.toml")).unwrap();
        until("the file is gone", async || {
            let projects = self.api("/v1/projects").await;
            projects.as_array().unwrap().iter().all(|project| project["name"] != "swans")
        })
        .await;
    }

    /// Has some senders post once more.
    pub async fn fill_again(&self) {
        for project in ["gulls", "terns"] {
            self.post(wire::post(&self.hook(project), "application/json", &item(2).to_string())).await;
        }
        self.settled().await;
    }

    /// Waits until everything has come of the posts that can.
    pub async fn settled(&self) {
        let seen = std::cell::RefCell::new(String::new());
        let what = || format!("everything has come of the posts: {}", seen.borrow());
        eventually_as(what, async || {
            let held = self.api("/v1/quarantine").await["quarantine"].as_array().unwrap().len();
            let of_those_who_work = async |path: &str| {
                let rows = self.api(path).await["rows"].as_array().unwrap().clone();
                rows.into_iter()
                    .filter(|row| row["project"] != "stuck" && !NEVER.contains(&row["connection"].as_str().unwrap_or("")))
                    .collect()
            };
            let waiting: Vec<Value> = of_those_who_work("/v1/invocations?state=waiting").await;
            let outbox: Vec<Value> = of_those_who_work("/v1/deliveries?state=waiting").await;
            seen.replace(format!("held {held}, waiting {waiting:#?}, to be delivered {outbox:#?}"));
            (held == 1 && waiting.is_empty() && outbox.is_empty()).then_some(())
        })
        .await;
    }

    /// The path of a project's hook.
    pub fn hook(&self, project: &str) -> String {
        format!("/hooks/{project}/{}", self.secret(&format!("{project}-token")))
    }

    async fn post(&self, request: String) {
        let reply = wire::send(self.folder.listen, request).await.unwrap();
        assert_eq!(reply.status, 200, "{}", reply.body);
    }

    /// A post with everything that the hook of `finches` wants to see.
    pub fn proven(&self, path: &str, body: &str) -> String {
        let tag = |key: &[u8], text: &str| {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
            mac.update(text.as_bytes());
            mac.finalize().into_bytes()
        };
        let basic = BASE64.encode(format!("labels:{}", self.secret("finches-password")));
        let hmac: String = tag(self.secret("finches-hmac").as_bytes(), body).iter().map(|byte| format!("{byte:02x}")).collect();
        let standard = BASE64.decode(self.secret("finches-standard").trim_start_matches("whsec_")).unwrap();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let signed = BASE64.encode(tag(&standard, &format!("msg_1.{now}.{body}")));
        let headers = format!(
            "Authorization: Basic {basic}\r\nX-Hook-Key: {}\r\nX-Signature: {hmac}\r\n\
             Webhook-Id: msg_1\r\nWebhook-Timestamp: {now}\r\nWebhook-Signature: v1,{signed}\r\n",
            self.secret("finches-header")
        );
        wire::post(path, "application/json", body).replacen("\r\n", &format!("\r\n{headers}"), 1)
    }

    /// The admin token.
    pub async fn token(&self) -> String {
        let file = self.folder.data().join("admin-token");
        let token = eventually("there is an admin token", async || std::fs::read_to_string(&file).ok().filter(|text| !text.is_empty()));
        token.await.trim().to_owned()
    }

    /// What the admin listener answers.
    pub async fn ask(&self, method: &str, path: &str, body: &str) -> Reply {
        let (admin, token, length) = (self.folder.admin, self.token().await, body.len());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {admin}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        wire::send(admin, request).await.unwrap()
    }

    /// JSON of the admin API.
    pub async fn api(&self, path: &str) -> Value {
        let reply = self.ask("GET", path, "").await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        serde_json::from_str(&reply.body).unwrap()
    }
}

/// A plugin that reads and sends through a connection, each where the whole answer and where its beginning is repeated.
fn calls(connection: &str) -> String {
    format!(
        "[plugins.{connection}]\ncomponent = \"calls-out\"\nallow = [\"http.fetch\", \"http.send\"]\nconnections = [\"{connection}\"]\n\
         settings = {{ connection = \"{connection}\", fetch = [\"/me?day=1\"], send = \"/posts\" }}\n\n\
         [plugins.{connection}-cut]\ncomponent = \"calls-out\"\nallow = [\"http.send\"]\nconnections = [\"{connection}\"]\n\
         settings = {{ connection = \"{connection}\", send = \"/cut\" }}\n\n"
    )
}

/// A task that is done. What nobody may see stands where a platform would put it.
pub fn item(id: i64) -> Value {
    let labels: Vec<Value> = ["ann", "ben", "cem"].iter().map(|by| json!({ "by": by, "label": { "animal": "robin" } })).collect();
    json!([{ "type": "item.done", "item": { "id": id, "data": { "url": "1.jpg" }, "labels": labels } }])
}

/// What Appen posts of a unit.
fn unit(marks: &Marks) -> Value {
    let judgment = |number: i64| json!({ "id": number, "unit_id": 1, "job_id": JOB, "worker_id": number, "data": { "animal": "cat" } });
    json!({
        "id": 1, "job_id": JOB, "state": "finalized", "judgments_count": 2, "updated_at": "2026-11-21T10:00:00+00:00",
        "secret": marks.make("unit-secret"), "data": { "api_key": marks.make("unit-key") },
        "results": { "judgments": [judgment(1), judgment(2)] },
    })
}

/// Repeats all that it was sent, as services do that mean well: a GET is answered, a token is given, and whatever else is refused.
fn repeats(seen: &Seen) -> (u16, String, Vec<u8>) {
    let headers: Vec<String> = seen.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let raw = format!("{}\n{}\n\n{}", seen.line, headers.join("\n"), seen.body);
    let key = seen.header("authorization").or(seen.header("x-key")).unwrap_or("none").to_owned();
    let told = format!("location: http://{key}@127.0.0.1/?key={key}\r\nx-echo: {key}\r\n");
    if seen.line.starts_with("POST /token") {
        let granted = json!({ "access_token": "s3cr3t-access", "token_type": "bearer", "refresh_token": "s3cr3t-next", "said": raw });
        return (200, told, granted.to_string().into_bytes());
    }
    let refusal = json!({
        "error": "invalid_client", "error_description": format!("no: {} {key}", seen.body), "message": raw, "exception_msg": raw, "exception_cls": raw,
        "action": raw, "status": "failed", "target": raw, "status_code": 403,
    });
    if seen.line.starts_with("POST /refused") || seen.line.contains("/parrots") {
        return (403, told, refusal.to_string().into_bytes());
    }
    if seen.line.contains("/cut") {
        // What is kept of it ends in the middle of the secret; of spaces one is shown.
        let secret = raw.find("s3cr3t").or_else(|| raw.find(&key)).unwrap_or_default();
        let body = format!("{}{raw}", " ".repeat(RECEIPT_BYTES.saturating_sub(secret + SHOWN_OF_A_CUT)));
        return (422, told, body.into_bytes());
    }
    let status = if seen.line.starts_with("GET") { 200 } else { 422 };
    (status, told, format!("{raw}\n{refusal}").into_bytes())
}

/// Starts a mail server that takes no name and password, and says which.
async fn mail_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(refuse_login(stream));
        }
    });
    address
}

async fn refuse_login(stream: TcpStream) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail ESMTP\r\n").await?;
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let answer = match line.trim_end().strip_prefix("AUTH PLAIN ") {
            Some(given) => {
                let plain = String::from_utf8_lossy(&BASE64.decode(given).unwrap()).replace('\0', " ");
                format!("535 not {plain} and not {given}\r\n")
            }
            None if line.starts_with("EHLO") => "250-mail\r\n250 AUTH PLAIN\r\n".to_owned(),
            None => "250 ok\r\n".to_owned(),
        };
        stream.write_all(answer.as_bytes()).await?;
        line.clear();
    }
    Ok(())
}
