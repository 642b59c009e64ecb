//! Between the host and the rest of the plugin: analyses in, tasks and wishes for more answers out.

use crowdhook_plugin::bindings::crowdhook::plugin::{log, state, tasks};
use crowdhook_plugin::bindings::{Description, Event, Failure, Guest, Problem};
use crowdhook_plugin::host;
use crowdhook_texts::{Facts, sandbox};

use crate::more;
use crate::settings::{self, More, Spawn};
use crate::spawn;

struct SpawnTask;

impl Guest for SpawnTask {
    fn describe() -> Description {
        Description {
            name: "spawn-task".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            summary: "Creates follow-up tasks in other projects, and asks for more answers to undecided ones.".to_owned(),
            handles: vec![settings::KIND.to_owned()],
            needs: vec!["tasks".to_owned()],
            settings_schema: settings::SCHEMA.to_owned(),
            extra: "{}".to_owned(),
        }
    }

    fn check_settings(settings: String) -> Vec<Problem> {
        host::problems(settings::check(&settings))
    }

    fn handle(event: Event, settings: String) -> Result<(), Failure> {
        if event.kind != settings::KIND {
            return Ok(());
        }
        let settings = settings::parse(&settings).map_err(host::unfit)?;
        let Some(task) = &event.task_id else {
            return Err(Failure::Reject(format!("a `{}` about no task", event.kind)));
        };
        if !settings.acts_on(&event.origin) {
            host::note(log::Level::Debug, &format!("Nothing is done on `{}`", event.origin), task);
            return Ok(());
        }
        let facts = sandbox::facts(&event, settings.uses())?;
        if let Some(settings) = &settings.more {
            ask_for_more(settings, &facts, task)?;
        }
        if let Some(settings) = &settings.spawn {
            create(settings, &facts, task)?;
        }
        Ok(())
    }
}

fn ask_for_more(settings: &More, facts: &Facts, task: &str) -> Result<(), Failure> {
    match more::more(settings, facts).map_err(Failure::Reject)? {
        more::Outcome::Nothing => Ok(()),
        more::Outcome::AtCap => {
            host::note(log::Level::Info, "The task has as many answers as may be asked for", task);
            Ok(())
        }
        more::Outcome::Raise(redundancy) => tasks::raise_redundancy(task, redundancy),
    }
}

fn create(settings: &Spawn, facts: &Facts, task: &str) -> Result<(), Failure> {
    let info = match spawn::spawn(settings, facts).map_err(Failure::Reject)? {
        spawn::Outcome::Nothing => return Ok(()),
        spawn::Outcome::TooDeep => {
            host::note(log::Level::Info, "The task is the last of a chain of spawned ones, and leads to no other", task);
            return Ok(());
        }
        spawn::Outcome::Task(info) => info,
    };
    let counted = spawn::counted_key(task);
    if state::get(&counted)?.is_none() {
        let event = &facts.event;
        let day = spawn::day_key(&event.occurred_at);
        let count = spawn::count(state::get(&day)?.as_deref(), settings, &event.occurred_at, event.origin == "replay");
        state::set(&day, &count.map_err(Failure::Reject)?)?;
        state::set(&counted, "")?;
    }
    let new = tasks::NewTask {
        project: Some(settings.project.clone()),
        info,
        redundancy: settings.redundancy,
        priority: settings.priority,
        extra: "{}".to_owned(),
    };
    // Asked for even when it was counted before: the host knows whether it was done, or was refused for good.
    tasks::create(&new, Some(&spawn::once(task)))
}

crowdhook_plugin::plugin!(SpawnTask);
