//! Settings that cannot be wrong: what `config/load` made of the files that people write. Nothing else reads files or the
//! environment for settings.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::HeaderName;
use url::Url;

use crate::backoff::Backoff;
use crate::event::{EventKind, PlatformKind};
use crate::id::{ComponentName, PluginName, ProjectName};
use crate::secret::Secret;

mod badges;
mod certificate;
mod connections;
mod database;
mod document;
mod folders;
mod generic;
mod guard;
mod host;
pub mod load;
mod plugins;
mod pointer;
mod problem;
mod project;
mod raw;
mod settings;
mod signatures;
mod words;

pub use certificate::Certificate;
pub use database::Address;
pub(crate) use database::Wrong as AddressWrong;
pub(crate) use host::parse_web_address;
pub(crate) use plugins::may_write_to;
pub use pointer::Pointer;
pub use problem::{Problem, Problems, Severity};

/// What a project may grant to a plugin, and a plugin may need.
pub const GRANTS: [&str; 8] = ["results", "tasks", "email", "files", "badges", "events", "http.fetch", "http.send"];

/// The host: `crowdhook.toml`.
#[derive(Clone, Debug)]
pub struct Host {
    /// The public listener: hooks and health. Default `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// The admin listener. Default `127.0.0.1:8081`.
    pub admin: SocketAddr,
    /// How the world reaches the public listener, for the URLs to paste. Default `http://<listen>`.
    pub public_url: Url,
    /// Where the compile cache, the admin token and the last good project files are kept, and the store unless [`Host::store`] names a
    /// database. Default `data`.
    pub data: PathBuf,
    /// Where events are kept. Default: a file in the data folder.
    pub store: StoreAt,
    /// What this host is called among those that share a store. Default: the machine's name.
    pub name: Option<String>,
    /// The drop folder. Default `plugins`.
    pub plugins: PathBuf,
    /// The folder of project files. Default `projects`.
    pub projects: PathBuf,
    /// How often projects are looked through for what their hooks did not bring; none for never. Default 15 minutes.
    pub reconcile: Option<Duration>,
    /// TLS of the public listener; none where a proxy has it, which is the default.
    pub tls: Option<Tls>,
    /// Limits on everything that waits or grows.
    pub limits: Limits,
    /// How long what is done with is kept.
    pub keep: Keep,
}

/// Where the store is.
#[derive(Clone, Debug)]
pub enum StoreAt {
    /// A file in the data folder, for this host alone.
    DataFolder,
    /// A schema of a PostgreSQL database, which several hosts may share.
    Database(Database),
}

/// A PostgreSQL database. [`load::database_address`] says where it is.
#[derive(Clone, Debug)]
pub struct Database {
    /// The settings file that names it.
    pub file: PathBuf,
    /// The line where it does.
    pub line: usize,
    /// Where its address is to be found.
    pub at: AddressAt,
}

/// Where an address is to be found that may hold a secret.
#[derive(Clone, Debug)]
pub enum AddressAt {
    /// In the settings file, and then it holds none.
    Here(Address),
    /// In an environment variable of this name.
    Env(String),
    /// In a file.
    File(PathBuf),
}

/// Where the public listener's certificate lies. [`load::tls_files`] looks there.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The settings file that says so.
    pub file: PathBuf,
    /// The certificate and those that lead to its authority, as PEM.
    pub certificate: Named,
    /// Its key, as PEM.
    pub key: Named,
}

/// A file that a settings file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Where it is.
    pub path: PathBuf,
    /// The line where it is named.
    pub line: usize,
}

/// How long what is done with is kept; none for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// What came in and went to no plugin, as it came. Default 7 days.
    pub bodies: Option<Duration>,
    /// Payloads, snapshots, log lines, and the receipts of what left. Default 30 days.
    pub details: Option<Duration>,
    /// Events, and dead letters with them. Default a year.
    pub events: Option<Duration>,
}

