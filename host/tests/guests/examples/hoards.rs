//! Takes memory without end, so that the memory limit has to stop it.
#![cfg(target_arch = "wasm32")]

use crowdhook_guests::{Event, Failure, Misbehaves};

struct Hoards;

impl Misbehaves for Hoards {
    const NAME: &str = "hoards";

    fn handle(_event: &Event, _settings: &str) -> Result<(), Failure> {
        let mut hoard = Vec::new();
        loop {
            hoard.push(std::hint::black_box(vec![1_u8; 1024 * 1024]));
        }
    }
}

crowdhook_guests::guest!(Hoards);
