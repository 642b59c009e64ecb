//! Mail servers: one conversation a mail, a few at a time, and none with a server that is down. The only file that speaks SMTP.
//!
//! The server's words are shown to people, but for the addresses and the password in them.

use std::collections::HashMap;
use std::error::Error as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use lettre::address::Envelope;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use tokio::sync::Semaphore;

use super::breaker::{Breaker, State};
use super::egress;
use super::hidden::Hidden;
use super::trust;
use crate::clock::Clock;
use crate::config::{MailSecurity, MailServer};

/// Conversations with one server at a time: many allow no more than ten from one address.
const AT_ONCE: usize = 4;
/// A mail waits here for its turn no longer than this.
const TURN_WAIT_MAX: Duration = Duration::from_secs(2);
/// Told to whom found all places taken.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// Until the server has taken the connection.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// The mail is delivered by then, so a server that is slow to say goodbye is left.
const GOODBYE_MAX: Duration = Duration::from_secs(1);
/// Beyond so many servers, those that nobody is talking to are forgotten.
const SERVERS_MAX: usize = 256;
/// Of a server's own words, people are shown so many characters.
const QUOTED_CHARS_MAX: usize = 300;

/// Why a server has not taken a mail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// Not now: unreachable, busy, or it says so. It may have taken the mail all the same, when its last word was lost.
    #[error("{why}")]
    Later {
        /// How long the server is left alone: nothing was sent. None when something may have been.
        after: Option<Duration>,
        /// What happened, for people.
        why: String,
    },
    /// Not before somebody has changed the settings: a password, a certificate, a port.
    #[error("{why}")]
    Unmended {
        /// What to change, for people.
        why: String,
    },
    /// Never: it refuses this mail.
    #[error("{why}")]
    Refused {
        /// What it said, for people.
        why: String,
    },
}

/// A mail as it leaves.
#[derive(Debug)]
pub struct Letter<'a> {
    /// Who it is from and who gets it.
    pub envelope: &'a Envelope,
    /// Headers and body.
    pub text: &'a [u8],
}

/// All mail servers of the host. Two projects with one server share their places there and what is known of it.
#[derive(Debug)]
pub struct MailServers {
    clock: Clock,
    known: Mutex<HashMap<(String, u16), Arc<Known>>>,
}

#[derive(Debug)]
struct Known {
    places: Semaphore,
    breaker: Mutex<Breaker>,
}

impl MailServers {
    /// None is known yet.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { clock, known: Mutex::default() }
    }

    /// How `server` is now. One that was never talked to counts as up.
    #[must_use]
    pub fn state(&self, server: &MailServer) -> State {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get(&(server.host.clone(), server.port));
        known.map_or(State::Closed, |known| known.breaker.lock().unwrap_or_else(PoisonError::into_inner).state(self.clock.now()))
    }

    /// Hands one mail to `server`, which has `timeout` for all of it, and gives its last word.
    ///
    /// # Errors
    ///
    /// Why the server has not taken it, as far as is known.
    pub async fn send(&self, server: &MailServer, timeout: Duration, letter: Letter<'_>) -> Result<String, MailError> {
        let known = self.known(server);
        let name = format!("{}:{}", server.host, server.port);
        let not_tried = |after: Duration, why: String| MailError::Later { after: Some(after), why };
        let place = tokio::time::timeout(TURN_WAIT_MAX, known.places.acquire()).await;
        let Ok(Ok(_place)) = place else {
            return Err(not_tried(BUSY_WAIT, format!("as many mails to `{name}` as may be at a time are under way")));
        };
        let now = self.clock.now();
        let pass = {
            let mut breaker = known.breaker.lock().unwrap_or_else(PoisonError::into_inner);
            let look = breaker.look(now);
            look.map_err(|wait| not_tried(wait, format!("`{name}` was down a moment ago and is left alone until it is tried again")))?;
            breaker.begin(now)
        };
        let told = tokio::time::timeout(timeout, converse(server, letter)).await;
        let told = told.unwrap_or_else(|_| {
            Err(FailureKind::BrokenOff.because(format!("had not said within {} s that it has the mail", timeout.as_secs_f32())))
        });
        let mut breaker = known.breaker.lock().unwrap_or_else(PoisonError::into_inner);
        let Failure { kind, why } = match told {
            Ok(word) => {
                breaker.succeeded(pass);
                return Ok(word);
            }
            Err(failure) => failure,
        };
        let left_alone = match kind {
            FailureKind::Down | FailureKind::BrokenOff => breaker.failed(pass, self.clock.now()),
            FailureKind::Later | FailureKind::Unmended | FailureKind::Refused => {
                breaker.succeeded(pass);
                None
            }
        };
        let why = format!("`{name}` {why}");
        Err(match kind {
            FailureKind::Down => MailError::Later { after: left_alone, why },
            // It may have had its effect, so it counts: people would get it again and again.
            FailureKind::BrokenOff | FailureKind::Later => MailError::Later { after: None, why },
            FailureKind::Unmended => MailError::Unmended { why },
            FailureKind::Refused => MailError::Refused { why },
        })
    }

    fn known(&self, server: &MailServer) -> Arc<Known> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= SERVERS_MAX {
            known.retain(|_, server| Arc::strong_count(server) > 1);
        }
        let new = || Arc::new(Known { places: Semaphore::new(AT_ONCE), breaker: Mutex::default() });
        Arc::clone(known.entry((server.host.clone(), server.port)).or_insert_with(new))
    }
}