/// Limits of the host. Each has a default that works on a laptop.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections open at a time on the public listener; further ones wait to be accepted. Default 1,024.
    pub connections_max: usize,
    /// Decoded body of a request, else 413. Default 8 MiB.
    pub body_bytes_max: usize,
    /// From the first byte of a request to the end of its headers, else the connection is closed with 408. Default 10 s.
    pub header_timeout: Duration,
    /// With TLS, for the handshake, else the connection is closed. Default 10 s.
    pub handshake_timeout: Duration,
    /// For the whole body, else 408. Default 30 s.
    pub body_timeout: Duration,
    /// A kept-alive connection with no request is closed after this. Default 60 s.
    pub idle_timeout: Duration,
    /// Invocations that may wait, else 503. Default 1,000,000.
    pub waiting_max: usize,
    /// Sandboxes at a time. Default: threads of the guests and 6.
    pub sandboxes_max: usize,
    /// Threads that run guests. Default: one a core.
    pub guest_threads: usize,
    /// Sandboxes at a time for one plugin of one project. Default: half of `sandboxes_max`.
    pub per_plugin_max: usize,
    /// A claim on an invocation runs out after this. Default 60 s.
    pub lease: Duration,
    /// After a signal, running work has this long to end. Default 10 s.
    pub drain: Duration,
    /// Attempts of an invocation whose plugin answers `retry`. Default 10.
    pub attempts_max: u32,
    /// Attempts of an invocation that traps. Default 3.
    pub traps_max: u32,
    /// A plugin of a project that traps so many times in a row is held until someone, or a new version, releases it; 0 for never. Default 20.
    pub quarantine_after: u32,
    /// Attempts of a delivery. Default 10.
    pub delivery_attempts_max: u32,
    /// Wait before an invocation whose plugin failed is tried again; doubles each time, up to twelve hours. Default 3 minutes.
    pub retry_wait: Duration,
    /// Wait before an invocation that found no room or no platform is tried again; doubles each time, up to a minute. Default 1 s.
    pub park_wait: Duration,
    /// Wait before a delivery that failed is tried again; doubles each time, up to an hour. Default 2 s.
    pub delivery_wait: Duration,
    /// How long a PYBOSSA event may wait for the platform to confirm it. Default 1 h.
    pub confirm_within: Duration,
    /// Per call of a guest.
    pub guest: GuestLimits,
}

/// Limits of one call of a guest's `handle`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuestLimits {
    /// CPU time. Default 2 s.
    pub cpu: Duration,
    /// Waiting and computing together, but for the wait for a thread while others compute. Default 10 s.
    pub wall: Duration,
    /// All linear memories and tables of the sandbox together. Default 64 MiB; at most 256 MiB.
    pub memory_bytes: usize,
    /// Effects and emitted events. Default 100.
    pub effects: usize,
    /// Everything in them together. Default 16 MiB.
    pub effects_bytes: usize,
    /// Log lines. Default 200.
    pub log_lines: usize,
    /// Log text. Default 64 KiB.
    pub log_bytes: usize,
}

impl GuestLimits {
    /// No guest gets more memory than this: it is what the engine reserves for each.
    pub const MEMORY_BYTES_MAX: usize = 256 << 20;
}

