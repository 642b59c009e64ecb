//! The next version of `counts`, under the same name: it also counts what was counted by it.
#![cfg(target_arch = "wasm32")]

use crowdhook_guests::host::state;
use crowdhook_guests::{Event, Failure, Misbehaves};

struct Counts;

impl Misbehaves for Counts {
    const NAME: &str = "counts";
    const VERSION: &str = "2.0.0";

    fn handle(event: &Event, _settings: &str) -> Result<(), Failure> {
        state::increment("v2", 1)?;
        state::increment("count", 1)?;
        if let Some(task) = &event.task_id {
            state::increment(&format!("task/{task}"), 1)?;
        }
        Ok(())
    }
}

crowdhook_guests::guest!(Counts);
