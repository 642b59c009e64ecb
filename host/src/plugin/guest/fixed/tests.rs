use wasmtime_wasi::clocks::WasiClocksCtxView;
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Host as _;
use wasmtime_wasi::p2::bindings::random::insecure_seed::Host as _;
use wasmtime_wasi::p2::bindings::random::random::Host as _;
use wasmtime_wasi::{ResourceTable, WasiCtx};

use super::*;

/// The clock's seconds and nanoseconds, eight random bytes, and the seed of numbers that need not be secret.
fn of(now: &str, seed: u64) -> ((u64, u32), Vec<u8>, (u64, u64)) {
    let mut builder = WasiCtx::builder();
    fix(&mut builder, Fixed { now: now.parse().unwrap(), seed });
    let mut ctx = builder.build();
    let moment = WasiClocksCtxView { ctx: ctx.clocks(), table: &mut ResourceTable::new() }.now().unwrap();
    ((moment.seconds, moment.nanoseconds), ctx.random().get_random_bytes(8).unwrap(), ctx.random().insecure_seed().unwrap())
}

#[test]
fn a_guest_that_is_tried_out_sees_the_same_each_time() {
    let (moment, random, seed) = of("2026-01-01T00:00:00.5Z", 7);
    assert_eq!((moment, seed), ((1_767_225_600, 500_000_000), (7, 0)));
    assert_eq!(of("2026-01-01T00:00:00.5Z", 7).1, random);
    assert_ne!(of("2026-01-01T00:00:00.5Z", 8).1, random);
}
