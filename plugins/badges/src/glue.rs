//! Between the host and the rest of the plugin: analyses and answers in, badges out.

use crowdhook_plugin::bindings::crowdhook::plugin::{badges, crowd, log, state};
use crowdhook_plugin::bindings::{Description, Event, Failure, Guest, Problem};
use crowdhook_plugin::host;
use serde_json::Value;

use crate::outcome::{self, Analysis, Answer, Moment};
use crate::run::{self, Room, World};
use crate::settings::{self, Badge, Right};

/// How many answers to one task are looked at at most. Beyond the host's 1000 they are read page by page, and 64 MiB have
/// to hold all of them.
const ANSWERS_MAX: usize = 5000;

struct Badges;

impl Guest for Badges {
    fn describe() -> Description {
        Description {
            name: "badges".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            summary: "Awards badges to those who answered well.".to_owned(),
            handles: vec!["task.analysed".to_owned()],
            needs: vec!["badges".to_owned()],
            settings_schema: settings::SCHEMA.to_owned(),
            extra: "{}".to_owned(),
        }
    }

    fn check_settings(settings: String) -> Vec<Problem> {
        host::problems(settings::check(&settings))
    }

    fn handle(event: Event, settings: String) -> Result<(), Failure> {
        let settings = settings::parse(&settings).map_err(|error| Failure::Reject(format!("settings: {error}")))?;
        let Some(task_id) = event.task_id else {
            return Err(Failure::Reject(format!("a `{}` about no task", event.kind)));
        };
        let analysis: Analysis = serde_json::from_str(&event.payload).map_err(|error| {
            Failure::Reject(format!("task `{task_id}`: its analysis is not of the shape in `analysis.schema.json`: {error}"))
        })?;
        let gold = if settings.right == Right::Decided { None } else { gold_answer()? };
        let judged = outcome::judge(&analysis, &host::answers(&task_id, ANSWERS_MAX, read)?, gold.as_ref(), settings.right);
        if judged.unknown > 0 {
            let message = format!("{} answers were left out of the analysis and have a value that it says nothing of", judged.unknown);
            host::note(log::Level::Warn, &message, &task_id);
        }
        run::take_in(&mut Host { task_id: &task_id, full: false }, &settings, &task_id, analysis.revision, &judged.outcomes)
    }
}

/// The right answer, where the task is a test question and the platform tells it.
fn gold_answer() -> Result<Option<Value>, Failure> {
    let task = crowd::event_task()?;
    Ok(task.gold_answer.filter(|_| task.gold).and_then(|answer| serde_json::from_str(&answer).ok()))
}

fn read(answer: crowd::Answer) -> Answer {
    Answer {
        id: answer.id,
        worker: answer.worker,
        value: serde_json::from_str(&answer.value).ok(),
        at: answer.submitted_at.as_deref().and_then(Moment::parse),
        set_aside: answer.set_aside,
    }
}

struct Host<'a> {
    task_id: &'a str,
    /// Whether the effects of this call have reached their limit.
    full: bool,
}

impl World for Host<'_> {
    type Failure = Failure;

    fn get(&mut self, key: &str) -> Result<Option<String>, Failure> {
        state::get(key)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), Failure> {
        state::set(key, value)
    }

    fn remove(&mut self, key: &str) -> Result<(), Failure> {
        state::remove(key)
    }

    fn keys(&mut self, prefix: &str, limit: u32) -> Result<Vec<String>, Failure> {
        Ok(state::scan(prefix, None, limit)?.into_iter().map(|entry| entry.key).collect())
    }

    fn award(&mut self, worker: &str, badge: &Badge, evidence: &str) -> Result<Room, Failure> {
        let badge = badges::Badge {
            id: badge.id.clone(),
            title: badge.title.clone(),
            description: badge.description.clone(),
            image_url: badge.image_url.clone(),
            evidence: evidence.to_owned(),
        };
        self.ask(|| badges::award(worker, &badge))
    }

    fn revoke(&mut self, worker: &str, badge: &Badge) -> Result<Room, Failure> {
        self.ask(|| badges::revoke(worker, &badge.id, "a later analysis says otherwise"))
    }

    fn reject(words: String) -> Failure {
        Failure::Reject(words)
    }
}

impl Host<'_> {
    /// Asks for an effect, unless the host has refused one for want of room before.
    fn ask(&mut self, effect: impl FnOnce() -> Result<(), Failure>) -> Result<Room, Failure> {
        if self.full {
            return Ok(Room::None);
        }
        match effect() {
            Ok(()) => Ok(Room::Enough),
            Err(Failure::OverLimit(_)) => {
                self.full = true;
                host::note(
                    log::Level::Warn,
                    "More badges are due than one call may award: the rest follow with the next tasks",
                    self.task_id,
                );
                Ok(Room::None)
            }
            Err(failure) => Err(failure),
        }
    }
}

crowdhook_plugin::plugin!(Badges);