/// Why a conversation came to nothing, and the rest of a sentence that begins with the server's name.
#[derive(Debug, PartialEq, Eq)]
struct Failure {
    kind: FailureKind,
    why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FailureKind {
    /// It cannot be reached, or is closing: the mail was not begun.
    Down,
    /// It broke off, or took too long, and may have the mail.
    BrokenOff,
    Later,
    Unmended,
    Refused,
}

impl FailureKind {
    fn because(self, why: impl Into<String>) -> Failure {
        Failure { kind: self, why: why.into() }
    }
}

/// How far a conversation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Greeting,
    Encryption,
    Login,
    Mail,
}

async fn converse(server: &MailServer, letter: Letter<'_>) -> Result<String, Failure> {
    let addresses = resolve(&server.host, server.port).await?;
    let hello = ClientId::Domain(letter.envelope.from().map_or_else(|| "localhost".to_owned(), |from| from.domain().to_owned()));
    let hidden = &hidden(server);
    let at = |step: Step| move |error: SmtpError| judge(step, &error, hidden);
    let around = if server.security == MailSecurity::Tls { Some(encryption(server)?) } else { None };
    let connected = AsyncSmtpConnection::connect_tokio1(&addresses[..], Some(CONNECT_MAX), &hello, around, None);
    let mut connection = connected.await.map_err(at(Step::Greeting))?;
    if server.security == MailSecurity::StartTls {
        if !connection.can_starttls() {
            return Err(FailureKind::Unmended
                .because("offers no STARTTLS: set `security = \"tls\"` with the port for it, or ask who runs the server"));
        }
        connection.starttls(encryption(server)?, &hello).await.map_err(at(Step::Encryption))?;
    }
    if let Some(login) = &server.login {
        let credentials = Credentials::new(login.user.clone(), login.password.reveal().to_owned());
        connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await.map_err(at(Step::Login))?;
    }
    let word = connection.send(letter.envelope, letter.text).await.map_err(at(Step::Mail))?;
    tokio::time::timeout(GOODBYE_MAX, connection.quit()).await.ok();
    let said = word.message().collect::<Vec<_>>().join(" ");
    Ok(format!("{} {}", word.code(), quoted(&said, hidden)).trim_end().to_owned())
}

