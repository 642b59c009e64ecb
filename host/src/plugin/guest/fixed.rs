//! Time and random numbers that are the same each time, for a guest that is tried out.

use std::time::Duration;

use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::clocks::HostWallClock;
use wasmtime_wasi::random::Deterministic;

use super::super::reads::Fixed;
use crate::clock::Timestamp;
use crate::id::Digest;

/// The random bytes begin anew after so many digests: long enough that no guest waits in vain for a number that suits it.
const DIGESTS: u64 = 512;

/// A clock on the wall that stands still.
struct Still(Duration);

impl HostWallClock for Still {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        self.0
    }
}

/// The clock that counts up goes on as it does: whoever waits by it would wait for ever.
pub(super) fn fix(builder: &mut WasiCtxBuilder, Fixed { now, seed }: Fixed) {
    let since_1970 = now.duration_since(Timestamp::UNIX_EPOCH).as_millis();
    builder.wall_clock(Still(Duration::from_millis(u64::try_from(since_1970).unwrap_or(0))));
    let bytes: Vec<u8> = (0..DIGESTS).flat_map(|block| Digest::of(format!("{seed}/{block}").as_bytes()).0).collect();
    builder.secure_random(Deterministic::new(bytes.clone()));
    builder.insecure_random(Deterministic::new(bytes));
    builder.insecure_random_seed(u128::from(seed));
}

#[cfg(test)]
mod tests;
