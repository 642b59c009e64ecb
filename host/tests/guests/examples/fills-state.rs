//! Writes state until the host says no, or for ever.
#![cfg(target_arch = "wasm32")]

use crowdhook_guests::host::state;
use crowdhook_guests::{Event, Failure, Misbehaves};

struct FillsState;

impl Misbehaves for FillsState {
    const NAME: &str = "fills-state";

    fn handle(_event: &Event, _settings: &str) -> Result<(), Failure> {
        let value = "x".repeat(64 << 10);
        let mut number = 0_u32;
        loop {
            state::set(&number.to_string(), &value)?;
            number += 1;
        }
    }
}

crowdhook_guests::guest!(FillsState);