/// Where the server is, as far as the host may connect there.
async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    if let Ok(address) = host.parse::<IpAddr>() {
        egress::check(address).map_err(|what| FailureKind::Unmended.because(format!("is {what}, where this host does not connect")))?;
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let found =
        tokio::net::lookup_host((host, port)).await.map_err(|error| FailureKind::Down.because(format!("is not to be found: {error}")))?;
    egress::admit(found).map_err(|forbidden| FailureKind::Unmended.because(format!("is not to be used: {forbidden}")))
}

fn encryption(server: &MailServer) -> Result<TlsParameters, Failure> {
    let unusable = |error: SmtpError| FailureKind::Unmended.because(format!("cannot be encrypted with: {error}"));
    let mut parameters = TlsParameters::builder(server.host.clone());
    if let Some(pem) = &server.ca {
        parameters = parameters.add_root_certificate(Certificate::from_pem(pem.as_bytes()).map_err(unusable)?);
    }
    parameters.build_rustls().map_err(unusable)
}

/// What is to become of a mail whose conversation ended at this step.
fn judge(step: Step, error: &SmtpError, hidden: &Hidden) -> Failure {
    let Some(code) = error.status().map(u16::from) else { return judge_silence(step, error, hidden) };
    let said = error.source().map(ToString::to_string).unwrap_or_default();
    let said = format!("{code} {}", quoted(&said, hidden));
    let said = said.trim_end();
    match (step, code) {
        // It is closing down.
        (_, 421) => FailureKind::Down.because(format!("answered `{said}`")),
        (Step::Greeting, 500..) => FailureKind::Unmended.because(format!("takes no mails from this machine: it answered `{said}`")),
        (Step::Login, 500..) => {
            FailureKind::Unmended.because(format!("does not take name and password: it answered `{said}`; set `user` and `password`"))
        }
        // Authentication or encryption is required, or too weak.
        (Step::Mail, 530 | 534 | 538) => FailureKind::Unmended
            .because(format!("wants more than it is given: it answered `{said}`; look at `user`, `password` and `security`")),
        (_, 500..) => FailureKind::Refused.because(format!("answered `{said}`")),
        _ => FailureKind::Later.because(format!("answered `{said}`")),
    }
}

/// The same where the server gave no answer.
fn judge_silence(step: Step, error: &SmtpError, hidden: &Hidden) -> Failure {
    if let Some(why) = trust::broken_by(error) {
        return FailureKind::Unmended.because(format!(
            "cannot be talked to in secret: {why}; look at `host`, `port` and `security`, or name its authority in `ca_file`"
        ));
    }
    if error.is_client() && step == Step::Login {
        return FailureKind::Unmended
            .because("asks for no name and password, or in no way that this host knows (PLAIN, LOGIN): take `user` and `password` out");
    }
    if error.is_client() {
        return FailureKind::Refused.because(format!("cannot take this mail: {}", quoted(&error.to_string(), hidden)));
    }
    let (kind, when) = match step {
        Step::Greeting => (FailureKind::Down, "could not be reached"),
        Step::Encryption => (FailureKind::Down, "broke off when the conversation was to be encrypted"),
        Step::Login => (FailureKind::Down, "broke off when it was given name and password"),
        Step::Mail => (FailureKind::BrokenOff, "broke off before it said that it has the mail"),
    };
    kind.because(format!("{when}: {}", quoted(&error.to_string(), hidden)))
}

/// What a server may repeat of what it was told to log in.
fn hidden(server: &MailServer) -> Hidden {
    Hidden::of(server.login.iter().flat_map(|login| {
        let password = login.password.reveal();
        let plain = base64::engine::general_purpose::STANDARD.encode(format!("\0{}\0{password}", login.user));
        [password.to_owned(), plain]
    }))
}

/// What a server said, without the password and the addresses of people: refusals repeat them.
fn quoted(said: &str, hidden: &Hidden) -> String {
    let said = hidden.taken_out_of_text(said);
    let plain = said.split_whitespace().map(|word| if word.contains('@') { "<…>" } else { word }).collect::<Vec<_>>().join(" ");
    plain.chars().filter(|letter| !letter.is_control()).take(QUOTED_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests;
