//! Between the host and the rest of the plugin: events and answers in, results and events out.

use crowdhook_plugin::bindings::crowdhook::plugin::{crowd, events, log, results, state};
use crowdhook_plugin::bindings::{Description, Event, Failure, Guest, Problem};
use crowdhook_plugin::host;

use crate::ballot::Answer;
use crate::run;
use crate::settings::{self, Settings};

/// How many answers to one task are counted at most. Beyond the host's 1000 they are read page by page, and 64 MiB have
/// to hold all of them.
const ANSWERS_MAX: usize = 5000;

struct MajorityVote;

impl Guest for MajorityVote {
    fn describe() -> Description {
        Description {
            name: "majority-vote".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            summary: "Makes a task's answer out of the answers that people gave.".to_owned(),
            handles: vec!["task.completed".to_owned(), "task.answered".to_owned()],
            needs: vec!["results".to_owned(), "events".to_owned()],
            settings_schema: settings::SCHEMA.to_owned(),
            extra: "{}".to_owned(),
        }
    }

    fn check_settings(settings: String) -> Vec<Problem> {
        host::problems(settings::check(&settings))
    }

    fn handle(event: Event, settings: String) -> Result<(), Failure> {
        let settings = settings::parse(&settings).map_err(|error| Failure::Reject(format!("settings: {error}")))?;
        match event.kind.as_str() {
            "task.completed" => {}
            "task.answered" if settings.on_answered => {}
            _ => return Ok(()),
        }
        let Some(task_id) = event.task_id else {
            return Err(Failure::Reject(format!("a `{}` about no task", event.kind)));
        };
        let task = crowd::event_task()?;
        if task.gold && settings.skip_gold {
            host::note(log::Level::Debug, "A test question is left alone", &task_id);
            return Ok(());
        }
        warn_of_unreachable(&settings, task.redundancy, &task_id);
        vote(&task_id, &settings)
    }
}

fn vote(task_id: &str, settings: &Settings) -> Result<(), Failure> {
    let answers = host::answers(task_id, ANSWERS_MAX, read)?;
    let key = run::state_key(task_id);
    let last = state::get(&key)?;
    let todo = run::run(&answers, settings, last.as_deref()).map_err(|error| Failure::Reject(format!("task `{task_id}`: {error}")))?;
    results::save(task_id, &todo.save)?;
    if let Some(tell) = todo.tell {
        state::set(&key, &tell.remember)?;
        // No once-key: a verdict that comes back to what it was before is news again.
        events::emit("task.analysed", None, &tell.payload, None)?;
    }
    Ok(())
}

fn read(answer: crowd::Answer) -> Answer {
    Answer {
        id: answer.id,
        worker: answer.worker,
        value: serde_json::from_str(&answer.value).ok(),
        trust: answer.trust,
        set_aside: answer.set_aside,
    }
}

/// Says when a setting asks for more answers than the task will ever have.
fn warn_of_unreachable(settings: &Settings, redundancy: u32, task_id: &str) {
    let wanted = settings.rules.quorum.max(settings.rules.minimum_answers);
    if u32::try_from(wanted).is_ok_and(|wanted| wanted > redundancy) {
        let message =
            format!("The settings want {wanted} answers, and the platform collects {redundancy} to this task: it may never be decided");
        host::note(log::Level::Warn, &message, task_id);
    }
}

crowdhook_plugin::plugin!(MajorityVote);
