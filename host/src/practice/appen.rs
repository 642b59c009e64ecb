//! A practice Appen: composes signed form posts, sends them, and repeats them as Appen does.
//!
//! No byte-exact post of the real platform is public; the shapes follow public examples and
//! its help article. Of its API the calls are there that the article names; see [`Appen::listen`].

mod api;
mod post;
mod unit;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use url::Url;

pub use api::Listening;
pub use post::{Attempt, Failure, Posting, compose, sign, waits};
pub use unit::{Job, Judgment, Unit};

use crate::clock::Clock;

/// What a post is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// A unit has all the judgments it needs.
    UnitComplete,
    /// Judgments were submitted.
    NewJudgments,
    /// Uploaded data is processed.
    JobDataProcessed,
    /// All judgments of the job are there.
    JobComplete,
    /// One of those that the platform announces for some day.
    Other(String),
}

impl Signal {
    /// As the form's field `signal` says it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::UnitComplete => "unit_complete",
            Self::NewJudgments => "new_judgments",
            Self::JobDataProcessed => "job_data_processed",
            Self::JobComplete => "job_complete",
            Self::Other(name) => name,
        }
    }
}

/// Where the signature stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignatureIn {
    /// In the form's field `signature`.
    #[default]
    Form,
    /// In the header `X-Signature`.
    Header,
    /// In both.
    Both,
    /// Nowhere.
    Nowhere,
}

/// How a practice Appen posts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The secret behind the signatures.
    pub token: String,
    /// Where the signature stands.
    pub signature_in: SignatureIn,
    /// Waits between attempts are multiplied by this: 1 is the platform's own pace, 165
    /// minutes in all; 0 does not wait.
    pub wait_scale: f64,
    /// How long an answer may take: five seconds on the real platform.
    pub answer_timeout: Duration,
    /// The time that units bear.
    pub clock: Clock,
    /// The key for API calls.
    pub api_key: String,
}

impl Settings {
    /// The platform's own rules, with this token.
    #[must_use]
    pub fn new(token: &str) -> Self {
        Self {
            token: token.to_owned(),
            signature_in: SignatureIn::default(),
            wait_scale: 1.0,
            answer_timeout: Duration::from_secs(5),
            clock: Clock::default(),
            api_key: "practice-appen-key".to_owned(),
        }
    }
}

/// A practice Appen with one job.
#[derive(Debug)]
pub struct Appen {
    settings: Settings,
    webhook_uri: Mutex<Option<Url>>,
    job: Mutex<Job>,
}

impl Appen {
    /// A platform with `job`, which posts to nobody yet.
    #[must_use]
    pub fn new(settings: Settings, job: Job) -> Self {
        Self { settings, webhook_uri: Mutex::new(None), job: Mutex::new(job) }
    }

    /// Sets where signals are posted. A name and password in it become basic authentication.
    pub fn set_webhook(&self, uri: Url) {
        *self.webhook_uri.lock().unwrap_or_else(PoisonError::into_inner) = Some(uri);
    }

    /// Where signals are posted: nowhere once the platform has given up after 30 attempts.
    #[must_use]
    pub fn webhook(&self) -> Option<Url> {
        self.webhook_uri.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn job(&self) -> MutexGuard<'_, Job> {
        self.job.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ids of all units, test questions included.
    #[must_use]
    pub fn units(&self) -> Vec<i64> {
        self.job().units.iter().map(|unit| unit.id).collect()
    }

    /// A unit with its judgments and aggregates so far, as a payload has it.
    #[must_use]
    pub fn unit_payload(&self, unit: i64) -> Option<Value> {
        let now = self.settings.clock.now();
        let job = self.job();
        job.units.iter().find(|other| other.id == unit).map(|unit| job.unit_payload(unit, now))
    }

    /// The job as a payload has it. It carries a secret that no receiver may log.
    #[must_use]
    pub fn job_payload(&self) -> Value {
        self.job().payload()
    }

    /// Submits a judgment of a unit and posts what follows from it: `new_judgments` where the
    /// job sends them, `unit_complete` once enough judgments count. A unit that is not there
    /// posts nothing; neither does a test question.
    pub async fn judge(&self, unit: i64, judgment: Judgment) -> Vec<Posting> {
        let now = self.settings.clock.now();
        let due = self.job().judge(unit, judgment, now);
        let mut postings = Vec::new();
        for (signal, payload) in due {
            postings.push(self.post(&signal, &payload.to_string()).await);
        }
        postings
    }

    /// Submits the next judgment that the seed plans for a unit, if one is left.
    pub async fn judge_planned(&self, unit: i64) -> Option<Vec<Posting>> {
        let judgment = self.job().take_planned(unit)?;
        Some(self.judge(unit, judgment).await)
    }

    /// Posts all test questions with `unit_complete`: what the platform does only when its
    /// `golds/fire_webhooks` is called by hand.
    pub async fn fire_golds(&self) -> Vec<Posting> {
        let now = self.settings.clock.now();
        let golds: Vec<_> = {
            let job = self.job();
            job.units.iter().filter(|unit| unit.golden).map(|unit| job.unit_payload(unit, now)).collect()
        };
        let mut postings = Vec::new();
        for gold in golds {
            postings.push(self.post(&Signal::UnitComplete, &gold.to_string()).await);
        }
        postings
    }

    /// Posts that the job's data is processed.
    pub async fn data_processed(&self) -> Posting {
        self.post(&Signal::JobDataProcessed, &self.job_payload().to_string()).await
    }

    /// Posts that the job has all its judgments.
    pub async fn job_complete(&self) -> Posting {
        self.post(&Signal::JobComplete, &self.job_payload().to_string()).await
    }

    /// Posts any payload text under any signal, rightly signed, until it is delivered or the
    /// platform gives up; then the webhook is switched off.
    pub async fn post(&self, signal: &Signal, payload: &str) -> Posting {
        let Some(uri) = self.webhook() else {
            return Posting::nowhere(signal, payload);
        };
        let posting = post::deliver(&self.settings, &uri, signal, payload).await;
        if !posting.delivered {
            *self.webhook_uri.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        posting
    }
}
