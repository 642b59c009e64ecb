//! Reads from the platform without end: it waits rather than computes, so that the limit of time has to stop it.
#![cfg(target_arch = "wasm32")]

use crowdhook_guests::host::crowd;
use crowdhook_guests::{Event, Failure, Misbehaves};

struct Hangs;

impl Misbehaves for Hangs {
    const NAME: &str = "hangs";

    fn handle(_event: &Event, _settings: &str) -> Result<(), Failure> {
        let mut id = 1_u64;
        loop {
            crowd::find_task(&id.to_string())?;
            id += 1;
        }
    }
}

crowdhook_guests::guest!(Hangs);
