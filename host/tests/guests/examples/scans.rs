//! Notes down each task and counts the notes: a note that another call adds meanwhile is a conflict.
#![cfg(target_arch = "wasm32")]

use crowdhook_guests::host::state;
use crowdhook_guests::{Event, Failure, Misbehaves};

struct Scans;

impl Misbehaves for Scans {
    const NAME: &str = "scans";

    fn handle(event: &Event, _settings: &str) -> Result<(), Failure> {
        if let Some(task) = &event.task_id {
            state::set(&format!("seen/{task}"), &event.id)?;
        }
        let mut seen = 0_usize;
        let mut after = None;
        loop {
            let entries = state::scan("seen/", after.as_deref(), 100)?;
            let Some(last) = entries.last() else { break };
            seen += entries.len();
            after = Some(last.key.clone());
        }
        state::set("seen-in-all", &seen.to_string())
    }
}

crowdhook_guests::guest!(Scans);
