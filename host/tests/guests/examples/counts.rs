//! Counts the events and those of each task, and does nothing else: what is counted twice or not at all shows.
#![cfg(target_arch = "wasm32")]

use crowdhook_guests::host::state;
use crowdhook_guests::{Event, Failure, Misbehaves};

struct Counts;

impl Misbehaves for Counts {
    const NAME: &str = "counts";

    fn handle(event: &Event, _settings: &str) -> Result<(), Failure> {
        state::increment("count", 1)?;
        if let Some(task) = &event.task_id {
            state::increment(&format!("task/{task}"), 1)?;
        }
        Ok(())
    }
}

crowdhook_guests::guest!(Counts);
