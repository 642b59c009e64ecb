//! Wants nothing to do with the event.
#![cfg(target_arch = "wasm32")]

use crowdhook_guests::{Event, Failure, Misbehaves};

struct Rejects;

impl Misbehaves for Rejects {
    const NAME: &str = "rejects";

    fn handle(event: &Event, _settings: &str) -> Result<(), Failure> {
        Err(Failure::Reject(format!("event {} makes no sense", event.id)))
    }
}

crowdhook_guests::guest!(Rejects);
