//! Computes without end, so that the CPU limit has to stop it.
#![cfg(target_arch = "wasm32")]

use crowdhook_guests::{Event, Failure, Misbehaves};

struct Spins;

impl Misbehaves for Spins {
    const NAME: &str = "spins";

    fn handle(_event: &Event, _settings: &str) -> Result<(), Failure> {
        let mut turns = 0_u64;
        loop {
            turns = std::hint::black_box(turns.wrapping_add(1));
        }
    }
}

crowdhook_guests::guest!(Spins);