impl Default for GuestLimits {
    fn default() -> Self {
        Self {
            cpu: Duration::from_secs(2),
            wall: Duration::from_secs(10),
            memory_bytes: 64 << 20,
            effects: 100,
            effects_bytes: 16 << 20,
            log_lines: 200,
            log_bytes: 64 << 10,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        let guest_threads = std::thread::available_parallelism().map_or(2, usize::from);
        let sandboxes_max = guest_threads + 6;
        Self {
            connections_max: 1024,
            body_bytes_max: 8 << 20,
            header_timeout: Duration::from_secs(10),
            handshake_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(60),
            waiting_max: 1_000_000,
            sandboxes_max,
            guest_threads,
            per_plugin_max: sandboxes_max / 2,
            lease: Duration::from_secs(60),
            drain: Duration::from_secs(10),
            attempts_max: 10,
            traps_max: 3,
            quarantine_after: 20,
            delivery_attempts_max: 10,
            retry_wait: Backoff::INVOCATION.first,
            park_wait: Backoff::PARKED.first,
            delivery_wait: Backoff::DELIVERY.first,
            confirm_within: Duration::from_secs(3600),
            guest: GuestLimits::default(),
        }
    }
}

/// A project: `projects/<name>.toml`.
#[derive(Clone, Debug)]
pub struct Project {
    /// The file's name without `.toml`.
    pub name: ProjectName,
    /// Where it was read from, for messages.
    pub file: PathBuf,
    /// Where it lives.
    pub platform: Platform,
    /// How its hook is guarded.
    pub hook: Hook,
    /// Who handles its events, in the order of the file.
    pub plugins: Vec<Plugin>,
    /// Run whatever lies in the drop folder besides `plugins`, granting it nothing.
    pub run_all: bool,
    /// The outside services that its plugins may be granted, in the order of the file.
    pub connections: Vec<Connection>,
    /// The folders that its plugins may be granted, in the order of the file.
    pub folders: Vec<Folder>,
    /// How its badges are shown to everybody; none while they are not.
    pub badges: Option<BadgePages>,
}

impl Project {
    /// The connection of this name.
    #[must_use]
    pub fn connection(&self, name: &str) -> Option<&Connection> {
        self.connections.iter().find(|connection| connection.name == name)
    }

    /// The folder of this name.
    #[must_use]
    pub fn folder(&self, name: &str) -> Option<&Folder> {
        self.folders.iter().find(|folder| folder.name == name)
    }

    /// The connection that e-mail leaves through; a file has at most one.
    #[must_use]
    pub fn mail(&self) -> Option<&Connection> {
        self.connections.iter().find(|connection| matches!(connection.to, Service::Mail(_)))
    }

    /// The line of the file where a setting of `plugin` stands, by its JSON Pointer: the nearest line there is, that of the
    /// plugin when the setting is not there, 1 when there is no such plugin in the file.
    #[must_use]
    pub fn line_of(&self, plugin: &PluginName, pointer: &str) -> usize {
        let Some(plugin) = self.plugins.iter().find(|candidate| candidate.name == *plugin) else { return 1 };
        let mut pointer = pointer;
        loop {
            if let Some((_, line)) = plugin.setting_lines.iter().find(|(known, _)| known == pointer) {
                return *line;
            }
            match pointer.rsplit_once('/') {
                Some((parent, _)) => pointer = parent,
                None => return plugin.line,
            }
        }
    }
}

/// Where a project lives.
#[derive(Clone, Debug)]
pub struct Platform {
    /// Which dialect its hook speaks.
    pub kind: PlatformKind,
    /// The platform's address, without a slash at its end unless its path is `/` alone.
    pub url: Url,
    /// PYBOSSA: the project's short name. Appen: the job's id. Others: what stands in the body at `generic.project`, where that is set.
    pub project: String,
    /// The key for the platform's API. Required for PYBOSSA.
    pub api_key: Option<Secret>,
    /// Appen: the secret webhook tokens that sign its posts; several while they are being changed.
    pub signing_tokens: Vec<Secret>,
    /// Where things are in what is posted; there when, and only when, the kind is [`PlatformKind::Generic`].
    pub generic: Option<Generic>,
}

/// Where things are in what a sender posts that the host has no dialect for: `[generic]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generic {
    /// Where a list of events is, at most 1,000 of them, each with a standing of its own. None: the body is one event. All others begin
    /// at an event.
    pub events: Option<Pointer>,
    /// What happened.
    pub kind: KindAt,
    /// Where the project is named; then it must be `platform.project`.
    pub project: Option<Pointer>,
    /// Where the task's id is: a text or a whole number.
    pub task: Option<Pointer>,
    /// What tells a repeat, all together. Empty: the `webhook-id` where Standard Webhooks are asked for, else the event's own text.
    pub dedup_keys: Vec<Pointer>,
    /// Where it says when it happened. None: when it was received.
    pub time: Option<Pointer>,
    /// What people were shown.
    pub task_info: Option<Pointer>,
    /// Where the answers are: a list, or one of them.
    pub answers: Option<Pointer>,
    /// Where things are in an answer.
    pub answer: AnswerAt,
}

