//! Between the host and the rest of the plugin: events and answers in, results and events out.

use crowdhook_plugin::log::{self, Level};
use crowdhook_plugin::{Event, OrReject, Plugin, Result, crowd, events, results, state};

use crate::ballot::Answer;
use crate::run;
use crate::settings::Settings;

/// How many answers to one task are counted at most. Beyond the host's 1000 they are read page by page, and 64 MiB have
/// to hold all of them.
const ANSWERS_MAX: usize = 5000;

struct MajorityVote;

impl Plugin for MajorityVote {
    type Settings = Settings;
    const HANDLES: &[&str] = &["task.completed", "task.answered"];
    const NEEDS: &[&str] = &["results", "events"];

    fn handle(event: &Event, settings: &Settings) -> Result<()> {
        match event.kind.as_str() {
            "task.completed" => {}
            "task.answered" if settings.on_answered => {}
            _ => return Ok(()),
        }
        let task_id = event.task()?;
        let task = crowd::event_task()?;
        if task.gold && settings.skip_gold {
            log::write(Level::Debug, "A test question is left alone", &[("task", task_id)]);
            return Ok(());
        }
        warn_of_unreachable(settings, task.redundancy, task_id);
        vote(task_id, settings)
    }
}

fn vote(task_id: &str, settings: &Settings) -> Result<()> {
    let answers = crowd::event_answers_up_to(ANSWERS_MAX, task_id, read)?;
    let key = run::state_key(task_id);
    let last = state::get(&key)?;
    let todo = run::run(&answers, settings, last.as_deref()).or_reject(format_args!("task `{task_id}`"))?;
    results::save_text(task_id, todo.save)?;
    if let Some(tell) = todo.tell {
        state::set(&key, &tell.remember)?;
        // No once-key: a verdict that comes back to what it was before is news again.
        events::emit_text("task.analysed", None, tell.payload, None)?;
    }
    Ok(())
}

fn read(answer: crowd::Answer) -> Answer {
    Answer { id: answer.id, worker: answer.worker, value: answer.value.read().ok(), trust: answer.trust, set_aside: answer.set_aside }
}

/// Says when a setting asks for more answers than the task will ever have.
fn warn_of_unreachable(settings: &Settings, redundancy: u32, task_id: &str) {
    let wanted = settings.rules.quorum.max(settings.rules.minimum_answers);
    if u32::try_from(wanted).is_ok_and(|wanted| wanted > redundancy) {
        let message =
            format!("The settings want {wanted} answers, and the platform collects {redundancy} to this task: it may never be decided");
        log::write(Level::Warn, &message, &[("task", task_id)]);
    }
}

crowdhook_plugin::plugin!(MajorityVote);
