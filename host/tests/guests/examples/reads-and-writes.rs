//! Counts by reading and writing, so that calls side by side are in conflict.
#![cfg(target_arch = "wasm32")]

use crowdhook_guests::host::state;
use crowdhook_guests::{Event, Failure, Misbehaves};

struct ReadsAndWrites;

impl Misbehaves for ReadsAndWrites {
    const NAME: &str = "reads-and-writes";

    fn handle(_event: &Event, _settings: &str) -> Result<(), Failure> {
        let count = state::get("count")?.and_then(|text| text.parse::<u64>().ok());
        state::set("count", &(count.unwrap_or(0) + 1).to_string())
    }
}

crowdhook_guests::guest!(ReadsAndWrites);