/// What happened, by what a sender posts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KindAt {
    /// Always the same.
    Always(EventKind),
    /// By a word of the sender's: a text or a whole number.
    Word {
        /// Where the word is.
        at: Pointer,
        /// The sender's words and what each of them means. Others are kept and not dispatched.
        kinds: Vec<(String, EventKind)>,
    },
}

/// Where things are in an answer: `[generic.answer]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerAt {
    /// Its id. None: its place in the list, from 1.
    pub id: Option<Pointer>,
    /// Who gave it. None: nobody knows.
    pub worker: Option<Pointer>,
    /// What they answered. None: all of it.
    pub value: Option<Pointer>,
    /// How far they are trusted, 0 to 1.
    pub trust: Option<Pointer>,
    /// When it was given.
    pub time: Option<Pointer>,
    /// Whether the sender itself does not count it: anything but null, false, zero and what is empty.
    pub set_aside: Option<Pointer>,
}

/// How a project's hook is guarded: by a token in its path, by basic authentication, or both; and by what else stands here.
#[derive(Clone, Debug, Default)]
pub struct Hook {
    /// Any of these may stand in the path; several while they are being changed. Never empty unless `basic` is set: then the path
    /// is `/hooks/<project>` alone.
    pub tokens: Vec<Secret>,
    /// Asked for besides (or instead of) the token.
    pub basic: Option<Basic>,
    /// A header that must hold a secret.
    pub header: Option<HeaderToken>,
    /// An HMAC of the body.
    pub hmac: Option<Hmac>,
    /// The signature of Standard Webhooks.
    pub standard_webhooks: Option<StandardWebhooks>,
}

impl Hook {
    /// Every secret that opens it or signs what comes in.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let basic = self.basic.iter().flat_map(|basic| &basic.passwords);
        let header = self.header.iter().flat_map(|header| &header.values);
        let hmac = self.hmac.iter().flat_map(|hmac| &hmac.secrets);
        let standard = self.standard_webhooks.iter().flat_map(|standard| &standard.secrets);
        self.tokens.iter().chain(basic).chain(header).chain(hmac).chain(standard)
    }
}

/// A header that must hold a secret: GitLab's `X-Gitlab-Token`, for instance.
#[derive(Clone, Debug)]
pub struct HeaderToken {
    /// Its name.
    pub name: HeaderName,
    /// Any of these; several while they are being changed. Never empty.
    pub values: Vec<Secret>,
}

/// A signature that is an HMAC of the body as it came: GitHub's `X-Hub-Signature-256`, for instance.
#[derive(Clone, Debug)]
pub struct Hmac {
    /// The header that bears it.
    pub header: HeaderName,
    /// What it is made with. Default SHA-256.
    pub hash: Hash,
    /// What stands before it in the header: `sha256=`. Default nothing.
    pub prefix: String,
    /// How its bytes are written. Default hexadecimal digits.
    pub encoding: Encoding,
    /// Any of these; several while they are being changed. Never empty.
    pub secrets: Vec<Secret>,
}

/// What an HMAC is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-1. Broken for signatures of files, sound in an HMAC.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// How the bytes of a signature are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Hexadecimal digits of either case.
    Hex,
    /// Base64 with the letters `+` and `/`.
    Base64,
}

/// The signature of <https://www.standardwebhooks.com>: `webhook-id`, `webhook-timestamp`, `webhook-signature`.
#[derive(Clone, Debug)]
pub struct StandardWebhooks {
    /// Any of these, each `whsec_` and base64; several while they are being changed. Never empty.
    pub secrets: Vec<Secret>,
    /// How far the timestamp may be from now, before or after. Default 5 minutes.
    pub window: Duration,
}

