//! Emits one `echo.heard` per event, with the payload that it got, and saves that payload as the result of the task.
#![cfg(target_arch = "wasm32")]

use crowdhook_guests::host::{events, results};
use crowdhook_guests::{Event, Failure, Misbehaves};

struct Echoes;

impl Misbehaves for Echoes {
    const NAME: &str = "echoes";
    const NEEDS: &[&str] = &["events", "results"];

    fn handle(event: &Event, _settings: &str) -> Result<(), Failure> {
        events::emit("echo.heard", None, &event.payload, None)?;
        match &event.task_id {
            Some(task) => results::save(task, &event.payload),
            None => Ok(()),
        }
    }
}

crowdhook_guests::guest!(Echoes);
