//! Between the host and the rest of the plugin: analyses and answers in, badges out.

use crowdhook_plugin::log::{self, Level};
use crowdhook_plugin::{Event, Failure, Json, OrReject, Plugin, Result, badges, crowd, state};
use serde_json::Value;

use crate::outcome::{self, Analysis, Answer, Moment};
use crate::run::{self, Room, World};
use crate::settings::{Badge, Right, Settings};

/// How many answers to one task are looked at at most. Beyond the host's 1000 they are read page by page, and 64 MiB have
/// to hold all of them.
const ANSWERS_MAX: usize = 5000;

struct Badges;

impl Plugin for Badges {
    type Settings = Settings;
    const HANDLES: &[&str] = &["task.analysed"];
    const NEEDS: &[&str] = &["badges"];

    fn handle(event: &Event, settings: &Settings) -> Result<()> {
        let task_id = event.task()?;
        let not_its_shape = format_args!("task `{task_id}`: its analysis is not of the shape in `analysis.schema.json`");
        let analysis: Analysis = event.payload.read().or_reject(not_its_shape)?;
        let gold = if settings.right == Right::Decided { None } else { gold_answer()? };
        let judged = outcome::judge(&analysis, &crowd::event_answers_up_to(ANSWERS_MAX, task_id, read)?, gold.as_ref(), settings.right);
        if judged.unknown > 0 {
            let message = format!("{} answers were left out of the analysis and have a value that it says nothing of", judged.unknown);
            log::write(Level::Warn, &message, &[("task", task_id)]);
        }
        run::take_in(&mut Host { task_id, full: false }, settings, task_id, analysis.revision, &judged.outcomes)
    }
}

/// The right answer, where the task is a test question and the platform tells it.
fn gold_answer() -> Result<Option<Value>> {
    let task = crowd::event_task()?;
    Ok(task.gold_answer.filter(|_| task.gold).and_then(|answer| answer.read().ok()))
}

fn read(answer: crowd::Answer) -> Answer {
    Answer {
        id: answer.id,
        worker: answer.worker,
        value: answer.value.read().ok(),
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

    fn get(&mut self, key: &str) -> Result<Option<String>> {
        state::get(key)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<()> {
        state::set(key, value)
    }

    fn remove(&mut self, key: &str) -> Result<()> {
        state::remove(key)
    }

    fn keys(&mut self, prefix: &str, limit: u32) -> Result<Vec<String>> {
        Ok(state::scan(prefix, None, limit)?.into_iter().map(|entry| entry.key).collect())
    }

    fn award(&mut self, worker: &str, badge: &Badge, evidence: &str) -> Result<Room> {
        let badge = badges::Badge {
            id: badge.id.clone(),
            title: badge.title.clone(),
            description: badge.description.clone(),
            image_url: badge.image_url.clone(),
            evidence: Json::from_text(evidence),
        };
        self.ask(|| badges::award(worker, badge))
    }

    fn revoke(&mut self, worker: &str, badge: &Badge) -> Result<Room> {
        self.ask(|| badges::revoke(worker, &badge.id, "a later analysis says otherwise"))
    }

    fn reject(words: String) -> Failure {
        Failure::Reject(words)
    }
}

impl Host<'_> {
    /// Asks for an effect, unless the host has refused one for want of room before.
    fn ask(&mut self, effect: impl FnOnce() -> Result<(), Failure>) -> Result<Room> {
        if self.full {
            return Ok(Room::None);
        }
        match effect() {
            Ok(()) => Ok(Room::Enough),
            Err(Failure::OverLimit(_)) => {
                self.full = true;
                let message = "More badges are due than one call may award: the rest follow with the next tasks";
                log::write(Level::Warn, message, &[("task", self.task_id)]);
                Ok(Room::None)
            }
            Err(failure) => Err(failure),
        }
    }
}

crowdhook_plugin::plugin!(Badges);
