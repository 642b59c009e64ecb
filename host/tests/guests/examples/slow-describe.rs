//! Takes for ever to say what it is.
#![cfg(target_arch = "wasm32")]

use crowdhook_guests::{Description, Event, Failure, Misbehaves};

struct SlowDescribe;

impl Misbehaves for SlowDescribe {
    const NAME: &str = "slow-describe";

    fn describe() -> Description {
        let mut turns = 0_u64;
        loop {
            turns = std::hint::black_box(turns.wrapping_add(1));
        }
    }

    fn handle(_event: &Event, _settings: &str) -> Result<(), Failure> {
        Ok(())
    }
}

crowdhook_guests::guest!(SlowDescribe);
