//! Asks to be tried again, each time.
#![cfg(target_arch = "wasm32")]

use crowdhook_guests::{Event, Failure, Misbehaves};

struct Retries;

impl Misbehaves for Retries {
    const NAME: &str = "retries";

    fn handle(event: &Event, _settings: &str) -> Result<(), Failure> {
        Err(Failure::Retry(format!("attempt {} was too early", event.attempt)))
    }
}

crowdhook_guests::guest!(Retries);
