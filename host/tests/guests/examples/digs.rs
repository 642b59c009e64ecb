//! Calls itself without end, so that the limit of the stack has to stop it.
#![cfg(target_arch = "wasm32")]

use crowdhook_guests::{Event, Failure, Misbehaves};

struct Digs;

/// Does something after the call, so that it needs a frame of its own.
#[expect(unconditional_recursion, reason = "that is its misdeed")]
fn dig(depth: u64) -> u64 {
    std::hint::black_box(dig(std::hint::black_box(depth + 1))) + depth
}

impl Misbehaves for Digs {
    const NAME: &str = "digs";

    fn handle(_event: &Event, _settings: &str) -> Result<(), Failure> {
        std::hint::black_box(dig(0));
        Ok(())
    }
}

crowdhook_guests::guest!(Digs);
