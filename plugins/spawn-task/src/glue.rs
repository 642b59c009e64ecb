//! Between the host and the rest of the plugin: analyses in, tasks and wishes for more answers out.

use crowdhook_plugin::log::{self, Level};
use crowdhook_plugin::{Event, Failure, Json, Plugin, Result, state, tasks};
use crowdhook_texts::Facts;

use crate::more;
use crate::settings::{self, More, Settings, Spawn};
use crate::spawn;

struct SpawnTask;

impl Plugin for SpawnTask {
    type Settings = Settings;
    const HANDLES: &[&str] = &[settings::KIND];
    const NEEDS: &[&str] = &["tasks"];

    fn handle(event: &Event, settings: &Settings) -> Result<()> {
        if event.kind != settings::KIND {
            return Ok(());
        }
        let task = event.task()?;
        if !settings.acts_on(event.origin) {
            log::write(Level::Debug, &format!("Nothing is done on `{}`", event.origin.as_str()), &[("task", task)]);
            return Ok(());
        }
        let facts = Facts::read(event, settings.uses())?;
        if let Some(settings) = &settings.more {
            ask_for_more(settings, &facts, task)?;
        }
        if let Some(settings) = &settings.spawn {
            create(settings, &facts, task)?;
        }
        Ok(())
    }
}

fn ask_for_more(settings: &More, facts: &Facts, task: &str) -> Result<()> {
    match more::more(settings, facts).map_err(Failure::Reject)? {
        more::Outcome::Nothing => Ok(()),
        more::Outcome::AtCap => {
            log::write(Level::Info, "The task has as many answers as may be asked for", &[("task", task)]);
            Ok(())
        }
        more::Outcome::Raise(redundancy) => tasks::raise_redundancy(task, redundancy),
    }
}

fn create(settings: &Spawn, facts: &Facts, task: &str) -> Result<()> {
    let info = match spawn::spawn(settings, facts).map_err(Failure::Reject)? {
        spawn::Outcome::Nothing => return Ok(()),
        spawn::Outcome::TooDeep => {
            log::write(Level::Info, "The task is the last of a chain of spawned ones, and leads to no other", &[("task", task)]);
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
        info: Json::from_text(info),
        redundancy: settings.redundancy,
        priority: settings.priority,
        ..tasks::NewTask::default()
    };
    // Asked for even when it was counted before: the host knows whether it was done, or was refused for good.
    tasks::create(new, Some(&spawn::once(task)))
}

crowdhook_plugin::plugin!(SpawnTask);

#[cfg(test)]
mod tests;
