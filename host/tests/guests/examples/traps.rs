//! Panics, with words that have to reach the log.
#![cfg(target_arch = "wasm32")]

use crowdhook_guests::{Event, Failure, Misbehaves};

struct Traps;

impl Misbehaves for Traps {
    const NAME: &str = "traps";

    fn handle(event: &Event, _settings: &str) -> Result<(), Failure> {
        panic!("no answer to event {} is good enough", event.id)
    }
}

crowdhook_guests::guest!(Traps);