impl StandardWebhooks {
    /// The bytes that `secret` stands for; none when it is no base64. Each of `secrets` stands for some.
    #[must_use]
    pub fn key(secret: &Secret) -> Option<Vec<u8>> {
        let text = secret.reveal();
        let key = BASE64.decode(text.strip_prefix("whsec_").unwrap_or(text)).ok()?;
        (!key.is_empty()).then_some(key)
    }
}

/// A name and a password.
#[derive(Clone, Debug)]
pub struct Basic {
    /// The name.
    pub user: String,
    /// Any of these; several while they are being changed.
    pub passwords: Vec<Secret>,
}

/// A named outside service of a project: `[connections.<name>]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    /// Its name in the project: lower-case letters, digits and hyphens.
    pub name: String,
    /// What it is and how to get there.
    pub to: Service,
    /// What has waited longer than this does not leave any more. Default 7 days.
    pub max_age: Duration,
    /// The line of the file where it begins, from 1.
    pub line: usize,
}

/// What a connection leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Service {
    /// A web service.
    Http(HttpService),
    /// A mail server.
    Mail(MailService),
}

/// A web service.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpService {
    /// All paths lie below this.
    pub url: Url,
    /// Whether the address itself came from a secret, so that it is never shown.
    pub url_is_secret: bool,
    /// How we prove who we are.
    pub auth: Auth,
    /// No more calls than this in a window; none for as many as the service itself allows.
    pub rate: Option<Rate>,
    /// Calls under way at a time. Default 4.
    pub at_once: usize,
    /// From the beginning of a call to the last byte of the answer. Default 20 s.
    pub timeout: Duration,
}

/// So many calls in so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Calls in a window; at least 1.
    pub calls: u32,
    /// The window.
    pub per: Duration,
}

impl Service {
    /// Every secret that is used to get there, in the order of the keys. That of an address is part of the address itself.
    #[must_use]
    pub fn secrets(&self) -> Vec<&Secret> {
        match self {
            Self::Mail(MailService { to: MailTo::Server(server), .. }) => server.login.iter().map(|login| &login.password).collect(),
            Self::Mail(_) => Vec::new(),
            Self::Http(service) => match &service.auth {
                Auth::None => Vec::new(),
                Auth::Bearer { token } => vec![token],
                Auth::Basic { password, .. } => vec![password],
                Auth::Header { value, .. } | Auth::Query { value, .. } => vec![value],
                Auth::OAuth1 { consumer_key, consumer_secret, token, token_secret } => {
                    vec![consumer_key, consumer_secret, token, token_secret]
                }
                Auth::OAuth2 { client_id, client_secret, refresh_token, .. } => {
                    [client_id].into_iter().chain(client_secret).chain([refresh_token]).collect()
                }
            },
        }
    }
}

/// How a connection proves who it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Auth {
    /// Not at all.
    None,
    /// `Authorization: Bearer <token>`.
    Bearer {
        /// The token.
        token: Secret,
    },
    /// `Authorization: Basic …`.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A header of the service's own.
    Header {
        /// Its name.
        name: String,
        /// Its value.
        value: Secret,
    },
    /// A query parameter.
    Query {
        /// Its name.
        name: String,
        /// Its value.
        value: Secret,
    },
    /// OAuth 1.0a with HMAC-SHA1, in the name of a user (RFC 5849).
    OAuth1 {
        /// The application's key.
        consumer_key: Secret,
        /// The application's secret.
        consumer_secret: Secret,
        /// The user's token.
        token: Secret,
        /// The user's secret.
        token_secret: Secret,
    },
    /// OAuth 2 with a refresh token (RFC 6749, section 6): access tokens are got and renewed by the host.
    OAuth2 {
        /// Where access tokens are to be had.
        token_url: Url,
        /// The application's id.
        client_id: Secret,
        /// The application's secret; none for a public client.
        client_secret: Option<Secret>,
        /// The refresh token.
        refresh_token: Secret,
    },
}

