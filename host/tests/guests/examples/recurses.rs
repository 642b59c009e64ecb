//! Answers each event with another one, for ever: two of it in one project run into the limit of depth.
#![cfg(target_arch = "wasm32")]

use crowdhook_guests::host::events;
use crowdhook_guests::{Event, Failure, Misbehaves};

struct Recurses;

impl Misbehaves for Recurses {
    const NAME: &str = "recurses";
    const HANDLES: &[&str] = &["task.*", "echo.*", "loop.*"];
    const NEEDS: &[&str] = &["events"];

    fn handle(event: &Event, _settings: &str) -> Result<(), Failure> {
        let kind = if event.kind.starts_with("task.") { "loop.turned" } else { &event.kind };
        events::emit(kind, None, &event.payload, None)
    }
}

crowdhook_guests::guest!(Recurses);
