//! Everything that happens on commit: `results` and `events`, and those that this host does not do yet, which fail with
//! `not-granted` so that a plugin can go on without.

use super::super::bindings::crowdhook::plugin::{badges, email, events, files, http, results, tasks};
use super::super::guest::{Derived, Guest, Handling};
use super::{Failure, check_json};
use crate::effect::Effect;
use crate::event::EventKind;

const RESULT_BYTES_MAX: usize = 256 << 10;
const PAYLOAD_BYTES_MAX: usize = 256 << 10;
const ONCE_BYTES_MAX: usize = 200;
/// How many emitted events may lie between an event and the one from outside.
const DEPTH_MAX: u8 = 8;
/// How many events one from outside may lead to. Calls side by side may go beyond it by what each of them emits.
const DERIVED_MAX: usize = 1000;

impl Handling {
    /// Makes room for one more effect of `bytes` bytes, if there is any.
    fn note_down(&mut self, limits: crate::config::GuestLimits, bytes: usize) -> Result<(), Failure> {
        if self.asked.effects.len() + self.asked.events.len() >= limits.effects {
            return Err(Failure::OverLimit(format!("one call may ask for {} effects", limits.effects)));
        }
        if self.asked.bytes + bytes > limits.effects_bytes {
            return Err(Failure::OverLimit(format!("the effects of one call may have {} bytes together", limits.effects_bytes)));
        }
        self.asked.bytes += bytes;
        Ok(())
    }
}

fn check_once(once: Option<&String>) -> Result<(), Failure> {
    match once {
        Some(key) if !(1..=ONCE_BYTES_MAX).contains(&key.len()) => {
            Err(Failure::Invalid(format!("a once key has 1 to {ONCE_BYTES_MAX} bytes, this one has {}", key.len())))
        }
        _ => Ok(()),
    }
}

impl results::Host for Guest {
    fn save(&mut self, task_id: String, info: String) -> Result<(), Failure> {
        let limits = self.limits;
        let handling = self.handling()?;
        handling.granted("results")?;
        if task_id.is_empty() || task_id.len() > 200 {
            return Err(Failure::Invalid("`task-id` is no id of a task".into()));
        }
        check_json("`info`", &info, RESULT_BYTES_MAX)?;
        handling.note_down(limits, info.len())?;
        let snapshot = handling.reads.snapshot().filter(|snapshot| snapshot.task.id == task_id);
        let result = snapshot.and_then(|snapshot| snapshot.result.as_ref()).map(|row| row.id.clone());
        handling.asked.effects.push((Effect::SaveResult { task: task_id, result, info }, None));
        Ok(())
    }
}

impl events::Host for Guest {
    fn emit(&mut self, kind: String, task_id: Option<String>, payload: String, once: Option<String>) -> Result<(), Failure> {
        let limits = self.limits;
        let handling = self.handling()?;
        handling.granted("events")?;
        let kind: EventKind = kind.parse().map_err(Failure::Invalid)?;
        if kind.is_reserved() {
            return Err(Failure::Invalid(format!("only the host makes events of the kind `{kind}`")));
        }
        check_json("`payload`", &payload, PAYLOAD_BYTES_MAX)?;
        if !payload.trim_start().starts_with('{') {
            return Err(Failure::Invalid("`payload` is not a JSON object".into()));
        }
        check_once(once.as_ref())?;
        if handling.event.depth >= DEPTH_MAX {
            return Err(Failure::OverLimit(format!("an event may be emitted because of an emitted event only {DEPTH_MAX} deep")));
        }
        if handling.derived + handling.asked.events.len() >= DERIVED_MAX {
            return Err(Failure::OverLimit(format!("one event from outside may lead to {DERIVED_MAX} events")));
        }
        handling.note_down(limits, payload.len())?;
        handling.asked.events.push(Derived { kind, task: task_id, payload, once });
        Ok(())
    }
}

impl Guest {
    fn not_yet(&mut self, effect: &str) -> Result<(), Failure> {
        self.handling()?.granted(effect)?;
        Err(Failure::NotGranted(format!("this host does not do `{effect}` yet")))
    }
}

impl tasks::Host for Guest {
    fn create(&mut self, _task: tasks::NewTask, _once: Option<String>) -> Result<(), Failure> {
        self.not_yet("tasks")
    }

    fn raise_redundancy(&mut self, _task_id: String, _redundancy: u32) -> Result<(), Failure> {
        self.not_yet("tasks")
    }
}

impl email::Host for Guest {
    fn send(&mut self, _message: email::Message, _once: Option<String>) -> Result<(), Failure> {
        self.not_yet("email")
    }
}

impl files::Host for Guest {
    fn write(&mut self, _folder: String, _path: String, _content: Vec<u8>) -> Result<(), Failure> {
        self.not_yet("files")
    }

    fn append(&mut self, _f: String, _path: String, _text: String, _header: Option<String>, _once: Option<String>) -> Result<(), Failure> {
        self.not_yet("files")
    }
}

impl badges::Host for Guest {
    fn award(&mut self, _worker: String, _badge: badges::Badge) -> Result<(), Failure> {
        self.not_yet("badges")
    }

    fn revoke(&mut self, _worker: String, _badge_id: String, _reason: String) -> Result<(), Failure> {
        self.not_yet("badges")
    }
}

impl http::Host for Guest {
    async fn fetch(&mut self, _connection: String, _path: String, _headers: Vec<http::Header>) -> Result<http::Response, Failure> {
        Err(self.not_yet("http.fetch").err().unwrap_or_else(|| Failure::NotGranted(String::new())))
    }

    fn send(&mut self, _connection: String, _request: http::Request, _once: Option<String>) -> Result<(), Failure> {
        self.not_yet("http.send")
    }
}
