//! Asks for 200 effects and passes on the failure that it gets.
#![cfg(target_arch = "wasm32")]

use crowdhook_guests::host::events;
use crowdhook_guests::{Event, Failure, Misbehaves};

struct Overflows;

impl Misbehaves for Overflows {
    const NAME: &str = "overflows";
    const NEEDS: &[&str] = &["events"];

    fn handle(_event: &Event, _settings: &str) -> Result<(), Failure> {
        for turn in 0..200 {
            events::emit("overflow.counted", None, &format!("{{\"turn\":{turn}}}"), None)?;
        }
        Ok(())
    }
}

crowdhook_guests::guest!(Overflows);