/// Where e-mail leaves.
#[derive(Clone, Debug, PartialEq)]
pub struct MailService {
    /// What takes it.
    pub to: MailTo,
    /// Who it comes from.
    pub from: Sender,
    /// From the beginning to the server's word that it has the mail. Default 30 s.
    pub timeout: Duration,
}

/// What takes e-mail.
#[derive(Clone, Debug, PartialEq)]
pub enum MailTo {
    /// A mail server.
    Server(MailServer),
    /// A folder where each mail is kept as a file: for a try, with no server at hand.
    Folder(PathBuf),
}

/// A mail server.
#[derive(Clone, Debug, PartialEq)]
pub struct MailServer {
    /// Its name or address.
    pub host: String,
    /// Its port. Default 587 with STARTTLS, 465 with TLS, 25 without either.
    pub port: u16,
    /// How the way there is protected. Default STARTTLS.
    pub security: MailSecurity,
    /// Name and password; none for a server that asks for none.
    pub login: Option<Login>,
    /// Certificates, in PEM, of those who may have signed the server's own besides the usual ones.
    pub ca: Option<String>,
}

/// Who e-mail comes from: `Birds <birds@example.org>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The name beside the address.
    pub name: Option<String>,
    /// The address.
    pub address: String,
}

/// How the way to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailSecurity {
    /// Encrypted from the first byte.
    Tls,
    /// Encrypted once both sides have said so; nothing is sent before.
    StartTls,
    /// Not at all: for a server on this machine.
    None,
}

/// A name and its password.
#[derive(Clone, Debug, PartialEq)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// How a project's badges are shown to everybody: `[badges]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadgePages {
    /// Who awards them.
    pub issuer: String,
    /// The issuer's own page.
    pub url: Url,
    /// Where whoever checks a badge can ask.
    pub email: String,
}

/// A folder that plugins may be granted: `[folders]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Its name in the project: lower-case letters, digits and hyphens.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// The line of the file where it stands, from 1.
    pub line: usize,
}

/// Whom a plugin may write to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MayWriteTo {
    /// Whoever gave an answer, at the address the platform has.
    Workers,
    /// This address. Compared without regard to case.
    Address(String),
    /// All addresses of a domain: `*@example.org`.
    Domain(String),
}

/// A plugin of a project.
#[derive(Clone, Debug)]
pub struct Plugin {
    /// Its name in the project.
    pub name: PluginName,
    /// The component that it runs.
    pub component: ComponentName,
    /// A JSON object as text; `{}` when the file sets none.
    pub settings: String,
    /// What it may ask for: `results`, `events` …
    pub allow: Vec<String>,
    /// The connections that it may use with `http.fetch` and `http.send`.
    pub connections: Vec<String>,
    /// The folders that it may write into.
    pub folders: Vec<String>,
    /// The other projects that it may create tasks in.
    pub projects: Vec<ProjectName>,
    /// Whom it may write to; none for anybody.
    pub recipients: Option<Vec<MayWriteTo>>,
    /// Narrows down the kinds of event that it hears; patterns as in `describe().handles`. None for all that it wants.
    pub on: Option<Vec<String>>,
    /// Hears emitted events of these plugins only. None for all. Events from outside are heard in any case.
    pub from: Option<Vec<PluginName>>,
    /// Limits of one call.
    pub limits: GuestLimits,
    /// The line of the file where it begins, from 1.
    pub line: usize,
    /// The lines of the file where settings stand: JSON Pointer to line.
    pub setting_lines: Vec<(String, usize)>,
}

impl Plugin {
    /// Whether this plugin's `on` and `from` let an event through.
    #[must_use]
    pub fn hears(&self, kind: &EventKind, emitted_by: Option<&PluginName>) -> bool {
        let by_kind = self.on.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| kind.fits(pattern)));
        let by_sender = match (emitted_by, &self.from) {
            (Some(sender), _) if *sender == self.name => false,
            (Some(sender), Some(from)) => from.contains(sender),
            _ => true,
        };
        by_kind && by_sender
    }
}
